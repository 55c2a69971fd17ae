//! Reads a stream of lines and data blocks. The dialects parse the lines.

use memwire::Limits;

use super::transcript::{Event, Incomplete, Part, Transcript};

/// The result of parsing one line.
pub enum ParsedLine<'s, M, E> {
    /// A message without a data block.
    Message(M),
    /// A data block of `size` bytes follows. `make` builds the message from it; `bad` is the error
    /// if the block has a bad end.
    Block { size: u64, make: Make<'s, M>, bad: E },
    /// An error; the data block of this many bytes that follows, if any, is skipped.
    Wrong(E, Option<u64>),
}

/// Builds a message from its data block.
pub type Make<'s, M> = Box<dyn FnOnce(&'s [u8]) -> M + 's>;

/// How a dialect's data blocks end.
#[derive(Clone, Copy)]
pub struct Blocks {
    /// The terminator of the data.
    pub end: &'static [u8],
    /// Whether skipping continues through the next LF, unless the skipped block ends with one.
    pub resync: bool,
}

/// Reads a stream of lines, each of which may declare a data block.
pub fn read<'s, M, E>(
    stream: &'s [u8],
    limits: &Limits,
    blocks: Blocks,
    line_too_long: fn() -> E,
    parse: impl Fn(&'s [u8]) -> ParsedLine<'s, M, E>,
) -> Transcript<M, E> {
    let mut events = Vec::new();
    let mut start = 0;
    let part = loop {
        let rest = &stream[start..];
        if rest.is_empty() {
            return Transcript { events, end: None };
        }
        let next_lf = |from: usize| {
            let found = stream[from..].iter().position(|byte| *byte == b'\n');
            found.map(|at| from + at + 1)
        };
        let line_end = next_lf(start).filter(|end| end - start <= limits.line + 1);
        let Some(block) = line_end else {
            if rest.len() <= limits.line {
                break Part::Line;
            }
            let decided = start + limits.line + 1;
            let resumes = next_lf(decided);
            events.push(Event { start, decided, resumes, result: Err(line_too_long()) });
            let Some(next) = resumes else { break Part::RestOfLine };
            start = next;
            continue;
        };
        let mut event = |decided, resumes, result| {
            events.push(Event { start, decided, resumes, result });
        };
        let (size, declared) = match parse(&stream[start..block - 1]) {
            ParsedLine::Message(message) => {
                event(block, Some(block), Ok(message));
                start = block;
                continue;
            }
            ParsedLine::Wrong(error, None) => {
                event(block, Some(block), Err(error));
                start = block;
                continue;
            }
            ParsedLine::Wrong(error, Some(size)) => (size, Err(error)),
            ParsedLine::Block { size, make, bad } => (size, Ok((make, bad))),
        };
        let here = (stream.len() - block) as u64;
        let missing = size.saturating_add(blocks.end.len() as u64).saturating_sub(here);
        // Where the data ends, or the stream if that is shorter; and the first wrong byte of the
        // block's end.
        let value_end = usize::try_from(size).ok().and_then(|size| block.checked_add(size));
        let value_end = value_end.unwrap_or(usize::MAX).min(stream.len());
        let wrong = stream[value_end..].iter().zip(blocks.end).position(|(is, ought)| is != ought);
        let (decided, error) = match (declared, wrong) {
            (Ok((make, _)), None) if missing == 0 => {
                let end = value_end + blocks.end.len();
                event(end, Some(end), Ok(make(&stream[block..value_end])));
                start = end;
                continue;
            }
            (Ok(_), None) => break Part::Block(missing),
            (Ok((_, bad)), Some(at)) => (value_end + at + 1, bad),
            (Err(error), _) => (block, error),
        };
        if missing > 0 {
            event(decided, None, Err(error));
            break Part::RejectedBlock(missing);
        }
        let end = value_end + blocks.end.len();
        let resumes = if blocks.resync { next_lf(end - 1) } else { Some(end) };
        event(decided, resumes, Err(error));
        let Some(next) = resumes else { break Part::RestOfLine };
        start = next;
    };
    Transcript { events, end: Some(Incomplete { start, part }) }
}
