//! The machine: any bytes, in any chunks, to whole messages and refusals.
//!
//! Every transition stands in this file. What a line says is the [`Grammar`]'s part; where a
//! line, a data block or something to be skipped ends is decided here, the same for requests and
//! replies of every dialect.
//!
//! A stream is a sequence of lines, each of which may announce a data block. What the machine does
//! with each byte, as observed while it reads the vectors of `simple` one byte at a time:
//!
#![doc = include_str!("transitions.md")]

use alloc::vec::Vec;
use core::{
    error::Error,
    fmt,
    hash::{Hash, Hasher},
};

use crate::{
    Limits,
    dialect::{Grammar, Line, Value, is_line},
};

const LF: u8 = b'\n';

/// Buffers up to this size, in bytes, may be kept from one message to the next, and may be
/// larger than twice what arrived (law *Bounded*).
pub const SMALL: usize = 4096;

/// Where a machine is between two bytes. A count is what is still to come, a terminator included:
/// never 0, and `u64::MAX` if more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// In a line, or before its first byte.
    AwaitingLine,
    /// In a data block, with this many bytes to come.
    AwaitingValue(u64),
    /// A message is lent. The next step, or [`Machine::finish`], takes it back.
    Dispatch,
    /// In the data block of a refused line, with this many bytes to come.
    SkippingBlock(u64),
    /// In something refused that ends with the next LF.
    SkippingLine,
}

/// What one [`Machine::step`] came to.
pub enum Step<'m, G: Grammar> {
    /// The input is used up; nothing more can be decided without further bytes.
    NeedMore,
    /// A whole message.
    Dispatch(G::Message<'m>),
    /// Something that is no message; the machine recovers from it by itself.
    Refuse(G::Refusal),
}

impl<'m, G: Grammar> fmt::Debug for Step<'m, G>
where
    G::Message<'m>: fmt::Debug,
    G::Refusal: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedMore => f.write_str("NeedMore"),
            Self::Dispatch(message) => f.debug_tuple("Dispatch").field(message).finish(),
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(refusal).finish(),
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
///     panic!("the block is whole");
/// };
/// assert_eq!((key.as_bytes(), &value[..]), (&b"greeting"[..], &b"hello"[..]));
/// assert_eq!(chunk, b"get greeting\n");
/// ```
pub struct Machine<G: Grammar> {
    limits: Limits,
    phase: Phase<G::Head>,
    /// The line so far if it came in several chunks, or the whole line if its value did.
    /// Invariant: in `AwaitingLine`, no LF in it, and no more bytes than the limit; in
    /// `AwaitingValue`, one LF, at its end.
    line: Vec<u8>,
    /// The data block so far. Invariant: empty outside `AwaitingValue` and `Dispatch`.
    value: Vec<u8>,
    /// Bytes of the stream taken so far.
    offset: u64,
    /// Where the pending message begins. Invariant: `start <= offset`, and equal only if nothing
    /// is pending.
    start: u64,
}

/// A line, and its text unless that is held.
type ReadLine<'i, G> = (Line<<G as Grammar>::Head, <G as Grammar>::Refusal>, Option<&'i [u8]>);

/// A data block, and what stands behind its terminator.
type Block<'i> = (&'i [u8], &'i [u8]);

