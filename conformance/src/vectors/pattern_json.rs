//! The JSON form of a pattern.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::pattern::{Part, Pattern, check_repeat};

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
        let json = match self.parts() {
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
