//! How long a command line and how large a value may be.

/// The largest sizes that a machine accepts, in bytes. A larger message is rejected and skipped,
/// not buffered. Any numbers are allowed, 0 and `usize::MAX` included.
///
/// ```
/// use memwire::Limits;
///
/// let small = Limits::default().with_line(1024);
/// assert_eq!((small.line, small.value), (1024, 1024 * 1024));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The longest command line, not counting its LF (`limits/line`).
    pub line: usize,
    /// The longest data block, not counting its terminator (`limits/value`).
    pub value: usize,
}

impl Limits {
    /// A line of 262 144 bytes, a value of 1 MiB.
    pub const DEFAULT: Self = Self { line: 262_144, value: 1_048_576 };

    /// The same limits with another longest command line, in bytes without its LF.
    #[must_use]
    pub const fn with_line(mut self, bytes: usize) -> Self {
        self.line = bytes;
        self
    }

    /// The same limits with another longest data block, in bytes without its terminator.
    #[must_use]
    pub const fn with_value(mut self, bytes: usize) -> Self {
        self.value = bytes;
        self
    }

    /// The limits for a client: every reply to a request within `self` can be read. A `VALUE` line
    /// is a little longer than the `set` line that its key came from.
    #[must_use]
    pub const fn for_replies(self) -> Self {
        self.with_line(self.line.saturating_add(32))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
