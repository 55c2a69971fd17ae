//! The bytes of a vector: literal, repeated, or a placeholder.

use std::collections::BTreeMap;

/// The most bytes that a repetition may stand for.
pub const MAX_EXPANDED: usize = 16 * 1024 * 1024;

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, this many times.
    Repeat(Vec<u8>, usize),
    /// All bytes before the next CR or LF, if any.
    Text,
    /// One decimal digit or more, which are captured by this name.
    Number(String),
    /// The bytes that were captured by this name.
    Same(String),
}

/// The bytes that were captured, by name.
pub type Captures = BTreeMap<String, Vec<u8>>;

/// What is sent or expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// The parts one after the other; neighbouring bytes are joined, and no bytes left out.
    #[must_use]
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Bytes(bytes)) if bytes.is_empty() => {}
                (Some(Part::Bytes(last)), Part::Bytes(bytes)) => last.extend_from_slice(&bytes),
                (_, part) => joined.push(part),
            }
        }
        Self { parts: joined }
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether only one sequence of bytes matches.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Bytes(_) | Part::Repeat(..)))
    }

    /// Appends the bytes; [`Part::Text`] is left out, and a digit stands for what is not
    /// captured.
    pub fn expand(&self, bytes: &mut Vec<u8>) {
        self.fill(&Captures::new(), bytes);
    }

    /// Appends the bytes, as [`Self::expand`] does, with what was captured.
    pub fn fill(&self, captured: &Captures, bytes: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(part),
                Part::Repeat(part, times) => bytes.extend_from_slice(&part.repeat(*times)),
                Part::Text => {}
                Part::Number(name) | Part::Same(name) => {
                    bytes.extend_from_slice(captured.get(name).map_or(b"1", Vec::as_slice));
                }
            }
        }
    }

    /// Whether `bytes` are what the pattern describes, from first to last.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.strip(bytes, &mut Captures::new()).is_some_and(<[u8]>::is_empty)
    }

    /// What follows the pattern in `bytes`; `None` if they do not start with it. Captures what it
    /// names.
    #[must_use]
    pub fn strip<'b>(&self, mut bytes: &'b [u8], captured: &mut Captures) -> Option<&'b [u8]> {
        for part in &self.parts {
            bytes = match part {
                Part::Bytes(part) => bytes.strip_prefix(part.as_slice())?,
                Part::Repeat(part, times) => bytes.strip_prefix(part.repeat(*times).as_slice())?,
                Part::Text => {
                    let text = bytes.iter().take_while(|byte| !b"\r\n".contains(byte)).count();
                    &bytes[text..]
                }
                Part::Number(name) => {
                    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    if digits == 0 {
                        return None;
                    }
                    captured.insert(name.clone(), bytes[..digits].to_vec());
                    &bytes[digits..]
                }
                Part::Same(name) => bytes.strip_prefix(captured.get(name)?.as_slice())?,
            };
        }
        Some(bytes)
    }
}

/// Rejects a repetition of more than [`MAX_EXPANDED`] bytes.
pub fn check_repeat(bytes: &[u8], times: usize) -> Result<(), String> {
    if bytes.len().saturating_mul(times) > MAX_EXPANDED {
        return Err(format!("a repetition of more than {MAX_EXPANDED} bytes"));
    }
    Ok(())
}
