//! What is wrong with a document, and where.

use std::{error::Error, fmt};

/// What is wrong with a document, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Error for DocumentError {}

/// What reading a part of a document gives.
pub type Result<T> = core::result::Result<T, DocumentError>;

/// An error in this line.
pub fn fail<T>(line: usize, message: impl Into<String>) -> Result<T> {
    let message = message.into();
    Err(DocumentError { line, message })
}
