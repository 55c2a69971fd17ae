//! Requests: what a client sends, and how it is encoded.

use crate::{
    Output,
    grammar::Data,
    text::{
        self, KeySyntax,
        number::put_decimal,
        scan::{graphic_end, printable_end},
    },
};

/// The grammar of requests: the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requests {}

impl KeySyntax for Requests {
    const LONGEST_KEY: usize = 250;

    #[inline]
    fn key_end(text: &[u8], at: usize) -> usize {
        graphic_end(text, at)
    }

    #[inline]
    fn keys_end(text: &[u8], at: usize) -> usize {
        printable_end(text, at)
    }
}

/// A key: 1 to 250 bytes, none of them a space or a control character (`key/bytes`,
/// `key/past-ascii`, `key/length`).
///
/// ```
/// # use memwire::dialect::classic::Key;
/// assert!(Key::new("ключ:1".as_bytes()).is_some());
/// assert!(Key::new(&[b'k'; 251]).is_none());
/// ```
pub type Key<'k> = text::Key<'k, Requests>;

/// One or more keys, separated by spaces: an iterator over the keys of a `get`, in order.
pub type Keys<'k> = text::Keys<'k, Requests>;

/// A request.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'m> {
    /// What to do.
    pub command: Command<'m>,
    /// Whether the reply is sent.
    pub reply_mode: ReplyMode,
}

/// Which replies to a request are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyMode {
    /// All.
    Always,
    /// None: `noreply`.
    Never,
    /// Unexpected ones: the `q` flag of the meta commands. No command of this version uses it.
    Quiet,
}

impl ReplyMode {
    /// Whether a reply is sent. `expected`: it is one that a quiet request suppresses.
    #[must_use]
    #[inline]
    pub fn answers(self, expected: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Quiet => !expected,
        }
    }
}

