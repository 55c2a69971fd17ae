//! Where streams are split.

use crate::{
    delivery::{Delivery, Split},
    script::Script,
};

/// Streams up to this size, in bytes, are split at every byte.
const SHORT: usize = 256;

/// This many offsets of a longer stream, apart from those around its lines and blocks.
const SAMPLES: usize = 100;

/// The most chunks for one stream.
const MAX_CHUNKS: usize = 256;

/// Streams from this size on, in bytes, leave large values in the store; a server that keeps all of
/// them is sent fewer.
pub const HEAVY: usize = 65_536;
const HEAVY_RUNS: usize = 10;

/// The splits of one vector, each as its offsets; none if `split` is a delivery with
/// other vectors. `shared`: the store keeps what every exchange leaves in it.
pub fn splits(split: Split, script: &Script, shared: bool) -> Vec<Vec<usize>> {
    let stream = script.before_probe();
    let length = stream.len();
    let heavy = shared && length >= HEAVY;
    let mut splits: Vec<Vec<usize>> = match split {
        Split::Plain(Delivery::Whole) => return vec![vec![]],
        Split::Plain(Delivery::Each) => {
            if length <= SHORT {
                (1..length).map(|cut| vec![cut]).collect()
            } else {
                sampled_cuts(script, length).into_iter().map(|cut| vec![cut]).collect()
            }
        }
        Split::Plain(Delivery::Lines) => {
            let ends = stream.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            vec![ends.map(|(at, _)| at + 1).filter(|cut| *cut < length).collect()]
        }
        Split::Plain(Delivery::Bytes) => {
            let size = length.div_ceil(MAX_CHUNKS).max(1);
            vec![(1..length).step_by(size).collect()]
        }
        Split::Random { runs, seed } => {
            let mut random = fastrand::Rng::with_seed(seed ^ length as u64);
            (0..runs).map(|_| random_cuts(&mut random, length)).collect()
        }
        Split::Plain(
            Delivery::Random | Delivery::Pipelined | Delivery::Together | Delivery::Conversation,
        ) => vec![],
    };
    splits.retain(|cuts| !cuts.is_empty());
    for cuts in &mut splits {
        if cuts.len() > MAX_CHUNKS {
            *cuts = cuts.iter().step_by(cuts.len().div_ceil(MAX_CHUNKS)).copied().collect();
        }
    }
    if !script.sleeps.is_empty() {
        splits.truncate(1);
    }
    if heavy && splits.len() > HEAVY_RUNS {
        let step = splits.len().div_ceil(HEAVY_RUNS);
        splits = splits.into_iter().step_by(step).collect();
    }
    splits
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

/// Offsets around the ends of lines and blocks, and anywhere.
fn sampled_cuts(script: &Script, length: usize) -> Vec<usize> {
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

/// The split of one long stream, in chunks of any size up to a few hundred bytes.
pub fn conversation_cuts(seed: u64, length: usize) -> Vec<usize> {
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

/// The chunks of a stream that is split at `cuts`.
pub fn chunks<'s>(stream: &'s [u8], cuts: &[usize]) -> Vec<&'s [u8]> {
    let mut from = 0;
    let ends = cuts.iter().copied().filter(|cut| *cut < stream.len()).chain([stream.len()]);
    ends.map(|to| {
        let chunk = &stream[from..to];
        from = to;
        chunk
    })
    .collect()
}
