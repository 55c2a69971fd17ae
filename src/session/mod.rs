//! A session: one client connection without a transport, bytes in and bytes out.
//!
//! # Using a session
//!
//! | when | call |
//! |---|---|
//! | a client connects | [`Session::new`]: it allocates nothing |
//! | a read returned bytes | [`Session::advance`] with a slice of them, the store, the Unix time, and an output buffer |
//! | it returns [`Progress::NeedInput`] | the slice is empty: send and clear the output, then read more |
//! | it returns [`Progress::OutputFull`] | send and clear the output, then call it again with the rest of the slice |
//! | it returns [`Progress::Close`] | send the output, and close the connection |
//! | the client closed its side | [`Session::finish`]: an error if the stream ends inside a request; all complete requests have been answered |
//! | at any time between calls | [`Session::machine`], [`Session::is_replying`], [`Session::is_closed`] |
//! | the connection moves to another process | [`Session::save`] here, [`Session::restore`] there; move unsent output, too |
//!
//! The store is passed to each call, so that many sessions can share it: on one thread as `&mut`,
//! on several in a mutex (as in `examples/blocking.rs`), or as a type that implements [`Store`]
//! for a shared reference. A session reads no clock, starts no timer, and neither blocks nor
//! panics, unless the store or the output does.
//!
//! ```
//! use memwire::{Limits, Progress, Session, dialect::classic::Requests, store::Map};
//!
//! let (mut store, mut replies) = (Map::new(), Vec::new());
//! let mut session = Session::<Requests>::new(Limits::default());
//! let now = 1_800_000_000;
//!
//! let mut input = &b"set k 0 60 5\r\nhello\r\n"[..];
//! let progress = session.advance(&mut store, now, &mut input, &mut replies);
//! assert_eq!((progress, &replies[..]), (Progress::NeedInput, &b"STORED\r\n"[..]));
//!
//! // A minute later the item has expired. Then the client sends `quit`.
//! replies.clear();
//! let mut input = &b"get k\r\nquit\r\n"[..];
//! let progress = session.advance(&mut store, now + 60, &mut input, &mut replies);
//! assert_eq!((progress, &replies[..]), (Progress::Close, &b"END\r\n"[..]));
//! session.finish()?;
//! # Ok::<(), memwire::Truncated>(())
//! ```

use core::{
    fmt::{self, Debug},
    hash::{Hash, Hasher},
    mem,
};

use crate::{
    limits::Limits,
    machine::{Machine, Step, Truncated},
    store::Store,
};

mod classic;
mod pending_keys;
mod service;
mod simple;
mod sink;
mod snapshot;

pub use classic::Retrieval;
pub use pending_keys::PendingKeys;
pub use service::{Context, Handled, Service};
pub use sink::Sink;
pub use snapshot::{SessionRestoreError, SessionSnapshot};

/// The default high-water mark: a session reads no more input while the output buffer has more
/// bytes than this.
pub const HIGH_WATER_MARK: usize = 65_536;

/// Why [`Session::advance`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// All input is consumed. Send the output, and read more.
    NeedInput,
    /// The output is longer than the high-water mark. Send it, and call again with the rest of the
    /// input.
    OutputFull,
    /// The client sent `quit`: send the output and close the connection. Further input is discarded
    /// (`quit/closes`).
    Close,
}

/// One client connection: a [`Machine`] that reads requests, and the reply in progress.
///
/// ```
/// use memwire::{Limits, Progress, Session, dialect::simple::Requests, store::Map};
///
/// let mut store = Map::new();
/// let mut session = Session::<Requests>::new(Limits::default());
/// let mut out = Vec::new();
///
/// let mut input = &b"set k 5\nhello\nget k\nget"[..];
/// assert_eq!(session.advance(&mut store, 0, &mut input, &mut out), Progress::NeedInput);
/// assert_eq!(out, b"STORED\nVALUE k 5\nhello\nEND\n");
/// ```
pub struct Session<G: Service> {
    machine: Machine<G>,
    high_water_mark: usize,
    /// `Some` while a reply is paused: what is left of the last request.
    continuation: Option<G::Continuation>,
    /// Whether the client sent `quit`. Invariant: then the machine is in its initial state.
    closed: bool,
}

