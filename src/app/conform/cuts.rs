//! Where streams are cut.

use std::{fmt, str::FromStr};

use super::{result::Way, script::Script};

/// Streams up to this size, in bytes, are cut at every byte.
const SHORT: usize = 256;

/// So many cuts of a longer stream, beside those around its lines and blocks.
const SAMPLES: usize = 100;

/// The most chunks for one stream.
const MOST_CHUNKS: usize = 256;

/// Streams from this size on leave values of note behind; a server that keeps them all is sent
/// fewer.
pub(super) const HEAVY: usize = 65_536;
const HEAVY_RUNS: usize = 10;

/// A way to split, as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// All that needs no number.
    Plain(Way),
    Random {
        runs: usize,
        seed: u64,
    },
}

pub(super) const DEFAULT: [Way; 7] = [
    Way::Whole,
    Way::Each,
    Way::Lines,
    Way::Bytes,
    Way::Pipelined,
    Way::Together,
    Way::Conversation,
];

impl Split {
    pub fn way(self) -> Way {
        match self {
            Self::Plain(way) => way,
            Self::Random { .. } => Way::Random,
        }
    }

    /// The sets of cuts for one vector; none for what is no way to cut.
    pub fn cuts(self, script: &Script, shared: bool) -> Vec<Vec<usize>> {
        let length = script.probe.unwrap_or(script.stream.len());
        let stream = &script.stream[..length];
        let heavy = shared && length >= HEAVY;
        let mut sets: Vec<Vec<usize>> = match self {
            Self::Plain(Way::Whole) => return vec![vec![]],
            Self::Plain(Way::Each) => {
                if length <= SHORT {
                    (1..length).map(|cut| vec![cut]).collect()
                } else {
                    places(script, length).into_iter().map(|cut| vec![cut]).collect()
                }
            }
            Self::Plain(Way::Lines) => {
                let ends = stream.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                vec![ends.map(|(at, _)| at + 1).filter(|cut| *cut < length).collect()]
            }
            Self::Plain(Way::Bytes) => {
                let size = length.div_ceil(MOST_CHUNKS).max(1);
                vec![(1..length).step_by(size).collect()]
            }
            Self::Random { runs, seed } => {
                let mut random = fastrand::Rng::with_seed(seed ^ length as u64);
                (0..runs).map(|_| random_cuts(&mut random, length)).collect()
            }
            Self::Plain(Way::Random | Way::Pipelined | Way::Together | Way::Conversation) => {
                vec![]
            }
        };
        sets.retain(|cuts| !cuts.is_empty());
        for cuts in &mut sets {
            if cuts.len() > MOST_CHUNKS {
                *cuts = cuts.iter().step_by(cuts.len().div_ceil(MOST_CHUNKS)).copied().collect();
            }
        }
        if !script.sleeps.is_empty() {
            sets.truncate(1);
        }
        if heavy && sets.len() > HEAVY_RUNS {
            let step = sets.len().div_ceil(HEAVY_RUNS);
            sets = sets.into_iter().step_by(step).collect();
        }
        sets
    }
}

fn random_cuts(random: &mut fastrand::Rng, length: usize) -> Vec<usize> {
    if length < 2 {
        return vec![];
    }
    let mut cuts: Vec<_> = (0..random.usize(1..=8)).map(|_| random.usize(1..length)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Cuts for one long stream, in chunks of any size up to a few hundred bytes.
pub(super) fn conversation_cuts(seed: u64, length: usize) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut cuts = vec![];
    let mut at = 0;
    loop {
        at += if random.bool() { random.usize(1..8) } else { random.usize(1..400) };
        if at >= length {
            return cuts;
        }
        cuts.push(at);
    }
}

/// Around the ends of lines and blocks, and anywhere.
fn places(script: &Script, length: usize) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    let mut cuts: Vec<usize> = (0..SAMPLES).map(|_| random.usize(1..length)).collect();
    for request in script.requests.iter().take(32) {
        for place in [request.line_end, request.decided, request.resumes] {
            cuts.extend(place.saturating_sub(3)..=place + 3);
        }
    }
    cuts.retain(|cut| (1..length).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = DEFAULT.into_iter().find(|way| way.to_string() == text);
        if let Some(way) = plain {
            return Ok(Self::Plain(way));
        }
        let numbers = match text.strip_prefix("random") {
            Some("") => Some((100, 1)),
            Some(numbers) => numbers.strip_prefix(':').and_then(|numbers| {
                let (runs, seed) = numbers.split_once(',').unwrap_or((numbers, "1"));
                Some((runs.parse().ok()?, seed.parse().ok()?))
            }),
            None => None,
        };
        if let Some((runs @ 1.., seed)) = numbers {
            return Ok(Self::Random { runs, seed });
        }
        let names = DEFAULT.map(|way| way.to_string()).join(", ");
        Err(format!("expected one of {names}, random, random:RUNS, random:RUNS,SEED"))
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(way) => way.fmt(f),
            Self::Random { runs, seed } => write!(f, "random:{runs},{seed}"),
        }
    }
}
