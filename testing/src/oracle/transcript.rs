//! The result of the oracle.

/// A whole stream, interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript<M, E> {
    /// The messages and errors, in order.
    pub events: Vec<Event<M, E>>,
    /// What the stream ends in the middle of; `None` if it ends after a message, or after a skipped
    /// part.
    pub end: Option<Incomplete>,
}

/// A message or an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<M, E> {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after the byte that determines it (law *Prompt*).
    pub decided: usize,
    /// The offset where the next message begins (law *Recover*); `None` if the stream ends first.
    pub resumes: Option<usize>,
    /// The message, or the error.
    pub result: Result<M, E>,
}

/// Why a reply is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the core's error of the same name")]
pub enum ReplyError {
    LineTooLong,
    UnknownReply,
    ValueTooLarge,
    BadBlockEnd,
}

/// The incomplete message at the end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// The offset of its first byte.
    pub start: usize,
    /// The part of it that the stream ends in.
    pub part: Part,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The line.
    Line,
    /// The data block, with this many bytes missing, its end included.
    Block(u64),
    /// The data block of a rejected message, with this many bytes missing, its end included.
    RejectedBlock(u64),
    /// The rest of a line that is skipped.
    RestOfLine,
}
