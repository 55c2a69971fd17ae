//! Why a request is rejected.

use core::{error::Error, fmt};

use super::{
    reply::Reply,
    request::{Key, ReplyMode},
};
use crate::dialect::error_kind::ErrorKind;

/// Why a request was rejected, and what a server needs to answer it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestError<'m> {
    /// What is wrong.
    pub kind: RequestErrorKind,
    /// Whether the client is sent the error (`noreply/errors`, `noreply/answered`).
    pub reply_mode: ReplyMode,
    /// The key of a `set` whose value is too large. A server removes the old item of this key, so
    /// that it is not mistaken for the new one (`limits/value`).
    pub key: Option<Key<'m>>,
}

/// What is wrong with a request: the client is to blame, except for [`Self::ValueTooLarge`]. If
/// there are several errors, the first one in this order is reported (`errors/order`).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestErrorKind {
    /// The line is longer than [`Limits::line`](crate::Limits::line) (`limits/line`).
    LineTooLong,
    /// The line is empty, or its first word is not a command (`errors/unknown-command`).
    UnknownCommand,
    /// Too few words, or too many (`errors/words`).
    WrongWordCount,
    /// A number is malformed or out of range (`errors/numbers`).
    BadNumber,
    /// An exptime is malformed (`errors/exptime`).
    BadExptime,
    /// The delta of an `incr` or `decr` is malformed (`errors/delta`).
    BadDelta,
    /// A `delete` has an argument other than a time after its key (`errors/delete`).
    BadDeleteTime,
    /// A key is too long, or contains a control character (`errors/key`).
    BadKey,
    /// The declared length is greater than [`Limits::value`](crate::Limits::value)
    /// (`limits/value`).
    ValueTooLarge,
    /// The data block is not followed by CR LF (`errors/block-end`).
    BadBlockEnd,
}

impl RequestErrorKind {
    /// The reply to the rejected request, if it is sent at all: see [`RequestError::reply_mode`].
    #[must_use]
    pub fn reply(self) -> Reply<'static> {
        use ErrorKind::{Client, Server, Unspecific};
        let (kind, text) = match self {
            Self::UnknownCommand | Self::WrongWordCount => (Unspecific, ""),
            Self::LineTooLong => (Client, "line too long"),
            Self::BadNumber | Self::BadKey => (Client, "bad command line format"),
            Self::BadExptime => (Client, "invalid exptime argument"),
            Self::BadDelta => (Client, "invalid numeric delta argument"),
            Self::BadDeleteTime => {
                (Client, "bad command line format.  Usage: delete <key> [noreply]")
            }
            Self::ValueTooLarge => (Server, "object too large for cache"),
            Self::BadBlockEnd => (Client, "bad data chunk"),
        };
        Reply::Error(kind, text.as_bytes())
    }
}

impl fmt::Display for RequestErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "the line is too long",
            Self::UnknownCommand => "the command is unknown",
            Self::WrongWordCount => "the command has too few words, or too many",
            Self::BadNumber => "a number is malformed or out of range",
            Self::BadExptime => "the exptime is not a number",
            Self::BadDelta => "the delta of an incr or decr is not a number",
            Self::BadDeleteTime => "what follows the key of a delete is not a number",
            Self::BadKey => "a key is longer than 250 bytes, or has a control character",
            Self::ValueTooLarge => "the value is too large",
            Self::BadBlockEnd => "the data block is not followed by CR LF",
        })
    }
}

impl Error for RequestErrorKind {}

impl fmt::Display for RequestError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Error for RequestError<'_> {}
