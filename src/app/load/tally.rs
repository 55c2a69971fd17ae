//! What is counted.

use hdrhistogram::Histogram;
use serde::Serialize;

/// So many faults are told; more are counted.
const TOLD: usize = 10;

/// What a thread, or all of them, did in one phase. Every request is answered right, refused, or
/// unanswered.
pub(super) struct Tally {
    pub(super) gets: u64,
    pub(super) sets: u64,
    /// Keys that were got, and those that held nothing.
    pub(super) hits: u64,
    pub(super) misses: u64,
    /// Requests that were answered right.
    pub(super) replies: u64,
    /// Requests that the server told it could not do.
    pub(super) refused: u64,
    /// Connections that ended because of what came, and those that failed.
    pub(super) wrong: u64,
    pub(super) lost: u64,
    /// Requests on them that got no right reply.
    pub(super) unanswered: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    /// In nanoseconds, of what was answered right.
    pub(super) latency: Histogram<u64>,
    /// The first of them.
    pub(super) faults: Vec<Fault>,
}

/// Something that should not have been.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) what: String,
    /// The command line that was to be answered, and what came for it, escaped and cut.
    pub(super) request: String,
    pub(super) reply: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Refused,
    Wrong,
    Lost,
}

impl Tally {
    /// An error, if the library does not take bounds that are good ones.
    pub(super) fn new() -> Result<Self, String> {
        // From a nanosecond to an hour, to three digits.
        let latency = Histogram::new_with_bounds(1, 3_600_000_000_000, 3);
        Ok(Self {
            gets: 0,
            sets: 0,
            hits: 0,
            misses: 0,
            replies: 0,
            refused: 0,
            wrong: 0,
            lost: 0,
            unanswered: 0,
            bytes_sent: 0,
            bytes_received: 0,
            latency: latency.map_err(|error| error.to_string())?,
            faults: vec![],
        })
    }

    /// Counts a fault, and tells it if it is among the first.
    pub(super) fn tell(&mut self, fault: Fault) {
        match fault.kind {
            Kind::Refused => self.refused += 1,
            Kind::Wrong => self.wrong += 1,
            Kind::Lost => self.lost += 1,
        }
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }

    pub(super) fn add(&mut self, other: &Self) -> Result<(), String> {
        self.gets += other.gets;
        self.sets += other.sets;
        self.hits += other.hits;
        self.misses += other.misses;
        self.replies += other.replies;
        self.refused += other.refused;
        self.wrong += other.wrong;
        self.lost += other.lost;
        self.unanswered += other.unanswered;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.latency.add(&other.latency).map_err(|error| error.to_string())?;
        let room = TOLD - self.faults.len();
        self.faults.extend(other.faults.iter().take(room).cloned());
        Ok(())
    }

    /// Whether every reply was the one expected, and every request answered.
    pub(super) fn is_right(&self) -> bool {
        self.refused + self.wrong + self.lost == 0
    }
}

/// The first bytes as text: printable ASCII, everything else as an escape.
pub(super) fn shown(bytes: &[u8], most: usize) -> String {
    let first = &bytes[..bytes.len().min(most)];
    let end = if first.len() < bytes.len() { "…" } else { "" };
    format!("{}{end}", first.escape_ascii())
}
