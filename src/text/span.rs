//! A part of a line, without a borrow of it.

/// A range of bytes in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The index of the first byte.
    pub start: usize,
    /// The index after the last byte.
    pub end: usize,
}

impl Span {
    /// These bytes of `line`; empty if `line` does not have them.
    #[must_use]
    #[inline]
    pub fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.start..self.end).unwrap_or_default()
    }
}
