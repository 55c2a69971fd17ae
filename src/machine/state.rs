//! The states of a machine: as its users see them, and as it stores them.

/// The state of a machine between two bytes. The number is how many bytes of the data block are
/// still to come, its terminator included: never 0, and at most `u64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// In a line, or before its first byte.
    AwaitingLine,
    /// In a data block, with this many bytes to come.
    AwaitingValue(u64),
    /// The last step returned a message, which may borrow the machine. The next step leaves this
    /// state.
    Dispatch,
    /// In the data block of a rejected line, with this many bytes to come.
    SkippingBlock(u64),
    /// In a rejected part of the stream, which ends with the next LF.
    SkippingLine,
}

/// The state as a machine stores it, apart from its buffers.
#[derive(Clone, Copy)]
pub enum Phase<H> {
    AwaitingLine,
    /// `size` bytes of data, then the terminator. Invariant: the first `ended` bytes of that have
    /// come, not all of it, and none before the data is whole.
    AwaitingValue {
        head: H,
        size: usize,
        ended: usize,
    },
    Dispatch,
    /// An error is borrowed, and nothing is skipped: to the outside this is `AwaitingLine`.
    Rejected,
    SkippingBlock(u64),
    SkippingLine,
}
