//! The bytes of a vector: literal, repeated, or any text.

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
    /// Whatever stands before the next LF, if anything.
    Text,
}

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
        !self.parts.contains(&Part::Text)
    }

    /// Appends the bytes; [`Part::Text`] is left out.
    pub fn expand(&self, bytes: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(part),
                Part::Repeat(part, times) => bytes.extend_from_slice(&part.repeat(*times)),
                Part::Text => {}
            }
        }
    }

    /// Whether `bytes` are what the pattern describes, from first to last.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.strip(bytes).is_some_and(<[u8]>::is_empty)
    }

    /// What follows the pattern in `bytes`; `None` if they do not start with it.
    #[must_use]
    pub fn strip<'b>(&self, mut bytes: &'b [u8]) -> Option<&'b [u8]> {
        for part in &self.parts {
            bytes = match part {
                Part::Bytes(part) => bytes.strip_prefix(part.as_slice())?,
                Part::Repeat(part, times) => bytes.strip_prefix(part.repeat(*times).as_slice())?,
                Part::Text => {
                    let text = bytes.iter().take_while(|byte| **byte != b'\n').count();
                    &bytes[text..]
                }
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
    Any { any: AnyKind },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnyKind {
    Text,
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
        Part::Text => JsonPart::Any { any: AnyKind::Text },
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
        JsonPart::Any { any: AnyKind::Text } => Ok(Part::Text),
    }
}

/// Says what is wrong with a repetition that stands for too much.
pub(super) fn check_repeat(bytes: &[u8], times: usize) -> Result<(), String> {
    if bytes.len().saturating_mul(times) > MAX_EXPANDED {
        return Err(format!("a repetition of more than {MAX_EXPANDED} bytes").to_string());
    }
    Ok(())
}
