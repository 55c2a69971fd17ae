//! The one-shot reference: what a *whole* stream means.
//!
//! It is written from the documents, by slicing, and shares no code with the machine, so that the
//! two can be compared (law *Oracle*). It holds the whole stream and is in no hurry: do not serve
//! with it.

use alloc::{boxed::Box, vec::Vec};

use crate::Limits;

pub mod classic;
pub mod simple;

/// All that happens in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account<T, F> {
    /// The messages and refusals, in order.
    pub events: Vec<Event<T, F>>,
    /// Where the stream ends, unless that is behind a message or what was skipped.
    pub stands: Option<Stands>,
}

/// A message or a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<T, F> {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset behind the byte that decides it (law *Prompt*).
    pub decided: usize,
    /// The offset where the next message begins (law *Recover*); `None` if the stream ends first.
    pub resumes: Option<usize>,
    /// The message, or what is wrong.
    pub what: Result<T, F>,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the refusal of the same name")]
pub enum ReplyFault {
    LongLine,
    Unknown,
    LargeValue,
    BlockEnd,
}

/// Where a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The offset of the first byte of the message it ends in.
    pub start: usize,
    /// In which part of it.
    pub place: Place,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the line.
    Line,
    /// In the data block, with this many bytes missing, its end included.
    Block(u64),
    /// In the data block of a refused message, with this many bytes missing, its end included.
    RefusedBlock(u64),
    /// In the rest of a line that is skipped.
    Rest,
}

/// What one line says.
enum Judged<'s, T, F> {
    /// A whole message.
    Message(T),
    /// A data block of this many bytes follows; `make` builds the message from it, unless its end
    /// is `bad`.
    Block { size: u64, make: Make<'s, T>, bad: F },
    /// No message; the data block that follows, if any, is skipped.
    Wrong(F, Option<u64>),
}

type Make<'s, T> = Box<dyn FnOnce(&'s [u8]) -> T + 's>;

/// How a dialect's data blocks end.
#[derive(Clone, Copy)]
struct Blocks {
    /// What follows the data.
    end: &'static [u8],
    /// Whether what is skipped goes on through the next LF, unless it ends with one.
    resync: bool,
}

/// Reads a stream of lines, each of which may announce a data block.
fn read<'s, T, F>(
    stream: &'s [u8],
    limits: &Limits,
    blocks: Blocks,
    long_line: fn() -> F,
    judge: impl Fn(&'s [u8]) -> Judged<'s, T, F>,
) -> Account<T, F> {
    let mut events = Vec::new();
    let mut start = 0;
    let place = loop {
        let rest = &stream[start..];
        if rest.is_empty() {
            return Account { events, stands: None };
        }
        let next_lf = |from: usize| {
            let found = stream[from..].iter().position(|byte| *byte == b'\n');
            found.map(|at| from + at + 1)
        };
        let line_end = next_lf(start).filter(|end| end - start <= limits.line + 1);
        let Some(block) = line_end else {
            if rest.len() <= limits.line {
                break Place::Line;
            }
            let decided = start + limits.line + 1;
            let resumes = next_lf(decided);
            events.push(Event { start, decided, resumes, what: Err(long_line()) });
            let Some(next) = resumes else { break Place::Rest };
            start = next;
            continue;
        };
        let mut event = |decided, resumes, what| {
            events.push(Event { start, decided, resumes, what });
        };
        let (size, announced) = match judge(&stream[start..block - 1]) {
            Judged::Message(message) => {
                event(block, Some(block), Ok(message));
                start = block;
                continue;
            }
            Judged::Wrong(fault, None) => {
                event(block, Some(block), Err(fault));
                start = block;
                continue;
            }
            Judged::Wrong(fault, Some(size)) => (size, Err(fault)),
            Judged::Block { size, make, bad } => (size, Ok((make, bad))),
        };
        let here = (stream.len() - block) as u64;
        let missing = size.saturating_add(blocks.end.len() as u64).saturating_sub(here);
        // Where the data ends, if it does, and what is there in place of the block's end.
        let value_end = usize::try_from(size).ok().and_then(|size| block.checked_add(size));
        let value_end = value_end.unwrap_or(usize::MAX).min(stream.len());
        let wrong = stream[value_end..].iter().zip(blocks.end).position(|(is, ought)| is != ought);
        let (decided, fault) = match (announced, wrong) {
            (Ok((make, _)), None) if missing == 0 => {
                let end = value_end + blocks.end.len();
                event(end, Some(end), Ok(make(&stream[block..value_end])));
                start = end;
                continue;
            }
            (Ok(_), None) => break Place::Block(missing),
            (Ok((_, bad)), Some(at)) => (value_end + at + 1, bad),
            (Err(fault), _) => (block, fault),
        };
        if missing > 0 {
            event(decided, None, Err(fault));
            break Place::RefusedBlock(missing);
        }
        let end = value_end + blocks.end.len();
        let resumes = if blocks.resync { next_lf(end - 1) } else { Some(end) };
        event(decided, resumes, Err(fault));
        let Some(next) = resumes else { break Place::Rest };
        start = next;
    };
    Account { events, stands: Some(Stands { start, place }) }
}
