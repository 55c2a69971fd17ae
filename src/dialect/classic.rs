//! The classic dialect: memcached's text protocol. Its document is `spec/classic.md`, whose clause
//! ids stand beside what they rule.

use alloc::boxed::Box;
use core::{error::Error, fmt, str};

use memchr::memchr;

pub use super::{BadReply, ErrorKind};
use super::{
    Grammar, Lexis, Line, Scanned, Span, Value,
    bytes::{graphic_end, printable_end},
    words::{Backwards, Common, GET, KeyList, SET, before_lf, decimal, put_decimal, put_value},
};
use crate::{
    Limits, Output,
    store::{Item, Meta},
};

/// A key: 1 to 250 bytes, none of them a space or a control character (`key/bytes`,
/// `key/length`).
///
/// ```
/// # use memwire::dialect::classic::Key;
/// assert!(Key::new("ключ:1".as_bytes()).is_some());
/// assert!(Key::new(&[b'k'; 251]).is_none());
/// ```
pub type Key<'k> = super::Key<'k, Requests>;

/// One or more keys, separated by spaces: an iterator over the keys of a `get`, in its order.
pub type Keys<'k> = super::Keys<'k, Requests>;

/// What memcached takes, if it is not told otherwise: lines of 2 MiB, and values that fit with what
/// is kept beside them into 1 MiB.
pub const LIMITS: Limits = Limits { line: 2_097_152, value: 1_048_576 - ITEM_HEADER };

/// So many bytes of an item's size, at least, are not its value's (`limits/value`).
pub const ITEM_HEADER: usize = 60;

/// The largest count that a data block may be announced with; past it, the line is malformed.
const MOST: usize = 2_147_483_645;

/// What a client asks.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'m> {
    /// What is to be done.
    pub command: Command<'m>,
    /// Whether the client does not want to be answered.
    pub noreply: bool,
}

