//! The one-shot reference: what a *whole* stream means.
//!
//! It is written from the documents, by slicing, and shares no code with the machine, so that the
//! two can be compared (law *Oracle*). It holds the whole stream and is in no hurry: do not serve
//! with it.

use alloc::vec::Vec;

use crate::Limits;

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
    /// In the data block, with this many bytes missing, its LF included.
    Block(u64),
    /// In the data block of a refused message, with this many bytes missing, its LF included.
    RefusedBlock(u64),
    /// In the rest of a line that is skipped.
    Rest,
}

/// What one line says.
enum Judged<'s, T, F> {
    /// A whole message.
    Message(T),
    /// A data block of this many bytes follows; `make` builds the message from it.
    Block { size: u64, key: &'s [u8], make: fn(&'s [u8], &'s [u8]) -> T },
    /// No message; the data block that follows, if any, is skipped.
    Wrong(F, Option<u64>),
}

/// Reads a stream of lines and data blocks, both ended by LF.
fn read<'s, T, F>(
    stream: &'s [u8],
    limits: &Limits,
    long_line: fn() -> F,
    bad_end: fn() -> F,
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
        let (size, make, refused) = match judge(&stream[start..block - 1]) {
            Judged::Message(message) => {
                let what = Ok(message);
                events.push(Event { start, decided: block, resumes: Some(block), what });
                start = block;
                continue;
            }
            Judged::Wrong(fault, None) => {
                let what = Err(fault);
                events.push(Event { start, decided: block, resumes: Some(block), what });
                start = block;
                continue;
            }
            Judged::Wrong(fault, Some(size)) => (size, None, Some(fault)),
            Judged::Block { size, key, make } => (size, Some((key, make)), None),
        };
        let here = stream.len() - block;
        let Some(size) = usize::try_from(size).ok().filter(|size| *size < here) else {
            let missing = size.saturating_add(1) - here as u64;
            let Some(fault) = refused else { break Place::Block(missing) };
            events.push(Event { start, decided: block, resumes: None, what: Err(fault) });
            break Place::RefusedBlock(missing);
        };
        let value_end = block + size;
        let resumes = next_lf(value_end);
        let (decided, what) = match (make, refused) {
            (_, Some(fault)) => (block, Err(fault)),
            (Some((key, make)), None) if stream[value_end] == b'\n' => {
                (value_end + 1, Ok(make(key, &stream[block..value_end])))
            }
            (_, None) => (value_end + 1, Err(bad_end())),
        };
        events.push(Event { start, decided, resumes, what });
        let Some(next) = resumes else { break Place::Rest };
        start = next;
    };
    Account { events, stands: Some(Stands { start, place }) }
}
