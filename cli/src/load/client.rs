//! What the load tool knows of a dialect: how requests are encoded, and what replies answer.

use memwire::{
    dialect::{ErrorKind, classic, simple},
    grammar::{Data, Grammar},
    text::{Key, Keys},
};

/// A grammar of replies, with the requests that they answer.
///
/// The functions that encode take the bytes of valid keys, and panic if they are not.
pub trait Client: Grammar {
    /// Appends a `get` of these keys, which spaces separate.
    fn encode_get(keys: &[u8], out: &mut Vec<u8>);

    /// Appends a `set`: without flags, and without an expiry time.
    fn encode_set(key: &[u8], value: &[u8], out: &mut Vec<u8>);

    /// What a reply answers.
    fn answer(reply: Self::Message<'_>) -> Answer<'_>;
}

/// A reply, in any dialect.
pub enum Answer<'m> {
    Stored,
    /// A hit: the key, and the value.
    Value(&'m [u8], Data<'m>),
    End,
    /// `SERVER_ERROR`.
    Refused,
    /// What answers neither a get nor a set.
    Other,
}

const VALID_KEY: &str = "keys of a dataset are valid in all dialects";

impl Client for simple::Replies {
    #[inline]
    fn encode_get(keys: &[u8], out: &mut Vec<u8>) {
        simple::Request::Get(Keys::new(keys).expect(VALID_KEY)).encode(out);
    }

    #[inline]
    fn encode_set(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
        let key = Key::new(key).expect(VALID_KEY);
        simple::Request::Set { key, value: Data::Borrowed(value) }.encode(out);
    }

    #[inline]
    fn answer(reply: Self::Message<'_>) -> Answer<'_> {
        match reply {
            simple::Reply::Stored => Answer::Stored,
            simple::Reply::Value { key, value } => Answer::Value(key.as_bytes(), value),
            simple::Reply::End => Answer::End,
            simple::Reply::Error(ErrorKind::Server, _) => Answer::Refused,
            _ => Answer::Other,
        }
    }
}

impl Client for classic::Replies {
    #[inline]
    fn encode_get(keys: &[u8], out: &mut Vec<u8>) {
        let keys = Keys::new(keys).expect(VALID_KEY);
        let command = classic::Command::Get { keys, with_cas: false, touch: None };
        classic::Request::new(command).encode(out);
    }

    #[inline]
    fn encode_set(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
        let command = classic::Command::Store {
            mode: classic::StoreMode::Set,
            key: Key::new(key).expect(VALID_KEY),
            flags: 0,
            exptime: 0,
            value: Data::Borrowed(value),
        };
        classic::Request::new(command).encode(out);
    }

    #[inline]
    fn answer(reply: Self::Message<'_>) -> Answer<'_> {
        match reply {
            classic::Reply::Stored => Answer::Stored,
            classic::Reply::Value { key, flags: 0, cas: None, value } => {
                Answer::Value(key.as_bytes(), value)
            }
            classic::Reply::End => Answer::End,
            classic::Reply::Error(ErrorKind::Server, _) => Answer::Refused,
            _ => Answer::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_encoded_in_the_dialect() {
        fn encoded<C: Client>() -> String {
            let mut out = vec![];
            C::encode_get(b"key-0 key-1", &mut out);
            C::encode_set(b"key-2", b"value", &mut out);
            String::from_utf8(out).expect("text")
        }
        assert_eq!(encoded::<simple::Replies>(), "get key-0 key-1\nset key-2 5\nvalue\n");
        assert_eq!(
            encoded::<classic::Replies>(),
            "get key-0 key-1\r\nset key-2 0 0 5\r\nvalue\r\n"
        );
    }
}
