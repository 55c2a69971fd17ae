//! Replies: what a server sends, how it is encoded, and the grammar that parses it.

use memchr::memchr;

use super::request::Key;
use crate::{
    Limits, Output,
    dialect::{error_kind::ErrorKind, reply_error::ReplyError},
    grammar::{Data, Grammar, Line},
    text::{
        Span,
        number::{ReverseWriter, number, put_decimal},
        without_lf,
    },
};

/// A reply line, with the data block that it declares.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'m> {
    /// `STORED`
    Stored,
    /// `NOT_STORED`: the condition of the storage command was not met.
    NotStored,
    /// `EXISTS`: the item of a `cas` was changed in the meantime.
    Exists,
    /// `NOT_FOUND`: the key has no value.
    NotFound,
    /// `DELETED`
    Deleted,
    /// `TOUCHED`
    Touched,
    /// `OK`, the reply to `flush_all` and `verbosity`.
    Ok,
    /// `RESET`, the reply to `stats reset`.
    Reset,
    /// `END`: the reply to a retrieval command or to `stats` is complete.
    End,
    /// `VALUE <key> <flags> <n> [<cas unique>]` and its data block.
    Value {
        /// The requested key.
        key: Key<'m>,
        /// The client flags that were stored with the value.
        flags: u32,
        /// The CAS unique value; only in replies to `gets` and `gats`.
        cas: Option<u64>,
        /// The value, of n bytes.
        value: Data<'m>,
    },
    /// The result of an `incr` or `decr`.
    Number(u64),
    /// `VERSION` and its text.
    Version(&'m [u8]),
    /// `STAT`, a name and its value.
    Stat(&'m [u8], &'m [u8]),
    /// `ERROR`, `CLIENT_ERROR` or `SERVER_ERROR`, and the text after it; encoded up to its first
    /// LF.
    Error(ErrorKind, &'m [u8]),
}

impl Reply<'_> {
    /// Appends the reply as it is sent.
    ///
    /// ```
    /// # use memwire::{dialect::classic::{Key, Reply}, grammar::Data};
    /// let key = Key::new(b"k").expect("a key");
    /// let mut out = Vec::new();
    /// Reply::Value { key, flags: 7, cas: None, value: Data::Borrowed(b"hello") }.encode(&mut out);
    /// assert_eq!(out, b"VALUE k 7 5\r\nhello\r\n");
    /// ```
    #[inline]
    pub fn encode(&self, out: &mut impl Output) {
        match self {
            Self::Stored => out.put(b"STORED\r\n"),
            Self::NotStored => out.put(b"NOT_STORED\r\n"),
            Self::Exists => out.put(b"EXISTS\r\n"),
            Self::NotFound => out.put(b"NOT_FOUND\r\n"),
            Self::Deleted => out.put(b"DELETED\r\n"),
            Self::Touched => out.put(b"TOUCHED\r\n"),
            Self::Ok => out.put(b"OK\r\n"),
            Self::Reset => out.put(b"RESET\r\n"),
            Self::End => out.put(b"END\r\n"),
            Self::Value { key, flags, cas, value } => {
                put_value_line(*key, *flags, value.len(), *cas, out);
                out.put(value);
                out.put(b"\r\n");
            }
            Self::Number(number) => {
                put_decimal(*number, out);
                out.put(b"\r\n");
            }
            Self::Version(text) => {
                out.put(b"VERSION ");
                out.put(text);
                out.put(b"\r\n");
            }
            Self::Stat(name, value) => {
                out.put(b"STAT ");
                out.put(name);
                out.put(b" ");
                out.put(value);
                out.put(b"\r\n");
            }
            Self::Error(kind, text) => kind.encode(text, b"\r\n", out),
        }
    }
}

/// Appends a `VALUE` line alone. The caller appends the data block, of `length` bytes, and its CR
/// LF.
pub fn put_value_line(
    key: Key<'_>,
    flags: u32,
    length: usize,
    cas: Option<u64>,
    out: &mut impl Output,
) {
    let mut tail = ReverseWriter::new();
    value_line_tail(&mut tail, flags, length, cas);
    out.put(b"VALUE ");
    out.put(key.as_bytes());
    out.put(tail.as_bytes());
}

/// Writes the part after the key of a line that declares a data block of this length.
#[inline]
pub(crate) fn value_line_tail(
    line: &mut ReverseWriter,
    flags: u32,
    length: usize,
    cas: Option<u64>,
) {
    line.text(b"\r\n");
    if let Some(cas) = cas {
        line.decimal(cas);
        line.text(b" ");
    }
    line.decimal(length as u64);
    line.text(b" ");
    line.decimal(flags.into());
    line.text(b" ");
}

/// The grammar of replies: the client's side. It accepts the canonical form only: tokens are
/// separated by one space, numbers have no sign and no leading zeros, and lines end with CR LF
/// (`line/end`, `line/numbers`).
#[derive(Clone, Copy, Debug)]
pub enum Replies {}

