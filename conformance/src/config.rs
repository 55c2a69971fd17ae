//! The configuration of a run.

use std::time::Duration;

use crate::{
    delivery::{Delivery, PLAIN, Split},
    dialect::Dialect,
    target::Target,
    vectors::Level,
};

/// The configuration of a run: which vectors, against which target, and how.
///
/// ```
/// use memwire_conformance::{Config, Target, dialect::SIMPLE, vectors::Level};
///
/// let target = Target::Spawn("./server --port {port}".to_owned());
/// let config = Config::new(target, &SIMPLE).with_level(Some(Level::Should)).with_only(["get/*"]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The implementation under test.
    pub target: Target,
    /// The dialect that it speaks.
    pub dialect: &'static Dialect,
    /// The least level of the vectors; `None`: also those that have none, whose replies are
    /// recorded.
    pub level: Option<Level>,
    /// Globs: only vectors whose id, or a clause's, matches one. None: all.
    pub only: Vec<String>,
    /// Globs: no vectors whose id, or a clause's, matches one.
    pub skip: Vec<String>,
    /// The capabilities that the target does not claim.
    pub without: Vec<String>,
    /// Whether vectors may delete everything that a running server holds.
    pub flush: bool,
    /// How to deliver the vectors. None: in all ways that take no number; to a filter, which rarely
    /// sees splits, at random offsets instead of at each.
    pub splits: Vec<Split>,
    /// The ids of vectors that are known to fail.
    pub known_failures: Vec<String>,
    /// What the target is called in reports; `None`: its address or command.
    pub name: Option<String>,
    /// Whether to stop at the first failure.
    pub fail_fast: bool,
    /// How many vectors to run at a time; `None`: 16, and for a filter twice the cores. One if the
    /// target serves one client at a time.
    pub jobs: Option<usize>,
    /// The reply timeout. A vector that exceeds it is retried alone, with four times the timeout.
    pub timeout: Duration,
}

impl Config {
    /// All vectors that are required for conformance, in all deliveries, with a timeout of two
    /// seconds.
    #[must_use]
    pub fn new(target: Target, dialect: &'static Dialect) -> Self {
        Self {
            target,
            dialect,
            level: Some(Level::Must),
            only: vec![],
            skip: vec![],
            without: vec![],
            flush: false,
            splits: vec![],
            known_failures: vec![],
            name: None,
            fail_fast: false,
            jobs: None,
            timeout: Duration::from_secs(2),
        }
    }

    /// Sets [`Self::level`].
    #[must_use]
    pub fn with_level(self, level: Option<Level>) -> Self {
        Self { level, ..self }
    }

    /// Sets [`Self::only`].
    #[must_use]
    pub fn with_only(self, globs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { only: strings(globs), ..self }
    }

    /// Sets [`Self::skip`].
    #[must_use]
    pub fn with_skip(self, globs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { skip: strings(globs), ..self }
    }

    /// Sets [`Self::without`].
    #[must_use]
    pub fn without(self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { without: strings(capabilities), ..self }
    }

    /// Sets [`Self::flush`].
    #[must_use]
    pub fn with_flush(self, flush: bool) -> Self {
        Self { flush, ..self }
    }

    /// Sets [`Self::splits`].
    #[must_use]
    pub fn with_splits(self, splits: impl IntoIterator<Item = Split>) -> Self {
        Self { splits: splits.into_iter().collect(), ..self }
    }

    /// Sets [`Self::known_failures`].
    #[must_use]
    pub fn with_known_failures(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { known_failures: strings(ids), ..self }
    }

    /// Sets [`Self::name`].
    #[must_use]
    pub fn with_name(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// Sets [`Self::fail_fast`].
    #[must_use]
    pub fn with_fail_fast(self, fail_fast: bool) -> Self {
        Self { fail_fast, ..self }
    }

    /// Sets [`Self::jobs`].
    #[must_use]
    pub fn with_jobs(self, jobs: Option<usize>) -> Self {
        Self { jobs, ..self }
    }

    /// Sets [`Self::timeout`].
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The deliveries: those that were asked for, or the default.
    pub(crate) fn deliveries(&self) -> Vec<Split> {
        if !self.splits.is_empty() {
            return self.splits.clone();
        }
        // Each exchange with a filter is a process, and most filters see no splits.
        let random = Split::Random { runs: 8, seed: 1 };
        let split = |delivery: &Delivery| match delivery {
            Delivery::Each if self.target.is_filter() => random,
            delivery => Split::Plain(*delivery),
        };
        PLAIN.iter().map(split).collect()
    }
}

fn strings(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}
