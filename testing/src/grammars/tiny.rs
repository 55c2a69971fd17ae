//! A grammar for tests. Its commands are one byte long, so that short streams reach every state
//! from every other; and it has a variant that terminates its blocks, and recovers, unlike
//! `simple`.

use std::{error::Error, fmt, io::Write as _};

use memwire::{
    Limits,
    grammar::{Data, FastLine, Grammar, Line},
};

use crate::laws::LoggedGrammar;

/// `+<n>` declares a data block, `-<n>` one that is skipped; `-` with anything else is rejected;
/// any other line is a message. A line may end with CR LF.
///
/// With `RESYNC`, blocks end with LF. Without, they end with CR LF, and after a bad one the machine
/// resumes right after the place of its CR LF.
#[derive(Debug)]
pub enum Tiny<const RESYNC: bool> {}

/// What is wrong with a line or block of [`Tiny`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TinyError {
    /// The line is longer than [`Limits::line`].
    LineTooLong,
    /// The block is not followed by its end.
    BadBlockEnd,
    /// What follows `+` is not a number.
    BadLength,
    /// The number is greater than [`Limits::value`].
    ValueTooLarge,
    /// The line begins with `-`.
    Skipped,
}

impl fmt::Display for TinyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "the line is too long",
            Self::BadBlockEnd => "the data block does not end where it should",
            Self::BadLength => "the length is not a number",
            Self::ValueTooLarge => "the value is too large",
            Self::Skipped => "the line asks to be skipped",
        })
    }
}

impl Error for TinyError {}

impl<const RESYNC: bool> Grammar for Tiny<RESYNC> {
    type Head = usize;
    type Reject = TinyError;
    type Message<'m> = (&'m [u8], Data<'m>);
    type Error<'m> = TinyError;

    const BLOCK_END: &'static [u8] = if RESYNC { b"\n" } else { b"\r\n" };
    const RESYNC: bool = RESYNC;
    const LINE_TOO_LONG: TinyError = TinyError::LineTooLong;

    fn bad_block(_: usize) -> TinyError {
        TinyError::BadBlockEnd
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<usize, TinyError> {
        let line = &line[..line.len() - 1];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number = |digits| str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
        match line {
            [b'+', digits @ ..] => match number(digits) {
                Some(size) if size <= limits.value => Line::WithData(line.len(), size),
                Some(size) => Line::Rejected(TinyError::ValueTooLarge, Some(size as u64)),
                None => Line::Rejected(TinyError::BadLength, None),
            },
            [b'-', digits @ ..] => {
                Line::Rejected(TinyError::Skipped, number(digits).map(|size| size as u64))
            }
            _ => Line::Complete(line.len()),
        }
    }

    fn scan_fast(text: &[u8], limits: &Limits) -> Option<FastLine<usize>> {
        let lf = Self::line_end(text)?;
        let (head, block) = match Self::scan(&text[..=lf], limits) {
            Line::Complete(head) => (head, None),
            Line::WithData(head, size) => (head, Some(size)),
            Line::Rejected(..) => return None,
        };
        Some(FastLine { head, block, length: lf + 1 })
    }

    fn message<'m>(head: usize, line: &'m [u8], data: Data<'m>) -> Self::Message<'m> {
        (&line[..head], data)
    }

    fn error(reject: TinyError, _: &[u8]) -> TinyError {
        reject
    }
}

impl<const RESYNC: bool> LoggedGrammar for Tiny<RESYNC> {
    fn log_message((line, data): &Self::Message<'_>, log: &mut Vec<u8>) {
        let (line, data) = (line.escape_ascii(), data.escape_ascii());
        writeln!(log, "{line} {data}").expect("a buffer grows");
    }
}
