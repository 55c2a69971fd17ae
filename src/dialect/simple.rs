//! The simple dialect: `set` and `get`, lines that end with LF. Its document is `spec/simple.md`,
//! whose clause ids stand beside what they rule.

use core::{error::Error, fmt};

pub use super::{BadReply, ErrorKind};
use super::{
    Grammar, Lexis, Line, Scanned, Span, Value,
    bytes::{name_end, names_end},
    words::{Backwards, Common, GET, SET, before_lf, decimal, put_value},
};
use crate::{
    Limits, Output,
    store::{Item, Meta},
};

/// A key: one or more of `[A-Za-z0-9_-]` (`key/bytes`).
///
/// ```
/// # use memwire::dialect::simple::Key;
/// assert!(Key::new(b"user_17-name").is_some());
/// assert!(Key::new(b"two words").is_none());
/// ```
pub type Key<'k> = super::Key<'k, Requests>;

/// One or more keys, separated by spaces: an iterator over the keys of a `get`, in its order.
pub type Keys<'k> = super::Keys<'k, Requests>;

/// What a client asks.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'m> {
    /// `get <key> [<key> …]`
    Get(Keys<'m>),
    /// `set <key> <n>` and its data block.
    Set {
        /// Where to store.
        key: Key<'m>,
        /// What to store.
        value: Value<'m>,
    },
}

impl Request<'_> {
    /// Appends the request as it goes over the wire.
    ///
    /// ```
    /// # use memwire::dialect::{Value, simple::{Key, Request}};
    /// let key = Key::new(b"greeting").expect("a key");
    /// let mut out = Vec::new();
    /// Request::Set { key, value: Value::Lent(b"hello") }.encode(&mut out);
    /// assert_eq!(out, b"set greeting 5\nhello\n");
    /// ```
    pub fn encode(&self, out: &mut impl Output) {
        match self {
            Self::Get(keys) => {
                out.put(b"get");
                for key in keys.clone() {
                    out.put(b" ");
                    out.put(key.as_bytes());
                }
                out.put(b"\n");
            }
            Self::Set { key, value } => put_block(b"set ", *key, value, out),
        }
    }
}

/// What is wrong with a request. Only the first fault in this order is told (`errors/order`).
// As wide as what a line else is, so that the machine moves whole words.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The line passes [`Limits::line`] (`limits/line`).
    LongLine,
    /// The line ends with CR LF (`errors/carriage-return`).
    CarriageReturn,
    /// The line is empty, or its first word is neither `get` nor `set` (`errors/unknown-command`).
    UnknownCommand,
    /// Too few words, or too many (`errors/words`).
    Words,
    /// The count is not made of decimal digits (`errors/count`).
    Count,
    /// The count passes [`Limits::value`] (`limits/value`).
    LargeValue,
    /// A key has a byte that no key has (`errors/key`).
    Key,
    /// The data block is not followed by LF (`errors/block-end`).
    BlockEnd,
}

impl Refusal {
    /// What the client is told.
    #[must_use]
    pub fn reply(self) -> Reply<'static> {
        use ErrorKind::{Client, Server};
        let (kind, text) = match self {
            Self::UnknownCommand | Self::Words => (ErrorKind::Unspecific, ""),
            Self::LongLine => (Client, "line too long"),
            Self::CarriageReturn => (Client, "line ends with CR LF, expected LF"),
            Self::Count => (Client, "bad count, expected decimal digits"),
            Self::LargeValue => (Server, "object too large for cache"),
            Self::Key => (Client, "bad key, expected A-Z a-z 0-9 _ -"),
            Self::BlockEnd => (Client, "bad data chunk"),
        };
        Reply::Error(kind, text.as_bytes())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LongLine => "the line is too long",
            Self::CarriageReturn => "the line ends with CR LF",
            Self::UnknownCommand => "the command is unknown",
            Self::Words => "the command has too few words, or too many",
            Self::Count => "the count is not made of decimal digits",
            Self::LargeValue => "the value is too large",
            Self::Key => "a key has a byte that is not of A-Z a-z 0-9 _ -",
            Self::BlockEnd => "the data block is not followed by LF",
        })
    }
}

impl Error for Refusal {}

/// The grammar of requests: the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requests {}

/// A request line as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestHead {
    /// The part of the line that holds the keys, and the length of the first one.
    Get(Span, usize),
    /// The key.
    Set(Span),
}

