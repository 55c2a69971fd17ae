//! Streams, parsed by the machine: where each message begins, is decided and ends.

use memwire::{Limits, Machine, State, Step, grammar::Grammar};

/// The messages of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// The messages, rejected ones included, in order.
    pub messages: Vec<Message>,
    /// Where the incomplete message begins; the stream's length if there is none.
    pub rest: usize,
}

/// A message's offsets in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first byte.
    pub start: usize,
    /// The LF of its line; the stream's end if there is none.
    pub line_end: usize,
    /// The byte after the one that decides it (law *Prompt*).
    pub decided: usize,
    /// Where the next message begins; the stream's end if nothing does.
    pub resumes: usize,
    /// Whether it was rejected.
    pub rejected: bool,
    /// Whether it has no reply.
    pub silent: bool,
    /// Whether the connection is closed after it.
    pub closes: bool,
}

/// What follows a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyPolicy {
    /// No reply is sent.
    pub silent: bool,
    /// The connection is closed.
    pub closes: bool,
}

impl Framing {
    /// Parses `stream` with the grammar `G`; `accepted` and `rejected` give the policy of each
    /// message.
    pub fn of<G: Grammar>(
        limits: Limits,
        stream: &[u8],
        accepted: impl Fn(&G::Message<'_>) -> ReplyPolicy,
        rejected: impl Fn(&G::Error<'_>) -> ReplyPolicy,
    ) -> Self {
        let mut machine = Machine::<G>::new(limits);
        let mut messages = vec![];
        let mut input = stream;
        let mut start = 0;
        loop {
            let (is_rejected, policy) = match machine.step(&mut input) {
                Step::NeedMore => return Self { messages, rest: start },
                Step::Dispatch(message) => (false, accepted(&message)),
                Step::Reject(error) => (true, rejected(&error)),
            };
            let decided = stream.len() - input.len();
            while is_rejected && !input.is_empty() {
                // Only what is skipped, so that no message is lost with it.
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
            let ReplyPolicy { silent, closes } = policy;
            let rejected = is_rejected;
            messages.push(Message { start, line_end, decided, resumes, rejected, silent, closes });
            if closes {
                // What follows is not read.
                return Self { messages, rest: stream.len() };
            }
            if !(is_rejected && machine.state() != State::AwaitingLine) {
                start = resumes;
            }
        }
    }
}

/// The offset of the first LF from `start` on, or of the end.
pub fn line_end(stream: &[u8], start: usize) -> usize {
    stream[start..].iter().position(|byte| *byte == b'\n').map_or(stream.len(), |at| start + at)
}
