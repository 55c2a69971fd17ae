//! What came of a run, as it stands in a JSON result; every report is made from this.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::vectors::Level;

/// The version of the JSON form.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Results {
    pub format: u32,
    pub memwire: String,
    pub dialect: String,
    pub document: String,
    pub subject: SubjectName,
    pub level: Option<Level>,
    pub without: Vec<String>,
    pub split: Vec<String>,
    pub seconds: f64,
    pub clauses: Vec<ClauseResult>,
    pub vectors: Vec<VectorResult>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectName {
    pub name: String,
    pub kind: String,
    pub target: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClauseResult {
    pub id: String,
    pub level: Option<Level>,
    pub text: String,
    pub line: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VectorResult {
    pub id: String,
    pub title: String,
    pub clauses: Vec<String>,
    pub level: Option<Level>,
    pub line: usize,
    pub verdict: Verdict,
    /// Whether it is in the list of known failures.
    pub known: bool,
    pub seconds: f64,
    /// By the name of the delivery.
    pub deliveries: BTreeMap<Way, Delivered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it was not run, what was answered where nobody says what should be, or what is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A way to deliver a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    Whole,
    Each,
    Lines,
    Bytes,
    Random,
    Pipelined,
    Together,
    Conversation,
}

impl Way {
    /// Whether a vector is said by itself, or with others.
    pub fn is_alone(self) -> bool {
        match self {
            Self::Whole | Self::Each | Self::Lines | Self::Bytes | Self::Random => true,
            Self::Pipelined | Self::Together | Self::Conversation => false,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Each => "each",
            Self::Lines => "lines",
            Self::Bytes => "bytes",
            Self::Random => "random",
            Self::Pipelined => "pipelined",
            Self::Together => "together",
            Self::Conversation => "conversation",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delivered {
    /// How many conversations there were.
    pub runs: u64,
    pub passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Pass,
    Wrong,
    EarlyReply,
    ExtraBytes,
    TimedOut,
    ClosedEarly,
    Crashed,
    Unsupported,
    Recorded,
    NotRun,
}

impl Verdict {
    pub fn is_failure(self) -> bool {
        self.was_run() && !matches!(self, Self::Pass | Self::Recorded)
    }

    pub fn was_run(self) -> bool {
        !matches!(self, Self::Unsupported | Self::NotRun)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Wrong => "wrong",
            Self::EarlyReply => "early reply",
            Self::ExtraBytes => "extra bytes",
            Self::TimedOut => "timed out",
            Self::ClosedEarly => "closed early",
            Self::Crashed => "crashed",
            Self::Unsupported => "unsupported",
            Self::Recorded => "recorded",
            Self::NotRun => "not run",
        })
    }
}

/// What a failure looks like. Bytes are escaped: printable ASCII, `\n`, `\r`, `\t`, `\\`, `\xNN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    pub way: Way,
    /// Whether it passes when it is sent whole.
    pub only_when_split: bool,
    /// Where the stream was cut.
    pub cuts: Vec<usize>,
    /// In words: what was cut there, and what happened.
    pub what: String,
    /// The chunks; of long ones, what is around the matter.
    pub sent: Vec<String>,
    pub expected: String,
    pub got: String,
    /// The offset in what was received; there, `expected` and `got` differ.
    pub difference: usize,
    /// The offset in `expected` and `got` as they stand here.
    pub mark: [usize; 2],
    /// How often it failed when it was said so again.
    pub failed: [u32; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A command for a shell.
    pub reproduce: String,
}

impl Results {
    pub fn failures(&self) -> impl Iterator<Item = &VectorResult> {
        self.vectors.iter().filter(|vector| vector.verdict.is_failure())
    }

    /// Those that are listed as failing, and do not.
    pub fn stale(&self) -> impl Iterator<Item = &VectorResult> {
        self.vectors.iter().filter(|vector| vector.known && vector.verdict == Verdict::Pass)
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.vectors.iter().filter(|vector| vector.verdict == verdict).count()
    }

    /// Nothing is wrong that is not known, and something was run.
    pub fn passed(&self) -> bool {
        self.failures().all(|vector| vector.known) && self.stale().next().is_none() && self.ran()
    }

    /// Whether any vector was run.
    pub fn ran(&self) -> bool {
        self.vectors.iter().any(|vector| vector.verdict.was_run())
    }

    pub fn clause(&self, id: &str) -> Option<&ClauseResult> {
        self.clauses.iter().find(|clause| clause.id == id)
    }
}