impl Grammar for Requests {
    type Head = RequestHead;
    type Refusal = Refusal;
    type Message<'m> = Request<'m>;

    const BLOCK_END: &'static [u8] = b"\n";
    const RESYNC: bool = true;
    const LONG_LINE: Refusal = Refusal::LongLine;

    fn bad_block(_: RequestHead) -> Refusal {
        Refusal::BlockEnd
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<RequestHead, Refusal> {
        if let Some(common) = Self::scan_common(line, limits) {
            return common.line();
        }
        // A CR is no part of the words, so that the block's size can be read.
        let text = before_lf(line);
        let Some(text) = text.strip_suffix(b"\r") else { return read(text, limits) };
        let block = match read(text, limits) {
            Line::Done(_) => None,
            Line::Value(_, size) => Some(size as u64),
            Line::Refuse(_, block) => block,
        };
        Line::Refuse(Refusal::CarriageReturn, block)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
    fn scan_common(text: &[u8], limits: &Limits) -> Option<Scanned<RequestHead>> {
        let (verb, key, mut rest) = Common::<Self>::verb_and_key(text)?;
        // Each has its own return, so that what the line says goes through no memory.
        match verb {
            GET => {
                let head = RequestHead::Get(key, key.end - key.start);
                Some(Scanned { head, block: None, length: rest.length()? })
            }
            SET => {
                let size = usize::try_from(rest.number()?).ok()?;
                if size > limits.value {
                    return None;
                }
                let head = RequestHead::Set(key);
                Some(Scanned { head, block: Some(size), length: rest.length()? })
            }
            _ => None,
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a twelfth of the instructions of a short set")]
    fn lend<'m>(head: RequestHead, line: &'m [u8], value: Value<'m>) -> Request<'m> {
        match head {
            RequestHead::Get(keys, first) => Request::Get(Keys::checked(keys.of(line), first)),
            RequestHead::Set(key) => Request::Set { key: Key::checked(key.of(line)), value },
        }
    }
}

type Words<'t> = super::words::Words<'t, Requests>;

impl Lexis for Requests {
    const CR_LF: bool = false;
    const LONGEST_KEY: usize = usize::MAX;

    #[inline]
    fn key_end(text: &[u8], at: usize) -> usize {
        name_end(text, at)
    }

    #[inline]
    fn keys_end(text: &[u8], at: usize) -> usize {
        names_end(text, at)
    }
}

/// Reads a line that has no CR at its end.
fn read(text: &[u8], limits: &Limits) -> Line<RequestHead, Refusal> {
    let mut words = Words::new(text);
    match words.next().map_or(&[][..], |verb| verb.span.of(text)) {
        b"get" => match words.keys() {
            None => Line::Refuse(Refusal::Words, None),
            Some(keys) if !keys.good => Line::Refuse(Refusal::Key, None),
            Some(keys) => Line::Done(RequestHead::Get(keys.span, keys.first)),
        },
        b"set" => {
            let (Some(key), Some(count), None) = (words.next(), words.next(), words.next()) else {
                return Line::Refuse(Refusal::Words, None);
            };
            let Some(count) = decimal(count.span.of(text)) else {
                return Line::Refuse(Refusal::Count, None);
            };
            match usize::try_from(count) {
                Ok(size) if size <= limits.value => {
                    if key.key {
                        Line::Value(RequestHead::Set(key.span), size)
                    } else {
                        Line::Refuse(Refusal::Key, Some(count))
                    }
                }
                _ => Line::Refuse(Refusal::LargeValue, Some(count)),
            }
        }
        _ => Line::Refuse(Refusal::UnknownCommand, None),
    }
}

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'m> {
    /// `STORED`
    Stored,
    /// `VALUE <key> <n>` and its data block.
    Value {
        /// The key that was asked for.
        key: Key<'m>,
        /// What it holds.
        value: Value<'m>,
    },
    /// `END`: no more values.
    End,
    /// `ERROR`, `CLIENT_ERROR` or `SERVER_ERROR`, and what is said after it, up to its first LF.
    Error(ErrorKind, &'m [u8]),
}

impl Reply<'_> {
    /// Appends the reply as it goes over the wire.
    ///
    /// ```
    /// # use memwire::dialect::simple::Refusal;
    /// let mut out = Vec::new();
    /// Refusal::BlockEnd.reply().encode(&mut out);
    /// assert_eq!(out, b"CLIENT_ERROR bad data chunk\n");
    /// ```
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "which one it is, is known where it is written")]
    pub fn encode(&self, out: &mut impl Output) {
        match self {
            Self::Stored => out.put(b"STORED\n"),
            Self::Value { value: Value::Shared(item), .. }
                if let Some(frame) = item.frame(b"\n") =>
            {
                out.put(b"VALUE ");
                out.put(frame);
            }
            Self::Value { key, value } => put_block(b"VALUE ", *key, value, out),
            Self::End => out.put(b"END\n"),
            Self::Error(kind, text) => kind.encode(text, b"\n", out),
        }
    }
}

/// Appends a line that announces a data block, and the block.
#[inline(never)]
fn put_block<const N: usize>(
    word: &[u8; N],
    key: Key<'_>,
    value: &Value<'_>,
    out: &mut impl Output,
) {
    out.put(word);
    out.put(key.as_bytes());
    let mut line = Backwards::new();
    behind_key(&mut line, value.len());
    out.put(line.as_bytes());
    put_value(value, b"\n", out);
}

/// What stands behind the key in a line that announces a data block of this size.
#[inline]
fn behind_key(line: &mut Backwards, size: usize) {
    line.text(b"\n");
    line.decimal(size as u64);
    line.text(b" ");
}

/// An item that is written with one copy.
pub(crate) fn item(key: Key<'_>, value: Value<'_>) -> Item {
    let mut line = Backwards::new();
    behind_key(&mut line, value.len());
    Item::framed(key.as_bytes(), line.as_bytes(), value, b"\n", Meta::default())
}

/// The grammar of replies: the client's side. Replies are read as strictly as they are written:
/// words are separated by one space, and counts have no leading zeros (`reply/lines`).
#[derive(Clone, Copy, Debug)]
pub enum Replies {}

/// A reply line as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyHead {
    /// `STORED`
    Stored,
    /// The key.
    Value(Span),
    /// `END`
    End,
    /// The text after the word.
    Error(ErrorKind, Span),
}

