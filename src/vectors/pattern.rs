//! The bytes of a vector: literal, repeated, or whatever stands in their place.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The most bytes that a repetition may stand for.
pub const MAX_EXPANDED: usize = 16 * 1024 * 1024;

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, this many times.
    Repeat(Vec<u8>, usize),
    /// Whatever stands before the next CR or LF, if anything.
    Text,
    /// One decimal digit or more, which are remembered by this name.
    Number(String),
    /// What is remembered by this name.
    Same(String),
}

/// What was remembered.
pub type Remembered = BTreeMap<String, Vec<u8>>;

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

    /// Appends the bytes; [`Part::Text`] is left out, and a digit stands for what is not known.
    pub fn expand(&self, bytes: &mut Vec<u8>) {
        self.fill(&Remembered::new(), bytes);
    }

    /// Appends the bytes, as [`Self::expand`] does, with what was remembered.
    pub fn fill(&self, remembered: &Remembered, bytes: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(part),
                Part::Repeat(part, times) => bytes.extend_from_slice(&part.repeat(*times)),
                Part::Text => {}
                Part::Number(name) | Part::Same(name) => {
                    bytes.extend_from_slice(remembered.get(name).map_or(b"1", Vec::as_slice));
                }
            }
        }
    }

    /// Whether `bytes` are what the pattern describes, from first to last.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.strip(bytes, &mut Remembered::new()).is_some_and(<[u8]>::is_empty)
    }

    /// What follows the pattern in `bytes`; `None` if they do not start with it. Remembers what it
    /// names.
    #[must_use]
    pub fn strip<'b>(&self, mut bytes: &'b [u8], remembered: &mut Remembered) -> Option<&'b [u8]> {
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
                    remembered.insert(name.clone(), bytes[..digits].to_vec());
                    &bytes[digits..]
                }
                Part::Same(name) => bytes.strip_prefix(remembered.get(name)?.as_slice())?,
            };
        }
        Some(bytes)
    }
}

/// In JSON: a string if there is nothing but bytes, else an array.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Bytes(String),
    Parts(Vec<JsonPart>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum JsonPart {
    Bytes(String),
    Repeat { repeat: String, times: usize },
    Number { any: NumberKind, name: String },
    Any { any: TextKind },
    Same { same: String },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TextKind {
    Text,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NumberKind {
    Number,
}

fn to_latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn from_latin1<E: Error>(text: &str) -> Result<Vec<u8>, E> {
    let byte = |c: char| {
        u8::try_from(c).map_err(|_| E::custom(format!("{c:?} is no byte: it is past U+00FF")))
    };
    text.chars().map(byte).collect()
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = match self.parts.as_slice() {
            [] => Json::Bytes(String::new()),
            [Part::Bytes(bytes)] => Json::Bytes(to_latin1(bytes)),
            parts => Json::Parts(parts.iter().map(part_to_json).collect()),
        };
        json.serialize(serializer)
    }
}

fn part_to_json(part: &Part) -> JsonPart {
    match part {
        Part::Bytes(bytes) => JsonPart::Bytes(to_latin1(bytes)),
        Part::Repeat(bytes, times) => JsonPart::Repeat { repeat: to_latin1(bytes), times: *times },
        Part::Text => JsonPart::Any { any: TextKind::Text },
        Part::Number(name) => JsonPart::Number { any: NumberKind::Number, name: name.clone() },
        Part::Same(name) => JsonPart::Same { same: name.clone() },
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = match Json::deserialize(deserializer)? {
            Json::Bytes(text) => vec![Part::Bytes(from_latin1(&text)?)],
            Json::Parts(parts) => {
                let parts = parts.into_iter().map(part_from_json);
                parts.collect::<Result<Vec<_>, D::Error>>()?
            }
        };
        Ok(Self::new(parts))
    }
}

fn part_from_json<E: Error>(part: JsonPart) -> Result<Part, E> {
    match part {
        JsonPart::Bytes(text) => Ok(Part::Bytes(from_latin1(&text)?)),
        JsonPart::Repeat { repeat, times } => {
            let bytes: Vec<u8> = from_latin1(&repeat)?;
            check_repeat(&bytes, times).map_err(E::custom)?;
            Ok(Part::Repeat(bytes, times))
        }
        JsonPart::Any { any: TextKind::Text } => Ok(Part::Text),
        JsonPart::Number { any: NumberKind::Number, name } => Ok(Part::Number(name)),
        JsonPart::Same { same } => Ok(Part::Same(same)),
    }
}

/// Says what is wrong with a repetition that stands for too much.
pub(super) fn check_repeat(bytes: &[u8], times: usize) -> Result<(), String> {
    if bytes.len().saturating_mul(times) > MAX_EXPANDED {
        return Err(format!("a repetition of more than {MAX_EXPANDED} bytes").to_string());
    }
    Ok(())
}