#[derive(Clone, Copy)]
enum Phase<H> {
    AwaitingLine,
    /// `size` bytes of data, then the terminator. Invariant: the first `ended` bytes of that have
    /// come, not all of it, and none before the data is whole.
    AwaitingValue {
        head: H,
        size: usize,
        ended: usize,
    },
    Dispatch,
    SkippingBlock(u64),
    SkippingLine,
}

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

    /// Advances to the next dispatch or refusal, taking what it uses off the front of `input`.
    ///
    /// What is decided is given at once (law *Prompt*): a step takes exactly the bytes up to the
    /// one that decides, and [`Step::NeedMore`] means that `input` is used up. Call it again until
    /// then.
    #[inline]
    pub fn step<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Step<'m, G> {
        if matches!(self.phase, Phase::Dispatch) {
            self.restart();
        }
        // Most messages are whole in the input. This shortcut leads where `step_by_state` would.
        if matches!(self.phase, Phase::AwaitingLine)
            && self.line.is_empty()
            && let Some(line) = G::scan_common(self.window(input), &self.limits)
            && let Some((text, rest)) = input.split_at_checked(line.length)
        {
            match line.block {
                None => {
                    self.take_all_but(rest, input);
                    self.phase = Phase::Dispatch;
                    return Step::Dispatch(G::lend(line.head, text, Value::Lent(&[])));
                }
                Some(size) => {
                    if let Some((value, rest)) = Self::whole_block(size, rest) {
                        self.take_all_but(rest, input);
                        self.phase = Phase::Dispatch;
                        return Step::Dispatch(G::lend(line.head, text, Value::Lent(value)));
                    }
                }
            }
        }
        self.step_by_state(input)
    }

    /// Any step; all transitions are in here.
    #[inline(never)]
    fn step_by_state<'m, 'i: 'm>(&'m mut self, input: &mut &'i [u8]) -> Step<'m, G> {
        loop {
            match self.phase {
                Phase::AwaitingLine | Phase::Dispatch => {
                    let Some((line, text)) = self.read_line(input) else {
                        if self.line.len() <= self.limits.line {
                            return Step::NeedMore;
                        }
                        self.drop_held();
                        self.phase = Phase::SkippingLine;
                        return Step::Refuse(G::LONG_LINE);
                    };
                    match line {
                        Line::Done(head) => {
                            self.phase = Phase::Dispatch;
                            let line = text.unwrap_or(&self.line);
                            return Step::Dispatch(G::lend(head, line, Value::Lent(&[])));
                        }
                        Line::Value(head, size) => {
                            if let Some((value, rest)) = Self::whole_block(size, input) {
                                self.take_all_but(rest, input);
                                self.phase = Phase::Dispatch;
                                let line = text.unwrap_or(&self.line);
                                return Step::Dispatch(G::lend(head, line, Value::Lent(value)));
                            }
                            if let Some(text) = text {
                                self.line.reserve_exact(text.len());
                                self.line.extend_from_slice(text);
                            }
                            self.phase = Phase::AwaitingValue { head, size, ended: 0 };
                        }
                        Line::Refuse(refusal, block) => {
                            self.drop_held();
                            match block {
                                None => self.restart(),
                                Some(size) => {
                                    let left = size.saturating_add(Self::END);
                                    self.phase = Phase::SkippingBlock(left);
                                }
                            }
                            return Step::Refuse(refusal);
                        }
                    }
                }
                Phase::AwaitingValue { head, size, mut ended } => {
                    let missing = size - self.value.len();
                    if input.len() <= missing {
                        let part = self.take(input, missing);
                        self.hold_value(size, part);
                        return Step::NeedMore;
                    }
                    if missing == size
                        && ended == 0
                        && let Some((value, rest)) = Self::whole_block(size, input)
                    {
                        self.take_all_but(rest, input);
                        self.phase = Phase::Dispatch;
                        return Step::Dispatch(G::lend(head, &self.line, Value::Lent(value)));
                    }
                    let part = self.take(input, missing);
                    self.hold_value(size, part);
                    while let Some(byte) = self.take_byte(input) {
                        let expected = G::BLOCK_END[ended];
                        ended += 1;
                        if byte != expected {
                            self.drop_held();
                            self.skip((G::BLOCK_END.len() - ended) as u64, byte);
                            return Step::Refuse(G::bad_block(head));
                        }
                        if ended == G::BLOCK_END.len() {
                            self.phase = Phase::Dispatch;
                            let value = Value::Held(&mut self.value);
                            return Step::Dispatch(G::lend(head, &self.line, value));
                        }
                    }
                    self.phase = Phase::AwaitingValue { head, size, ended };
                    return Step::NeedMore;
                }
                Phase::SkippingBlock(left) => {
                    let part = self.take(input, usize::try_from(left).unwrap_or(usize::MAX));
                    let Some(&last) = part.last() else {
                        return Step::NeedMore;
                    };
                    self.skip(left - part.len() as u64, last);
                }
                Phase::SkippingLine => {
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
    /// [`Truncated`], if the stream ends inside a message or inside something skipped.
    pub fn finish(mut self) -> Result<(), Truncated> {
        if matches!(self.phase, Phase::Dispatch) {
            self.restart();
        }
        if self.start == self.offset {
            return Ok(());
        }
        Err(Truncated { start: self.start, end: self.offset, state: self.state() })
    }

    /// Where the machine is.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::AwaitingLine => State::AwaitingLine,
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

    /// How many bytes of the stream were taken so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The offset of the first byte of the pending message: of the one that is lent, awaited or
    /// skipped, or else of the next one.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The limits that this machine was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The memory held, in bytes: at most the larger of [`SMALL`] and twice what arrived of the
    /// pending message (law *Bounded*).
    #[must_use]
    pub fn held(&self) -> usize {
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
        self.hold_line(part);
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

    /// Goes on in a block that is skipped: `left` bytes of it are to come, `last` was taken.
    fn skip(&mut self, left: u64, last: u8) {
        if left > 0 {
            self.phase = Phase::SkippingBlock(left);
        } else if G::RESYNC && last != LF {
            self.phase = Phase::SkippingLine;
        } else {
            self.restart();
        }
    }

    /// Back to the initial state, at this offset.
    #[inline]
    fn restart(&mut self) {
        self.drop_held();
        self.phase = Phase::AwaitingLine;
        self.start = self.offset;
    }

    /// Whether the pending message has not begun, or is lent and lies in the caller's input.
    #[inline]
    fn holds_nothing(&self) -> bool {
        self.line.is_empty() && self.value.capacity() == 0
    }

    #[inline]
    fn drop_held(&mut self) {
        if self.holds_nothing() {
            return;
        }
        self.value = Vec::new();
        self.line.clear();
        if self.line.capacity() > SMALL {
            self.line = Vec::new();
        }
    }

    /// Takes up to `count` bytes off the front of `input`.
    #[inline]
    fn take<'i>(&mut self, input: &mut &'i [u8], count: usize) -> &'i [u8] {
        let (part, rest) = input.split_at(count.min(input.len()));
        self.take_all_but(rest, input);
        part
    }

    /// Takes what stands before `rest`, which `input` ends with.
    #[inline]
    fn take_all_but<'i>(&mut self, rest: &'i [u8], input: &mut &'i [u8]) {
        self.offset += (input.len() - rest.len()) as u64;
        *input = rest;
    }

    fn take_byte(&mut self, input: &mut &[u8]) -> Option<u8> {
        self.take(input, 1).first().copied()
    }

    /// Appends to the line; its buffer is at most twice as large as what it holds, unless small.
    fn hold_line(&mut self, part: &[u8]) {
        let length = self.line.len() + part.len();
        if length > self.line.capacity() {
            let capacity = (2 * length).min(self.limits.line.saturating_add(1));
            self.line.reserve_exact(capacity - self.line.len());
        }
        self.line.extend_from_slice(part);
    }

    /// Appends to the value, whose final size is known.
    ///
    /// The buffer's sizes are the final one, halved until no more than twice what arrived: so it
    /// ends with no room to spare, and growing copies each byte once at most (law *Linear*).
    fn hold_value(&mut self, size: usize, part: &[u8]) {
        let length = self.value.len() + part.len();
        if length > self.value.capacity() {
            let bound = SMALL.max(2 * (self.line.len() + length));
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

/// A machine is equal to another one if both do the same with every further byte. Where in the
/// stream they are is no part of that; a machine in [`State::Dispatch`] equals a fresh one.
impl<G: Grammar> PartialEq for Machine<G> {
    fn eq(&self, other: &Self) -> bool {
        let (state, line, value) = self.pending();
        let (other_state, other_line, other_value) = other.pending();
        // Not as slices: where one is empty, AMD's masked loads take hundreds of cycles, and most
        // of a search through millions of states would be that.
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

/// The stream ended before the message, or what is skipped, did.
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
                f.write_str("it was refused, and its data block is not complete")
            }
            State::SkippingLine => f.write_str("it was refused, and its last line has no end"),
        }
    }
}

impl Error for Truncated {}

/// A machine at rest: all that it needs to go on elsewhere (law *Resume*).
///
/// With the feature `serde` it can be serialised; what is read back is checked by
/// [`Machine::restore`], so it may come from anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    state: State,
    line: Vec<u8>,
    value: Vec<u8>,
    start: u64,
    offset: u64,
}

/// What is wrong with a [`Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadSnapshot {
    /// The state is none that a machine at rest can be in.
    State,
    /// The line passes the limit, or does not fit the state.
    Line,
    /// The value does not fit what the line announces and what is still to come.
    Value,
    /// The offsets do not fit what was received.
    Offset,
}

