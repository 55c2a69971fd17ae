//! The dialects that the suite knows, and what it knows of each apart from its document.

use std::{error::Error, fmt, ops::Range};

use memwire::{
    Limits, Session,
    dialect::{
        classic::{self, Command, ReplyMode},
        simple,
    },
    simulate,
    store::Map,
};

use crate::framing::{Framing, ReplyPolicy};

/// A dialect: its document's vectors, and functions that parse its streams.
#[derive(Debug)]
#[non_exhaustive]
pub struct Dialect {
    /// The name, as in [`Suite::dialect`](crate::vectors::Suite::dialect).
    pub name: &'static str,
    /// The JSON form of its [`Suite`](crate::vectors::Suite).
    pub suite: &'static str,
    /// What ends a line in its document, and a data block.
    pub newline: &'static str,
    /// The limits of requests that its document states.
    pub limits: Limits,
    /// The capability of requests that change what other clients find, if there is one.
    pub disturbs: Option<&'static str>,
    /// Parses a stream of requests.
    pub(crate) requests: fn(&[u8]) -> Framing,
    /// Parses a stream of replies.
    pub(crate) replies: fn(&[u8]) -> Framing,
    /// Which words of a line are keys, counted from 0, by its first word. The line may be a
    /// request or a reply.
    pub(crate) keys: fn(&[u8]) -> Range<usize>,
    /// Whether a reply that begins with this word is followed by more replies to the same request.
    pub(crate) continues: fn(&[u8]) -> bool,
    /// A request that finds nothing for a key that was never set, and its reply.
    pub(crate) probe: fn(&str) -> (String, &'static str),
    /// The replies to a whole stream of requests, from an empty store.
    pub(crate) answer: fn(&[u8]) -> Vec<u8>,
}

/// The simple dialect.
pub static SIMPLE: Dialect = Dialect {
    name: "simple",
    suite: include_str!("../spec/simple.json"),
    newline: "\n",
    limits: SIMPLE_LIMITS,
    disturbs: None,
    requests: |stream| {
        let replied = ReplyPolicy::default();
        Framing::of::<simple::Requests>(SIMPLE_LIMITS, stream, |_| replied, |_| replied)
    },
    replies: |stream| {
        let (limits, policy) = (SIMPLE_LIMITS.for_replies(), ReplyPolicy::default());
        Framing::of::<simple::Replies>(limits, stream, |_| policy, |_| policy)
    },
    keys: |verb| match verb {
        b"set" | b"VALUE" => 1..2,
        b"get" => 1..usize::MAX,
        _ => 0..0,
    },
    continues: |verb| verb == b"VALUE",
    probe: |key| (format!("get {key}\n"), "END\n"),
    answer: simulate,
};

const SIMPLE_LIMITS: Limits = Limits::DEFAULT;

/// The classic dialect.
pub static CLASSIC: Dialect = Dialect {
    name: "classic",
    suite: include_str!("../spec/classic.json"),
    newline: "\r\n",
    limits: CLASSIC_LIMITS,
    disturbs: Some("flush"),
    requests: |stream| {
        Framing::of::<classic::Requests>(
            CLASSIC_LIMITS,
            stream,
            |request| {
                let closes = matches!(request.command, Command::Quit);
                ReplyPolicy { silent: closes || request.reply_mode == ReplyMode::Never, closes }
            },
            |error| ReplyPolicy { silent: error.reply_mode == ReplyMode::Never, closes: false },
        )
    },
    replies: |stream| {
        let (limits, policy) = (CLASSIC_LIMITS.for_replies(), ReplyPolicy::default());
        Framing::of::<classic::Replies>(limits, stream, |_| policy, |_| policy)
    },
    keys: |verb| match verb {
        b"get" | b"gets" => 1..usize::MAX,
        b"gat" | b"gats" => 2..usize::MAX,
        b"set" | b"add" | b"replace" | b"append" | b"prepend" | b"cas" | b"delete" | b"incr"
        | b"decr" | b"touch" | b"VALUE" => 1..2,
        _ => 0..0,
    },
    continues: |verb| matches!(verb, b"VALUE" | b"STAT"),
    probe: |key| (format!("get {key}\r\n"), "END\r\n"),
    answer: |stream| {
        let mut replies = vec![];
        let mut session =
            Session::<classic::Requests>::with_high_water_mark(CLASSIC_LIMITS, usize::MAX);
        session.advance(&mut Map::new(), 0, &mut &*stream, &mut replies);
        replies
    },
};

/// Lines of 2 MiB, and items of 1 MiB, of which memcached keeps 60 bytes for its own use.
const CLASSIC_LIMITS: Limits = Limits::DEFAULT.with_line(2 << 20).with_value((1 << 20) - 60);

/// All dialects. The program's `--dialect` has the same names.
pub static DIALECTS: &[&Dialect] = &[&SIMPLE, &CLASSIC];

impl Dialect {
    /// The dialect of this name, if there is one.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        DIALECTS.iter().copied().find(|dialect| dialect.name == name)
    }

    /// The dialect of this name.
    ///
    /// # Errors
    ///
    /// [`UnknownDialectError`], which lists the names of all dialects.
    pub fn named(name: &str) -> Result<&'static Self, UnknownDialectError> {
        Self::by_name(name).ok_or_else(|| UnknownDialectError { name: name.to_owned() })
    }
}

/// There is no dialect of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownDialectError {
    /// The name.
    pub name: String,
}

impl fmt::Display for UnknownDialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = DIALECTS.iter().map(|dialect| dialect.name).collect();
        write!(f, "there is no dialect `{}`: expected one of {}", self.name, names.join(", "))
    }
}

impl Error for UnknownDialectError {}
