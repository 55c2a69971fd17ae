use core::{error::Error, fmt};

use super::Span;
use crate::Output;

/// What a client cannot follow in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadReply {
    /// The line passes [`Limits::line`](crate::Limits::line).
    LongLine,
    /// The line is none of the dialect's replies (`reply/lines`).
    Unknown,
    /// The count of a `VALUE` passes [`Limits::value`](crate::Limits::value).
    LargeValue,
    /// The data block is not followed by what ends one.
    BlockEnd,
}

impl fmt::Display for BadReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LongLine => "the reply's line is too long",
            Self::Unknown => "the line is no reply of this dialect",
            Self::LargeValue => "the reply's value is too large",
            Self::BlockEnd => "the reply's data block does not end where it should",
        })
    }
}

impl Error for BadReply {}

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// `ERROR`: this is no command.
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

    /// The kind of error that a line tells, and the text behind it.
    pub(super) fn of(line: &[u8]) -> Option<(Self, Span)> {
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

    /// Appends the line; of the text, what stands before its first LF.
    pub(super) fn encode(self, text: &[u8], newline: &[u8], out: &mut impl Output) {
        let text = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        out.put(self.word());
        if !text.is_empty() {
            out.put(b" ");
            out.put(text);
        }
        out.put(newline);
    }
}
