//! Ways of cutting a stream into chunks.

use memwire::{Limits, Machine, Step, grammar::Grammar};

/// The stream, cut at these offsets, which ascend.
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
/// If they do not ascend, or pass the stream's end.
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

/// Unsplit, byte by byte, and all splits in two; in three if the stream is short. Of streams longer
/// than 4 KiB, the splits in two at the [split points](split_points).
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

/// Offsets worth cutting a long stream at: up to three bytes around its ends, and around where each
/// of the first events begins and is decided; and 100 more, evenly spread.
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
