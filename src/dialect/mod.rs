//! What a dialect tells the machine: how its lines read, and how its data blocks end.
//!
//! A dialect owns no state. Chunks, data blocks, skipping and recovery are the
//! [machine](crate::machine)'s.

use alloc::vec::Vec;
use core::{fmt, mem, ops::Deref};

use memchr::memchr;

use crate::{Limits, store::Item};

mod bytes;
pub mod classic;
mod error;
mod keys;
pub mod simple;
mod words;

pub use error::{BadReply, ErrorKind};
pub use keys::{Key, Keys, Lexis};
pub(crate) use words::put_decimal;

/// One direction of a dialect, requests or replies, as the machine sees it.
pub trait Grammar {
    /// A line as numbers and [`Span`]s, so that nothing is borrowed while its value is awaited.
    type Head: Copy + Send;
    /// What was wrong, and whatever decides if it may be answered.
    type Refusal;
    /// What is lent to the caller when a line, and its data block, are whole.
    type Message<'m>;

    /// The bytes that follow a data block; at least one.
    const BLOCK_END: &'static [u8];

    /// After a block that was skipped or ended badly: `true` goes on behind the first LF at or
    /// after the block's last byte, `false` right behind the place of [`Self::BLOCK_END`].
    const RESYNC: bool;

    /// The refusal of a line that passes [`Limits::line`].
    const LONG_LINE: Self::Refusal;

    /// The refusal of a data block that is not followed by [`Self::BLOCK_END`].
    fn bad_block(head: Self::Head) -> Self::Refusal;

    /// Reads one line. Its last byte, and no other, is LF.
    ///
    /// A [`Line::Value`] announces at most [`Limits::value`] bytes.
    fn scan(line: &[u8], limits: &Limits) -> Line<Self::Head, Self::Refusal>;

    /// What [`Self::scan`] says of the line that `text` begins with, if that is whole, no refusal,
    /// and of the most common kind; `None` for any other line. It looks at nothing behind the line.
    ///
    /// It is compiled into each caller of [`Machine::step`](crate::Machine::step), so it should be
    /// short. A grammar does not have to have it.
    #[must_use]
    #[inline]
    fn scan_common(_text: &[u8], _limits: &Limits) -> Option<Scanned<Self::Head>> {
        None
    }

    /// The index of the first LF in `text`. The machine examines bytes through this,
    /// [`Self::scan`] and [`Self::scan_common`] only, so that the law *Linear* can be checked by
    /// counting.
    #[must_use]
    #[inline]
    fn line_end(text: &[u8]) -> Option<usize> {
        // To call takes longer than to look at so few.
        if text.len() < 8 {
            text.iter().position(|byte| *byte == b'\n')
        } else {
            memchr(b'\n', text)
        }
    }

    /// Builds the message from `head`, the `line` that it was scanned from, and its data block
    /// (empty for a [`Line::Done`]).
    fn lend<'m>(head: Self::Head, line: &'m [u8], value: Value<'m>) -> Self::Message<'m>;
}

/// Whether the text is one line, with its LF, that does not pass the limit.
pub(crate) fn is_line<G: Grammar>(text: &[u8], limits: &Limits) -> bool {
    G::line_end(text).is_some_and(|lf| lf + 1 == text.len() && lf <= limits.line)
}

/// A line of the most common kind, which [`Grammar::scan_common`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned<H> {
    /// What it says.
    pub head: H,
    /// How many bytes its data block has, if it announces one: at most [`Limits::value`].
    pub block: Option<usize>,
    /// How many bytes the line itself has, its LF included.
    pub length: usize,
}

impl<H> Scanned<H> {
    /// The same, as it is told of any line.
    pub fn line<R>(self) -> Line<H, R> {
        match self.block {
            None => Line::Done(self.head),
            Some(size) => Line::Value(self.head, size),
        }
    }
}

/// What a whole line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<H, R> {
    /// A message of its own.
    Done(H),
    /// A message that is whole when its data block, of this many bytes, has arrived.
    Value(H, usize),
    /// Not a message. The data block of this many bytes that the line announced, if it did, is
    /// skipped.
    Refuse(R, Option<u64>),
}

/// A range of bytes in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// These bytes of `line`; empty if `line` does not have them.
    #[must_use]
    #[inline]
    pub fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.start..self.end).unwrap_or_default()
    }
}

/// A data block, without its terminator.
///
/// It reads as a byte slice. [`Value::into_vec`] makes it the caller's own, with one copy, or with
/// none if the machine had to assemble it.
pub enum Value<'m> {
    /// It lies in the chunk that was fed last, or in the caller's own memory.
    Lent(&'m [u8]),
    /// It came in several chunks, and the machine assembled it.
    Held(&'m mut Vec<u8>),
    /// It is kept in a store. Only encoders are given it.
    Shared(&'m Item),
}

impl Value<'_> {
    /// The bytes, in a buffer of exactly their size if they were lent, and with no byte copied if
    /// they were held.
    #[must_use]
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Held(buffer) => mem::take(buffer),
            Self::Lent(_) | Self::Shared(_) => self.to_vec(),
        }
    }
}

impl Deref for Value<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Held(buffer) => buffer,
            Self::Shared(item) => item.value(),
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Value<'_> {}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}
