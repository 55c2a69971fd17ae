//! Splits of a stream into chunks.

use memwire::{Limits, Machine, Step, grammar::Grammar};

/// The chunks of a stream that is split at these ascending offsets.
///
/// ```
/// use memwire_testing::laws::chunks;
///
/// assert_eq!(chunks(b"get k\n", &[1, 4]), [&b"g"[..], b"et ", b"k\n"]);
/// assert_eq!(chunks(b"get k\n", &[]), [b"get k\n"]);
/// ```
///
/// # Panics
///
/// If the offsets do not ascend, or are greater than the stream's length.
#[must_use]
pub fn chunks<'s>(stream: &'s [u8], split: &[usize]) -> Vec<&'s [u8]> {
    let mut chunks = Vec::with_capacity(split.len() + 1);
    let mut from = 0;
    for at in split {
        chunks.push(&stream[from..*at]);
        from = *at;
    }
    chunks.push(&stream[from..]);
    chunks
}

/// Splits worth checking: none, byte by byte, and all splits in two; if the stream is shorter than
/// 60 bytes, also all splits in three. A stream longer than 4 KiB is split in two only at its
/// [split points](split_points).
#[must_use]
pub fn splits<G: Grammar>(limits: Limits, stream: &[u8]) -> Vec<Vec<usize>> {
    let length = stream.len();
    let mut splits = vec![vec![], (1..length).collect()];
    if length <= 4096 {
        splits.extend((1..length).map(|at| vec![at]));
    } else {
        let points = split_points::<G>(limits, stream);
        splits.extend(points.into_iter().map(|at| vec![at]));
    }
    if length < 60 {
        for first in 1..length {
            splits.extend((first + 1..length).map(|second| vec![first, second]));
        }
    }
    splits
}

/// Offsets worth splitting a long stream at: up to three bytes around its ends and around the start
/// and end of each of the first 20 events, and 100 more, evenly spread.
#[must_use]
pub fn split_points<G: Grammar>(limits: Limits, stream: &[u8]) -> Vec<usize> {
    const EVENTS: usize = 20;
    let mut places = vec![0, stream.len()];
    let mut machine = Machine::<G>::new(limits);
    let mut input = stream;
    for _ in 0..EVENTS {
        let needs_more = matches!(machine.step(&mut input), Step::NeedMore);
        let offsets = [machine.start(), machine.offset()];
        places.extend(offsets.iter().filter_map(|offset| usize::try_from(*offset).ok()));
        if needs_more {
            break;
        }
    }
    let around = |place: &usize| place.saturating_sub(3)..=place + 3;
    let mut points: Vec<usize> = places.iter().flat_map(around).collect();
    points.extend((0..100).map(|i| i * stream.len() / 100));
    points.retain(|at| (1..stream.len()).contains(at));
    points.sort_unstable();
    points.dedup();
    points
}
