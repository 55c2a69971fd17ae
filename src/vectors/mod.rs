//! Conformance vectors: what a dialect's document says, as data.
//!
//! A document such as `spec/simple.md` holds clauses and examples; [`Suite::from_document`] turns
//! it into a [`Suite`], whose JSON form stands next to the document for everybody's tests.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

mod dialect;
mod document;
mod pattern;

pub use dialect::{Anatomy, CLASSIC, DIALECTS, Dialect, Message, SIMPLE, line_end};
pub use document::DocumentError;
pub use pattern::{MAX_EXPANDED, Part, Pattern, Remembered};

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
    /// How much it binds; `None` if it binds nobody, and what is done is only of interest.
    pub level: Option<Level>,
    /// The capabilities that a subject needs for it to apply.
    pub requires: Vec<String>,
    /// What it says, as Markdown.
    pub text: String,
    /// Its line in the document.
    pub line: usize,
}

/// How much a clause binds, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// It may be done so.
    May,
    /// It is done so unless there is a reason.
    Should,
    /// Whoever does not do so does not speak the dialect.
    Must,
}

impl Level {
    /// As it stands in the documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

/// A conversation that shows one or more clauses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// A slug, never changed and never used again for something else.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// The clauses that it shows.
    pub clauses: Vec<String>,
    /// The level of the least binding of its clauses. What is answered to a vector without one is
    /// recorded, and not judged.
    pub level: Option<Level>,
    /// The capabilities that any of its clauses requires.
    pub requires: Vec<String>,
    /// Whether it needs an empty store of its own, because its keys cannot be renamed: not all of
    /// it can be parsed, or it is longer than [`MAX_SHARED`].
    pub isolated: bool,
    /// What is sent and expected, in this order, on one connection.
    pub steps: Vec<Step>,
    /// How the client's stream ends.
    pub end: End,
    /// Its line in the document.
    pub line: usize,
}

/// The most bytes that a vector may send if it is not to be isolated.
pub const MAX_SHARED: usize = 65_536;

/// One thing that a client does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It sends these bytes.
    Send(Pattern),
    /// It receives this, and nothing else, in answer to all that it sent so far.
    Expect(Pattern),
    /// It lets so many seconds pass, behind an answer and before the next request.
    Wait(u32),
}

/// How a client's stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Between two requests.
    Clean,
    /// Inside the request that begins at this byte of the stream.
    Truncated(u64),
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

impl Vector {
    /// Whether it takes a conversation: something that is sent depends on what was received, or
    /// comes later.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.takes_time()
            || self.steps.iter().any(|step| match step {
                Step::Send(pattern) => !pattern.is_literal(),
                Step::Expect(_) | Step::Wait(_) => false,
            })
    }

    /// Whether there is a [`Step::Wait`].
    #[must_use]
    pub fn takes_time(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Wait(_)))
    }

    /// All that is sent; a digit stands for what is received before.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for step in &self.steps {
            if let Step::Send(pattern) = step {
                pattern.expand(&mut bytes);
            }
        }
        bytes
    }

    /// All that is expected.
    #[must_use]
    pub fn expected(&self) -> Pattern {
        let mut parts = Vec::new();
        for step in &self.steps {
            if let Step::Expect(pattern) = step {
                parts.extend_from_slice(pattern.parts());
            }
        }
        Pattern::new(parts)
    }
}

/// What is wrong with the JSON form of a suite.
#[derive(Debug)]
pub enum SuiteError {
    /// It is not JSON, or has other fields.
    Json(serde_json::Error),
    /// It is of another version.
    Format(u32),
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "these are no vectors: {error}"),
            Self::Format(format) => {
                write!(f, "the vectors are of format {format}, expected {FORMAT}")
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
