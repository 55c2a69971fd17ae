//! `memwire compare`: results of several implementations.

use std::{fs, path::PathBuf};

use memwire_conformance::{
    report,
    results::{self, Results, ResultsError},
};

use super::form::write_text;
use crate::failure::Failure;

/// Compare results of conform, which were written with --report json:FILE
///
/// Prints the vectors on which they do not agree, and how many each passes.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// Results, one of each implementation
    #[arg(required = true, value_name = "RESULT.json")]
    results: Vec<PathBuf>,

    /// Write a page with all of them, clause by clause
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
                ResultsError::Json(error) => format!("{shown} is no result of conform: {error}"),
                ResultsError::Format(format) => {
                    format!("{shown} is of format {format}, expected {}", results::FORMAT)
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
