//! The machine: from any bytes, in any chunks, to complete messages and errors.
//!
//! Every transition is in this file. A [`Grammar`] parses the lines. Where a line, a data block or a
//! skipped part of the stream ends is decided here, once for requests and replies of every dialect.
//!
//! A stream is a sequence of lines, each of which may declare a data block. What the machine does
//! with each byte, as observed while it reads the vectors of `simple` one byte at a time:
//!
#![doc = include_str!("transitions.md")]
//!
//! # Using a machine
//!
//! | when | call |
//! |---|---|
//! | a connection begins | [`Machine::new`]: it allocates nothing |
//! | a read returned bytes | [`Machine::step`] with a slice of them, repeatedly, until it returns [`Step::NeedMore`]: then the slice is empty, and the read buffer can be reused |
//! | a step returned a message or an error | use it, or copy what is needed, before the next step: it borrows the chunk and the machine |
//! | the peer closed the stream | [`Machine::finish`]: an error if the stream ends inside a message; complete messages have all been returned |
//! | at any time between steps | [`Machine::state`], [`Machine::offset`], [`Machine::start`], [`Machine::buffer_capacity`], [`Machine::limits`] |
//! | the connection moves to another process | [`Machine::save`] here, [`Machine::restore`] there: the snapshot has what arrived of an incomplete message |
//!
//! One machine reads one direction of one connection. A server has a machine of requests for each
//! client, and a client a machine of replies. A proxy has one of each for a pair of connections.
//!
//! After an error in a request the machine recovers by itself: answer the error, and continue.
//! After an error in a reply a client cannot know which request the next reply belongs to: close
//! the connection. No call blocks, reads a clock, or panics.
//!
//! ```
//! use memwire::{Limits, Machine, State, Step, dialect::classic::{Command, Requests}};
//!
//! let limits = Limits::default().with_value(1024);
//! let mut machine = Machine::<Requests>::new(limits);
//! let mut keys = Vec::new();
//! for mut chunk in [&b"get a\r\nget b"[..], b" c\r\nincr"] {
//!     loop {
//!         match machine.step(&mut chunk) {
//!             Step::NeedMore => break,
//!             Step::Dispatch(request) => {
//!                 if let Command::Get { keys: asked, .. } = request.command {
//!                     keys.extend(asked.map(|key| key.as_bytes().to_vec()));
//!                 }
//!             }
//!             Step::Reject(error) => eprintln!("{error}"),
//!         }
//!     }
//! }
//! assert_eq!(keys, [b"a", b"b", b"c"]);
//!
//! // `incr` is incomplete. Another machine continues with it.
//! assert_eq!((machine.state(), machine.start()), (State::AwaitingLine, 16));
//! let mut moved = Machine::<Requests>::restore(limits, machine.save())?;
//! assert!(matches!(moved.step(&mut &b" k 1\r\n"[..]), Step::Dispatch(_)));
//! moved.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::vec::Vec;
use core::{
    error::Error,
    fmt,
    hash::{Hash, Hasher},
};

use crate::{
    grammar::{Data, Grammar, Line},
    limits::Limits,
};

mod snapshot;
mod state;

pub use snapshot::{RestoreError, Snapshot};
pub use state::State;

use snapshot::Checked;
use state::Phase;

const LF: u8 = b'\n';

/// Buffers of up to this capacity, in bytes, may be kept from one message to the next, and may be
/// larger than twice what arrived (law *Bounded*).
pub const RETAINED_BUFFER: usize = 4096;

/// What one [`Machine::step`] found.
pub enum Step<'m, G: Grammar> {
    /// All input is consumed, and further bytes are needed.
    NeedMore,
    /// A complete message.
    Dispatch(G::Message<'m>),
    /// A rejected message. The machine recovers by itself: the following steps skip the rest of it.
    Reject(G::Error<'m>),
}

impl<'m, G: Grammar> fmt::Debug for Step<'m, G>
where
    G::Message<'m>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedMore => f.write_str("NeedMore"),
            Self::Dispatch(message) => f.debug_tuple("Dispatch").field(message).finish(),
            Self::Reject(error) => f.debug_tuple("Reject").field(error).finish(),
        }
    }
}