impl Grammar for Replies {
    type Head = ReplyHead;
    type Refusal = BadReply;
    type Message<'m> = Reply<'m>;

    const BLOCK_END: &'static [u8] = b"\n";
    const RESYNC: bool = true;
    const LONG_LINE: BadReply = BadReply::LongLine;

    fn bad_block(_: ReplyHead) -> BadReply {
        BadReply::BlockEnd
    }

    #[inline]
    fn scan(line: &[u8], limits: &Limits) -> Line<ReplyHead, BadReply> {
        match before_lf(line) {
            b"STORED" => Line::Done(ReplyHead::Stored),
            b"END" => Line::Done(ReplyHead::End),
            line => {
                if let Some((key, size)) = value_line(line) {
                    match usize::try_from(size) {
                        Ok(size) if size <= limits.value => {
                            Line::Value(ReplyHead::Value(key), size)
                        }
                        _ => Line::Refuse(BadReply::LargeValue, Some(size)),
                    }
                } else if let Some((kind, text)) = ErrorKind::of(line) {
                    Line::Done(ReplyHead::Error(kind, text))
                } else {
                    Line::Refuse(BadReply::Unknown, None)
                }
            }
        }
    }

    #[inline]
    fn lend<'m>(head: ReplyHead, line: &'m [u8], value: Value<'m>) -> Reply<'m> {
        match head {
            ReplyHead::Stored => Reply::Stored,
            ReplyHead::Value(key) => Reply::Value { key: Key::checked(key.of(line)), value },
            ReplyHead::End => Reply::End,
            ReplyHead::Error(kind, text) => Reply::Error(kind, text.of(line)),
        }
    }
}

fn value_line(line: &[u8]) -> Option<(Span, u64)> {
    const WORD: &[u8] = b"VALUE ";
    if !line.starts_with(WORD) {
        return None;
    }
    let key = Span { start: WORD.len(), end: name_end(line, WORD.len()) };
    let count = line[key.end..].strip_prefix(b" ")?;
    if key.start == key.end || (count.len() > 1 && count[0] == b'0') {
        return None;
    }
    Some((key, decimal(count)?))
}
