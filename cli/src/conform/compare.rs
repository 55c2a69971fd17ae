//! `memwire compare`: results of several implementations.

use std::{fs, path::PathBuf};

use memwire_conformance::{
    report,
    results::{self, Results, ResultsError},
};

use super::form::write_text;
use crate::failure::Failure;

/// Compare results that conform wrote with --report json:FILE
///
/// Prints the vectors with different verdicts, and how many vectors each implementation passes.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// Results, one for each implementation
    #[arg(required = true, value_name = "RESULT.json")]
    results: Vec<PathBuf>,

    /// Also write an HTML page, clause by clause
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Prints the comparison, and writes the page.
pub fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let mut all = vec![];
    for path in &args.results {
        let shown = path.display();
        let json = fs::read_to_string(path)
            .map_err(|error| Failure::io(format!("cannot read {shown}: {error}")))?;
        all.push(Results::from_json(&json).map_err(|error| {
            Failure::wrong(match error {
                ResultsError::Json(error) => {
                    format!("{shown} is not a result of `conform --report json`: {error}")
                }
                ResultsError::Format(format) => {
                    format!("{shown} has format {format}, expected {}", results::FORMAT)
                }
                error => format!("{shown}: {error}"),
            })
        })?);
    }
    let all: Vec<&Results> = all.iter().collect();
    if let Some(path) = &args.html {
        let page = report::html(&all).map_err(|error| Failure::io(error.to_string()))?;
        write_text(&page, Some(path))?;
    }
    write_text(&report::comparison(&all), None)
}
