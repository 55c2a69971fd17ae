//! The simple dialect: `set` and `get`, in lines that end with LF. Its specification is
//! `spec/simple.md`; the comments name the clauses that define each item.

use core::{error::Error, fmt};

pub use super::{ErrorKind, ReplyError};
use crate::{
    Limits, Output,
    grammar::{Data, FastLine, Grammar, Line},
    text::{
        self, KeySyntax, Span,
        fast_scan::{FastScan, GET, SET},
        number::{ReverseWriter, decimal},
        scan::{name_end, names_end},
        without_lf,
    },
};

/// A key: one or more of `[A-Za-z0-9_-]` (`key/bytes`).
///
/// ```
/// # use memwire::dialect::simple::Key;
/// assert!(Key::new(b"user_17-name").is_some());
/// assert!(Key::new(b"two words").is_none());
/// ```
pub type Key<'k> = text::Key<'k, Requests>;

/// One or more keys, separated by spaces: an iterator over the keys of a `get`, in order.
pub type Keys<'k> = text::Keys<'k, Requests>;

/// A request.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'m> {
    /// `get <key> [<key> …]`: return the values of these keys (`get/hit`, `get/many`).
    Get(Keys<'m>),
    /// `set <key> <n>` and its data block: store a value (`set/stored`, `set/counted`).
    Set {
        /// The key to store it under.
        key: Key<'m>,
        /// The value, of n bytes.
        value: Data<'m>,
    },
}

impl Request<'_> {
    /// Appends the request as it is sent, in canonical form.
    ///
    /// ```
    /// # use memwire::{dialect::simple::{Key, Request}, grammar::Data};
    /// let key = Key::new(b"greeting").expect("a key");
    /// let mut out = Vec::new();
    /// Request::Set { key, value: Data::Borrowed(b"hello") }.encode(&mut out);
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

/// Why a request is rejected: the client is to blame, except for [`Self::ValueTooLarge`]. If a
/// request has several errors, the first one in this order is reported (`errors/order`).
// As wide as the other fields of a parsed line, so that the machine moves whole words.
#[repr(usize)]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestError {
    /// The line is longer than [`Limits::line`] (`limits/line`).
    LineTooLong,
    /// The line ends with CR LF (`errors/carriage-return`).
    CarriageReturn,
    /// The line is empty, or its first word is neither `get` nor `set` (`errors/unknown-command`).
    UnknownCommand,
    /// Too few words, or too many (`errors/words`).
    WrongWordCount,
    /// The declared length does not consist of decimal digits (`errors/count`).
    BadLength,
    /// The declared length is greater than [`Limits::value`] (`limits/value`).
    ValueTooLarge,
    /// A key contains a byte other than `[A-Za-z0-9_-]` (`errors/key`).
    BadKey,
    /// The data block is not followed by LF (`errors/block-end`).
    BadBlockEnd,
}

impl RequestError {
    /// The reply to the rejected request (`reply/errors`).
    #[must_use]
    pub fn reply(self) -> Reply<'static> {
        use ErrorKind::{Client, Server, Unspecific};
        let (kind, text) = match self {
            Self::UnknownCommand | Self::WrongWordCount => (Unspecific, ""),
            Self::LineTooLong => (Client, "line too long"),
            Self::CarriageReturn => (Client, "line ends with CR LF, expected LF"),
            Self::BadLength => (Client, "bad count, expected decimal digits"),
            Self::ValueTooLarge => (Server, "object too large for cache"),
            Self::BadKey => (Client, "bad key, expected A-Z a-z 0-9 _ -"),
            Self::BadBlockEnd => (Client, "bad data chunk"),
        };
        Reply::Error(kind, text.as_bytes())
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "the line is too long",
            Self::CarriageReturn => "the line ends with CR LF",
            Self::UnknownCommand => "the command is unknown",
            Self::WrongWordCount => "the command has too few words, or too many",
            Self::BadLength => "the length is not made of decimal digits",
            Self::ValueTooLarge => "the value is too large",
            Self::BadKey => "a key has a byte that is not of A-Z a-z 0-9 _ -",
            Self::BadBlockEnd => "the data block is not followed by LF",
        })
    }
}

impl Error for RequestError {}

/// The grammar of requests: the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requests {}

/// A parsed request line: the spans are those of the line that was parsed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestHead {
    /// The part of the line from the first key to the last, and the length of the first key.
    Get(Span, usize),
    /// The key.
    Set(Span),
}

