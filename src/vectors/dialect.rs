//! What the suite has to know of a dialect beside its document.

use std::ops::Range;

use crate::{
    Limits, Machine, Session, State, Step,
    dialect::{
        Grammar,
        classic::{self, Command},
        simple,
    },
    simulate,
    store::Map,
};

/// A dialect, as those see it who check others: its streams taken apart, its keys found.
#[derive(Debug)]
pub struct Dialect {
    /// As in [`Suite::dialect`](super::Suite::dialect).
    pub name: &'static str,
    /// The JSON form of its [`Suite`](super::Suite).
    pub suite: &'static str,
    /// What ends a line in its document, and a data block.
    pub newline: &'static str,
    /// The capability of requests that change what others find, if there is one.
    pub disturbs: Option<&'static str>,
    /// Takes a stream of requests apart.
    pub requests: fn(&[u8]) -> Anatomy,
    /// Takes a stream of replies apart.
    pub replies: fn(&[u8]) -> Anatomy,
    /// Which words of a line are keys, counted from 0, by its first word. The line may be a
    /// request or a reply.
    pub keys: fn(&[u8]) -> Range<usize>,
    /// Whether a reply that begins with this word is followed by more of the same answer.
    pub goes_on: fn(&[u8]) -> bool,
    /// A request that finds nothing under a key that was never set, and its answer.
    pub probe: fn(&str) -> (String, &'static str),
    /// What is answered to a whole stream of requests, from an empty store.
    pub answer: fn(&[u8]) -> Vec<u8>,
}

/// The simple dialect.
pub static SIMPLE: Dialect = Dialect {
    name: "simple",
    suite: include_str!("../../spec/simple.json"),
    newline: "\n",
    disturbs: None,
    requests: |stream| {
        let answered = Manner::default();
        dissect::<simple::Requests>(Limits::DEFAULT, stream, |_| answered, |_| answered)
    },
    replies: |stream| {
        let limits = Limits::DEFAULT.of_replies();
        dissect::<simple::Replies>(limits, stream, |_| Manner::default(), |_| Manner::default())
    },
    keys: |verb| match verb {
        b"set" | b"VALUE" => 1..2,
        b"get" => 1..usize::MAX,
        _ => 0..0,
    },
    goes_on: |verb| verb == b"VALUE",
    probe: |key| (format!("get {key}\n"), "END\n"),
    answer: simulate,
};

/// The classic dialect.
pub static CLASSIC: Dialect = Dialect {
    name: "classic",
    suite: include_str!("../../spec/classic.json"),
    newline: "\r\n",
    disturbs: Some("flush"),
    requests: |stream| {
        dissect::<classic::Requests>(
            classic::LIMITS,
            stream,
            |request| Manner {
                silent: request.noreply || request.command == Command::Quit,
                closes: request.command == Command::Quit,
            },
            |refusal| Manner { silent: refusal.noreply, closes: false },
        )
    },
    replies: |stream| {
        let limits = classic::LIMITS.of_replies();
        dissect::<classic::Replies>(limits, stream, |_| Manner::default(), |_| Manner::default())
    },
    keys: |verb| match verb {
        b"get" | b"gets" => 1..usize::MAX,
        b"gat" | b"gats" => 2..usize::MAX,
        b"set" | b"add" | b"replace" | b"append" | b"prepend" | b"cas" | b"delete" | b"incr"
        | b"decr" | b"touch" | b"VALUE" => 1..2,
        _ => 0..0,
    },
    goes_on: |verb| matches!(verb, b"VALUE" | b"STAT"),
    probe: |key| (format!("get {key}\r\n"), "END\r\n"),
    answer: |stream| {
        let mut replies = vec![];
        let mut session = Session::<classic::Requests>::with_mark(classic::LIMITS, usize::MAX);
        session.advance(&mut Map::new(), 0, &mut &*stream, &mut replies);
        replies
    },
};

/// All dialects.
pub static DIALECTS: [&Dialect; 2] = [&SIMPLE, &CLASSIC];

impl Dialect {
    /// The dialect of this name, if there is one.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        DIALECTS.into_iter().find(|dialect| dialect.name == name)
    }
}

/// A stream taken apart by the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// The messages, refused ones included, in order.
    pub messages: Vec<Message>,
    /// Where what is incomplete begins; the stream's length if nothing is.
    pub rest: usize,
}

/// A message's offsets in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first byte.
    pub start: usize,
    /// The LF of its line; the stream's end if there is none.
    pub line_end: usize,
    /// The byte behind the one that decides it (law *Prompt*).
    pub decided: usize,
    /// Where the next message begins; the stream's end if nothing does.
    pub resumes: usize,
    /// Whether it was refused.
    pub refused: bool,
    /// Whether nothing answers it.
    pub silent: bool,
    /// Whether the connection is closed behind it.
    pub closes: bool,
}

/// How a request is answered.
#[derive(Clone, Copy, Default)]
struct Manner {
    silent: bool,
    closes: bool,
}

fn dissect<G: Grammar>(
    limits: Limits,
    stream: &[u8],
    taken: impl Fn(&G::Message<'_>) -> Manner,
    refused: impl Fn(&G::Refusal) -> Manner,
) -> Anatomy {
    let mut machine = Machine::<G>::new(limits);
    let mut messages = vec![];
    let mut input = stream;
    let mut start = 0;
    loop {
        let (is_refused, manner) = match machine.step(&mut input) {
            Step::NeedMore => return Anatomy { messages, rest: start },
            Step::Dispatch(message) => (false, taken(&message)),
            Step::Refuse(refusal) => (true, refused(&refusal)),
        };
        let decided = stream.len() - input.len();
        while is_refused && !input.is_empty() {
            // Just what is skipped, so that no message is lost with it.
            let length = match machine.state() {
                State::SkippingBlock(left) => usize::try_from(left).unwrap_or(usize::MAX),
                State::SkippingLine => line_end(input, 0).saturating_add(1),
                State::AwaitingLine | State::AwaitingValue(_) | State::Dispatch => break,
            };
            let (mut skipped, rest) = input.split_at(length.min(input.len()));
            let _ = machine.step(&mut skipped);
            input = rest;
        }
        let resumes = stream.len() - input.len();
        let line_end = line_end(stream, start);
        let Manner { silent, closes } = manner;
        let refused = is_refused;
        messages.push(Message { start, line_end, decided, resumes, refused, silent, closes });
        if closes {
            // What follows is nothing to anybody.
            return Anatomy { messages, rest: stream.len() };
        }
        if !(is_refused && machine.state() != State::AwaitingLine) {
            start = resumes;
        }
    }
}

/// The offset of the first LF from `start` on, or of the end.
#[must_use]
pub fn line_end(stream: &[u8], start: usize) -> usize {
    stream[start..].iter().position(|byte| *byte == b'\n').map_or(stream.len(), |at| start + at)
}
