//! Requirement levels.

use serde::{Deserialize, Serialize};

/// The requirement level of a clause, from lowest to highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Permitted.
    May,
    /// Recommended: there may be a reason to do otherwise.
    Should,
    /// Required for conformance to the dialect.
    Must,
}

impl Level {
    /// The level as it stands in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}