impl fmt::Display for BadSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "the snapshot's state is none to resume from",
            Self::Line => "the snapshot's line passes the limit or does not fit its state",
            Self::Value => "the snapshot's value does not fit its line and state",
            Self::Offset => "the snapshot's offsets do not fit what it holds",
        })
    }
}

impl Error for BadSnapshot {}

impl<G: Grammar> Machine<G> {
    /// What the machine is in the middle of. A machine in [`State::Dispatch`] is saved as one that
    /// awaits the next line.
    #[must_use]
    pub fn save(&self) -> Snapshot {
        let (state, line, value) = self.pending();
        let start = match self.phase {
            Phase::Dispatch => self.offset,
            _ => self.start,
        };
        Snapshot { state, line: line.to_vec(), value: value.to_vec(), start, offset: self.offset }
    }

    /// A machine that goes on where the saved one stood.
    ///
    /// # Errors
    ///
    /// [`BadSnapshot`], if no machine with these limits can have been saved so.
    pub fn restore(limits: Limits, snapshot: Snapshot) -> Result<Self, BadSnapshot> {
        let Snapshot { state, mut line, mut value, start, offset } = snapshot;
        // No stream is that long: adding to an offset within this bound cannot overflow.
        if offset > u64::MAX / 2 {
            return Err(BadSnapshot::Offset);
        }
        let arrived = offset.checked_sub(start).ok_or(BadSnapshot::Offset)?;
        let (phase, taken) = match state {
            State::AwaitingLine => {
                if line.len() > limits.line || line.contains(&LF) {
                    return Err(BadSnapshot::Line);
                }
                (Phase::AwaitingLine, line.len() as u64)
            }
            State::AwaitingValue(left) => {
                if !is_line::<G>(&line, &limits) {
                    return Err(BadSnapshot::Line);
                }
                let Line::Value(head, size) = G::scan(&line, &limits) else {
                    return Err(BadSnapshot::Line);
                };
                if left == 0 || left > (size as u64).saturating_add(Self::END) {
                    return Err(BadSnapshot::State);
                }
                let missing = size.checked_sub(value.len()).ok_or(BadSnapshot::Value)? as u64;
                let ended = missing.saturating_add(Self::END).checked_sub(left);
                let ended = ended.ok_or(BadSnapshot::Value)?;
                if missing > 0 && ended > 0 {
                    return Err(BadSnapshot::Value);
                }
                let taken = (line.len() + value.len()) as u64 + ended;
                let ended = usize::try_from(ended).map_err(|_| BadSnapshot::State)?;
                (Phase::AwaitingValue { head, size, ended }, taken)
            }
            State::SkippingBlock(left) if left > 0 && arrived > 0 => {
                (Phase::SkippingBlock(left), arrived)
            }
            State::SkippingLine if arrived > 0 => (Phase::SkippingLine, arrived),
            State::Dispatch | State::SkippingBlock(_) | State::SkippingLine => {
                return Err(BadSnapshot::State);
            }
        };
        if matches!(phase, Phase::SkippingBlock(_) | Phase::SkippingLine) && !line.is_empty() {
            return Err(BadSnapshot::Line);
        }
        if !matches!(phase, Phase::AwaitingValue { .. }) && !value.is_empty() {
            return Err(BadSnapshot::Value);
        }
        if arrived != taken {
            return Err(BadSnapshot::Offset);
        }
        line.shrink_to_fit();
        value.shrink_to_fit();
        Ok(Self { limits, phase, line, value, offset, start })
    }

    /// All that decides what the machine does next.
    fn pending(&self) -> (State, &[u8], &[u8]) {
        match self.phase {
            Phase::Dispatch => (State::AwaitingLine, &[], &[]),
            _ => (self.state(), &self.line, &self.value),
        }
    }
}
