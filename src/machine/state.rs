//! Where a machine is: as its users see it, and as it remembers it.

/// Where a machine is between two bytes. The number is how many bytes are still to come, the
/// terminator included: never 0, and at most `u64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// In a line, or before its first byte.
    AwaitingLine,
    /// In a data block, with this many bytes to come.
    AwaitingValue(u64),
    /// A message is borrowed. The next step, or [`Machine::finish`](crate::Machine::finish), ends it.
    Dispatch,
    /// In the data block of a rejected line, with this many bytes to come.
    SkippingBlock(u64),
    /// In a rejected part of the stream that ends with the next LF.
    SkippingLine,
}

/// What a machine remembers of where it is, apart from its buffers.
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
