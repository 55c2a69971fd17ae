//! The JSON form of results.

use super::error::ReportError;
use crate::results::Results;

/// The JSON form, indented, and ending with a newline. [`Results::from_json`] reads it.
///
/// # Errors
///
/// [`ReportError`], if the results have no JSON form.
pub fn json(results: &Results) -> Result<String, ReportError> {
    let mut json = serde_json::to_string_pretty(results).map_err(ReportError::new)?;
    json.push('\n');
    Ok(json)
}
