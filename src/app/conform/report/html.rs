//! One page, with everything in it, that compares any number of results.

use super::super::result::Results;

const PAGE: &str = include_str!("page.html");

/// What stands in the page where the results belong.
const PLACE: &str = "\"RESULTS\"";

pub(in super::super) fn report(results: &[&Results]) -> Result<String, String> {
    let json = serde_json::to_string(results).map_err(|error| error.to_string())?;
    // In a script, `</` would end it, and `<!--` begin something else.
    Ok(PAGE.replacen(PLACE, &json.replace('<', "\\u003c"), 1))
}