impl<G: Service> Session<G> {
    /// A session at the start of a connection, with [`HIGH_WATER_MARK`]. Allocates nothing.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self::with_high_water_mark(limits, HIGH_WATER_MARK)
    }

    /// A session that pauses when the output is longer than this many bytes. It exceeds the mark by
    /// at most one reply line or value.
    #[must_use]
    pub const fn with_high_water_mark(limits: Limits, bytes: usize) -> Self {
        let machine = Machine::new(limits);
        Self { machine, high_water_mark: bytes, continuation: None, closed: false }
    }

    /// Executes the requests in `input` on `store`, consuming `input` from its front, and appends
    /// their replies to `out`. The caller sends `out`, and removes what was sent.
    ///
    /// `now` is the Unix time in seconds. The classic dialect expires items by it; `simple` ignores
    /// it.
    pub fn advance<S: Store>(
        &mut self,
        store: &mut S,
        now: u64,
        input: &mut &[u8],
        out: &mut impl Sink,
    ) -> Progress {
        let (high_water_mark, limits) = (self.high_water_mark, *self.machine.limits());
        let context = &mut Context { store, now, limits, high_water_mark, out };
        loop {
            if context.out.len() > high_water_mark {
                return Progress::OutputFull;
            }
            if let Some(continuation) = &mut self.continuation {
                if G::resume(continuation, context) {
                    self.continuation = None;
                }
                continue;
            }
            if self.closed {
                // `NeedInput` once the input is empty, so that a caller who ignores `Close` does
                // not loop forever.
                let discarded = !mem::take(input).is_empty();
                return if discarded { Progress::Close } else { Progress::NeedInput };
            }
            match self.machine.step(input) {
                Step::NeedMore => return Progress::NeedInput,
                Step::Dispatch(request) => match G::serve(request, context) {
                    Handled::Done => {}
                    Handled::Paused(continuation) => self.continuation = Some(continuation),
                    Handled::Close => {
                        self.closed = true;
                        *input = &[];
                        return Progress::Close;
                    }
                },
                Step::Reject(error) => G::reject(error, context),
            }
        }
    }

    /// Ends the input.
    ///
    /// # Errors
    ///
    /// [`Truncated`] if it ends inside a request, or while a rejected one is skipped. All requests
    /// before that have been answered.
    pub fn finish(self) -> Result<(), Truncated> {
        self.machine.finish()
    }

    /// The machine that reads the requests.
    #[must_use]
    pub fn machine(&self) -> &Machine<G> {
        &self.machine
    }

    /// Whether the client sent `quit`: further input is discarded.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the reply to the last request is paused at the high-water mark.
    #[must_use]
    pub fn is_replying(&self) -> bool {
        self.continuation.is_some()
    }

    /// Saves the session, so that it can continue elsewhere (law *Resume*). The store and unsent
    /// output are not part of it.
    #[must_use]
    pub fn save(&self) -> SessionSnapshot {
        SessionSnapshot {
            machine: self.machine.save(),
            continuation: self.continuation.as_ref().map(G::save),
            closed: self.closed,
        }
    }

    /// A session that continues where the saved one was. The limits should be those of the saved
    /// session; the mark may be another.
    ///
    /// # Errors
    ///
    /// [`SessionRestoreError`] if no session of this dialect, with these limits, can have saved it.
    pub fn restore(
        limits: Limits,
        high_water_mark: usize,
        snapshot: SessionSnapshot,
    ) -> Result<Self, SessionRestoreError> {
        let machine =
            Machine::restore(limits, snapshot.machine).map_err(SessionRestoreError::Machine)?;
        let continuation = match snapshot.continuation {
            None => None,
            Some(text) => Some(G::restore(text, &limits).ok_or(SessionRestoreError::Continuation)?),
        };
        let closed = snapshot.closed;
        // A request is answered before the first byte of the next one is read; after `quit`, none
        // is read.
        if (continuation.is_some() || closed) && machine != Machine::new(limits) {
            return Err(SessionRestoreError::Continuation);
        }
        Ok(Self { machine, high_water_mark, continuation, closed })
    }
}

impl<G: Service> Clone for Session<G> {
    fn clone(&self) -> Self {
        Self {
            machine: self.machine.clone(),
            high_water_mark: self.high_water_mark,
            continuation: self.continuation.clone(),
            closed: self.closed,
        }
    }
}

/// Sessions are equal if both reply to every further byte alike, as with equal machines.
impl<G: Service> PartialEq for Session<G> {
    fn eq(&self, other: &Self) -> bool {
        (&self.machine, self.high_water_mark, &self.continuation, self.closed)
            == (&other.machine, other.high_water_mark, &other.continuation, other.closed)
    }
}

impl<G: Service> Eq for Session<G> {}

impl<G: Service> Hash for Session<G> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.machine, self.high_water_mark, &self.continuation, self.closed).hash(hasher);
    }
}

impl<G: Service> Debug for Session<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("machine", &self.machine)
            .field("high_water_mark", &self.high_water_mark)
            .field("continuation", &self.continuation)
            .field("closed", &self.closed)
            .finish()
    }
}
