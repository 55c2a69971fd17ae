//! The interface between a dialect and the [machine](crate::machine): how a command line is parsed,
//! and how a data block ends.
//!
//! A grammar is a type without values and without state. Its functions are pure: the same line and
//! limits give the same result, or law *Split* does not hold. Chunks, buffers, data blocks,
//! skipping and recovery are the machine's part.
//!
//! | when | the machine calls |
//! |---|---|
//! | a line begins, and nothing of it is buffered | [`Grammar::scan_fast`] |
//! | that returned `None`, or not all of the message has arrived | [`Grammar::line_end`], on each chunk until it finds an LF |
//! | a line is complete | [`Grammar::scan`] |
//! | the line, and the data block that it declares, are complete | [`Grammar::message`] |
//! | a data block is not followed by [`Grammar::BLOCK_END`] | [`Grammar::bad_block`], then [`Grammar::error`] |
//! | a line is rejected, or is longer than [`Limits::line`] | [`Grammar::error`] |
//!
//! The front page of the package `memwire-testing` has a small grammar, and checks it against the
//! laws. The grammars of this crate are in [`dialect`](crate::dialect).

use alloc::vec::Vec;
use core::{error::Error, fmt, mem, ops::Deref};

use memchr::memchr;

use crate::limits::Limits;

pub use crate::text::Span;

/// One direction of a dialect, requests or replies, as the machine sees it.
pub trait Grammar {
    /// A valid command line as values and [`Span`]s: holds no borrow while the data block is
    /// pending.
    type Head: Copy + Send;

    /// A rejected command line, in the same way.
    type Reject: Copy + Send;

    /// What [`Machine::step`](crate::Machine::step) returns when a line, and its data block, are
    /// complete.
    type Message<'m>;

    /// What [`Machine::step`](crate::Machine::step) returns for a [`Self::Reject`].
    type Error<'m>: Copy + Error;

    /// The bytes that terminate a data block; at least one.
    const BLOCK_END: &'static [u8];

    /// Where parsing resumes after a data block that was skipped, or has a bad terminator. `true`:
    /// after the first LF at or after the last byte of the terminator. `false`: right after the
    /// terminator, whatever bytes are in its place.
    const RESYNC: bool;

    /// The rejection of a line longer than [`Limits::line`].
    const LINE_TOO_LONG: Self::Reject;

    /// The rejection of a data block that is not followed by [`Self::BLOCK_END`].
    fn bad_block(head: Self::Head) -> Self::Reject;

    /// Parses one line. Its last byte, and no other, is LF.
    ///
    /// A [`Line::WithData`] declares at most [`Limits::value`] bytes; a longer block is a
    /// [`Line::Rejected`] that declares it, so that it is skipped.
    fn scan(line: &[u8], limits: &Limits) -> Line<Self::Head, Self::Reject>;

    /// Parses the line at the start of `text`, if it is complete, valid and of the most common
    /// form; `None` for any other line. The result equals that of [`Self::scan`]. It does not look
    /// past the line.
    ///
    /// It is compiled into each caller of [`Machine::step`](crate::Machine::step), so it should be
    /// short. Optional: without it, every line takes the general path.
    #[must_use]
    #[inline]
    fn scan_fast(_text: &[u8], _limits: &Limits) -> Option<FastLine<Self::Head>> {
        None
    }

    /// The index of the first LF in `text`. The machine examines bytes only through this,
    /// [`Self::scan`] and [`Self::scan_fast`], so that law *Linear* can be checked by counting.
    #[must_use]
    #[inline]
    fn line_end(text: &[u8]) -> Option<usize> {
        // For short inputs an inline scan beats the call.
        if text.len() < 8 {
            text.iter().position(|byte| *byte == b'\n')
        } else {
            memchr(b'\n', text)
        }
    }

    /// Builds the message from `head`, the `line` that it was scanned from, and its data block
    /// (empty for a [`Line::Complete`]).
    fn message<'m>(head: Self::Head, line: &'m [u8], data: Data<'m>) -> Self::Message<'m>;

    /// Builds the error from `reject` and the `line` that it was scanned from (empty for
    /// [`Self::LINE_TOO_LONG`]).
    fn error(reject: Self::Reject, line: &[u8]) -> Self::Error<'_>;
}

/// Whether the text is one line, with its LF, within the limit.
pub(crate) fn is_line<G: Grammar>(text: &[u8], limits: &Limits) -> bool {
    G::line_end(text).is_some_and(|lf| lf + 1 == text.len() && lf <= limits.line)
}

/// The result of parsing a complete line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<H, R> {
    /// A message without a data block.
    Complete(H),
    /// A message that is complete when its data block, of this many bytes, has arrived.
    WithData(H, usize),
    /// Not a message. If the line declares a data block, of this many bytes, it is skipped.
    Rejected(R, Option<u64>),
}

/// A line of the most common form, found by [`Grammar::scan_fast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastLine<H> {
    /// The parsed line.
    pub head: H,
    /// The length of its data block, if it declares one: at most [`Limits::value`].
    pub block: Option<usize>,
    /// The length of the line itself, its LF included.
    pub length: usize,
}

impl<H> FastLine<H> {
    /// The same line as [`Grammar::scan`] returns it.
    pub fn line<R>(self) -> Line<H, R> {
        match self.block {
            None => Line::Complete(self.head),
            Some(size) => Line::WithData(self.head, size),
        }
    }
}

/// A data block, without its terminator.
///
/// It dereferences to a byte slice. [`Data::into_vec`] makes it the caller's own: with one copy, or
/// with none if the machine assembled it.
pub enum Data<'m> {
    /// A slice of the chunk that was fed last, or of other memory of the caller's.
    Borrowed(&'m [u8]),
    /// It came in several chunks; the machine assembled it in this buffer, which can be moved out.
    Buffered(&'m mut Vec<u8>),
}

impl Data<'_> {
    /// The bytes in a buffer of exactly their size: copied if they were borrowed, moved if they
    /// were buffered.
    #[must_use]
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Borrowed(bytes) => bytes.to_vec(),
            Self::Buffered(buffer) => mem::take(buffer),
        }
    }
}

impl Deref for Data<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Buffered(buffer) => buffer,
        }
    }
}

impl AsRef<[u8]> for Data<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<'m> From<&'m [u8]> for Data<'m> {
    fn from(bytes: &'m [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'m> From<&'m mut Vec<u8>> for Data<'m> {
    fn from(buffer: &'m mut Vec<u8>) -> Self {
        Self::Buffered(buffer)
    }
}

impl PartialEq for Data<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Data<'_> {}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}
