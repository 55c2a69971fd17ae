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

mod classic;
mod simple;
mod unanswered;

pub use classic::{Retrieval, VERSION};
pub use unanswered::Unanswered;

/// The unsent output, in bytes, past which a session takes no more input unless told otherwise.
pub const MARK: usize = 65_536;

/// What the requests of a dialect do.
pub trait Serve: Grammar {
    /// What is still to be answered of a request whose replies passed the mark. Owns what it
    /// needs.
    type Rest: Clone + Debug + Eq + Hash + Send;

    /// Does what `request` says and replies. When the output is longer than the mark it may stop
    /// and return what is left.
    fn serve<S: Store, O: Output>(
        request: Self::Message<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Served<Self::Rest>;

    /// Goes on with the reply, as [`Self::serve`] does. Returns whether it is whole.
    fn resume<S: Store, O: Output>(rest: &mut Self::Rest, context: &mut Context<'_, S, O>) -> bool;

    /// Answers what was refused.
    fn refuse<S: Store, O: Output>(refusal: Self::Refusal, context: &mut Context<'_, S, O>);

    /// What is still to be answered, as text.
    fn save(rest: &Self::Rest) -> Vec<u8>;

    /// The opposite of [`Self::save`]; `None` if the text is not what that can have returned.
    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Self::Rest>;
}

/// What a request has to do with.
#[derive(Debug)]
pub struct Context<'c, S, O> {
    /// Where items are kept.
    pub store: &'c mut S,
    /// The time in seconds.
    pub now: u64,
    /// As the machine's.
    pub limits: Limits,
    /// The length of the output, in bytes, past which a reply is to stop.
    pub mark: usize,
    /// What replies are appended to.
    pub out: &'c mut O,
}

/// What [`Serve::serve`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served<R> {
    /// The request is answered.
    Whole,
    /// This is still to be answered.
    Part(R),
    /// The client takes its leave.
    Close,
}

/// Why [`Session::advance`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The input is used up.
    NeedInput,
    /// The output passed the mark. Send it, and call again with the rest of the input.
    OutputFull,
    /// The client wants the connection to be closed. Send the output and do so; what follows in
    /// the input is not looked at.
    Close,
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
    /// Whether the client took its leave. Invariant: then the machine is as new.
    closed: bool,
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
        Self { machine: Machine::new(limits), mark, rest: None, closed: false }
    }

    /// Serves the requests that `input` completes, taking what it uses off its front, and appends
    /// their replies to `out`. The caller sends, and then removes, what is in `out`.
    ///
    /// `now` is the Unix time in seconds, for dialects whose items expire; `simple` ignores it.
    pub fn advance<S: Store>(
        &mut self,
        store: &mut S,
        now: u64,
        input: &mut &[u8],
        out: &mut impl Output,
    ) -> Progress {
        let (mark, limits) = (self.mark, *self.machine.limits());
        let context = &mut Context { store, now, limits, mark, out };
        loop {
            if context.out.len() > mark {
                return Progress::OutputFull;
            }
            if let Some(rest) = &mut self.rest {
                if G::resume(rest, context) {
                    self.rest = None;
                }
                continue;
            }
            if self.closed {
                return Progress::Close;
            }
            match self.machine.step(input) {
                Step::NeedMore => return Progress::NeedInput,
                Step::Dispatch(request) => match G::serve(request, context) {
                    Served::Whole => {}
                    Served::Part(rest) => self.rest = Some(rest),
                    Served::Close => self.closed = true,
                },
                Step::Refuse(refusal) => G::refuse(refusal, context),
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

    /// Whether the client took its leave, so that [`Progress::Close`] is all that comes.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
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
        SessionSnapshot {
            machine: self.machine.save(),
            rest: self.rest.as_ref().map(G::save),
            closed: self.closed,
        }
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
        let closed = snapshot.closed;
        // A request is answered before the first byte of the next one is looked at, and behind the
        // last one nothing is.
        if (rest.is_some() || closed) && machine != Machine::new(limits) {
            return Err(BadSessionSnapshot::Rest);
        }
        Ok(Self { machine, mark, rest, closed })
    }
}

impl<G: Serve> Clone for Session<G> {
    fn clone(&self) -> Self {
        let Self { machine, mark, rest, closed } = self;
        Self { machine: machine.clone(), mark: *mark, rest: rest.clone(), closed: *closed }
    }
}

/// Equal sessions answer every further byte alike, as equal machines do.
impl<G: Serve> PartialEq for Session<G> {
    fn eq(&self, other: &Self) -> bool {
        (&self.machine, self.mark, &self.rest, self.closed)
            == (&other.machine, other.mark, &other.rest, other.closed)
    }
}

impl<G: Serve> Eq for Session<G> {}

impl<G: Serve> Hash for Session<G> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.machine, self.mark, &self.rest, self.closed).hash(hasher);
    }
}

impl<G: Serve> Debug for Session<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("machine", &self.machine)
            .field("mark", &self.mark)
            .field("rest", &self.rest)
            .field("closed", &self.closed)
            .finish()
    }
}

/// A session at rest: its machine, what it still has to answer, and if it is closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SessionSnapshot {
    machine: Snapshot,
    rest: Option<Vec<u8>>,
    closed: bool,
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
