//! One client connection: bytes in, bytes out, still without a transport.
//!
//! # Using a session
//!
//! | when | call |
//! |---|---|
//! | a client connects | [`Session::new`]: it allocates nothing |
//! | a read returned bytes | [`Session::advance`] with a slice of them, the store, and the Unix time |
//! | it returns [`Progress::NeedInput`] | the slice is empty: send the output, and read on |
//! | it returns [`Progress::OutputFull`] | send the output first, then call it again with the same slice |
//! | it returns [`Progress::Close`] | send the output, and close the connection |
//! | the client closed its side | [`Session::finish`]: an error if the stream ends inside a request; what was complete has been answered |
//! | the connection moves elsewhere | [`Session::save`] there, [`Session::restore`] here; unsent output is the caller's to move |
//!
//! The store is given to each call, so that many sessions can share one: a [`Store`] for one thread,
//! or one that implements it for a shared reference.
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
//! // A minute later it has expired; then the client leaves.
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

/// The unsent output, in bytes, past which a session stops reading input, unless it is given
/// another mark.
pub const HIGH_WATER_MARK: usize = 65_536;

/// Why [`Session::advance`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The input is used up.
    NeedInput,
    /// The output passed the high-water mark. Send it, and call again with the rest of the input.
    OutputFull,
    /// The client sent `quit`: send the output and close the connection. The rest of the input, and
    /// all that follows, is discarded.
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
    /// `Some` while replying: what is left of the last request. `None` while idle.
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

    /// A session that stops when the output is longer than this many bytes. The output passes the
    /// mark by one reply line or value at most.
    #[must_use]
    pub const fn with_high_water_mark(limits: Limits, bytes: usize) -> Self {
        let machine = Machine::new(limits);
        Self { machine, high_water_mark: bytes, continuation: None, closed: false }
    }

    /// Serves the requests that `input` completes, consuming it from its front, and appends their
    /// replies to `out`. The caller sends, and then removes, what is in `out`.
    ///
    /// `now` is the Unix time in seconds, for dialects whose items expire; `simple` ignores it.
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
                // `NeedInput` the second time, so that a caller who missed it does not spin.
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
    /// [`Truncated`] if it ends inside a request, or inside what is skipped. What was decided before
    /// has been answered.
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

    /// Whether a request is answered in part only.
    #[must_use]
    pub fn is_replying(&self) -> bool {
        self.continuation.is_some()
    }

    /// Saves what the session needs to go on elsewhere (law *Resume*). Output that is not sent yet is
    /// the caller's to save.
    #[must_use]
    pub fn save(&self) -> SessionSnapshot {
        SessionSnapshot {
            machine: self.machine.save(),
            continuation: self.continuation.as_ref().map(G::save),
            closed: self.closed,
        }
    }

    /// A session that goes on where the saved one was.
    ///
    /// # Errors
    ///
    /// [`SessionRestoreError`] if no session with these limits can have been saved like that.
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
        // A request is answered before the first byte of the next one is read, and after `quit` none
        // is.
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

/// Equal sessions answer every further byte alike, as equal machines do.
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
