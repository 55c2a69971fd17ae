//! Lists of vectors that are known to fail.

use std::{error::Error, fmt};

use crate::vectors::Suite;

impl Suite {
    /// Reads a list of known failures: an id a line, and comments from `#` on.
    ///
    /// # Errors
    ///
    /// [`KnownFailuresError`], if the suite has no vector of an id.
    pub fn known_failures(&self, list: &str) -> Result<Vec<String>, KnownFailuresError> {
        let mut ids = vec![];
        for (index, line) in list.lines().enumerate() {
            let id = line.split('#').next().unwrap_or_default().trim();
            if id.is_empty() {
                continue;
            }
            if !self.vectors.iter().any(|vector| vector.id == id) {
                return Err(KnownFailuresError { line: index + 1, id: id.to_owned() });
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }
}

/// A list of known failures names a vector that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownFailuresError {
    /// The line of the list, counted from 1.
    pub line: usize,
    /// The id.
    pub id: String,
}

impl fmt::Display for KnownFailuresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: there is no vector `{}`", self.line, self.id)
    }
}

impl Error for KnownFailuresError {}