impl Grammar for Requests {
    type Head = RequestHead;
    type Reject = RequestError;
    type Message<'m> = Request<'m>;
    type Error<'m> = RequestError;

    const BLOCK_END: &'static [u8] = b"\n";
    const RESYNC: bool = true;
    const LINE_TOO_LONG: RequestError = RequestError::LineTooLong;

    fn bad_block(_: RequestHead) -> RequestError {
        RequestError::BadBlockEnd
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<RequestHead, RequestError> {
        if let Some(line) = Self::scan_fast(line, limits) {
            return line.line();
        }
        // Without the CR the tokens can be read, so that the length of the block is known.
        let text = without_lf(line);
        let Some(text) = text.strip_suffix(b"\r") else { return scan_tokens(text, limits) };
        let block = match scan_tokens(text, limits) {
            Line::Complete(_) => None,
            Line::WithData(_, size) => Some(size as u64),
            Line::Rejected(_, block) => block,
        };
        Line::Rejected(RequestError::CarriageReturn, block)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
    fn scan_fast(text: &[u8], limits: &Limits) -> Option<FastLine<RequestHead>> {
        let (verb, key, mut rest) = FastScan::<Self, false>::verb_and_key(text)?;
        // Separate returns keep the result in registers.
        match verb {
            GET => {
                let head = RequestHead::Get(key, key.end - key.start);
                Some(FastLine { head, block: None, length: rest.line_length()? })
            }
            SET => {
                let size = usize::try_from(rest.number()?).ok()?;
                if size > limits.value {
                    return None;
                }
                let head = RequestHead::Set(key);
                Some(FastLine { head, block: Some(size), length: rest.line_length()? })
            }
            _ => None,
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a twelfth of the instructions of a short set")]
    fn message<'m>(head: RequestHead, line: &'m [u8], data: Data<'m>) -> Request<'m> {
        match head {
            RequestHead::Get(keys, first) => Request::Get(Keys::checked(keys.of(line), first)),
            RequestHead::Set(key) => Request::Set { key: Key::checked(key.of(line)), value: data },
        }
    }

    fn error(reject: RequestError, _: &[u8]) -> RequestError {
        reject
    }
}

type Tokens<'t> = text::tokens::Tokens<'t, Requests>;

impl KeySyntax for Requests {
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

/// Parses a line without its end of line.
fn scan_tokens(text: &[u8], limits: &Limits) -> Line<RequestHead, RequestError> {
    let mut tokens = Tokens::new(text);
    match tokens.next().map_or(&[][..], |verb| verb.span.of(text)) {
        b"get" => match tokens.keys() {
            None => Line::Rejected(RequestError::WrongWordCount, None),
            Some(keys) if !keys.good => Line::Rejected(RequestError::BadKey, None),
            Some(keys) => Line::Complete(RequestHead::Get(keys.span, keys.first)),
        },
        b"set" => {
            let (Some(key), Some(length), None) = (tokens.next(), tokens.next(), tokens.next())
            else {
                return Line::Rejected(RequestError::WrongWordCount, None);
            };
            let Some(length) = decimal(length.span.of(text)) else {
                return Line::Rejected(RequestError::BadLength, None);
            };
            match usize::try_from(length) {
                Ok(size) if size <= limits.value => {
                    if key.is_key {
                        Line::WithData(RequestHead::Set(key.span), size)
                    } else {
                        Line::Rejected(RequestError::BadKey, Some(length))
                    }
                }
                _ => Line::Rejected(RequestError::ValueTooLarge, Some(length)),
            }
        }
        _ => Line::Rejected(RequestError::UnknownCommand, None),
    }
}

/// A reply line, with the data block that it declares.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'m> {
    /// `STORED`, the reply to a `set`.
    Stored,
    /// `VALUE <key> <n>` and its data block, for each key of a `get` that has a value.
    Value {
        /// The requested key.
        key: Key<'m>,
        /// The value, of n bytes.
        value: Data<'m>,
    },
    /// `END`: the reply to a `get` is complete.
    End,
    /// `ERROR`, `CLIENT_ERROR` or `SERVER_ERROR`, and the text after it; encoded up to its first
    /// LF.
    Error(ErrorKind, &'m [u8]),
}

impl Reply<'_> {
    /// Appends the reply as it is sent.
    ///
    /// ```
    /// # use memwire::dialect::simple::RequestError;
    /// let mut out = Vec::new();
    /// RequestError::BadBlockEnd.reply().encode(&mut out);
    /// assert_eq!(out, b"CLIENT_ERROR bad data chunk\n");
    /// ```
    pub fn encode(&self, out: &mut impl Output) {
        match self {
            Self::Stored => out.put(b"STORED\n"),
            Self::Value { key, value } => put_block(b"VALUE ", *key, value, out),
            Self::End => out.put(b"END\n"),
            Self::Error(kind, text) => kind.encode(text, b"\n", out),
        }
    }
}

/// Appends a line that declares a data block, and the block.
fn put_block<const N: usize>(
    word: &[u8; N],
    key: Key<'_>,
    value: &Data<'_>,
    out: &mut impl Output,
) {
    out.put(word);
    put_key_and_length(key, value.len(), out);
    out.put(value);
    out.put(b"\n");
}

/// Appends a `VALUE` line alone. The caller appends the data block, of `length` bytes, and its LF.
pub fn put_value_line(key: Key<'_>, length: usize, out: &mut impl Output) {
    out.put(b"VALUE ");
    put_key_and_length(key, length, out);
}

fn put_key_and_length(key: Key<'_>, length: usize, out: &mut impl Output) {
    let mut tail = ReverseWriter::new();
    value_line_tail(&mut tail, length);
    out.put(key.as_bytes());
    out.put(tail.as_bytes());
}

/// Writes the part after the key of a line that declares a data block of this length.
#[inline]
pub(crate) fn value_line_tail(line: &mut ReverseWriter, length: usize) {
    line.text(b"\n");
    line.decimal(length as u64);
    line.text(b" ");
}

/// The grammar of replies: the client's side. It accepts the canonical form only: tokens are
/// separated by one space, and lengths have no leading zeros (`reply/lines`).
#[derive(Clone, Copy, Debug)]
pub enum Replies {}

/// A parsed reply line.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyHead {
    /// `STORED`
    Stored,
    /// The key.
    Value(Span),
    /// `END`
    End,
    /// The kind, and the text after the first word.
    Error(ErrorKind, Span),
}

impl Grammar for Replies {
    type Head = ReplyHead;
    type Reject = ReplyError;
    type Message<'m> = Reply<'m>;
    type Error<'m> = ReplyError;

    const BLOCK_END: &'static [u8] = b"\n";
    const RESYNC: bool = true;
    const LINE_TOO_LONG: ReplyError = ReplyError::LineTooLong;

    fn bad_block(_: ReplyHead) -> ReplyError {
        ReplyError::BadBlockEnd
    }

    #[inline]
    fn scan(line: &[u8], limits: &Limits) -> Line<ReplyHead, ReplyError> {
        match without_lf(line) {
            b"STORED" => Line::Complete(ReplyHead::Stored),
            b"END" => Line::Complete(ReplyHead::End),
            line => {
                if let Some((key, size)) = value_line(line) {
                    match usize::try_from(size) {
                        Ok(size) if size <= limits.value => {
                            Line::WithData(ReplyHead::Value(key), size)
                        }
                        _ => Line::Rejected(ReplyError::ValueTooLarge, Some(size)),
                    }
                } else if let Some((kind, text)) = ErrorKind::parse(line) {
                    Line::Complete(ReplyHead::Error(kind, text))
                } else {
                    Line::Rejected(ReplyError::UnknownReply, None)
                }
            }
        }
    }

    #[inline]
    fn message<'m>(head: ReplyHead, line: &'m [u8], data: Data<'m>) -> Reply<'m> {
        match head {
            ReplyHead::Stored => Reply::Stored,
            ReplyHead::Value(key) => Reply::Value { key: Key::checked(key.of(line)), value: data },
            ReplyHead::End => Reply::End,
            ReplyHead::Error(kind, text) => Reply::Error(kind, text.of(line)),
        }
    }

    fn error(reject: ReplyError, _: &[u8]) -> ReplyError {
        reject
    }
}

fn value_line(line: &[u8]) -> Option<(Span, u64)> {
    const WORD: &[u8] = b"VALUE ";
    if !line.starts_with(WORD) {
        return None;
    }
    let key = Span { start: WORD.len(), end: name_end(line, WORD.len()) };
    let length = line[key.end..].strip_prefix(b" ")?;
    if key.start == key.end || (length.len() > 1 && length[0] == b'0') {
        return None;
    }
    Some((key, decimal(length)?))
}
