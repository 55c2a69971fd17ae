//! One vector: what a client sends and expects.

use serde::{Deserialize, Serialize};

use super::{level::Level, pattern::Pattern};

/// An exchange that shows one or more clauses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// A slug, never changed and never used again for something else.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// The clauses that it shows.
    pub clauses: Vec<String>,
    /// The level of the least binding of its clauses. The replies to a vector without one are
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
    /// It receives this, and nothing else, in reply to all that it sent so far.
    Expect(Pattern),
    /// It waits for this number of seconds, after a reply and before the next request.
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

impl Vector {
    /// Whether it cannot be sent in one piece: something that is sent depends on what was received,
    /// or is sent later.
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