/// What is to be done.
///
/// An `exptime` is 0 for never, negative for at once, up to 30 days in seconds from now on, and
/// else Unix time in seconds (`expiry/…`).
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'m> {
    /// `get`, `gets`, `gat` or `gats`.
    Get {
        /// What to look for.
        keys: Keys<'m>,
        /// Whether the items' cas uniques are asked for, too: `gets` and `gats`.
        uniques: bool,
        /// The exptime that the items are given: `gat` and `gats`.
        touch: Option<i64>,
    },
    /// `set`, `add`, `replace`, `append`, `prepend` or `cas`.
    Store {
        /// Which one.
        verb: Storage,
        /// Where to store.
        key: Key<'m>,
        /// What the client wants to remember of the value.
        flags: u32,
        /// When it expires.
        exptime: i64,
        /// What to store.
        value: Value<'m>,
    },
    /// `delete`
    Delete(Key<'m>),
    /// `incr`
    Incr(Key<'m>, u64),
    /// `decr`
    Decr(Key<'m>, u64),
    /// `touch`: the key, and its new exptime.
    Touch(Key<'m>, i64),
    /// `flush_all`: in so many seconds, or, past 30 days, at this Unix time.
    FlushAll(i64),
    /// `version`
    Version,
    /// `verbosity`
    Verbosity(u64),
    /// `cache_memlimit`, in megabytes (`open/commands`).
    CacheMemlimit(u64),
    /// `stats`, and what stands behind it.
    Stats(&'m [u8]),
    /// `quit`, or a line of HTTP, so that nobody's web client can be made to pass on commands
    /// (`open/other-protocols`).
    Quit,
}

/// The condition under which something is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// None.
    Set,
    /// The key holds nothing.
    Add,
    /// The key holds something.
    Replace,
    /// The key holds something, behind which it is put.
    Append,
    /// The key holds something, before which it is put.
    Prepend,
    /// The key holds the item that was given this number by `gets`.
    Cas(u64),
}

impl Storage {
    fn word(self) -> &'static [u8] {
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

impl Request<'_> {
    /// Appends the request as it goes over the wire.
    ///
    /// ```
    /// # use memwire::dialect::classic::{Command, Key, Request};
    /// let key = Key::new(b"hits").expect("a key");
    /// let mut out = Vec::new();
    /// Request { command: Command::Incr(key, 1), noreply: true }.encode(&mut out);
    /// assert_eq!(out, b"incr hits 1 noreply\r\n");
    /// ```
    pub fn encode(&self, out: &mut impl Output) {
        match &self.command {
            Command::Get { keys, uniques, touch } => {
                out.put(if touch.is_some() { b"gat" } else { b"get" });
                out.put(if *uniques { b"s" } else { b"" });
                if let Some(exptime) = touch {
                    put_signed(*exptime, out);
                }
                for key in keys.clone() {
                    put_word(key.as_bytes(), out);
                }
            }
            Command::Store { verb, key, flags, exptime, value } => {
                out.put(verb.word());
                put_word(key.as_bytes(), out);
                put_number(u64::from(*flags), out);
                put_signed(*exptime, out);
                put_number(value.len() as u64, out);
                if let Storage::Cas(unique) = verb {
                    put_number(*unique, out);
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
            Command::Stats(what) => {
                out.put(b"stats");
                if !what.is_empty() {
                    put_word(what, out);
                }
            }
            Command::Quit => out.put(b"quit"),
        }
        out.put(if self.noreply { b" noreply\r\n" } else { b"\r\n" });
        if let Command::Store { value, .. } = &self.command {
            put_value(value, b"\r\n", out);
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

/// What is wrong with a request, and whether that may be said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// What is wrong.
    pub fault: Fault,
    /// Whether the client does not want to be answered.
    pub noreply: bool,
}

/// What is wrong with a request. Only the first fault in this order is told (`errors/order`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The line passes [`Limits::line`] (`limits/line`).
    LongLine,
    /// The line is empty, or its first word is no command (`errors/unknown-command`).
    UnknownCommand,
    /// Too few words, or too many (`errors/words`).
    Words,
    /// A number is none, or is out of range (`errors/number`).
    Number,
    /// An exptime is none (`errors/exptime`).
    Exptime,
    /// What is to be added or taken away is no number (`errors/delta`).
    Delta,
    /// Something else than a time stands behind the key of a `delete` (`delete/time`).
    DeleteTime,
    /// A key is too long, or has a control character (`key/bytes`, `key/length`).
    Key,
    /// The count passes [`Limits::value`] (`limits/value`). A `set` still removes what this key
    /// held.
    LargeValue(Option<Box<[u8]>>),
    /// The data block is not followed by CR LF (`errors/block-end`).
    BlockEnd,
}

impl Fault {
    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> Reply<'static> {
        use ErrorKind::{Client, Server, Unspecific};
        let (kind, text) = match self {
            Self::UnknownCommand | Self::Words => (Unspecific, ""),
            Self::LongLine => (Client, "line too long"),
            Self::Number | Self::Key => (Client, "bad command line format"),
            Self::Exptime => (Client, "invalid exptime argument"),
            Self::Delta => (Client, "invalid numeric delta argument"),
            Self::DeleteTime => (Client, "bad command line format.  Usage: delete <key> [noreply]"),
            Self::LargeValue(_) => (Server, "object too large for cache"),
            Self::BlockEnd => (Client, "bad data chunk"),
        };
        Reply::Error(kind, text.as_bytes())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            Fault::LongLine => "the line is too long",
            Fault::UnknownCommand => "the command is unknown",
            Fault::Words => "the command has too few words, or too many",
            Fault::Number => "a number is none, or is out of range",
            Fault::Exptime => "the exptime is no number",
            Fault::Delta => "what is to be added or taken away is no number",
            Fault::DeleteTime => "what stands behind the key of a delete is no number",
            Fault::Key => "a key is longer than 250 bytes, or has a control character",
            Fault::LargeValue(_) => "the value is too large",
            Fault::BlockEnd => "the data block is not followed by CR LF",
        })
    }
}

impl Error for Refusal {}

/// The grammar of requests: the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requests {}

/// A request line as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead {
    command: CommandHead,
    noreply: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandHead {
    /// `first` is the length of the first key.
    Get {
        keys: Span,
        first: usize,
        uniques: bool,
        touch: Option<i64>,
    },
    Store {
        verb: Storage,
        key: Span,
        flags: u32,
        exptime: i64,
    },
    Delete(Span),
    Incr(Span, u64),
    Decr(Span, u64),
    Touch(Span, i64),
    FlushAll(i64),
    Version,
    Verbosity(u64),
    CacheMemlimit(u64),
    Stats(Span),
    Quit,
}

type Words<'t> = super::words::Words<'t, Requests>;

impl Lexis for Requests {
    const CR_LF: bool = true;
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

impl Grammar for Requests {
    type Head = RequestHead;
    type Refusal = Refusal;
    type Message<'m> = Request<'m>;

    const BLOCK_END: &'static [u8] = b"\r\n";
    const RESYNC: bool = false;
    const LONG_LINE: Refusal = Refusal { fault: Fault::LongLine, noreply: false };

    fn bad_block(head: RequestHead) -> Refusal {
        Refusal { fault: Fault::BlockEnd, noreply: head.noreply }
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<RequestHead, Refusal> {
        if let Some(common) = Self::scan_common(line, limits) {
            return common.line();
        }
        let text = before_lf(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut words = Words::new(text);
        let verb = words.next().map_or(&[][..], |verb| verb.span.of(text));
        let storage = match verb {
            b"get" | b"gets" | b"gat" | b"gats" => {
                return scan_get(text, words, verb.ends_with(b"s"), verb.starts_with(b"ga"));
            }
            b"set" => Storage::Set,
            b"add" => Storage::Add,
            b"replace" => Storage::Replace,
            b"append" => Storage::Append,
            b"prepend" => Storage::Prepend,
            b"cas" => Storage::Cas(0),
            verb => return scan_rest(verb, &Args::read(text, words)),
        };
        scan_store(&Args::read(text, words), storage, limits)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
    fn scan_common(text: &[u8], limits: &Limits) -> Option<Scanned<RequestHead>> {
        let (verb, key, mut rest) = Common::<Self>::verb_and_key(text)?;
        // Each has its own return, so that what the line says goes through no memory.
        match verb {
            GET => {
                let length = rest.length()?;
                let (keys, first) = (key, key.end - key.start);
                let command = CommandHead::Get { keys, first, uniques: false, touch: None };
                let head = RequestHead { command, noreply: false };
                Some(Scanned { head, block: None, length })
            }
            SET => {
                let flags = rest.number()?.try_into().ok()?;
                let exptime = rest.number()?.try_into().ok()?;
                let size = rest.number()?.try_into().ok()?;
                if size > limits.value.min(MOST) {
                    return None;
                }
                let length = rest.length()?;
                let command = CommandHead::Store { verb: Storage::Set, key, flags, exptime };
                let head = RequestHead { command, noreply: false };
                Some(Scanned { head, block: Some(size), length })
            }
            _ => None,
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a quarter of the instructions of a short set")]
    fn lend<'m>(head: RequestHead, line: &'m [u8], value: Value<'m>) -> Request<'m> {
        let key = |span: Span| Key::checked(span.of(line));
        let command = match head.command {
            CommandHead::Get { keys, first, uniques, touch } => {
                Command::Get { keys: Keys::checked(keys.of(line), first), uniques, touch }
            }
            CommandHead::Store { verb, key: span, flags, exptime } => {
                Command::Store { verb, key: key(span), flags, exptime, value }
            }
            CommandHead::Delete(span) => Command::Delete(key(span)),
            CommandHead::Incr(span, delta) => Command::Incr(key(span), delta),
            CommandHead::Decr(span, delta) => Command::Decr(key(span), delta),
            CommandHead::Touch(span, exptime) => Command::Touch(key(span), exptime),
            CommandHead::FlushAll(delay) => Command::FlushAll(delay),
            CommandHead::Version => Command::Version,
            CommandHead::Verbosity(level) => Command::Verbosity(level),
            CommandHead::CacheMemlimit(megabytes) => Command::CacheMemlimit(megabytes),
            CommandHead::Stats(what) => Command::Stats(what.of(line)),
            CommandHead::Quit => Command::Quit,
        };
        Request { command, noreply: head.noreply }
    }
}

/// A request's line.
type Read = Line<RequestHead, Refusal>;

/// Reads on behind `get`, `gets`, `gat` or `gats`.
fn scan_get(text: &[u8], mut words: Words<'_>, uniques: bool, touches: bool) -> Read {
    let mut touch = None;
    let mut readable = true;
    if touches {
        let Some(exptime) = words.next() else { return refuse(Fault::Words, false) };
        touch = number(exptime.span.of(text));
        readable = touch.is_some();
    }
    match words.keys() {
        None => refuse(Fault::Words, false),
        Some(_) if !readable => refuse(Fault::Exptime, false),
        Some(keys) if !keys.good => refuse(Fault::Key, false),
        Some(KeyList { span: keys, first, .. }) => {
            done(CommandHead::Get { keys, first, uniques, touch }, false)
        }
    }
}

/// Reads on behind one of the words of [`Storage`].
fn scan_store(args: &Args<'_>, verb: Storage, limits: &Limits) -> Read {
    let noreply = args.noreply();
    let least = if matches!(verb, Storage::Cas(_)) { 5 } else { 4 };
    if args.count < least || args.count > least + 1 {
        return refuse(Fault::Words, false);
    }
    let verb = match verb {
        Storage::Cas(_) => args.number(4).map(Storage::Cas),
        verb => Some(verb),
    };
    let count: Option<i64> = args.number(3);
    let size = count.and_then(|count| usize::try_from(count).ok()).filter(|size| *size <= MOST);
    let (Some(verb), Some(flags), Some(exptime), Some(size)) =
        (verb, args.number(1), args.number(2), size)
    else {
        return refuse(Fault::Number, noreply);
    };
    let key = args.words[0];
    let fault = if !args.key {
        Fault::Key
    } else if size > limits.value {
        Fault::LargeValue((verb == Storage::Set).then(|| key.of(args.text).into()))
    } else {
        let command = CommandHead::Store { verb, key, flags, exptime };
        return Line::Value(RequestHead { command, noreply }, size);
    };
    Line::Refuse(Refusal { fault, noreply }, Some(size as u64))
}

/// Reads on behind a word that is no retrieval's and no storage command's.
fn scan_rest(verb: &[u8], args: &Args<'_>) -> Read {
    let last = if args.count == 0 { verb } else { args.last.of(args.text) };
    let allowed = match verb {
        b"incr" | b"decr" | b"touch" => 2..=3,
        b"delete" => 1..=3,
        b"flush_all" => 0..=2,
        b"verbosity" | b"cache_memlimit" => 1..=2,
        b"version" | b"stats" | b"quit" => 0..=usize::MAX,
        _ if last.starts_with(b"HTTP/") => return done(CommandHead::Quit, false),
        _ => return refuse(Fault::UnknownCommand, false),
    };
    if !allowed.contains(&args.count) {
        return refuse(Fault::Words, false);
    }
    // The only word behind `delete` is the key, whatever it is.
    let noreply = args.noreply() && !(verb == b"delete" && args.count == 1);
    let key = args.words[0];
    let takes_key = matches!(verb, b"incr" | b"decr" | b"touch" | b"delete");
    let command = match verb {
        _ if takes_key && !args.key => Err(Fault::Key),
        b"incr" => args.number(1).map(|delta| CommandHead::Incr(key, delta)).ok_or(Fault::Delta),
        b"decr" => args.number(1).map(|delta| CommandHead::Decr(key, delta)).ok_or(Fault::Delta),
        b"touch" => {
            args.number(1).map(|exptime| CommandHead::Touch(key, exptime)).ok_or(Fault::Exptime)
        }
        b"delete" => match args.count - usize::from(noreply) {
            1 => Ok(CommandHead::Delete(key)),
            2 if args.number::<u64>(1).is_some() => Ok(CommandHead::Delete(key)),
            _ => Err(Fault::DeleteTime),
        },
        b"flush_all" if args.count == usize::from(noreply) => Ok(CommandHead::FlushAll(0)),
        b"flush_all" => args.number(0).map(CommandHead::FlushAll).ok_or(Fault::Exptime),
        b"verbosity" => args.number(0).map(CommandHead::Verbosity).ok_or(Fault::Number),
        b"cache_memlimit" => args.number(0).map(CommandHead::CacheMemlimit).ok_or(Fault::Number),
        b"version" => return done(CommandHead::Version, false),
        b"stats" => return done(CommandHead::Stats(args.all()), false),
        _ => return done(CommandHead::Quit, false),
    };
    match command {
        Ok(command) => done(command, noreply),
        Err(fault) => refuse(fault, noreply),
    }
}

/// What stands behind a command's first word.
struct Args<'t> {
    text: &'t [u8],
    /// The first words, …
    words: [Span; 6],
    /// … and how many there are in all, or 7 if more.
    count: usize,
    /// Whether the first one is a key.
    key: bool,
    /// The last one; empty if there is none.
    last: Span,
}

impl<'t> Args<'t> {
    fn read(text: &'t [u8], words: Words<'t>) -> Self {
        let none = Span { start: 0, end: 0 };
        let mut args = Self { text, words: [none; 6], count: 0, key: false, last: none };
        for word in words {
            if args.count == 0 {
                args.key = word.key;
            }
            args.last = word.span;
            if let Some(place) = args.words.get_mut(args.count) {
                *place = word.span;
                args.count += 1;
            } else {
                args.count = 7;
            }
        }
        args
    }

    fn number<N: str::FromStr + TryFrom<u64>>(&self, index: usize) -> Option<N> {
        number(self.words[index].of(self.text))
    }

    /// From the first to the last.
    fn all(&self) -> Span {
        Span { start: self.words[0].start, end: self.last.end }
    }

    fn noreply(&self) -> bool {
        self.last.of(self.text) == b"noreply"
    }
}

/// Decimal digits; a sign may stand before them.
#[inline]
fn number<N: str::FromStr + TryFrom<u64>>(word: &[u8]) -> Option<N> {
    if word.len() < 20
        && let Some(number) = decimal(word)
    {
        return number.try_into().ok();
    }
    str::from_utf8(word).ok()?.parse().ok()
}

#[inline]
fn done(command: CommandHead, noreply: bool) -> Read {
    Line::Done(RequestHead { command, noreply })
}

fn refuse(fault: Fault, noreply: bool) -> Read {
    Line::Refuse(Refusal { fault, noreply }, None)
}

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'m> {
    /// `STORED`
    Stored,
    /// `NOT_STORED`: the condition was not met.
    NotStored,
    /// `EXISTS`: the item was changed since.
    Exists,
    /// `NOT_FOUND`
    NotFound,
    /// `DELETED`
    Deleted,
    /// `TOUCHED`
    Touched,
    /// `OK`
    Ok,
    /// `RESET`: the counters are.
    Reset,
    /// `END`: no more values, or statistics.
    End,
    /// `VALUE <key> <flags> <n> [<cas unique>]` and its data block.
    Value {
        /// The key that was asked for.
        key: Key<'m>,
        /// As they were stored.
        flags: u32,
        /// What a `cas` has to name, if it was asked for.
        unique: Option<u64>,
        /// What the key holds.
        value: Value<'m>,
    },
    /// What an `incr` or `decr` came to.
    Number(u64),
    /// `VERSION` and its text.
    Version(&'m [u8]),
    /// `STAT`, a name and what stands behind it.
    Stat(&'m [u8], &'m [u8]),
    /// `ERROR`, `CLIENT_ERROR` or `SERVER_ERROR`, and what is said after it, up to its first LF.
    Error(ErrorKind, &'m [u8]),
}

impl Reply<'_> {
    /// Appends the reply as it goes over the wire.
    ///
    /// ```
    /// # use memwire::dialect::{Value, classic::{Key, Reply}};
    /// let key = Key::new(b"k").expect("a key");
    /// let mut out = Vec::new();
    /// Reply::Value { key, flags: 7, unique: None, value: Value::Lent(b"hello") }.encode(&mut out);
    /// assert_eq!(out, b"VALUE k 7 5\r\nhello\r\n");
    /// ```
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "which one it is, is known where it is written")]
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
            Self::Value { unique: None, value: Value::Shared(item), .. }
                if let Some(frame) = item.frame(b"\r\n") =>
            {
                out.put(b"VALUE ");
                out.put(frame);
            }
            Self::Value { key, flags, unique, value } => {
                put_block(*key, *flags, *unique, value, out);
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
                put_word(value, out);
                out.put(b"\r\n");
            }
            Self::Error(kind, text) => kind.encode(text, b"\r\n", out),
        }
    }
}

/// Appends a value's line and block.
#[inline(never)]
fn put_block(
    key: Key<'_>,
    flags: u32,
    unique: Option<u64>,
    value: &Value<'_>,
    out: &mut impl Output,
) {
    let mut line = Backwards::new();
    behind_key(&mut line, flags, value.len(), unique);
    out.put(b"VALUE ");
    out.put(key.as_bytes());
    out.put(line.as_bytes());
    put_value(value, b"\r\n", out);
}

/// What stands behind the key in a line that announces a data block of this size.
#[inline]
fn behind_key(line: &mut Backwards, flags: u32, size: usize, unique: Option<u64>) {
    line.text(b"\r\n");
    if let Some(unique) = unique {
        line.decimal(unique);
        line.text(b" ");
    }
    line.decimal(size as u64);
    line.text(b" ");
    line.decimal(flags.into());
    line.text(b" ");
}

/// An item that is written with one copy, unless its unique number is asked for.
pub(crate) fn item(key: &[u8], value: Value<'_>, meta: Meta) -> Item {
    let mut line = Backwards::new();
    behind_key(&mut line, meta.flags, value.len(), None);
    Item::framed(key, line.as_bytes(), value, b"\r\n", meta)
}

/// The grammar of replies: the client's side. Replies are read as strictly as they are written:
/// words are separated by one space, numbers have no sign and no leading zeros, and lines end with
/// CR LF (`reply/lines`).
#[derive(Clone, Copy, Debug)]
pub enum Replies {}

/// A reply line as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead(Told);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Stored,
    NotStored,
    Exists,
    NotFound,
    Deleted,
    Touched,
    Ok,
    Reset,
    End,
    Value { key: Span, flags: u32, unique: Option<u64> },
    Number(u64),
    Version(Span),
    Stat(Span, Span),
    Error(ErrorKind, Span),
}

impl Grammar for Replies {
    type Head = ReplyHead;
    type Refusal = BadReply;
    type Message<'m> = Reply<'m>;

    const BLOCK_END: &'static [u8] = b"\r\n";
    const RESYNC: bool = false;
    const LONG_LINE: BadReply = BadReply::LongLine;

    fn bad_block(_: ReplyHead) -> BadReply {
        BadReply::BlockEnd
    }

    #[inline]
    fn scan(line: &[u8], limits: &Limits) -> Line<ReplyHead, BadReply> {
        let Some(line) = before_lf(line).strip_suffix(b"\r") else {
            return Line::Refuse(BadReply::Unknown, None);
        };
        match (told(line), value_line(line)) {
            (Some(told), _) => Line::Done(ReplyHead(told)),
            (None, Some((told, count))) => match usize::try_from(count) {
                Ok(size) if size <= limits.value => Line::Value(ReplyHead(told), size),
                _ => Line::Refuse(BadReply::LargeValue, Some(count)),
            },
            (None, None) => Line::Refuse(BadReply::Unknown, None),
        }
    }

    #[inline]
    fn lend<'m>(head: ReplyHead, line: &'m [u8], value: Value<'m>) -> Reply<'m> {
        match head.0 {
            Told::Stored => Reply::Stored,
            Told::NotStored => Reply::NotStored,
            Told::Exists => Reply::Exists,
            Told::NotFound => Reply::NotFound,
            Told::Deleted => Reply::Deleted,
            Told::Touched => Reply::Touched,
            Told::Ok => Reply::Ok,
            Told::Reset => Reply::Reset,
            Told::End => Reply::End,
            Told::Value { key, flags, unique } => {
                Reply::Value { key: Key::checked(key.of(line)), flags, unique, value }
            }
            Told::Number(number) => Reply::Number(number),
            Told::Version(text) => Reply::Version(text.of(line)),
            Told::Stat(name, value) => Reply::Stat(name.of(line), value.of(line)),
            Told::Error(kind, text) => Reply::Error(kind, text.of(line)),
        }
    }
}

/// A line that announces no data block.
fn told(line: &[u8]) -> Option<Told> {
    let told = match line {
        b"STORED" => Told::Stored,
        b"NOT_STORED" => Told::NotStored,
        b"EXISTS" => Told::Exists,
        b"NOT_FOUND" => Told::NotFound,
        b"DELETED" => Told::Deleted,
        b"TOUCHED" => Told::Touched,
        b"OK" => Told::Ok,
        b"RESET" => Told::Reset,
        b"END" => Told::End,
        [b'0'..=b'9', ..] => Told::Number(canonical(line)?),
        _ => {
            let from = |start| Span { start, end: line.len() };
            if line.starts_with(b"VERSION ") {
                Told::Version(from(8))
            } else if let Some(rest) = line.strip_prefix(b"STAT ") {
                let end = 5 + memchr(b' ', rest)?;
                Told::Stat(Span { start: 5, end }, from(end + 1))
            } else {
                let (kind, text) = ErrorKind::of(line)?;
                Told::Error(kind, text)
            }
        }
    };
    Some(told)
}

fn value_line(line: &[u8]) -> Option<(Told, u64)> {
    let mut words = line.split(|byte| *byte == b' ');
    let (b"VALUE", word) = (words.next()?, words.next()?) else { return None };
    Key::new(word)?;
    let key = Span { start: 6, end: 6 + word.len() };
    let flags = u32::try_from(canonical(words.next()?)?).ok()?;
    let count = canonical(words.next()?)?;
    let unique = match words.next() {
        Some(word) => Some(canonical(word)?),
        None => None,
    };
    words.next().is_none().then_some((Told::Value { key, flags, unique }, count))
}

/// Decimal digits, the shortest for their number.
fn canonical(word: &[u8]) -> Option<u64> {
    match word {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => number(word),
        _ => None,
    }
}
