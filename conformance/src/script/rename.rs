//! Keys of a stream, renamed by a prefix, so that vectors can share a store.

use std::ops::Range;

use super::placeholder::Placeholder;
use crate::{
    dialect::Dialect,
    framing::{Framing, line_end},
};

/// Keys at least this long keep their length when they are renamed: they may be as long as they
/// can be.
const LONG_KEY: usize = 64;

/// Lines at least this long keep theirs, if their keys leave room for it.
const LONG_LINE: usize = 65_536;

/// Where a stream's keys are to be changed.
pub struct KeyEdits<'p> {
    prefix: &'p str,
    /// Offsets of keys, and whether they grow.
    keys: Vec<(usize, bool)>,
}

impl<'p> KeyEdits<'p> {
    /// The keys of `stream`, of requests or replies, whose framing this is.
    pub fn new(dialect: &Dialect, stream: &[u8], framing: &Framing, prefix: &'p str) -> Self {
        let mut keys = vec![];
        if prefix.is_empty() {
            return Self { prefix, keys };
        }
        let lines = framing.messages.iter().map(|message| (message.start, message.line_end));
        let last = framing.messages.last().map(|message| message.start);
        let rest =
            (last != Some(framing.rest)).then(|| (framing.rest, line_end(stream, framing.rest)));
        for (start, end) in lines.chain(rest) {
            let line = &stream[start..end];
            let newline = dialect.newline.trim_end_matches('\n').as_bytes();
            let mut words = words(line.strip_suffix(newline).unwrap_or(line));
            let longest = if line.len() < LONG_LINE { LONG_KEY } else { 2 * prefix.len() };
            let Some(verb) = words.next() else { continue };
            let which = (dialect.keys)(&stream[start + verb.start..start + verb.end]);
            for (index, word) in words.enumerate() {
                if which.contains(&(index + 1)) {
                    keys.push((start + word.start, word.len() < longest));
                }
            }
        }
        Self { prefix, keys }
    }

    /// Where this offset is in the changed stream.
    pub fn moved(&self, offset: usize) -> usize {
        let grown = self.keys.iter().filter(|(at, grows)| *grows && *at < offset).count();
        offset + grown * self.prefix.len()
    }

    pub fn move_all(&self, placeholders: &mut [Placeholder]) {
        for placeholder in placeholders {
            placeholder.at = self.moved(placeholder.at);
        }
    }

    /// The changed stream.
    pub fn apply(&self, stream: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(stream.len() + self.keys.len() * self.prefix.len());
        let mut from = 0;
        for (at, grows) in &self.keys {
            out.extend_from_slice(&stream[from..*at]);
            out.extend_from_slice(self.prefix.as_bytes());
            from = if *grows { *at } else { at + self.prefix.len() };
        }
        out.extend_from_slice(&stream[from..]);
        out
    }
}

/// The ranges between spaces.
fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    line.split(|byte| *byte == b' ').filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then_some(start..start + word.len())
    })
}