/// A resumable reader of one stream of `G`, requests or replies.
///
/// ```
/// use memwire::{Limits, Machine, Step};
/// use memwire::dialect::simple::{Request, Requests};
///
/// let mut machine = Machine::<Requests>::new(Limits::default());
///
/// let mut chunk = &b"set greeting 5\nhel"[..];
/// assert!(matches!(machine.step(&mut chunk), Step::NeedMore));
/// assert!(chunk.is_empty());
///
/// let mut chunk = &b"lo\nget greeting\n"[..];
/// let Step::Dispatch(Request::Set { key, value }) = machine.step(&mut chunk) else {
///     panic!("the block is complete");
/// };
/// assert_eq!((key.as_bytes(), &value[..]), (&b"greeting"[..], &b"hello"[..]));
/// assert_eq!(chunk, b"get greeting\n");
/// ```
pub struct Machine<G: Grammar> {
    limits: Limits,
    phase: Phase<G::Head>,
    /// The line so far if it came in several chunks, or the whole line if its data block did.
    /// Invariant: in `AwaitingLine`, no LF in it, and no more bytes than the limit; in
    /// `AwaitingValue`, one LF, at its end; in the other phases, a line that the message or error
    /// of the last step may borrow, and that the next step drops.
    line: Vec<u8>,
    /// The data block so far. Invariant: empty outside `AwaitingValue` and `Dispatch`.
    value: Vec<u8>,
    /// Bytes of the stream taken so far.
    offset: u64,
    /// Where the pending message begins. Invariant: `start <= offset`, and equal only if nothing
    /// is pending.
    start: u64,
}

/// A line, and its text unless that is in the machine's buffer.
type ReadLine<'i, G> = (Line<<G as Grammar>::Head, <G as Grammar>::Reject>, Option<&'i [u8]>);

/// A data block, and the input after its terminator.
type Block<'i> = (&'i [u8], &'i [u8]);

impl<G: Grammar> Machine<G> {
    const END: u64 = G::BLOCK_END.len() as u64;

