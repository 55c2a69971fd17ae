//! Requests: what a client asks for, and how that is written.

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
/// `key/length`).
///
/// ```
/// # use memwire::dialect::classic::Key;
/// assert!(Key::new("ключ:1".as_bytes()).is_some());
/// assert!(Key::new(&[b'k'; 251]).is_none());
/// ```
pub type Key<'k> = text::Key<'k, Requests>;

/// One or more keys, separated by spaces: an iterator over the keys of a `get`, in its order.
pub type Keys<'k> = text::Keys<'k, Requests>;

/// What a client asks for.
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'m> {
    /// What is to be done.
    pub command: Command<'m>,
    /// Which outcomes are answered.
    pub reply_mode: ReplyMode,
}

/// Which outcomes of a request are answered. It is decided when the outcome is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyMode {
    /// All.
    Always,
    /// None: `noreply`.
    Never,
    /// Those that the client does not expect: the meta commands' `q`. No command of this version
    /// asks for it.
    Quiet,
}

impl ReplyMode {
    /// Whether an outcome is answered. `expected`: it is the one that a quiet request leaves out.
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

/// What is to be done.
///
/// An `exptime` is 0 for never, negative for at once, up to 30 days in seconds from now on, and
/// else Unix time in seconds (`expiry/…`).
#[non_exhaustive]
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'m> {
    /// `get`, `gets`, `gat` or `gats`.
    Get {
        /// What to look for.
        keys: Keys<'m>,
        /// Whether the items' CAS unique values are asked for, too: `gets` and `gats`.
        with_cas: bool,
        /// The exptime that the items are given: `gat` and `gats`.
        touch: Option<i64>,
    },
    /// `set`, `add`, `replace`, `append`, `prepend` or `cas`.
    Store {
        /// Which one.
        mode: StoreMode,
        /// Where to store.
        key: Key<'m>,
        /// The client flags, stored with the value.
        flags: u32,
        /// When it expires.
        exptime: i64,
        /// What to store.
        value: Data<'m>,
    },
    /// `delete`
    Delete(Key<'m>),
    /// `incr`
    Incr(Key<'m>, u64),
    /// `decr`
    Decr(Key<'m>, u64),
    /// `touch`: the key, and its new exptime.
    Touch(Key<'m>, i64),
    /// `flush_all`: in this many seconds, or, past 30 days, at this Unix time.
    FlushAll(i64),
    /// `version`
    Version,
    /// `verbosity`
    Verbosity(u64),
    /// `cache_memlimit`, in megabytes (`open/commands`).
    CacheMemlimit(u64),
    /// `stats`, and its arguments.
    Stats(&'m [u8]),
    /// `quit`, or a line of HTTP, so that no web client can be made to pass on commands
    /// (`open/other-protocols`).
    Quit,
}

/// The condition under which a value is stored, or how.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreMode {
    /// Unconditionally.
    Set,
    /// If the key holds nothing.
    Add,
    /// If the key holds something.
    Replace,
    /// If the key holds something, after it.
    Append,
    /// If the key holds something, before it.
    Prepend,
    /// If the key holds the item with this CAS unique value.
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
    /// A request that is always answered.
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

    /// Appends the request as it goes over the wire.
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
