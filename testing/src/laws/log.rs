//! The events of a stream as text. Those of the machine and those of the oracle are written in the
//! same form, so that they can be compared.

use std::fmt;
use std::io::Write as _;

use memwire::{Limits, State, Truncated, grammar::Grammar};

use crate::oracle::{Part, Transcript};

/// The events of a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Log {
    /// For each event: the offset after the byte that determines it, then the message as
    /// [`LoggedGrammar::log_message`] writes it, or `!` and the error. For example, in `simple`,
    /// `12 set k 3` LF `abc` LF `16 ! WrongWordCount` LF.
    pub events: Vec<u8>,
    /// How the stream ends.
    pub end: Result<(), Truncated>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {:?}", self.events.escape_ascii(), self.end)
    }
}

/// A grammar whose messages and errors can be logged, as *Split*, *Resume* and *Total* require.
pub trait LoggedGrammar: Grammar {
    /// Appends a message. Different messages must have different text; best use the encoded
    /// message.
    fn log_message(message: &Self::Message<'_>, log: &mut Vec<u8>);

    /// Appends an error; by default its `Debug` text.
    fn log_error(error: &Self::Error<'_>, log: &mut Vec<u8>) {
        write!(log, "{error:?}").expect("a buffer grows");
    }
}

/// A grammar that has an oracle.
pub trait OracleGrammar: LoggedGrammar {
    /// What the oracle expects of a whole stream. [`Expected::new`] builds it from a
    /// [`Transcript`].
    fn expected(stream: &[u8], limits: &Limits) -> Expected;
}

/// What the oracle expects of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The events.
    pub log: Log,
    /// For each event, the offset after the byte that determines it.
    pub decided: Vec<usize>,
    /// The offsets at which the machine is in its initial state.
    pub resumes: Vec<usize>,
}

impl Expected {
    /// What a transcript of `stream` expects. The two functions log messages and errors in the same
    /// form as the grammar's [`LoggedGrammar`].
    pub fn new<M, E>(
        stream: &[u8],
        transcript: Transcript<M, E>,
        log_message: impl Fn(M, &mut Vec<u8>),
        log_error: impl Fn(E, &mut Vec<u8>),
    ) -> Self {
        let end = transcript.end.map_or(Ok(()), |end| {
            let state = match end.part {
                Part::Line => State::AwaitingLine,
                Part::Block(n) => State::AwaitingValue(n),
                Part::RejectedBlock(n) => State::SkippingBlock(n),
                Part::RestOfLine => State::SkippingLine,
            };
            Err(Truncated { start: end.start as u64, end: stream.len() as u64, state })
        });
        let decided = transcript.events.iter().map(|event| event.decided).collect();
        let resumes = transcript.events.iter().filter_map(|event| event.resumes).collect();
        let mut events = Vec::new();
        for event in transcript.events {
            put_offset(event.decided as u64, &mut events);
            match event.result {
                Ok(message) => log_message(message, &mut events),
                Err(error) => put_error(&mut events, |events| log_error(error, events)),
            }
        }
        Self { log: Log { events, end }, decided, resumes }
    }
}

/// Appends an offset. `write!` would dominate the time for a short stream.
pub fn put_offset(offset: u64, events: &mut Vec<u8>) {
    if offset >= 10 {
        put_offset(offset / 10, events);
        events.pop();
    }
    events.extend_from_slice(&[b'0' + (offset % 10) as u8, b' ']);
}

/// Appends an error, as `log_error` writes it.
pub fn put_error(events: &mut Vec<u8>, log_error: impl FnOnce(&mut Vec<u8>)) {
    events.extend_from_slice(b"! ");
    log_error(events);
    events.push(b'\n');
}