    /// A machine at the start of a stream. Allocates nothing.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::AwaitingLine,
            line: Vec::new(),
            value: Vec::new(),
            offset: 0,
            start: 0,
        }
    }

    /// Advances to the next message or error, consuming `input` from its front: `input` becomes the
    /// part that was not consumed.
    ///
    /// A step consumes exactly the bytes up to the one that determines its result (law *Prompt*).
    /// Call it again until it returns [`Step::NeedMore`], which means that `input` is empty.
    #[inline]
    pub fn step<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Step<'m, G> {
        if matches!(self.phase, Phase::Dispatch) {
            self.restart();
        }
        // Most messages lie whole in the input. This shortcut leads where `step_by_state` would.
        if matches!(self.phase, Phase::AwaitingLine)
            && self.line.is_empty()
            && let Some(line) = G::scan_fast(self.window(input), &self.limits)
            && let Some((text, rest)) = input.split_at_checked(line.length)
        {
            match line.block {
                None => {
                    self.take_all_but(rest, input);
                    self.phase = Phase::Dispatch;
                    return Step::Dispatch(G::message(line.head, text, Data::Borrowed(&[])));
                }
                Some(size) => {
                    if let Some((value, rest)) = Self::whole_block(size, rest) {
                        self.take_all_but(rest, input);
                        self.phase = Phase::Dispatch;
                        return Step::Dispatch(G::message(line.head, text, Data::Borrowed(value)));
                    }
                }
            }
        }
        self.step_by_state(input)
    }

    /// Any step. All transitions are here.
    #[inline(never)]
    #[expect(clippy::too_many_lines, reason = "one place for all transitions")]
    fn step_by_state<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Step<'m, G> {
        loop {
            match self.phase {
                Phase::Dispatch | Phase::Rejected => self.restart(),
                Phase::AwaitingLine => {
                    let Some((line, text)) = self.read_line(input) else {
                        if self.line.len() <= self.limits.line {
                            return Step::NeedMore;
                        }
                        self.drop_buffers();
                        self.phase = Phase::SkippingLine;
                        return Step::Reject(G::error(G::LINE_TOO_LONG, &[]));
                    };
                    match line {
                        Line::Complete(head) => {
                            self.phase = Phase::Dispatch;
                            let line = text.unwrap_or(&self.line);
                            return Step::Dispatch(G::message(head, line, Data::Borrowed(&[])));
                        }
                        Line::WithData(head, size) => {
                            if let Some((value, rest)) = Self::whole_block(size, input) {
                                self.take_all_but(rest, input);
                                self.phase = Phase::Dispatch;
                                let line = text.unwrap_or(&self.line);
                                return Step::Dispatch(G::message(
                                    head,
                                    line,
                                    Data::Borrowed(value),
                                ));
                            }
                            if let Some(text) = text {
                                self.line.reserve_exact(text.len());
                                self.line.extend_from_slice(text);
                            }
                            self.phase = Phase::AwaitingValue { head, size, ended: 0 };
                        }
                        Line::Rejected(reject, block) => {
                            self.phase = match block {
                                None => Phase::Rejected,
                                Some(size) => Phase::SkippingBlock(size.saturating_add(Self::END)),
                            };
                            let line = text.unwrap_or(&self.line);
                            return Step::Reject(G::error(reject, line));
                        }
                    }
                }
                Phase::AwaitingValue { head, size, mut ended } => {
                    let missing = size - self.value.len();
                    if input.len() <= missing {
                        let part = self.take(input, missing);
                        self.buffer_value(size, part);
                        return Step::NeedMore;
                    }
                    if missing == size
                        && ended == 0
                        && let Some((value, rest)) = Self::whole_block(size, input)
                    {
                        self.take_all_but(rest, input);
                        self.phase = Phase::Dispatch;
                        let data = Data::Borrowed(value);
                        return Step::Dispatch(G::message(head, &self.line, data));
                    }
                    let part = self.take(input, missing);
                    self.buffer_value(size, part);
                    while let Some(byte) = self.take_byte(input) {
                        let expected = G::BLOCK_END[ended];
                        ended += 1;
                        if byte != expected {
                            self.value = Vec::new();
                            let left = (G::BLOCK_END.len() - ended) as u64;
                            self.phase = Self::skip(left, byte).unwrap_or(Phase::Rejected);
                            return Step::Reject(G::error(G::bad_block(head), &self.line));
                        }
                        if ended == G::BLOCK_END.len() {
                            self.phase = Phase::Dispatch;
                            let data = Data::Buffered(&mut self.value);
                            return Step::Dispatch(G::message(head, &self.line, data));
                        }
                    }
                    self.phase = Phase::AwaitingValue { head, size, ended };
                    return Step::NeedMore;
                }
                Phase::SkippingBlock(left) => {
                    self.drop_buffers();
                    let part = self.take(input, usize::try_from(left).unwrap_or(usize::MAX));
                    let Some(&last) = part.last() else {
                        return Step::NeedMore;
                    };
                    match Self::skip(left - part.len() as u64, last) {
                        Some(phase) => self.phase = phase,
                        None => self.restart(),
                    }
                }
                Phase::SkippingLine => {
                    self.drop_buffers();
                    let Some(at) = G::line_end(input) else {
                        self.take(input, usize::MAX);
                        return Step::NeedMore;
                    };
                    self.take(input, at + 1);
                    self.restart();
                }
            }
        }
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// [`Truncated`] if the stream ends inside a message, or while a rejected one is skipped
    /// (`errors/truncated`).
    pub fn finish(self) -> Result<(), Truncated> {
        let ended = matches!(self.phase, Phase::Dispatch | Phase::Rejected);
        if ended || self.start == self.offset {
            return Ok(());
        }
        Err(Truncated { start: self.start, end: self.offset, state: self.state() })
    }

    /// The state, and how many bytes of a data block are still to come.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::AwaitingLine | Phase::Rejected => State::AwaitingLine,
            Phase::AwaitingValue { size, ended, .. } => {
                let missing = (size - self.value.len()) as u64;
                let left = missing.saturating_add(Self::END) - ended as u64;
                State::AwaitingValue(left)
            }
            Phase::Dispatch => State::Dispatch,
            Phase::SkippingBlock(left) => State::SkippingBlock(left),
            Phase::SkippingLine => State::SkippingLine,
        }
    }

    /// The number of bytes of the stream consumed so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The offset of the first byte of the current message: the one that the last step returned or
    /// rejected, or that is incomplete or being skipped. If there is none, the current offset.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The limits that this machine was created with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The allocated size of its buffers, in bytes: at most the larger of [`RETAINED_BUFFER`] and
    /// twice what arrived of the pending message (law *Bounded*).
    #[must_use]
    pub fn buffer_capacity(&self) -> usize {
        self.line.capacity() + self.value.capacity()
    }

    /// The line that is complete with `input`, and its text unless that is in `self.line`.
    /// `None`: all of `input`, or all that a line may have and one byte more, is in `self.line`.
    fn read_line<'i>(&mut self, input: &mut &'i [u8]) -> Option<ReadLine<'i, G>> {
        let window = self.window(input);
        let lf = G::line_end(window);
        let part = self.take(input, lf.map_or(window.len(), |lf| lf + 1));
        if self.line.is_empty() && lf.is_some() {
            return Some((G::scan(part, &self.limits), Some(part)));
        }
        self.buffer_line(part);
        lf?;
        Some((G::scan(&self.line, &self.limits), None))
    }

    /// As much of `input` as the line may have, and one byte more.
    #[inline]
    fn window<'i>(&self, input: &&'i [u8]) -> &'i [u8] {
        input.get(..=self.limits.line - self.line.len()).unwrap_or(input)
    }

    /// The data block that `input` begins with, if all of it and its terminator are there.
    #[inline]
    fn whole_block(size: usize, input: &[u8]) -> Option<Block<'_>> {
        let (value, rest) = input.split_at_checked(size)?;
        Some((value, rest.strip_prefix(G::BLOCK_END)?))
    }

    /// What is still to be skipped of a block of which `left` bytes are to come and `last` was
    /// consumed; `None` if nothing is.
    fn skip(left: u64, last: u8) -> Option<Phase<G::Head>> {
        if left > 0 {
            Some(Phase::SkippingBlock(left))
        } else if G::RESYNC && last != LF {
            Some(Phase::SkippingLine)
        } else {
            None
        }
    }

    /// Back to the initial state, at this offset.
    #[inline]
    fn restart(&mut self) {
        self.drop_buffers();
        self.phase = Phase::AwaitingLine;
        self.start = self.offset;
    }

    /// Whether nothing is buffered: the pending message has not begun, or lies in the caller's
    /// input.
    #[inline]
    fn buffers_nothing(&self) -> bool {
        self.line.is_empty() && self.value.capacity() == 0
    }

    #[inline]
    fn drop_buffers(&mut self) {
        if self.buffers_nothing() {
            return;
        }
        self.value = Vec::new();
        self.line.clear();
        if self.line.capacity() > RETAINED_BUFFER {
            self.line = Vec::new();
        }
    }

    /// Consumes up to `count` bytes from the front of `input`.
    #[inline]
    fn take<'i>(&mut self, input: &mut &'i [u8], count: usize) -> &'i [u8] {
        let (part, rest) = input.split_at(count.min(input.len()));
        self.take_all_but(rest, input);
        part
    }

    /// Consumes what comes before `rest`, which `input` ends with.
    #[inline]
    fn take_all_but<'i>(&mut self, rest: &'i [u8], input: &mut &'i [u8]) {
        self.offset += (input.len() - rest.len()) as u64;
        *input = rest;
    }

    fn take_byte(&mut self, input: &mut &[u8]) -> Option<u8> {
        self.take(input, 1).first().copied()
    }

    /// Appends to the line. Its buffer becomes at most twice as large as its content, unless small.
    fn buffer_line(&mut self, part: &[u8]) {
        let length = self.line.len() + part.len();
        if length > self.line.capacity() {
            let capacity = (2 * length).min(self.limits.line.saturating_add(1));
            self.line.reserve_exact(capacity - self.line.len());
        }
        self.line.extend_from_slice(part);
    }

    /// Appends to the value, whose final size is known.
    ///
    /// The buffer's capacities are the final size, halved until it is at most twice what arrived:
    /// so it ends without spare capacity, and growing copies each byte at most once (law *Linear*).
    fn buffer_value(&mut self, size: usize, part: &[u8]) {
        let length = self.value.len() + part.len();
        if length > self.value.capacity() {
            let bound = RETAINED_BUFFER.max(2 * (self.line.len() + length));
            let mut capacity = size;
            while capacity > bound - self.line.len() {
                capacity = capacity.div_ceil(2);
            }
            if capacity > bound.saturating_sub(self.line.capacity()) {
                self.line.shrink_to_fit();
            }
            self.value.reserve_exact(capacity - self.value.len());
        }
        self.value.extend_from_slice(part);
    }
}

