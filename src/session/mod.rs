//! One client's conversation: bytes in, bytes out, still without a transport.

use alloc::vec::Vec;
use core::{
    error::Error,
    fmt::{self, Debug},
    hash::{Hash, Hasher},
};

use crate::{
    BadSnapshot, Limits, Machine, Output, Snapshot, Step, Truncated, dialect::Grammar, store::Store,
};

mod simple;

pub use simple::Unanswered;

/// The unsent output, in bytes, past which a session takes no more input unless told otherwise.
pub const MARK: usize = 65_536;

/// What the requests of a dialect do.
pub trait Serve: Grammar {
    /// What is still to be answered of a request whose replies passed the mark. Owns what it
    /// needs.
    type Rest: Clone + Debug + Eq + Hash;

    /// Does what `request` says and appends the reply to `out`. When `out` is longer than `mark`
    /// it may stop and return what is left.
    fn serve<S: Store>(
        request: Self::Message<'_>,
        store: &mut S,
        now: u64,
        mark: usize,
        out: &mut impl Output,
    ) -> Option<Self::Rest>;

    /// Goes on with the reply, as [`Self::serve`] does. Returns whether it is whole.
    fn resume<S: Store>(
        rest: &mut Self::Rest,
        store: &mut S,
        now: u64,
        mark: usize,
        out: &mut impl Output,
    ) -> bool;

    /// Appends what a refused request is answered.
    fn refuse(refusal: Self::Refusal, out: &mut impl Output);

    /// What is still to be answered, as text.
    fn save(rest: &Self::Rest) -> Vec<u8>;

    /// The opposite of [`Self::save`]; `None` if the text is not what that can have returned.
    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Self::Rest>;
}

/// Why [`Session::advance`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The input is used up.
    NeedInput,
    /// The output passed the mark. Send it, and call again with the rest of the input.
    OutputFull,
}

/// A [`Machine`] and what it is replying to.
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
pub struct Session<G: Serve> {
    machine: Machine<G>,
    mark: usize,
    /// `Some`: Replying; what is left of the request that was dispatched last. `None`: Idle.
    rest: Option<G::Rest>,
}

impl<G: Serve> Session<G> {
    /// A session at the start of a connection, whose mark is [`MARK`]. Allocates nothing.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self::with_mark(limits, MARK)
    }

    /// A session that stops when the output is longer than `mark` bytes. The output passes the
    /// mark by one reply line or value at most.
    #[must_use]
    pub const fn with_mark(limits: Limits, mark: usize) -> Self {
        Self { machine: Machine::new(limits), mark, rest: None }
    }

    /// Serves the requests that `input` completes, taking what it uses off its front, and appends
    /// their replies to `out`. The caller sends, and then removes, what is in `out`.
    ///
    /// `now` is the time in seconds, for dialects whose items expire; `simple` ignores it.
    pub fn advance<S: Store>(
        &mut self,
        store: &mut S,
        now: u64,
        input: &mut &[u8],
        out: &mut impl Output,
    ) -> Progress {
        loop {
            if out.len() > self.mark {
                return Progress::OutputFull;
            }
            if let Some(rest) = &mut self.rest {
                if G::resume(rest, store, now, self.mark, out) {
                    self.rest = None;
                }
                continue;
            }
            match self.machine.step(input) {
                Step::NeedMore => return Progress::NeedInput,
                Step::Dispatch(request) => {
                    self.rest = G::serve(request, store, now, self.mark, out);
                }
                Step::Refuse(refusal) => G::refuse(refusal, out),
            }
        }
    }

    /// Ends the input.
    ///
    /// # Errors
    ///
    /// [`Truncated`], if it ends inside a request, or inside something skipped. What was already
    /// decided has been answered.
    pub fn finish(self) -> Result<(), Truncated> {
        self.machine.finish()
    }

    /// The machine that reads the requests.
    #[must_use]
    pub fn machine(&self) -> &Machine<G> {
        &self.machine
    }

    /// Whether a request is answered only in part.
    #[must_use]
    pub fn is_replying(&self) -> bool {
        self.rest.is_some()
    }

    /// All that the session needs to go on elsewhere (law *Resume*). Output that was not sent yet
    /// is the caller's to save.
    #[must_use]
    pub fn save(&self) -> SessionSnapshot {
        SessionSnapshot { machine: self.machine.save(), rest: self.rest.as_ref().map(G::save) }
    }

    /// A session that goes on where the saved one stood.
    ///
    /// # Errors
    ///
    /// [`BadSessionSnapshot`], if no session with these limits can have been saved so.
    pub fn restore(
        limits: Limits,
        mark: usize,
        snapshot: SessionSnapshot,
    ) -> Result<Self, BadSessionSnapshot> {
        let machine =
            Machine::restore(limits, snapshot.machine).map_err(BadSessionSnapshot::Machine)?;
        let rest = match snapshot.rest {
            None => None,
            Some(text) => Some(G::restore(text, &limits).ok_or(BadSessionSnapshot::Rest)?),
        };
        // A request is answered before the first byte of the next one is looked at.
        if rest.is_some() && machine != Machine::new(limits) {
            return Err(BadSessionSnapshot::Rest);
        }
        Ok(Self { machine, mark, rest })
    }
}

impl<G: Serve> Clone for Session<G> {
    fn clone(&self) -> Self {
        Self { machine: self.machine.clone(), mark: self.mark, rest: self.rest.clone() }
    }
}

/// Equal sessions answer every further byte alike, as equal machines do.
impl<G: Serve> PartialEq for Session<G> {
    fn eq(&self, other: &Self) -> bool {
        (&self.machine, self.mark, &self.rest) == (&other.machine, other.mark, &other.rest)
    }
}

impl<G: Serve> Eq for Session<G> {}

impl<G: Serve> Hash for Session<G> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.machine, self.mark, &self.rest).hash(hasher);
    }
}

impl<G: Serve> Debug for Session<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("machine", &self.machine)
            .field("mark", &self.mark)
            .field("rest", &self.rest)
            .finish()
    }
}

/// A session at rest: its machine, and what it still has to answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SessionSnapshot {
    machine: Snapshot,
    rest: Option<Vec<u8>>,
}

/// What is wrong with a [`SessionSnapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadSessionSnapshot {
    /// Its machine.
    Machine(BadSnapshot),
    /// What it says is still to be answered.
    Rest,
}

impl fmt::Display for BadSessionSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(bad) => fmt::Display::fmt(bad, f),
            Self::Rest => f.write_str("the snapshot's unanswered request is none"),
        }
    }
}

impl Error for BadSessionSnapshot {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Machine(bad) => Some(bad),
            Self::Rest => None,
        }
    }
}
