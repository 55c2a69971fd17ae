//! Excerpts of long streams.

use std::{fmt::Write as _, ops::Range};

use crate::{
    script::{Expected, Piece},
    splits::chunks,
    text::escape,
};

/// How many bytes are shown before and after the offset.
const AROUND: usize = 160;

/// Up to this many chunks are shown one by one.
pub const CHUNKS: usize = 8;

/// The text around an offset, and where the offset is in it, in characters.
pub struct Excerpt {
    pub text: String,
    pub mark: usize,
}

impl Excerpt {
    /// The text around the offset `center` of these bytes.
    pub fn of_bytes(bytes: &[u8], center: usize) -> Self {
        Self::of(bytes.len(), center, |text, range| text.push_str(&escape(&bytes[range])))
    }

    /// The text around the offset `center` of the expected replies, up to `end`.
    pub fn of_expected(expected: &Expected, end: usize, center: usize) -> Self {
        Self::of(end, center, |text, range| {
            for piece in expected.pieces(range) {
                match piece {
                    Piece::Bytes(bytes) => text.push_str(&escape(bytes)),
                    Piece::Placeholder(shown) => text.push_str(shown),
                }
            }
        })
    }

    /// `put` appends a range of what there is up to `end`.
    fn of(end: usize, center: usize, put: impl Fn(&mut String, Range<usize>)) -> Self {
        let center = center.min(end);
        let from = center.saturating_sub(AROUND);
        let to = end.min(center + AROUND);
        let mut text = String::new();
        // Writing to a string does not fail.
        if from > 0 {
            let _ = write!(text, "({from} bytes)…");
        }
        put(&mut text, from..center);
        let mark = text.chars().count();
        put(&mut text, center..to);
        if to < end {
            let _ = write!(text, "…({} bytes)", end - to);
        }
        Self { text, mark }
    }
}

/// The chunks of a stream; all in one if there are too many.
pub fn shown_chunks(stream: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut chunks = chunks(stream, cuts);
    if chunks.len() > CHUNKS {
        chunks = vec![stream];
    }
    let most = 4 * AROUND / chunks.len().max(1);
    chunks.into_iter().map(|chunk| shortened(chunk, most.max(80))).collect()
}

/// The beginning and the end of what is longer than `most`, in bytes.
fn shortened(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return escape(bytes);
    }
    let (first, last) = (&bytes[..most / 2], &bytes[bytes.len() - most / 2..]);
    let left = bytes.len() - first.len() - last.len();
    format!("{}…({left} bytes)…{}", escape(first), escape(last))
}
