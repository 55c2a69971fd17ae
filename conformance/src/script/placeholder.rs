//! Places in a stream where more than one text matches.

use crate::vectors::{Part, Pattern};

/// A place in a stream where more than one text matches.
#[derive(Clone, Debug)]
pub struct Placeholder {
    pub at: usize,
    pub capture: Capture,
}

/// What matches there.
#[derive(Clone, Debug)]
pub enum Capture {
    /// Any text before the line's end.
    Text,
    /// A number, for which a digit stands; it is captured by this name.
    Number(String),
    /// What was captured by this name, for which a digit stands.
    Same(String),
}

impl Capture {
    /// As people read it.
    pub fn shown(&self) -> &'static str {
        match self {
            Self::Text => "{text}",
            Self::Number(_) => "{number}",
            Self::Same(_) => "{same}",
        }
    }

    /// How many bytes stand for it.
    pub fn width(&self) -> usize {
        match self {
            Self::Text => 0,
            Self::Number(_) | Self::Same(_) => 1,
        }
    }
}

/// Appends a pattern, whose numbers are captured by names that begin with `prefix`.
pub fn lay_out(
    pattern: &Pattern,
    prefix: &str,
    bytes: &mut Vec<u8>,
    placeholders: &mut Vec<Placeholder>,
) {
    for part in pattern.parts() {
        let capture = match part {
            Part::Bytes(part) => {
                bytes.extend_from_slice(part);
                continue;
            }
            Part::Repeat(part, times) => {
                bytes.extend_from_slice(&part.repeat(*times));
                continue;
            }
            Part::Text => Capture::Text,
            Part::Number(name) => Capture::Number(format!("{prefix}{name}")),
            Part::Same(name) => Capture::Same(format!("{prefix}{name}")),
        };
        let at = bytes.len();
        bytes.extend(b"1".repeat(capture.width()));
        placeholders.push(Placeholder { at, capture });
    }
}

/// The same placeholders in a stream that has `by` bytes more before it.
pub fn moved(placeholders: &[Placeholder], by: usize) -> impl Iterator<Item = Placeholder> {
    placeholders.iter().map(move |placeholder| Placeholder {
        at: by + placeholder.at,
        capture: placeholder.capture.clone(),
    })
}
