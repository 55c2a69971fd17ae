//! What the fuzz targets check. Each is a law under its name; `tests/corpus.rs` runs the same
//! functions on the seeds.
//!
//! In a seed, the byte 0xFF stands for a cut and everything else for itself, so that seeds can be
//! read, and a mutation moves, makes or drops a cut as easily as it changes the stream.

use memwire::{
    Limits,
    dialect::simple::{Replies, Requests},
};

#[path = "../../tests/laws/mod.rs"]
mod laws;

/// So small that every branch is near.
const LIMITS: Limits = Limits { line: 24, value: 12 };

/// The byte that stands for a cut.
pub const CUT: u8 = 0xff;

fn stream_and_cuts(data: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut stream = Vec::with_capacity(data.len());
    let mut cuts = Vec::new();
    for byte in data {
        match *byte {
            CUT => cuts.push(stream.len()),
            byte => stream.push(byte),
        }
    }
    (stream, cuts)
}

/// Chunked feeding equals whole feeding.
pub fn split(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    laws::split::<Requests>(LIMITS, &stream, &cuts);
    laws::split::<Replies>(LIMITS, &stream, &cuts);
}

/// The machine equals the oracle.
pub fn oracle(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    laws::oracle::<Requests>(LIMITS, &stream, &cuts);
    laws::oracle::<Replies>(LIMITS, &stream, &cuts);
}

/// The machine is as new wherever the oracle says so.
pub fn recover(data: &[u8]) {
    let (stream, _) = stream_and_cuts(data);
    laws::recover::<Requests>(LIMITS, &stream);
    laws::recover::<Replies>(LIMITS, &stream);
}

/// Saved and restored at each cut, the machine goes on the same.
pub fn resume(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    for at in cuts {
        laws::resume::<Requests>(LIMITS, &stream, at);
        laws::resume::<Replies>(LIMITS, &stream, at);
    }
}

/// A session with a small output budget answers what the oracle answers.
pub fn answers(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    for mark in [0, 20, usize::MAX] {
        laws::answers(LIMITS, mark, &stream, &cuts);
    }
}
