//! What is at an offset of a stream of requests.

use std::fmt;

use crate::framing::Message;

/// What is at an offset of a stream of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    BetweenRequests,
    CommandLine,
    /// Between a command line and its data block.
    BeforeBlock,
    Block,
    /// Between a value and the LF after it.
    BeforeBlockEnd,
    /// Inside the bytes that a rejected request skips.
    Skipped,
}

impl Place {
    /// Where the offset `at` is among these requests.
    pub fn of(requests: &[Message], at: usize) -> Self {
        let inside = |request: &&Message| request.start < at && at < request.resumes;
        match requests.iter().find(inside) {
            None => Self::BetweenRequests,
            Some(request) if at <= request.line_end => Self::CommandLine,
            Some(request) if at >= request.decided => Self::Skipped,
            Some(request) if at == request.line_end + 1 => Self::BeforeBlock,
            Some(request) if at + 1 == request.decided => Self::BeforeBlockEnd,
            Some(_) => Self::Block,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BetweenRequests => "between two requests",
            Self::CommandLine => "inside a command line",
            Self::BeforeBlock => "between a command line and its data block",
            Self::Block => "inside a data block",
            Self::BeforeBlockEnd => "between a value and the LF after it",
            Self::Skipped => "inside the bytes that a rejected request skips",
        })
    }
}
