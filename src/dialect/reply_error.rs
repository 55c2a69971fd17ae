//! What may be wrong with a reply, in every dialect.

use core::{error::Error, fmt};

/// Why a reply is rejected: the server is to blame. The client should close the connection, because
/// it cannot know where the next reply begins.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyError {
    /// The line is longer than [`Limits::line`](crate::Limits::line).
    LineTooLong,
    /// The line is not a reply of the dialect.
    UnknownReply,
    /// The length in a `VALUE` line is greater than [`Limits::value`](crate::Limits::value).
    ValueTooLarge,
    /// The data block is not followed by its terminator.
    BadBlockEnd,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "the reply's line is too long",
            Self::UnknownReply => "the line is not a reply of this dialect",
            Self::ValueTooLarge => "the reply's value is too large",
            Self::BadBlockEnd => "the reply's data block does not end where it should",
        })
    }
}

impl Error for ReplyError {}
