//! The results of a run, as its JSON form holds them; every report is made from these.

use std::{collections::BTreeMap, error::Error, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    delivery::Delivery,
    vectors::{Level, Vector},
};

/// The version of the JSON form.
pub const FORMAT: u32 = 1;

/// The results of a run. `spec/result.schema.json` describes their JSON form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Results {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of this package.
    pub memwire: String,
    /// The dialect's name.
    pub dialect: String,
    /// The file that the vectors were generated from.
    pub document: String,
    /// The implementation under test.
    #[serde(rename = "subject")]
    pub target: TargetInfo,
    /// The least level of the vectors; `None`: all of them.
    pub level: Option<Level>,
    /// The capabilities that the target does not claim.
    pub without: Vec<String>,
    /// The deliveries, as `--split` names them.
    pub split: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The clauses that `vectors` show.
    pub clauses: Vec<ClauseResult>,
    /// The selected vectors, in the document's order.
    pub vectors: Vec<VectorResult>,
}

/// How the implementation under test is called and reached.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TargetInfo {
    /// Its name in reports.
    pub name: String,
    /// `tcp`, `spawn` or `stdio`.
    pub kind: String,
    /// The address or the command.
    #[serde(rename = "target")]
    pub location: String,
}

/// A clause that vectors show.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClauseResult {
    /// Its id.
    pub id: String,
    /// Its requirement level.
    pub level: Option<Level>,
    /// What it says, as Markdown.
    pub text: String,
    /// Its line in the document.
    pub line: usize,
}

/// The result of one vector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VectorResult {
    /// Its id.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// The clauses that it shows.
    pub clauses: Vec<String>,
    /// Its requirement level.
    pub level: Option<Level>,
    /// Its line in the document.
    pub line: usize,
    /// Whether it passes, or how it fails.
    pub verdict: Verdict,
    /// Whether it is in the list of known failures.
    pub known: bool,
    /// How long its deliveries took.
    pub seconds: f64,
    /// What came of each delivery.
    pub deliveries: BTreeMap<Delivery, DeliveryResult>,
    /// What its smallest failure looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it was not run, the replies to a vector without a level, or what is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What came of one delivery of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeliveryResult {
    /// How many exchanges there were.
    pub runs: u64,
    /// Whether all of them passed.
    pub passed: bool,
}

/// Whether a vector passes, or how it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// All replies were as expected.
    Pass,
    /// A reply was wrong, or incomplete.
    Wrong,
    /// A reply came before the request was complete.
    EarlyReply,
    /// More came than the replies.
    ExtraBytes,
    /// A reply did not come in time.
    TimedOut,
    /// The connection was closed before all replies had come.
    ClosedEarly,
    /// The target's process ended, or can no longer be reached.
    Crashed,
    /// Not run: the target does not claim a capability, or cannot be tested this way.
    Unsupported,
    /// It has no level: its replies are recorded, and not judged.
    Recorded,
    /// Not run, for the reason that the note gives.
    NotRun,
}

/// What a failure looks like. Bytes are escaped: printable ASCII, `\n`, `\r`, `\t`, `\\`, `\xNN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Failure {
    /// How the vector was delivered.
    #[serde(rename = "way")]
    pub delivery: Delivery,
    /// Whether it passes when it is sent in one chunk.
    pub only_when_split: bool,
    /// Where the stream was split.
    pub cuts: Vec<usize>,
    /// In words: where the stream was split, and what happened.
    pub what: String,
    /// The chunks; of long ones, the beginning and the end.
    pub sent: Vec<String>,
    /// The replies that were expected, around the difference.
    pub expected: String,
    /// The replies that were received, around the difference.
    pub got: String,
    /// The offset in what was received at which `expected` and `got` differ.
    pub difference: usize,
    /// The same place in `expected` and in `got` as they stand here, in characters.
    pub mark: [usize; 2],
    /// How many times it failed, of how many.
    pub failed: [u32; 2],
    /// What is probably wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A shell command that sends the same bytes.
    pub reproduce: String,
}

impl Results {
    /// Reads the JSON form, as [`report::json`](crate::report::json) writes it.
    ///
    /// # Errors
    ///
    /// [`ResultsError`], if it is not JSON, or not of this form.
    pub fn from_json(json: &str) -> Result<Self, ResultsError> {
        let results: Self = serde_json::from_str(json).map_err(ResultsError::Json)?;
        if results.format != FORMAT {
            return Err(ResultsError::Format(results.format));
        }
        Ok(results)
    }

    /// The vectors that fail.
    pub fn failures(&self) -> impl Iterator<Item = &VectorResult> {
        self.vectors.iter().filter(|vector| vector.verdict.is_failure())
    }

    /// The vectors that are listed as known failures, and pass.
    pub fn stale(&self) -> impl Iterator<Item = &VectorResult> {
        self.vectors.iter().filter(|vector| vector.known && vector.verdict == Verdict::Pass)
    }

    /// How many vectors have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.vectors.iter().filter(|vector| vector.verdict == verdict).count()
    }

    /// Whether no failure is new, none that is listed as known passes, and something was run.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().all(|vector| vector.known) && self.stale().next().is_none() && self.ran()
    }

    /// Whether any vector was run.
    #[must_use]
    pub fn ran(&self) -> bool {
        self.vectors.iter().any(|vector| vector.verdict.was_run())
    }

    /// The clause with this id, if a vector shows it.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&ClauseResult> {
        self.clauses.iter().find(|clause| clause.id == id)
    }
}

impl VectorResult {
    /// The result of a vector that passes as long as nothing fails.
    pub(crate) fn new(vector: &Vector) -> Self {
        Self {
            id: vector.id.clone(),
            title: vector.title.clone(),
            clauses: vector.clauses.clone(),
            level: vector.level,
            line: vector.line,
            verdict: Verdict::Pass,
            known: false,
            seconds: 0.0,
            deliveries: BTreeMap::new(),
            failure: None,
            note: None,
        }
    }

    /// The result of a vector that was not run, and why.
    pub(crate) fn not_run(vector: &Vector, why: &str) -> Self {
        let note = Some(why.to_owned());
        Self { verdict: Verdict::NotRun, note, ..Self::new(vector) }
    }

    /// The result of a vector that the target does not support, and why.
    pub(crate) fn unsupported(vector: &Vector, why: String) -> Self {
        let note = Some(why);
        Self { verdict: Verdict::Unsupported, note, ..Self::new(vector) }
    }
}

impl Verdict {
    /// Whether the vector was run, and did not pass.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.was_run() && !matches!(self, Self::Pass | Self::Recorded)
    }

    /// Whether the vector was run.
    #[must_use]
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

/// What is wrong with the JSON form of results.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResultsError {
    /// It is not JSON, or has other fields.
    Json(serde_json::Error),
    /// It is of another version.
    Format(u32),
}

impl fmt::Display for ResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "these are no results: {error}"),
            Self::Format(format) => {
                write!(f, "the results are of format {format}, expected {FORMAT}")
            }
        }
    }
}

impl Error for ResultsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Format(_) => None,
        }
    }
}
