//! Compares replies with the expected ones, chunk by chunk.

use super::{expected::Expected, placeholder::Capture};
use crate::vectors::Captures;

/// The replies so far, compared with the expected ones.
#[derive(Clone, Debug)]
pub struct Matcher<'e> {
    expected: &'e Expected,
    /// How many bytes of what is expected have arrived.
    pub at: usize,
    /// The index of the next placeholder.
    placeholder: usize,
    /// What arrived of the number that stands in the placeholder.
    number: Vec<u8>,
    pub captures: Captures,
    /// How many bytes have arrived that match.
    pub matched: usize,
    /// Whether what arrived after them does not.
    pub differs: bool,
}

impl<'e> Matcher<'e> {
    pub fn new(expected: &'e Expected) -> Self {
        Self {
            expected,
            at: 0,
            placeholder: 0,
            number: vec![],
            captures: Captures::new(),
            matched: 0,
            differs: false,
        }
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        let Expected { bytes: all, placeholders, .. } = self.expected;
        while !bytes.is_empty() && !self.differs {
            let next = placeholders.get(self.placeholder);
            if let Some(next) = next.filter(|next| next.at == self.at) {
                self.fill(&next.capture, &mut bytes);
                continue;
            }
            let wanted = &all[self.at..next.map_or(all.len(), |next| next.at)];
            let same = wanted.iter().zip(bytes).take_while(|(wanted, got)| wanted == got).count();
            self.at += same;
            self.matched += same;
            bytes = &bytes[same..];
            self.differs = !bytes.is_empty() && (same < wanted.len() || wanted.is_empty());
        }
    }

    /// Takes what stands in a placeholder.
    fn fill(&mut self, capture: &Capture, bytes: &mut &[u8]) {
        let length = match capture {
            Capture::Text => bytes.iter().take_while(|byte| !b"\r\n".contains(byte)).count(),
            Capture::Number(_) => bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            Capture::Same(name) => {
                let known = self.captures.get(name).map_or(&b""[..], Vec::as_slice);
                let rest = &known[self.number.len()..];
                rest.iter().zip(*bytes).take_while(|(known, byte)| known == byte).count()
            }
        };
        let (part, rest) = bytes.split_at(length);
        *bytes = rest;
        self.matched += length;
        let is_complete = match capture {
            Capture::Text => !rest.is_empty(),
            Capture::Number(_) => {
                self.number.extend_from_slice(part);
                self.differs = self.number.is_empty();
                !rest.is_empty()
            }
            Capture::Same(name) => {
                self.number.extend_from_slice(part);
                let is_complete = self.captures.get(name) == Some(&self.number);
                self.differs = !is_complete && !rest.is_empty();
                is_complete
            }
        };
        if is_complete && !self.differs {
            let number = std::mem::take(&mut self.number);
            if let Capture::Number(name) = capture {
                self.captures.insert(name.clone(), number);
            }
            self.placeholder += 1;
            self.at += capture.width();
        }
    }

    /// How many answers are complete.
    pub fn answered(&self) -> usize {
        self.expected.answers.partition_point(|end| *end <= self.at)
    }
}
