//! The oracle of the simple dialect, written from `spec/simple.md`.

use std::collections::BTreeMap;

use memwire::Limits;

pub use super::transcript::ReplyError;
use super::{
    reader::{Blocks, ParsedLine, read},
    transcript::Transcript,
};

/// A request, as a slice of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'s> {
    /// The keys.
    Get(Vec<&'s [u8]>),
    /// The key and the value.
    Set(&'s [u8], &'s [u8]),
}

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the core's error of the same name")]
pub enum RequestError {
    LineTooLong,
    CarriageReturn,
    UnknownCommand,
    WrongWordCount,
    BadLength,
    ValueTooLarge,
    BadKey,
    BadBlockEnd,
}

impl RequestError {
    /// The error reply.
    #[must_use]
    pub fn reply(self) -> &'static [u8] {
        match self {
            Self::LineTooLong => b"CLIENT_ERROR line too long\n",
            Self::CarriageReturn => b"CLIENT_ERROR line ends with CR LF, expected LF\n",
            Self::UnknownCommand | Self::WrongWordCount => b"ERROR\n",
            Self::BadLength => b"CLIENT_ERROR bad count, expected decimal digits\n",
            Self::ValueTooLarge => b"SERVER_ERROR object too large for cache\n",
            Self::BadKey => b"CLIENT_ERROR bad key, expected A-Z a-z 0-9 _ -\n",
            Self::BadBlockEnd => b"CLIENT_ERROR bad data chunk\n",
        }
    }
}

const BLOCKS: Blocks = Blocks { end: b"\n", resync: true };

/// Interprets a stream of requests.
#[must_use]
pub fn requests<'s>(stream: &'s [u8], limits: &Limits) -> Transcript<Request<'s>, RequestError> {
    read(stream, limits, BLOCKS, || RequestError::LineTooLong, |line| parse(line, limits))
}

fn parse<'s>(line: &'s [u8], limits: &Limits) -> ParsedLine<'s, Request<'s>, RequestError> {
    let (line, cr) = match line {
        [line @ .., b'\r'] => (line, true),
        _ => (line, false),
    };
    let words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let words: Vec<&[u8]> = words.collect();
    let parsed = match words[..] {
        [b"set", key, count] => match number(count) {
            None => ParsedLine::Wrong(RequestError::BadLength, None),
            Some(size) if size > limits.value as u64 => {
                ParsedLine::Wrong(RequestError::ValueTooLarge, Some(size))
            }
            Some(size) if !is_key(key) => ParsedLine::Wrong(RequestError::BadKey, Some(size)),
            Some(size) => ParsedLine::Block {
                size,
                make: Box::new(|value| Request::Set(key, value)),
                bad: RequestError::BadBlockEnd,
            },
        },
        [b"get", _, ..] => {
            let keys = words[1..].to_vec();
            if keys.iter().all(|key| is_key(key)) {
                ParsedLine::Message(Request::Get(keys))
            } else {
                ParsedLine::Wrong(RequestError::BadKey, None)
            }
        }
        [b"get" | b"set", ..] => ParsedLine::Wrong(RequestError::WrongWordCount, None),
        _ => ParsedLine::Wrong(RequestError::UnknownCommand, None),
    };
    match parsed {
        ParsedLine::Block { size, .. } if cr => {
            ParsedLine::Wrong(RequestError::CarriageReturn, Some(size))
        }
        ParsedLine::Wrong(_, block) if cr => ParsedLine::Wrong(RequestError::CarriageReturn, block),
        ParsedLine::Message(_) if cr => ParsedLine::Wrong(RequestError::CarriageReturn, None),
        parsed => parsed,
    }
}

fn is_key(word: &[u8]) -> bool {
    const BYTES: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    !word.is_empty() && word.iter().all(|byte| BYTES.contains(byte))
}

fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = core::str::from_utf8(word).ok()?.trim_start_matches('0');
    match digits {
        "" => Some(0),
        digits => Some(digits.parse().unwrap_or(u64::MAX)),
    }
}

/// The replies of a server with an empty store to a stream of requests.
#[must_use]
pub fn replies_to(transcript: &Transcript<Request<'_>, RequestError>) -> Vec<u8> {
    let mut store: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    let mut out = Vec::new();
    for event in &transcript.events {
        match &event.result {
            Ok(Request::Set(key, value)) => {
                store.insert(key, value);
                out.extend_from_slice(b"STORED\n");
            }
            Ok(Request::Get(keys)) => {
                for key in keys {
                    let Some(value) = store.get(key) else { continue };
                    let length = value.len().to_string();
                    let parts = [b"VALUE ", *key, b" ", length.as_bytes(), b"\n", value, b"\n"];
                    out.extend(parts.concat());
                }
                out.extend_from_slice(b"END\n");
            }
            Err(error) => out.extend_from_slice(error.reply()),
        }
    }
    out
}

/// A reply, as a slice of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'s> {
    /// `STORED`
    Stored,
    /// The key and the value.
    Value(&'s [u8], &'s [u8]),
    /// `END`
    End,
    /// The first word, and the text after it and a space.
    Error(&'s [u8], &'s [u8]),
}

/// Interprets a stream of replies.
#[must_use]
pub fn replies<'s>(stream: &'s [u8], limits: &Limits) -> Transcript<Reply<'s>, ReplyError> {
    let parse = |line| parse_reply(line, limits);
    read(stream, limits, BLOCKS, || ReplyError::LineTooLong, parse)
}

fn parse_reply<'s>(line: &'s [u8], limits: &Limits) -> ParsedLine<'s, Reply<'s>, ReplyError> {
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let first = words.next().unwrap_or_default();
    let unknown = ParsedLine::Wrong(ReplyError::UnknownReply, None);
    match (first, words.next()) {
        (b"STORED", None) => ParsedLine::Message(Reply::Stored),
        (b"END", None) => ParsedLine::Message(Reply::End),
        (b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR", text) => {
            ParsedLine::Message(Reply::Error(first, text.unwrap_or_default()))
        }
        (b"VALUE", Some(rest)) => {
            let words: Vec<&[u8]> = rest.split(|byte| *byte == b' ').collect();
            let [key, count] = words[..] else { return unknown };
            match number(count) {
                Some(_) if !is_key(key) || (count[0] == b'0' && count != b"0") => unknown,
                Some(size) if size > limits.value as u64 => {
                    ParsedLine::Wrong(ReplyError::ValueTooLarge, Some(size))
                }
                Some(size) => ParsedLine::Block {
                    size,
                    make: Box::new(|value| Reply::Value(key, value)),
                    bad: ReplyError::BadBlockEnd,
                },
                None => unknown,
            }
        }
        _ => unknown,
    }
}
