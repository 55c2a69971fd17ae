//! What a run counts: requests, replies, faults and latencies.

use hdrhistogram::Histogram;
use serde::Serialize;

/// How many faults are kept; more are only counted.
const MAX_FAULTS: usize = 10;

/// What one thread, or all of them, did in one phase. Every request counts as one of `replies`,
/// `refused` and `unanswered`.
pub struct Stats {
    pub gets: u64,
    pub sets: u64,
    /// Keys of gets with a value, and without one.
    pub hits: u64,
    pub misses: u64,
    /// Requests with the expected reply.
    pub replies: u64,
    /// Requests that the server answered with `SERVER_ERROR`.
    pub refused: u64,
    /// Connections that were closed after a wrong reply, and those that failed.
    pub wrong: u64,
    pub lost: u64,
    /// Requests on those connections without the expected reply.
    pub unanswered: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Of the requests with the expected reply, in nanoseconds.
    pub latency: Histogram<u64>,
    /// The first faults, at most [`MAX_FAULTS`].
    pub first_faults: Vec<Fault>,
}

/// A reply that was not the expected one, or a connection that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub what: String,
    /// The command line of the request, and what came in reply, both escaped and truncated.
    pub request: String,
    pub reply: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    Refused,
    Wrong,
    Lost,
}

impl Stats {
    /// # Errors
    ///
    /// The histogram's library rejects its bounds.
    pub fn new() -> Result<Self, String> {
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
            first_faults: vec![],
        })
    }

    /// Counts a fault, and keeps it if it is among the first.
    pub fn record(&mut self, fault: Fault) {
        match fault.kind {
            FaultKind::Refused => self.refused += 1,
            FaultKind::Wrong => self.wrong += 1,
            FaultKind::Lost => self.lost += 1,
        }
        if self.first_faults.len() < MAX_FAULTS {
            self.first_faults.push(fault);
        }
    }

    /// Adds what another thread counted.
    ///
    /// # Errors
    ///
    /// The histogram's library rejects the other's bounds.
    pub fn add(&mut self, other: &Self) -> Result<(), String> {
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
        let room = MAX_FAULTS - self.first_faults.len();
        self.first_faults.extend(other.first_faults.iter().take(room).cloned());
        Ok(())
    }

    /// How many faults there were, of all kinds.
    pub fn faults(&self) -> u64 {
        self.refused + self.wrong + self.lost
    }

    /// Whether there was no fault.
    pub fn is_clean(&self) -> bool {
        self.faults() == 0
    }
}

/// The first bytes, at most `limit`, as text: printable ASCII, and escapes for everything else.
pub fn excerpt(bytes: &[u8], limit: usize) -> String {
    let first = &bytes[..bytes.len().min(limit)];
    let end = if first.len() < bytes.len() { "…" } else { "" };
    format!("{}{end}", first.escape_ascii())
}
