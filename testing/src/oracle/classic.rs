//! The oracle of the classic dialect, written from `spec/classic.md`. It parses requests, but does
//! not execute them: their effects are compared with a real memcached.

use memwire::Limits;

pub use super::transcript::ReplyError;
use super::{
    reader::{Blocks, ParsedLine, read},
    transcript::Transcript,
};

const BLOCKS: Blocks = Blocks { end: b"\r\n", resync: false };

/// A request: the words of its canonical form, and the value if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'s> {
    /// The command.
    pub verb: &'s [u8],
    /// The keys, and other arguments that are not numbers.
    pub words: Vec<&'s [u8]>,
    /// Flags, exptimes, deltas, in their order; without the declared length.
    pub numbers: Vec<i128>,
    /// Whether the reply is suppressed.
    pub noreply: bool,
    /// The data block.
    pub value: Option<&'s [u8]>,
}

/// Why a request is rejected, and what determines the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError<'s> {
    /// What is wrong.
    pub kind: RequestErrorKind,
    /// Whether the reply is suppressed.
    pub noreply: bool,
    /// The key of a `set` whose value is too large: its item is removed.
    pub key: Option<&'s [u8]>,
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the core's error of the same name")]
pub enum RequestErrorKind {
    LineTooLong,
    UnknownCommand,
    WrongWordCount,
    BadNumber,
    BadExptime,
    BadDelta,
    BadDeleteTime,
    BadKey,
    ValueTooLarge,
    BadBlockEnd,
}

impl RequestErrorKind {
    fn error<'s>(self, noreply: bool) -> RequestError<'s> {
        RequestError { kind: self, noreply, key: None }
    }
}

/// Interprets a stream of requests.
#[must_use]
pub fn requests<'s>(
    stream: &'s [u8],
    limits: &Limits,
) -> Transcript<Request<'s>, RequestError<'s>> {
    let line_too_long = || RequestErrorKind::LineTooLong.error(false);
    read(stream, limits, BLOCKS, line_too_long, |line| parse(line, limits))
}

type ParsedRequest<'s> = ParsedLine<'s, Request<'s>, RequestError<'s>>;

