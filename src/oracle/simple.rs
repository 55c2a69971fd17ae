//! The simple dialect, read from `spec/simple.md`.

use alloc::{boxed::Box, collections::BTreeMap, string::ToString, vec::Vec};

pub use super::ReplyFault;
use super::{Account, Blocks, Judged, read};
use crate::Limits;

/// A request, as a slice of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'s> {
    /// The keys.
    Get(Vec<&'s [u8]>),
    /// The key and the value.
    Set(&'s [u8], &'s [u8]),
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the clause of the same name")]
pub enum Fault {
    LongLine,
    CarriageReturn,
    UnknownCommand,
    Words,
    Count,
    LargeValue,
    Key,
    BlockEnd,
}

impl Fault {
    /// What is answered.
    #[must_use]
    pub fn reply(self) -> &'static [u8] {
        match self {
            Self::LongLine => b"CLIENT_ERROR line too long\n",
            Self::CarriageReturn => b"CLIENT_ERROR line ends with CR LF, expected LF\n",
            Self::UnknownCommand | Self::Words => b"ERROR\n",
            Self::Count => b"CLIENT_ERROR bad count, expected decimal digits\n",
            Self::LargeValue => b"SERVER_ERROR object too large for cache\n",
            Self::Key => b"CLIENT_ERROR bad key, expected A-Z a-z 0-9 _ -\n",
            Self::BlockEnd => b"CLIENT_ERROR bad data chunk\n",
        }
    }
}

const BLOCKS: Blocks = Blocks { end: b"\n", resync: true };

/// What a stream of requests says.
#[must_use]
pub fn requests<'s>(stream: &'s [u8], limits: &Limits) -> Account<Request<'s>, Fault> {
    read(stream, limits, BLOCKS, || Fault::LongLine, |line| judge(line, limits))
}

fn judge<'s>(line: &'s [u8], limits: &Limits) -> Judged<'s, Request<'s>, Fault> {
    let (line, cr) = match line {
        [line @ .., b'\r'] => (line, true),
        _ => (line, false),
    };
    let words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let words: Vec<&[u8]> = words.collect();
    let judged = match words[..] {
        [b"set", key, count] => match number(count) {
            None => Judged::Wrong(Fault::Count, None),
            Some(size) if size > limits.value as u64 => {
                Judged::Wrong(Fault::LargeValue, Some(size))
            }
            Some(size) if !is_key(key) => Judged::Wrong(Fault::Key, Some(size)),
            Some(size) => Judged::Block {
                size,
                make: Box::new(|value| Request::Set(key, value)),
                bad: Fault::BlockEnd,
            },
        },
        [b"get", _, ..] => {
            let keys = words[1..].to_vec();
            if keys.iter().all(|key| is_key(key)) {
                Judged::Message(Request::Get(keys))
            } else {
                Judged::Wrong(Fault::Key, None)
            }
        }
        [b"get" | b"set", ..] => Judged::Wrong(Fault::Words, None),
        _ => Judged::Wrong(Fault::UnknownCommand, None),
    };
    match judged {
        Judged::Block { size, .. } if cr => Judged::Wrong(Fault::CarriageReturn, Some(size)),
        Judged::Wrong(_, block) if cr => Judged::Wrong(Fault::CarriageReturn, block),
        Judged::Message(_) if cr => Judged::Wrong(Fault::CarriageReturn, None),
        judged => judged,
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

/// What a server whose store is empty answers to a stream of requests.
#[must_use]
pub fn answers(account: &Account<Request<'_>, Fault>) -> Vec<u8> {
    let mut store: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    let mut out = Vec::new();
    for event in &account.events {
        match &event.what {
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
            Err(fault) => out.extend_from_slice(fault.reply()),
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
    /// The first word, and what follows it behind a space.
    Error(&'s [u8], &'s [u8]),
}

/// What a stream of replies says.
#[must_use]
pub fn replies<'s>(stream: &'s [u8], limits: &Limits) -> Account<Reply<'s>, ReplyFault> {
    let judge = |line| judge_reply(line, limits);
    read(stream, limits, BLOCKS, || ReplyFault::LongLine, judge)
}

fn judge_reply<'s>(line: &'s [u8], limits: &Limits) -> Judged<'s, Reply<'s>, ReplyFault> {
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let first = words.next().unwrap_or_default();
    let unknown = Judged::Wrong(ReplyFault::Unknown, None);
    match (first, words.next()) {
        (b"STORED", None) => Judged::Message(Reply::Stored),
        (b"END", None) => Judged::Message(Reply::End),
        (b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR", text) => {
            Judged::Message(Reply::Error(first, text.unwrap_or_default()))
        }
        (b"VALUE", Some(rest)) => {
            let words: Vec<&[u8]> = rest.split(|byte| *byte == b' ').collect();
            let [key, count] = words[..] else { return unknown };
            match number(count) {
                Some(_) if !is_key(key) || (count[0] == b'0' && count != b"0") => unknown,
                Some(size) if size > limits.value as u64 => {
                    Judged::Wrong(ReplyFault::LargeValue, Some(size))
                }
                Some(size) => Judged::Block {
                    size,
                    make: Box::new(|value| Reply::Value(key, value)),
                    bad: ReplyFault::BlockEnd,
                },
                None => unknown,
            }
        }
        _ => unknown,
    }
}
