//! The replies that are expected.

use std::ops::Range;

use super::{
    placeholder::{Capture, Placeholder, lay_out, moved},
    rename::KeyEdits,
};
use crate::{dialect::Dialect, framing::Message, vectors::Pattern};

/// The replies that are expected: these bytes, but for the placeholders.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    pub bytes: Vec<u8>,
    pub placeholders: Vec<Placeholder>,
    /// Where the answer to each request ends.
    pub answers: Vec<usize>,
}

impl Expected {
    /// What this pattern expects, with `prefix` before each key.
    pub fn new(dialect: &Dialect, pattern: &Pattern, prefix: &str) -> Self {
        let (mut bytes, mut placeholders) = (vec![], vec![]);
        lay_out(pattern, prefix, &mut bytes, &mut placeholders);
        let edits = KeyEdits::new(dialect, &bytes, &(dialect.replies)(&bytes), prefix);
        edits.move_all(&mut placeholders);
        let bytes = edits.apply(&bytes);
        let is_last = |reply: &&Message| {
            !(dialect.continues)(first_word(&bytes[reply.start..reply.line_end]))
        };
        let replies = (dialect.replies)(&bytes).messages;
        let answers = replies.iter().filter(is_last).map(|reply| reply.resumes).collect();
        Self { bytes, placeholders, answers }
    }

    /// Appends what is expected after this.
    pub fn join(&mut self, next: &Self) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(&next.bytes);
        self.placeholders.extend(moved(&next.placeholders, from));
        self.answers.extend(next.answers.iter().map(|at| from + at));
    }

    /// Where the answer with this number ends; the first one has number 1.
    pub fn end_of(&self, answers: usize) -> usize {
        answers
            .checked_sub(1)
            .map_or(0, |last| self.answers.get(last).copied().unwrap_or(self.bytes.len()))
    }

    /// As people read it: bytes, and what is shown for a placeholder.
    pub fn pieces(&self, range: Range<usize>) -> Vec<Piece<'_>> {
        let mut pieces = vec![];
        let mut from = range.start;
        let inside = |placeholder: &&Placeholder| range.contains(&placeholder.at);
        for Placeholder { at, capture } in self.placeholders.iter().filter(inside) {
            pieces.push(Piece::Bytes(&self.bytes[from..*at]));
            pieces.push(Piece::Placeholder(capture.shown()));
            from = at + capture.width();
        }
        pieces.push(Piece::Bytes(&self.bytes[from..range.end]));
        pieces
    }

    /// The part in this range, by itself.
    pub fn part(&self, range: Range<usize>) -> Self {
        let inside = self.placeholders.iter().filter(|next| range.contains(&next.at));
        let placeholders = inside.map(|placeholder| {
            let capture = match &placeholder.capture {
                Capture::Text => Capture::Text,
                // It is not known here what was captured.
                Capture::Number(name) | Capture::Same(name) => Capture::Number(name.clone()),
            };
            Placeholder { at: placeholder.at - range.start, capture }
        });
        let placeholders = placeholders.collect();
        Self { bytes: self.bytes[range].to_vec(), placeholders, answers: vec![] }
    }
}

/// A piece of what is expected.
pub enum Piece<'e> {
    Bytes(&'e [u8]),
    Placeholder(&'static str),
}

/// What stands before the first space.
pub fn first_word(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b' ').next().unwrap_or_default()
}
