//! The grammar of requests: parses command lines.

use core::str;

use super::{
    error::{RequestError, RequestErrorKind},
    request::{Command, Key, Keys, ReplyMode, Request, Requests, StoreMode},
};
use crate::{
    Limits,
    grammar::{Data, FastLine, Grammar, Line},
    text::{
        self, Span,
        fast_scan::{FastScan, GET, SET},
        number::number,
        tokens::KeyList,
        without_lf,
    },
};

/// The largest length that a line may declare; above it, the line is malformed (`limits/count`).
const LARGEST_LENGTH: usize = 2_147_483_645;

/// A parsed request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead {
    command: CommandHead,
    reply_mode: ReplyMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandHead {
    /// `first` is the length of the first key.
    Get {
        keys: Span,
        first: usize,
        with_cas: bool,
        touch: Option<i64>,
    },
    Store {
        mode: StoreMode,
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

/// A rejected request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestReject {
    kind: RequestErrorKind,
    reply_mode: ReplyMode,
    /// The key of a `set` whose value is too large.
    key: Option<Span>,
}

type Tokens<'t> = text::tokens::Tokens<'t, Requests>;

type RequestLine = Line<RequestHead, RequestReject>;

impl Grammar for Requests {
    type Head = RequestHead;
    type Reject = RequestReject;
    type Message<'m> = Request<'m>;
    type Error<'m> = RequestError<'m>;

    const BLOCK_END: &'static [u8] = b"\r\n";
    const RESYNC: bool = false;
    const LINE_TOO_LONG: RequestReject = RequestReject {
        kind: RequestErrorKind::LineTooLong,
        reply_mode: ReplyMode::Always,
        key: None,
    };

    fn bad_block(head: RequestHead) -> RequestReject {
        let kind = RequestErrorKind::BadBlockEnd;
        RequestReject { kind, reply_mode: head.reply_mode, key: None }
    }

    fn scan(line: &[u8], limits: &Limits) -> RequestLine {
        if let Some(line) = Self::scan_fast(line, limits) {
            return line.line();
        }
        let text = without_lf(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut tokens = Tokens::new(text);
        let verb = tokens.next().map_or(&[][..], |verb| verb.span.of(text));
        let verb = match verb {
            b"get" | b"gets" | b"gat" | b"gats" => {
                return scan_get(text, tokens, verb.ends_with(b"s"), verb.starts_with(b"ga"));
            }
            b"set" => StoreVerb::Mode(StoreMode::Set),
            b"add" => StoreVerb::Mode(StoreMode::Add),
            b"replace" => StoreVerb::Mode(StoreMode::Replace),
            b"append" => StoreVerb::Mode(StoreMode::Append),
            b"prepend" => StoreVerb::Mode(StoreMode::Prepend),
            b"cas" => StoreVerb::Cas,
            verb => return scan_rest(verb, &Args::read(text, tokens)),
        };
        scan_store(&Args::read(text, tokens), verb, limits)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
    fn scan_fast(text: &[u8], limits: &Limits) -> Option<FastLine<RequestHead>> {
        let (verb, key, mut rest) = FastScan::<Self, true>::verb_and_key(text)?;
        // Separate returns keep the result in registers.
        match verb {
            GET => {
                let length = rest.line_length()?;
                let (keys, first) = (key, key.end - key.start);
                let command = CommandHead::Get { keys, first, with_cas: false, touch: None };
                let head = RequestHead { command, reply_mode: ReplyMode::Always };
                Some(FastLine { head, block: None, length })
            }
            SET => {
                let flags = rest.number()?.try_into().ok()?;
                let exptime = rest.number()?.try_into().ok()?;
                let size = rest.number()?.try_into().ok()?;
                if size > limits.value.min(LARGEST_LENGTH) {
                    return None;
                }
                let length = rest.line_length()?;
                let command = CommandHead::Store { mode: StoreMode::Set, key, flags, exptime };
                let head = RequestHead { command, reply_mode: ReplyMode::Always };
                Some(FastLine { head, block: Some(size), length })
            }
            _ => None,
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a quarter of the instructions of a short set")]
    fn message<'m>(head: RequestHead, line: &'m [u8], data: Data<'m>) -> Request<'m> {
        let key = |span: Span| Key::checked(span.of(line));
        let command = match head.command {
            CommandHead::Get { keys, first, with_cas, touch } => {
                Command::Get { keys: Keys::checked(keys.of(line), first), with_cas, touch }
            }
            CommandHead::Store { mode, key: span, flags, exptime } => {
                Command::Store { mode, key: key(span), flags, exptime, value: data }
            }
            CommandHead::Delete(span) => Command::Delete(key(span)),
            CommandHead::Incr(span, delta) => Command::Incr(key(span), delta),
            CommandHead::Decr(span, delta) => Command::Decr(key(span), delta),
            CommandHead::Touch(span, exptime) => Command::Touch(key(span), exptime),
            CommandHead::FlushAll(delay) => Command::FlushAll(delay),
            CommandHead::Version => Command::Version,
            CommandHead::Verbosity(level) => Command::Verbosity(level),
            CommandHead::CacheMemlimit(megabytes) => Command::CacheMemlimit(megabytes),
            CommandHead::Stats(arguments) => Command::Stats(arguments.of(line)),
            CommandHead::Quit => Command::Quit,
        };
        Request { command, reply_mode: head.reply_mode }
    }

    fn error(reject: RequestReject, line: &[u8]) -> RequestError<'_> {
        let key = reject.key.map(|span| Key::checked(span.of(line)));
        RequestError { kind: reject.kind, reply_mode: reject.reply_mode, key }
    }
}

/// Parses the arguments of `get`, `gets`, `gat` or `gats`.
fn scan_get(text: &[u8], mut tokens: Tokens<'_>, with_cas: bool, touches: bool) -> RequestLine {
    let mut touch = None;
    let mut readable = true;
    if touches {
        let Some(exptime) = tokens.next() else {
            return reject(RequestErrorKind::WrongWordCount, ReplyMode::Always);
        };
        touch = number(exptime.span.of(text));
        readable = touch.is_some();
    }
    match tokens.keys() {
        None => reject(RequestErrorKind::WrongWordCount, ReplyMode::Always),
        Some(_) if !readable => reject(RequestErrorKind::BadExptime, ReplyMode::Always),
        Some(keys) if !keys.good => reject(RequestErrorKind::BadKey, ReplyMode::Always),
        Some(KeyList { span: keys, first, .. }) => {
            complete(CommandHead::Get { keys, first, with_cas, touch }, ReplyMode::Always)
        }
    }
}

/// The first word of a storage command. The mode of a `cas` includes its last number.
#[derive(Clone, Copy)]
enum StoreVerb {
    Mode(StoreMode),
    Cas,
}

/// Parses the arguments of a storage command.
fn scan_store(args: &Args<'_>, verb: StoreVerb, limits: &Limits) -> RequestLine {
    let reply_mode = args.reply_mode();
    let least = match verb {
        StoreVerb::Mode(_) => 4,
        StoreVerb::Cas => 5,
    };
    if args.count < least || args.count > least + 1 {
        return reject(RequestErrorKind::WrongWordCount, ReplyMode::Always);
    }
    let mode = match verb {
        StoreVerb::Mode(mode) => Some(mode),
        StoreVerb::Cas => args.number(4).map(StoreMode::Cas),
    };
    let length: Option<i64> = args.number(3);
    let size = length.and_then(|length| usize::try_from(length).ok());
    let size = size.filter(|size| *size <= LARGEST_LENGTH);
    let (Some(mode), Some(flags), Some(exptime), Some(size)) =
        (mode, args.number(1), args.number(2), size)
    else {
        return reject(RequestErrorKind::BadNumber, reply_mode);
    };
    let key = args.tokens[0];
    let rejected = if !args.first_is_key {
        RequestReject { kind: RequestErrorKind::BadKey, reply_mode, key: None }
    } else if size > limits.value {
        let key = (mode == StoreMode::Set).then_some(key);
        RequestReject { kind: RequestErrorKind::ValueTooLarge, reply_mode, key }
    } else {
        let command = CommandHead::Store { mode, key, flags, exptime };
        return Line::WithData(RequestHead { command, reply_mode }, size);
    };
    Line::Rejected(rejected, Some(size as u64))
}

/// Parses any other command.
fn scan_rest(verb: &[u8], args: &Args<'_>) -> RequestLine {
    let last = if args.count == 0 { verb } else { args.last.of(args.text) };
    let allowed = match verb {
        b"incr" | b"decr" | b"touch" => 2..=3,
        b"delete" => 1..=3,
        b"flush_all" => 0..=2,
        b"verbosity" | b"cache_memlimit" => 1..=2,
        b"version" | b"stats" | b"quit" => 0..=usize::MAX,
        _ if last.starts_with(b"HTTP/") => return complete(CommandHead::Quit, ReplyMode::Always),
        _ => return reject(RequestErrorKind::UnknownCommand, ReplyMode::Always),
    };
    if !allowed.contains(&args.count) {
        return reject(RequestErrorKind::WrongWordCount, ReplyMode::Always);
    }
    // The only argument of a `delete` is the key, even if it is `noreply`.
    let reply_mode = match verb {
        b"delete" if args.count == 1 => ReplyMode::Always,
        _ => args.reply_mode(),
    };
    let without_reply_mode = args.count - usize::from(reply_mode == ReplyMode::Never);
    let key = args.tokens[0];
    let takes_key = matches!(verb, b"incr" | b"decr" | b"touch" | b"delete");
    let command = match verb {
        _ if takes_key && !args.first_is_key => Err(RequestErrorKind::BadKey),
        b"incr" => args
            .number(1)
            .map(|delta| CommandHead::Incr(key, delta))
            .ok_or(RequestErrorKind::BadDelta),
        b"decr" => args
            .number(1)
            .map(|delta| CommandHead::Decr(key, delta))
            .ok_or(RequestErrorKind::BadDelta),
        b"touch" => args
            .number(1)
            .map(|exptime| CommandHead::Touch(key, exptime))
            .ok_or(RequestErrorKind::BadExptime),
        b"delete" => match without_reply_mode {
            1 => Ok(CommandHead::Delete(key)),
            2 if args.number::<u64>(1).is_some() => Ok(CommandHead::Delete(key)),
            _ => Err(RequestErrorKind::BadDeleteTime),
        },
        b"flush_all" if without_reply_mode == 0 => Ok(CommandHead::FlushAll(0)),
        b"flush_all" => {
            args.number(0).map(CommandHead::FlushAll).ok_or(RequestErrorKind::BadExptime)
        }
        b"verbosity" => {
            args.number(0).map(CommandHead::Verbosity).ok_or(RequestErrorKind::BadNumber)
        }
        b"cache_memlimit" => {
            args.number(0).map(CommandHead::CacheMemlimit).ok_or(RequestErrorKind::BadNumber)
        }
        b"version" => return complete(CommandHead::Version, ReplyMode::Always),
        b"stats" => return complete(CommandHead::Stats(args.all()), ReplyMode::Always),
        _ => return complete(CommandHead::Quit, ReplyMode::Always),
    };
    match command {
        Ok(command) => complete(command, reply_mode),
        Err(kind) => reject(kind, reply_mode),
    }
}

/// The tokens after a command's first one.
struct Args<'t> {
    text: &'t [u8],
    /// The first six tokens.
    tokens: [Span; 6],
    /// The number of tokens; 7 if there are more than six.
    count: usize,
    first_is_key: bool,
    /// The last token; empty if there is none.
    last: Span,
}

impl<'t> Args<'t> {
    fn read(text: &'t [u8], tokens: Tokens<'t>) -> Self {
        let none = Span { start: 0, end: 0 };
        let mut args = Self { text, tokens: [none; 6], count: 0, first_is_key: false, last: none };
        for token in tokens {
            if args.count == 0 {
                args.first_is_key = token.is_key;
            }
            args.last = token.span;
            if let Some(place) = args.tokens.get_mut(args.count) {
                *place = token.span;
                args.count += 1;
            } else {
                args.count = 7;
            }
        }
        args
    }

    fn number<N: str::FromStr + TryFrom<u64>>(&self, index: usize) -> Option<N> {
        number(self.tokens[index].of(self.text))
    }

    /// The part of the line from the first token to the last.
    fn all(&self) -> Span {
        Span { start: self.tokens[0].start, end: self.last.end }
    }

    fn reply_mode(&self) -> ReplyMode {
        match self.last.of(self.text) {
            b"noreply" => ReplyMode::Never,
            _ => ReplyMode::Always,
        }
    }
}

#[inline]
fn complete(command: CommandHead, reply_mode: ReplyMode) -> RequestLine {
    Line::Complete(RequestHead { command, reply_mode })
}

fn reject(kind: RequestErrorKind, reply_mode: ReplyMode) -> RequestLine {
    Line::Rejected(RequestReject { kind, reply_mode, key: None }, None)
}
