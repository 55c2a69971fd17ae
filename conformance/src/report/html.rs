//! One page that compares any number of results, with everything in it.

use super::error::ReportError;
use crate::results::Results;

const PAGE: &str = include_str!("page.html");

/// What stands in the page where the results belong.
const PLACE: &str = "\"RESULTS\"";

/// One page that compares any number of results, and needs no other file.
///
/// # Errors
///
/// [`ReportError`], if the results have no JSON form.
pub fn html(results: &[&Results]) -> Result<String, ReportError> {
    let json = serde_json::to_string(results).map_err(ReportError::new)?;
    // In a script, `</` would end it, and `<!--` begin something else.
    Ok(PAGE.replacen(PLACE, &json.replace('<', "\\u003c"), 1))
}