/// A parsed reply line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead(ReplyLine);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReplyLine {
    Stored,
    NotStored,
    Exists,
    NotFound,
    Deleted,
    Touched,
    Ok,
    Reset,
    End,
    Value { key: Span, flags: u32, cas: Option<u64> },
    Number(u64),
    Version(Span),
    Stat(Span, Span),
    Error(ErrorKind, Span),
}

impl Grammar for Replies {
    type Head = ReplyHead;
    type Reject = ReplyError;
    type Message<'m> = Reply<'m>;
    type Error<'m> = ReplyError;

    const BLOCK_END: &'static [u8] = b"\r\n";
    const RESYNC: bool = false;
    const LINE_TOO_LONG: ReplyError = ReplyError::LineTooLong;

    fn bad_block(_: ReplyHead) -> ReplyError {
        ReplyError::BadBlockEnd
    }

    #[inline]
    fn scan(line: &[u8], limits: &Limits) -> Line<ReplyHead, ReplyError> {
        let Some(line) = without_lf(line).strip_suffix(b"\r") else {
            return Line::Rejected(ReplyError::UnknownReply, None);
        };
        match (line_without_block(line), value_line(line)) {
            (Some(line), _) => Line::Complete(ReplyHead(line)),
            (None, Some((line, length))) => match usize::try_from(length) {
                Ok(size) if size <= limits.value => Line::WithData(ReplyHead(line), size),
                _ => Line::Rejected(ReplyError::ValueTooLarge, Some(length)),
            },
            (None, None) => Line::Rejected(ReplyError::UnknownReply, None),
        }
    }

    #[inline]
    fn message<'m>(head: ReplyHead, line: &'m [u8], data: Data<'m>) -> Reply<'m> {
        match head.0 {
            ReplyLine::Stored => Reply::Stored,
            ReplyLine::NotStored => Reply::NotStored,
            ReplyLine::Exists => Reply::Exists,
            ReplyLine::NotFound => Reply::NotFound,
            ReplyLine::Deleted => Reply::Deleted,
            ReplyLine::Touched => Reply::Touched,
            ReplyLine::Ok => Reply::Ok,
            ReplyLine::Reset => Reply::Reset,
            ReplyLine::End => Reply::End,
            ReplyLine::Value { key, flags, cas } => {
                Reply::Value { key: Key::checked(key.of(line)), flags, cas, value: data }
            }
            ReplyLine::Number(number) => Reply::Number(number),
            ReplyLine::Version(text) => Reply::Version(text.of(line)),
            ReplyLine::Stat(name, value) => Reply::Stat(name.of(line), value.of(line)),
            ReplyLine::Error(kind, text) => Reply::Error(kind, text.of(line)),
        }
    }

    fn error(reject: ReplyError, _: &[u8]) -> ReplyError {
        reject
    }
}

fn line_without_block(line: &[u8]) -> Option<ReplyLine> {
    let parsed = match line {
        b"STORED" => ReplyLine::Stored,
        b"NOT_STORED" => ReplyLine::NotStored,
        b"EXISTS" => ReplyLine::Exists,
        b"NOT_FOUND" => ReplyLine::NotFound,
        b"DELETED" => ReplyLine::Deleted,
        b"TOUCHED" => ReplyLine::Touched,
        b"OK" => ReplyLine::Ok,
        b"RESET" => ReplyLine::Reset,
        b"END" => ReplyLine::End,
        [b'0'..=b'9', ..] => ReplyLine::Number(canonical(line)?),
        _ => {
            let from = |start| Span { start, end: line.len() };
            if line.starts_with(b"VERSION ") {
                ReplyLine::Version(from(8))
            } else if let Some(rest) = line.strip_prefix(b"STAT ") {
                let end = 5 + memchr(b' ', rest)?;
                ReplyLine::Stat(Span { start: 5, end }, from(end + 1))
            } else {
                let (kind, text) = ErrorKind::parse(line)?;
                ReplyLine::Error(kind, text)
            }
        }
    };
    Some(parsed)
}

fn value_line(line: &[u8]) -> Option<(ReplyLine, u64)> {
    let mut tokens = line.split(|byte| *byte == b' ');
    let (b"VALUE", key) = (tokens.next()?, tokens.next()?) else { return None };
    Key::new(key)?;
    let key = Span { start: 6, end: 6 + key.len() };
    let flags = u32::try_from(canonical(tokens.next()?)?).ok()?;
    let length = canonical(tokens.next()?)?;
    let cas = match tokens.next() {
        Some(token) => Some(canonical(token)?),
        None => None,
    };
    tokens.next().is_none().then_some((ReplyLine::Value { key, flags, cas }, length))
}

/// A number below 2^64 in decimal digits, without leading zeros.
fn canonical(token: &[u8]) -> Option<u64> {
    match token {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => number(token),
        _ => None,
    }
}