/// Machines are equal if both treat every further byte alike. Their offsets are not compared, and a
/// machine in [`State::Dispatch`] equals a new one.
impl<G: Grammar> PartialEq for Machine<G> {
    fn eq(&self, other: &Self) -> bool {
        let (state, line, value) = self.pending();
        let (other_state, other_line, other_value) = other.pending();
        // Not as slices: if one is empty, AMD's masked loads take hundreds of cycles, which would
        // dominate a search through millions of states.
        (self.limits, state) == (other.limits, other_state)
            && line.iter().eq(other_line)
            && value.iter().eq(other_value)
    }
}

impl<G: Grammar> Eq for Machine<G> {}

impl<G: Grammar> Hash for Machine<G> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.limits.hash(hasher);
        self.pending().hash(hasher);
    }
}

impl<G: Grammar> Clone for Machine<G> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits,
            phase: self.phase,
            line: self.line.clone(),
            value: self.value.clone(),
            offset: self.offset,
            start: self.start,
        }
    }
}

impl<G: Grammar> fmt::Debug for Machine<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("state", &self.state())
            .field("line", &format_args!("\"{}\"", self.line.escape_ascii()))
            .field("value", &format_args!("\"{}\"", self.value.escape_ascii()))
            .field("start", &self.start)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// The stream ended inside a message, or while a rejected one was skipped: the sender is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Truncated {
    /// The offset in the stream of the message's first byte.
    pub start: u64,
    /// The length of the stream.
    pub end: u64,
    /// What the machine was waiting for.
    pub state: State,
}

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end, state } = self;
        write!(f, "input ends at byte {end}, inside what begins at byte {start}: {state:?}, ")?;
        match state {
            State::AwaitingLine | State::Dispatch => f.write_str("its line is not complete"),
            State::AwaitingValue(_) => f.write_str("its data block is not complete"),
            State::SkippingBlock(_) => {
                f.write_str("it was rejected, and its data block is not complete")
            }
            State::SkippingLine => f.write_str("it was rejected, and its last line has no end"),
        }
    }
}