/// What a request asks the server to do.
///
/// An `exptime` of 0 means that the item does not expire, and a negative one that it expires at
/// once. Up to 2 592 000, which is 30 days, it is the number of seconds from now; above, it is a
/// Unix time in seconds (`expiry/relative`, `expiry/negative`, `expiry/absolute`).
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'m> {
    /// `get`, `gets`, `gat` or `gats`.
    Get {
        /// The keys to look up.
        keys: Keys<'m>,
        /// Whether to return the CAS unique values: `gets` and `gats`.
        with_cas: bool,
        /// The new exptime of the items: `gat` and `gats`.
        touch: Option<i64>,
    },
    /// `set`, `add`, `replace`, `append`, `prepend` or `cas`.
    Store {
        /// Which of these commands.
        mode: StoreMode,
        /// The key to store the value under.
        key: Key<'m>,
        /// The client flags, stored with the value.
        flags: u32,
        /// The exptime.
        exptime: i64,
        /// The value.
        value: Data<'m>,
    },
    /// `delete`, and the key.
    Delete(Key<'m>),
    /// `incr`: the key, and the delta.
    Incr(Key<'m>, u64),
    /// `decr`: the key, and the delta.
    Decr(Key<'m>, u64),
    /// `touch`: the key, and its new exptime.
    Touch(Key<'m>, i64),
    /// `flush_all`, and its delay, which is read like an exptime; 0 and below mean at once
    /// (`flush/delay`, `flush/negative`).
    FlushAll(i64),
    /// `version`
    Version,
    /// `verbosity`, and the level.
    Verbosity(u64),
    /// `cache_memlimit`, in megabytes (`open/commands`).
    CacheMemlimit(u64),
    /// `stats`, and the text after it; empty if there is none.
    Stats(&'m [u8]),
    /// `quit`; or a line that looks like HTTP, so that a web browser cannot be tricked into sending
    /// commands (`open/other-protocols`).
    Quit,
}

/// The storage commands: the condition under which a value is stored, and how.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreMode {
    /// Store unconditionally.
    Set,
    /// Store if the key has no value.
    Add,
    /// Store if the key has a value.
    Replace,
    /// If the key has a value, append to it.
    Append,
    /// If the key has a value, prepend to it.
    Prepend,
    /// Store if the CAS unique of the key's value is this one.
    Cas(u64),
}

impl StoreMode {
    fn verb(self) -> &'static [u8] {
        match self {
            Self::Set => b"set",
            Self::Add => b"add",
            Self::Replace => b"replace",
            Self::Append => b"append",
            Self::Prepend => b"prepend",
            Self::Cas(_) => b"cas",
        }
    }
}

impl<'m> Request<'m> {
    /// A request whose reply is sent: [`ReplyMode::Always`].
    #[must_use]
    pub fn new(command: Command<'m>) -> Self {
        Self { command, reply_mode: ReplyMode::Always }
    }

    /// The same request with this reply mode.
    #[must_use]
    pub fn with_reply_mode(mut self, mode: ReplyMode) -> Self {
        self.reply_mode = mode;
        self
    }

    /// Appends the request as it is sent, in canonical form.
    ///
    /// ```
    /// # use memwire::dialect::classic::{Command, Key, ReplyMode, Request};
    /// let key = Key::new(b"hits").expect("a key");
    /// let request = Request::new(Command::Incr(key, 1)).with_reply_mode(ReplyMode::Never);
    /// let mut out = Vec::new();
    /// request.encode(&mut out);
    /// assert_eq!(out, b"incr hits 1 noreply\r\n");
    /// ```
    pub fn encode(&self, out: &mut impl Output) {
        match &self.command {
            Command::Get { keys, with_cas, touch } => {
                out.put(if touch.is_some() { b"gat" } else { b"get" });
                out.put(if *with_cas { b"s" } else { b"" });
                if let Some(exptime) = touch {
                    put_signed(*exptime, out);
                }
                for key in keys.clone() {
                    put_word(key.as_bytes(), out);
                }
            }
            Command::Store { mode, key, flags, exptime, value } => {
                out.put(mode.verb());
                put_word(key.as_bytes(), out);
                put_number(u64::from(*flags), out);
                put_signed(*exptime, out);
                put_number(value.len() as u64, out);
                if let StoreMode::Cas(cas) = mode {
                    put_number(*cas, out);
                }
            }
            Command::Delete(key) => {
                out.put(b"delete");
                put_word(key.as_bytes(), out);
            }
            Command::Incr(key, delta) => {
                out.put(b"incr");
                put_word(key.as_bytes(), out);
                put_number(*delta, out);
            }
            Command::Decr(key, delta) => {
                out.put(b"decr");
                put_word(key.as_bytes(), out);
                put_number(*delta, out);
            }
            Command::Touch(key, exptime) => {
                out.put(b"touch");
                put_word(key.as_bytes(), out);
                put_signed(*exptime, out);
            }
            Command::FlushAll(delay) => {
                out.put(b"flush_all");
                put_signed(*delay, out);
            }
            Command::Version => out.put(b"version"),
            Command::Verbosity(level) => {
                out.put(b"verbosity");
                put_number(*level, out);
            }
            Command::CacheMemlimit(megabytes) => {
                out.put(b"cache_memlimit");
                put_number(*megabytes, out);
            }
            Command::Stats(arguments) => {
                out.put(b"stats");
                if !arguments.is_empty() {
                    put_word(arguments, out);
                }
            }
            Command::Quit => out.put(b"quit"),
        }
        out.put(match self.reply_mode {
            ReplyMode::Never => b" noreply\r\n",
            ReplyMode::Always | ReplyMode::Quiet => b"\r\n",
        });
        if let Command::Store { value, .. } = &self.command {
            out.put(value);
            out.put(b"\r\n");
        }
    }
}

fn put_word(word: &[u8], out: &mut impl Output) {
    out.put(b" ");
    out.put(word);
}

fn put_number(number: u64, out: &mut impl Output) {
    out.put(b" ");
    put_decimal(number, out);
}

fn put_signed(number: i64, out: &mut impl Output) {
    out.put(if number < 0 { b" -" } else { b" " });
    put_decimal(number.unsigned_abs(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_mode_decides_which_outcomes_are_answered() {
        for (mode, expected, unexpected) in [
            (ReplyMode::Always, true, true),
            (ReplyMode::Never, false, false),
            (ReplyMode::Quiet, false, true),
        ] {
            assert_eq!(
                (mode.answers(true), mode.answers(false)),
                (expected, unexpected),
                "{mode:?}"
            );
        }
    }
}
