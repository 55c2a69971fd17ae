//! A suite: all clauses and vectors of one dialect, and its JSON form.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

use super::{level::Level, vector::Vector};

/// The version of the JSON form.
pub const FORMAT: u32 = 1;

/// All clauses and vectors of one dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// [`FORMAT`].
    pub format: u32,
    /// The dialect's name.
    pub dialect: String,
    /// The file that this was generated from.
    pub document: String,
    /// The clauses, in the document's order.
    pub clauses: Vec<Clause>,
    /// The vectors, in the document's order.
    pub vectors: Vec<Vector>,
}

/// One normative sentence, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// A slug, never changed and never used again for something else.
    pub id: String,
    /// Its requirement level; `None` if the behaviour of implementations is only recorded.
    pub level: Option<Level>,
    /// The capabilities that an implementation needs for it to apply.
    pub requires: Vec<String>,
    /// What it says, as Markdown.
    pub text: String,
    /// Its line in the document.
    pub line: usize,
}

impl Suite {
    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// [`SuiteError`], if it is not JSON, or not of this form.
    pub fn from_json(json: &str) -> Result<Self, SuiteError> {
        let suite: Self = serde_json::from_str(json).map_err(SuiteError::Json)?;
        if suite.format != FORMAT {
            return Err(SuiteError::Format(suite.format));
        }
        Ok(suite)
    }

    /// The JSON form: indented, and ending with a newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and sequences have a JSON form.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }
}

/// An error in the JSON form of a suite.
#[derive(Debug)]
#[non_exhaustive]
pub enum SuiteError {
    /// It is not JSON, or has other fields.
    Json(serde_json::Error),
    /// It is of another version.
    Format(u32),
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a file of vectors: {error}"),
            Self::Format(format) => {
                write!(f, "the vectors have format {format}, expected {FORMAT}")
            }
        }
    }
}

impl Error for SuiteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Format(_) => None,
        }
    }
}
