//! One client's connection: a session, and what waits to be read or sent.

use std::{
    cell::RefCell,
    error::Error,
    fmt,
    future::{pending, poll_fn},
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    select,
    sync::watch,
    task::yield_now,
    time::{Instant, sleep_until},
};

use super::outbox::Outbox;
use crate::{
    Limits, Output as _, Progress, Session, Truncated,
    session::Serve,
    store::{Count, Store},
};

/// The size of a read, in bytes. What is left of one while its replies wait is the connection's.
const CHUNK: usize = 16_384;

/// So many chunks, or fills of the outbox, are served before others are let go on.
const ROUNDS: usize = 4;

/// What all connections of a thread use in turn, so that an idle one holds no buffer.
struct Shared {
    chunk: Box<[u8]>,
    outbox: Outbox,
}

thread_local! {
    static SHARED: RefCell<Shared> = RefCell::new(Shared {
        chunk: vec![0; CHUNK].into_boxed_slice(),
        outbox: Outbox::default(),
    });
}

/// How clients are served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How large lines and values may be.
    pub limits: Limits,
    /// How long a client may neither send nor take anything; `None`: for ever.
    pub idle: Option<Duration>,
}

/// Why a conversation ended before the client's stream did, or in the wrong place.
#[derive(Debug)]
pub enum ConverseError {
    /// The client's stream ended inside a request.
    Truncated(Truncated),
    /// The client neither sent nor took anything for as long as it may.
    Idle,
    /// The connection failed.
    Io(io::Error),
}

impl fmt::Display for ConverseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(truncated) => truncated.fmt(f),
            Self::Idle => f.write_str("idle for too long"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ConverseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Truncated(truncated) => Some(truncated),
            Self::Idle => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for ConverseError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Serves one client until it ends its stream or takes its leave; or, once `stop` is closed or
/// set, until what it sent so far is answered.
///
/// # Errors
///
/// See [`ConverseError`].
pub async fn converse<G: Serve, T: AsyncRead + AsyncWrite + Unpin>(
    transport: T,
    mut store: impl Store,
    options: Options,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ConverseError> {
    let session = Session::<G>::new(options.limits);
    let (unread, unsent) = (Vec::new(), Outbox::default());
    let mut connection = Connection { transport, session, unread, unsent, moved: false };
    let mut last_moved = Instant::now();
    loop {
        let stopping = *stop.borrow() || stop.has_changed().is_err();
        let idle = idle_since(last_moved, options.idle);
        let turn = poll_fn(|context| {
            let turn =
                SHARED.with_borrow_mut(|shared| connection.turn(context, &mut store, shared));
            if mem::take(&mut connection.moved) && options.idle.is_some() {
                last_moved = Instant::now();
            }
            // What was received is answered, and the replies are sent.
            let done = stopping && turn.is_pending() && connection.unsent.len() == 0;
            if done { Poll::Ready(Ok(Turn::Stop)) } else { turn }
        });
        let turn = select! {
            biased;
            turn = turn => turn?,
            // The next turn is the last one that reads.
            _ = stop.wait_for(|stop| *stop), if !stopping => continue,
            idle = idle => {
                // It may have moved since the timer was set.
                if last_moved.elapsed() >= idle {
                    store.count(Count::IdleKicks, 1);
                    return Err(ConverseError::Idle);
                }
                continue;
            }
        };
        match turn {
            Turn::Yield => {
                store.count(Count::ConnYields, 1);
                yield_now().await;
            }
            Turn::Stop => return Ok(()),
            Turn::End => {
                return connection.session.finish().map_err(ConverseError::Truncated);
            }
        }
    }
}

/// Ends when a client that last moved then has been idle for too long: for so long.
async fn idle_since(last_moved: Instant, idle: Option<Duration>) -> Duration {
    match idle.and_then(|idle| Some((idle, last_moved.checked_add(idle)?))) {
        None => pending().await,
        Some((idle, end)) => {
            sleep_until(end).await;
            idle
        }
    }
}

/// The time in seconds. A clock that stands before 1970 is as good as one that stands there.
pub(in crate::app) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

struct Connection<G: Serve, T> {
    transport: T,
    session: Session<G>,
    /// The rest of a chunk. Invariant: empty, unless replies are unsent or a turn ended with
    /// `Yield`.
    unread: Vec<u8>,
    /// What the client did not take yet. Nothing more is read from it until then.
    unsent: Outbox,
    /// Whether the client sent or took something since this was looked at.
    moved: bool,
}

/// What a connection does next.
enum Turn {
    /// Lets others go on.
    Yield,
    /// Nothing more, as it was told to stop.
    Stop,
    /// The client's stream has ended, or the client took its leave, and all is answered.
    End,
}

impl<G: Serve, T: AsyncRead + AsyncWrite + Unpin> Connection<G, T> {
    /// Serves the client as far as that goes without waiting: for it to take what is unsent, or
    /// else to send more.
    fn turn(
        &mut self,
        context: &mut Context<'_>,
        store: &mut impl Store,
        shared: &mut Shared,
    ) -> Poll<io::Result<Turn>> {
        let now = unix_time();
        if self.unsent.len() > 0 {
            let unsent = self.unsent.len();
            let sent = self.unsent.send(context, &mut self.transport);
            self.moved |= self.unsent.len() < unsent;
            ready!(sent)?;
            self.unsent = Outbox::default();
        }
        let mut unread = mem::take(&mut self.unread);
        let mut rounds = 0;
        loop {
            let mut requests = if self.session.is_closed() && !self.session.is_replying() {
                return Poll::Ready(Ok(Turn::End));
            } else if !unread.is_empty() || self.session.is_replying() {
                unread.as_slice()
            } else if rounds >= ROUNDS {
                return Poll::Ready(Ok(Turn::Yield));
            } else {
                let mut chunk = ReadBuf::new(&mut shared.chunk);
                ready!(Pin::new(&mut self.transport).poll_read(context, &mut chunk))?;
                let length = chunk.filled().len();
                if length == 0 {
                    return Poll::Ready(Ok(Turn::End));
                }
                self.moved = true;
                store.count(Count::BytesRead, length as u64);
                &shared.chunk[..length]
            };
            loop {
                let outbox = &mut shared.outbox;
                let progress = self.session.advance(store, now, &mut requests, outbox);
                rounds += 1;
                let unsent = outbox.len();
                store.count(Count::BytesWritten, unsent as u64);
                let sent = outbox.send(context, &mut self.transport);
                self.moved |= outbox.len() < unsent;
                if !matches!(sent, Poll::Ready(Ok(()))) {
                    // What is unsent is this connection's, and no other's.
                    self.unsent = mem::take(outbox);
                    self.unread = requests.to_vec();
                }
                ready!(sent)?;
                match progress {
                    Progress::NeedInput => break,
                    Progress::OutputFull => {}
                    Progress::Close => return Poll::Ready(Ok(Turn::End)),
                }
                if rounds >= ROUNDS {
                    self.unread = requests.to_vec();
                    return Poll::Ready(Ok(Turn::Yield));
                }
            }
            unread = Vec::new();
        }
    }
}
