//! What the load tool has to know of a dialect.

use super::draws::Asked;
use super::items::Items;
use crate::dialect::{BadReply, ErrorKind, Grammar, Value, classic, put_decimal, simple};

/// A grammar of replies, and how what they answer is asked. Lines end as data blocks do.
pub(super) trait Client: Grammar<Head: Send, Refusal = BadReply> {
    /// What stands in a `set` between its key and its count.
    const BEFORE_COUNT: &'static [u8];

    fn answer(reply: Self::Message<'_>) -> Answer<'_>;

    /// Appends a request, of which `keys` are a get's.
    fn put(asked: Asked, keys: &[u32], items: &Items, out: &mut Vec<u8>) {
        match asked {
            Asked::Get { .. } => {
                out.extend_from_slice(b"get");
                for key in keys {
                    out.push(b' ');
                    items.put_key(*key, out);
                }
            }
            Asked::Set { key, version, size } => {
                out.extend_from_slice(b"set ");
                items.put_key(key, out);
                out.extend_from_slice(Self::BEFORE_COUNT);
                put_decimal(size.into(), out);
                out.extend_from_slice(Self::BLOCK_END);
                items.put_value(key, version, size as usize, out);
            }
        }
        out.extend_from_slice(Self::BLOCK_END);
    }
}

/// A reply, in any dialect.
pub(super) enum Answer<'m> {
    Stored,
    Value(&'m [u8], Value<'m>),
    End,
    /// The server could not do it, and goes on.
    Refused,
    /// What answers neither a get nor a set.
    Other,
}

impl Client for simple::Replies {
    const BEFORE_COUNT: &'static [u8] = b" ";

    #[inline]
    fn answer(reply: Self::Message<'_>) -> Answer<'_> {
        match reply {
            simple::Reply::Stored => Answer::Stored,
            simple::Reply::Value { key, value } => Answer::Value(key.as_bytes(), value),
            simple::Reply::End => Answer::End,
            simple::Reply::Error(ErrorKind::Server, _) => Answer::Refused,
            simple::Reply::Error(..) => Answer::Other,
        }
    }
}

impl Client for classic::Replies {
    // No flags, and no end.
    const BEFORE_COUNT: &'static [u8] = b" 0 0 ";

    #[inline]
    fn answer(reply: Self::Message<'_>) -> Answer<'_> {
        match reply {
            classic::Reply::Stored => Answer::Stored,
            classic::Reply::Value { key, flags: 0, unique: None, value } => {
                Answer::Value(key.as_bytes(), value)
            }
            classic::Reply::End => Answer::End,
            classic::Reply::Error(ErrorKind::Server, _) => Answer::Refused,
            _ => Answer::Other,
        }
    }
}
