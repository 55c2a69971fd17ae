//! The three error replies, in every dialect.

use crate::{Output, text::Span};

/// The kinds of error replies: who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// `ERROR`: not a command, or the wrong number of words.
    Unspecific,
    /// `CLIENT_ERROR`: the request is wrong.
    Client,
    /// `SERVER_ERROR`: the server cannot do it.
    Server,
}

impl ErrorKind {
    const ALL: [Self; 3] = [Self::Unspecific, Self::Client, Self::Server];

    fn word(self) -> &'static [u8] {
        match self {
            Self::Unspecific => b"ERROR",
            Self::Client => b"CLIENT_ERROR",
            Self::Server => b"SERVER_ERROR",
        }
    }

    /// The kind of an error line, and the text after its first word; `None` for any other line.
    pub(crate) fn parse(line: &[u8]) -> Option<(Self, Span)> {
        Self::ALL.into_iter().find_map(|kind| {
            let text = line.strip_prefix(kind.word())?;
            let start = line.len() - text.len();
            match text {
                [] => Some((kind, Span { start, end: start })),
                [b' ', ..] => Some((kind, Span { start: start + 1, end: line.len() })),
                _ => None,
            }
        })
    }

    /// Appends the line. `text` is cut at its first LF.
    pub(crate) fn encode(self, text: &[u8], newline: &[u8], out: &mut impl Output) {
        let text = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        out.put(self.word());
        if !text.is_empty() {
            out.put(b" ");
            out.put(text);
        }
        out.put(newline);
    }
}