impl Error for Truncated {}

#[cfg(feature = "std")]
impl From<Truncated> for std::io::Error {
    /// An error of the kind [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof).
    fn from(truncated: Truncated) -> Self {
        Self::new(std::io::ErrorKind::UnexpectedEof, truncated)
    }
}

impl<G: Grammar> Machine<G> {
    /// Saves the state and what is buffered. A machine in [`State::Dispatch`] is saved as one that
    /// awaits the next line: the message was returned already.
    #[must_use]
    pub fn save(&self) -> Snapshot {
        let (state, line, value) = self.pending();
        let start = match self.phase {
            Phase::Dispatch | Phase::Rejected => self.offset,
            _ => self.start,
        };
        Snapshot::new(state, line, value, start, self.offset)
    }

    /// A machine that continues where the saved one was (law *Resume*). The limits should be those
    /// of the saved machine.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] if no machine of this grammar, with these limits, can have saved it.
    pub fn restore(limits: Limits, snapshot: Snapshot) -> Result<Self, RestoreError> {
        let Checked { phase, line, value, start, offset } = snapshot.check::<G>(&limits)?;
        Ok(Self { limits, phase, line, value, offset, start })
    }

    /// Everything that decides what the machine does next.
    fn pending(&self) -> (State, &[u8], &[u8]) {
        match self.phase {
            Phase::AwaitingLine | Phase::AwaitingValue { .. } => {
                (self.state(), &self.line, &self.value)
            }
            Phase::Dispatch | Phase::Rejected => (State::AwaitingLine, &[], &[]),
            Phase::SkippingBlock(_) | Phase::SkippingLine => (self.state(), &[], &[]),
        }
    }
}
