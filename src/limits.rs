//! How much of one request, or reply, is ever held.

/// The sizes past which a machine refuses, in bytes.
///
/// ```
/// use memwire::Limits;
///
/// let small = Limits { line: 1024, ..Limits::default() };
/// assert_eq!(small.value, 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The longest command line, its LF not counted (`limits/line`).
    pub line: usize,
    /// The longest data block, its terminator not counted (`limits/value`).
    pub value: usize,
}

impl Limits {
    /// A line of 262 144 bytes, a value of 1 MiB.
    pub const DEFAULT: Self = Self { line: 262_144, value: 1_048_576 };

    /// The limits under which every reply to a request within `self` can be read: a `VALUE` line
    /// is a little longer than the `set` line it came from.
    #[must_use]
    pub const fn of_replies(self) -> Self {
        Self { line: self.line.saturating_add(32), value: self.value }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