fn parse<'s>(line: &'s [u8], limits: &Limits) -> ParsedRequest<'s> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words: Vec<&[u8]> =
        line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    let Some((&verb, args)) = words.split_first() else {
        return wrong(RequestErrorKind::UnknownCommand, false);
    };
    let noreply = args.last() == Some(&&b"noreply"[..]);
    let request = |words: Vec<&'s [u8]>, numbers: Vec<i128>, noreply: bool| Request {
        verb,
        words,
        numbers,
        noreply,
        value: None,
    };
    let done = |words, numbers, noreply| ParsedLine::Message(request(words, numbers, noreply));
    match (verb, args.len()) {
        (b"get" | b"gets", 1..) => {
            if args.iter().any(|key| !is_key(key)) {
                return wrong(RequestErrorKind::BadKey, false);
            }
            done(args.to_vec(), vec![], false)
        }
        (b"gat" | b"gats", 2..) => match signed(args[0]) {
            None => wrong(RequestErrorKind::BadExptime, false),
            Some(_) if args[1..].iter().any(|key| !is_key(key)) => {
                wrong(RequestErrorKind::BadKey, false)
            }
            Some(exptime) => done(args[1..].to_vec(), vec![exptime], false),
        },
        (b"set" | b"add" | b"replace" | b"append" | b"prepend", 4 | 5) | (b"cas", 5 | 6) => {
            store(verb, args, noreply, limits)
        }
        (b"incr" | b"decr", 2 | 3) => match unsigned(args[1]) {
            _ if !is_key(args[0]) => wrong(RequestErrorKind::BadKey, noreply),
            None => wrong(RequestErrorKind::BadDelta, noreply),
            Some(delta) => done(args[..1].to_vec(), vec![delta], noreply),
        },
        (b"touch", 2 | 3) => match signed(args[1]) {
            _ if !is_key(args[0]) => wrong(RequestErrorKind::BadKey, noreply),
            None => wrong(RequestErrorKind::BadExptime, noreply),
            Some(exptime) => done(args[..1].to_vec(), vec![exptime], noreply),
        },
        (b"delete", 1..=3) => {
            let noreply = noreply && args.len() > 1;
            let rest = &args[1..args.len() - usize::from(noreply)];
            let timed = |time: &[&[u8]]| time.len() == 1 && unsigned(time[0]).is_some();
            match rest {
                _ if !is_key(args[0]) => wrong(RequestErrorKind::BadKey, noreply),
                [] => done(args[..1].to_vec(), vec![], noreply),
                time if timed(time) => done(args[..1].to_vec(), vec![], noreply),
                _ => wrong(RequestErrorKind::BadDeleteTime, noreply),
            }
        }
        (b"flush_all", 0) => done(vec![], vec![0], false),
        (b"flush_all", 1) if noreply => done(vec![], vec![0], true),
        (b"flush_all", 1 | 2) => match signed(args[0]) {
            None => wrong(RequestErrorKind::BadExptime, noreply),
            Some(delay) => done(vec![], vec![delay], noreply),
        },
        (b"verbosity" | b"cache_memlimit", 1 | 2) => match unsigned(args[0]) {
            None => wrong(RequestErrorKind::BadNumber, noreply),
            Some(level) => done(vec![], vec![level], noreply),
        },
        (b"version" | b"quit", _) | (b"stats", 0) => done(vec![], vec![], false),
        (b"stats", _) => {
            let begins = line.iter().take_while(|byte| **byte == b' ').count() + b"stats".len();
            done(vec![without_spaces(&line[begins..])], vec![], false)
        }
        (
            b"get" | b"gets" | b"gat" | b"gats" | b"set" | b"add" | b"replace" | b"append"
            | b"prepend" | b"cas" | b"incr" | b"decr" | b"touch" | b"delete" | b"flush_all"
            | b"verbosity" | b"cache_memlimit",
            _,
        ) => wrong(RequestErrorKind::WrongWordCount, false),
        _ if words.last().is_some_and(|last| last.starts_with(b"HTTP/")) => {
            ParsedLine::Message(Request {
                verb: b"quit",
                words: vec![],
                numbers: vec![],
                noreply: false,
                value: None,
            })
        }
        _ => wrong(RequestErrorKind::UnknownCommand, false),
    }
}

/// The storage commands, with the right number of words.
fn store<'s>(
    verb: &'s [u8],
    args: &[&'s [u8]],
    noreply: bool,
    limits: &Limits,
) -> ParsedRequest<'s> {
    const MOST: i128 = (1 << 31) - 3;
    let key = args[0];
    let flags = unsigned(args[1]).filter(|flags| *flags < 1 << 32);
    let size = signed(args[3]).filter(|size| (0..=MOST).contains(size));
    let cas_unique = if verb == b"cas" { unsigned(args[4]) } else { Some(0) };
    let (Some(flags), Some(exptime), Some(size), Some(cas_unique)) =
        (flags, signed(args[2]), size, cas_unique)
    else {
        return wrong(RequestErrorKind::BadNumber, noreply);
    };
    let skipped = u64::try_from(size).unwrap_or(0);
    if !is_key(key) {
        return ParsedLine::Wrong(RequestErrorKind::BadKey.error(noreply), Some(skipped));
    }
    if skipped > limits.value as u64 {
        let key = (verb == b"set").then_some(key);
        let error = RequestError { key, ..RequestErrorKind::ValueTooLarge.error(noreply) };
        return ParsedLine::Wrong(error, Some(skipped));
    }
    let mut numbers = vec![flags, exptime];
    if verb == b"cas" {
        numbers.push(cas_unique);
    }
    ParsedLine::Block {
        size: skipped,
        make: Box::new(move |value| Request {
            verb,
            words: vec![key],
            numbers,
            noreply,
            value: Some(value),
        }),
        bad: RequestErrorKind::BadBlockEnd.error(noreply),
    }
}

