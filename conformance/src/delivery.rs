//! The ways to deliver a vector, as reports and `--split` name them.

use std::{error::Error, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A way to deliver a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Delivery {
    /// In one chunk.
    Whole,
    /// Split in two, at each offset.
    Each,
    /// One line in each chunk.
    Lines,
    /// One byte in each chunk.
    Bytes,
    /// Split at random.
    Random,
    /// In one chunk with its neighbour.
    Pipelined,
    /// After others on one connection.
    Together,
    /// In one long conversation with all others.
    Conversation,
}

impl Delivery {
    /// Whether a vector has the connection for itself, or shares it with others.
    #[must_use]
    pub fn is_alone(self) -> bool {
        match self {
            Self::Whole | Self::Each | Self::Lines | Self::Bytes | Self::Random => true,
            Self::Pipelined | Self::Together | Self::Conversation => false,
        }
    }
}

impl fmt::Display for Delivery {
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

/// A delivery that a run makes, as `--split` names it: `whole`, `each`, …, or `random:RUNS,SEED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Split {
    /// A delivery that needs no number.
    Plain(Delivery),
    /// [`Delivery::Random`].
    Random {
        /// How many times each vector is delivered.
        runs: usize,
        /// The same seed gives the same splits.
        seed: u64,
    },
}

/// The deliveries that need no number; a server gets all of them unless others are asked for.
pub const PLAIN: &[Delivery] = &[
    Delivery::Whole,
    Delivery::Each,
    Delivery::Lines,
    Delivery::Bytes,
    Delivery::Pipelined,
    Delivery::Together,
    Delivery::Conversation,
];

impl Split {
    /// The delivery that it makes.
    #[must_use]
    pub fn delivery(self) -> Delivery {
        match self {
            Self::Plain(delivery) => delivery,
            Self::Random { .. } => Delivery::Random,
        }
    }
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        let plain = PLAIN.iter().find(|delivery| delivery.to_string() == text);
        if let Some(delivery) = plain {
            return Ok(Self::Plain(*delivery));
        }
        let numbers = match text.strip_prefix("random") {
            Some("") => Some((100, 1)),
            Some(numbers) => numbers.strip_prefix(':').and_then(|numbers| {
                let (runs, seed) = numbers.split_once(',').unwrap_or((numbers, "1"));
                Some((runs.parse().ok()?, seed.parse().ok()?))
            }),
            None => None,
        };
        match numbers {
            Some((runs @ 1.., seed)) => Ok(Self::Random { runs, seed }),
            _ => Err(SplitError),
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(delivery) => delivery.fmt(f),
            Self::Random { runs, seed } => write!(f, "random:{runs},{seed}"),
        }
    }
}

/// The text is not a [`Split`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitError;

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of ")?;
        for delivery in PLAIN {
            write!(f, "{delivery}, ")?;
        }
        f.write_str("random, random:RUNS, random:RUNS,SEED")
    }
}

impl Error for SplitError {}
