//! The forms of reports, and where they are written.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use memwire_conformance::{report, results::Results};

use crate::failure::Failure;

/// A form of report, and where it is written; `None` is standard output.
#[derive(Clone, Debug)]
pub enum Form {
    Human,
    Tap(Option<PathBuf>),
    Json(Option<PathBuf>),
    Junit(Option<PathBuf>),
    Html(Option<PathBuf>),
}

impl FromStr for Form {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected human, tap, json:FILE, junit:FILE or html:FILE; the file - is standard \
                     output";
        let (form, file) = text.split_once(':').unwrap_or((text, "-"));
        if file.is_empty() {
            return Err(wrong);
        }
        let file = if file == "-" { None } else { Some(PathBuf::from(file)) };
        match (form, &file) {
            ("human", None) => Ok(Self::Human),
            ("tap", _) => Ok(Self::Tap(file)),
            ("json", _) => Ok(Self::Json(file)),
            ("junit", _) => Ok(Self::Junit(file)),
            ("html", _) => Ok(Self::Html(file)),
            _ => Err(wrong),
        }
    }
}

impl Form {
    /// Writes the report in this form.
    pub fn write(&self, results: &Results) -> Result<(), Failure> {
        let (text, path) = match self {
            Self::Human => {
                // Colours only on a terminal.
                let report = report::human(results);
                let written = write!(anstream::stdout(), "{report}");
                return written.map_err(|error| {
                    Failure::io(format!("cannot write standard output: {error}"))
                });
            }
            Self::Tap(path) => (Ok(report::tap(results)), path),
            Self::Json(path) => (report::json(results), path),
            Self::Junit(path) => (report::junit(results), path),
            Self::Html(path) => (report::html(&[results]), path),
        };
        let text = text.map_err(|error| Failure::io(error.to_string()))?;
        write_text(&text, path.as_deref())
    }
}

/// Writes a text to a file, or to standard output.
pub fn write_text(text: &str, path: Option<&Path>) -> Result<(), Failure> {
    let (written, shown) = match path {
        Some(path) => (fs::write(path, text), path.display().to_string()),
        None => (io::stdout().write_all(text.as_bytes()), "standard output".to_owned()),
    };
    written.map_err(|error| Failure::io(format!("cannot write {shown}: {error}")))
}