fn wrong<'s>(kind: RequestErrorKind, noreply: bool) -> ParsedRequest<'s> {
    ParsedLine::Wrong(kind.error(noreply), None)
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let is_other = |byte: &u8| *byte != b' ';
    let start = text.iter().position(is_other).unwrap_or(0);
    let end = text.iter().rposition(is_other).map_or(0, |last| last + 1);
    &text[start..end]
}

fn is_key(word: &[u8]) -> bool {
    let bad = |byte: &u8| byte.is_ascii_control() || *byte == b' ';
    !word.is_empty() && word.len() <= 250 && !word.iter().any(bad)
}

/// Decimal digits with an optional sign, within 64 bits.
fn signed(word: &[u8]) -> Option<i128> {
    let (minus, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let number = decimal(digits)?;
    let number = if minus { -number } else { number };
    (i128::from(i64::MIN)..=i128::from(i64::MAX)).contains(&number).then_some(number)
}

/// Decimal digits with an optional plus, within 64 bits.
fn unsigned(word: &[u8]) -> Option<i128> {
    let number = decimal(word.strip_prefix(b"+").unwrap_or(word))?;
    (number <= i128::from(u64::MAX)).then_some(number)
}

fn decimal(digits: &[u8]) -> Option<i128> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = str::from_utf8(digits).ok()?.trim_start_matches('0');
    match digits.len() {
        0 => Some(0),
        1..=38 => digits.parse().ok(),
        _ => None,
    }
}

/// A reply, as slices of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'s> {
    /// A line, without its end.
    Line(&'s [u8]),
    /// The line and the value.
    Value(&'s [u8], &'s [u8]),
}

/// Interprets a stream of replies.
#[must_use]
pub fn replies<'s>(stream: &'s [u8], limits: &Limits) -> Transcript<Reply<'s>, ReplyError> {
    let parse = |line| parse_reply(line, limits);
    read(stream, limits, BLOCKS, || ReplyError::LineTooLong, parse)
}

fn parse_reply<'s>(line: &'s [u8], limits: &Limits) -> ParsedLine<'s, Reply<'s>, ReplyError> {
    let unknown = ParsedLine::Wrong(ReplyError::UnknownReply, None);
    let Some(line) = line.strip_suffix(b"\r") else { return unknown };
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let plain: [&[u8]; 9] = [
        b"STORED",
        b"NOT_STORED",
        b"EXISTS",
        b"NOT_FOUND",
        b"DELETED",
        b"TOUCHED",
        b"OK",
        b"RESET",
        b"END",
    ];
    let known = match words[..] {
        [b"VALUE", key, flags, size, ref unique @ ..] => {
            let good = is_key(key)
                && shortest(flags).is_some_and(|flags| flags < 1 << 32)
                && (unique.is_empty() || (unique.len() == 1 && shortest(unique[0]).is_some()));
            let Some(size) = shortest(size).filter(|_| good) else { return unknown };
            let size = u64::try_from(size).unwrap_or(u64::MAX);
            if size > limits.value as u64 {
                return ParsedLine::Wrong(ReplyError::ValueTooLarge, Some(size));
            }
            return ParsedLine::Block {
                size,
                make: Box::new(move |value| Reply::Value(line, value)),
                bad: ReplyError::BadBlockEnd,
            };
        }
        [b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR", ..]
        | [b"VERSION", _, ..]
        | [b"STAT", _, _, ..] => true,
        [one] => plain.contains(&one) || shortest(one).is_some(),
        _ => false,
    };
    if known { ParsedLine::Message(Reply::Line(line)) } else { unknown }
}

/// A number in canonical form: no sign, no leading zeros.
fn shortest(word: &[u8]) -> Option<i128> {
    let zeros = word.len() > 1 && word[0] == b'0';
    decimal(word).filter(|number| !zeros && *number <= i128::from(u64::MAX))
}
