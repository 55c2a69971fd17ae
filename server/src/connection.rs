//! One client connection: a session, unread requests, and unsent replies.

use std::{
    cell::RefCell,
    error::Error,
    fmt,
    future::{pending, poll_fn},
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use memwire::{Limits, Output as _, Progress, Session, Truncated, session::Service, store::Store};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    select,
    sync::watch,
    task::yield_now,
    time::{Instant, sleep_until},
};

use crate::{
    clock::unix_time,
    connection_counters::{ConnectionCounter, ConnectionCounters},
    write_queue::WriteQueue,
};

/// The size of a read, in bytes. While replies wait, the connection keeps the rest of one read.
const CHUNK: usize = 16_384;

/// In one turn, a connection is served this many chunks, or fills of the write queue.
const ROUNDS: usize = 4;

/// Buffers that all connections of a thread use in turn, so that an idle one holds none.
struct Shared {
    chunk: Box<[u8]>,
    queue: WriteQueue,
}

thread_local! {
    static SHARED: RefCell<Shared> = RefCell::new(Shared {
        chunk: vec![0; CHUNK].into_boxed_slice(),
        queue: WriteQueue::default(),
    });
}

/// How a client is served.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionOptions<'c> {
    /// How long lines, and how large values may be.
    pub limits: Limits,
    /// After this time without a byte sent or received the connection is closed. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// What counts bytes and turns. `None`: nothing does.
    pub counters: Option<&'c ConnectionCounters>,
}

impl<'c> ConnectionOptions<'c> {
    /// The defaults: [`Limits::DEFAULT`], no idle timeout, no counters.
    #[must_use]
    pub const fn new() -> Self {
        Self { limits: Limits::DEFAULT, idle_timeout: None, counters: None }
    }

    /// Sets the [limits](Self::limits).
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the [idle timeout](Self::idle_timeout).
    #[must_use]
    pub const fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the [counters](Self::counters).
    #[must_use]
    pub const fn with_counters(mut self, counters: &'c ConnectionCounters) -> Self {
        self.counters = Some(counters);
        self
    }

    fn count(&self, counter: ConnectionCounter, times: u64) {
        if let Some(counters) = self.counters {
            counters.count(counter, times);
        }
    }
}

/// Why a connection ended before the client's stream did, or inside a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The client's stream ended inside a request.
    Truncated(Truncated),
    /// The client neither sent nor received a byte for the [idle
    /// timeout](ConnectionOptions::idle_timeout).
    IdleTimeout,
    /// The transport failed.
    Io(io::Error),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(truncated) => truncated.fmt(f),
            Self::IdleTimeout => f.write_str("idle timeout"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ConnectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Truncated(truncated) => Some(truncated),
            Self::IdleTimeout => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Serves one client until its stream ends or it sends `quit`; or, once `stop` is true or its
/// sender is dropped, until what was received so far is answered and the replies are sent.
///
/// While replies wait to be sent nothing more is read, so a connection holds no more than one
/// chunk of input, the pending request, and the replies of one [high-water
/// mark](memwire::session::HIGH_WATER_MARK) or one value.
///
/// # Errors
///
/// See [`ConnectionError`].
pub async fn serve_connection<G: Service, T: AsyncRead + AsyncWrite + Unpin>(
    transport: T,
    mut store: impl Store,
    options: ConnectionOptions<'_>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ConnectionError> {
    let mut connection = Connection::<G, _>::new(transport, options);
    let mut last_moved = Instant::now();
    loop {
        let stopping = *stop.borrow() || stop.has_changed().is_err();
        let idle = idle_since(last_moved, options.idle_timeout);
        let turn = poll_fn(|context| {
            let turn =
                SHARED.with_borrow_mut(|shared| connection.turn(context, &mut store, shared));
            if mem::take(&mut connection.moved) && options.idle_timeout.is_some() {
                last_moved = Instant::now();
            }
            // What was received is answered, and the replies are sent.
            let done = stopping && turn.is_pending() && connection.unsent.is_empty();
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
                    options.count(ConnectionCounter::IdleKicks, 1);
                    return Err(ConnectionError::IdleTimeout);
                }
                continue;
            }
        };
        match turn {
            Turn::Yield => {
                options.count(ConnectionCounter::ConnYields, 1);
                yield_now().await;
            }
            Turn::Stop => return Ok(()),
            Turn::End => {
                return connection.session.finish().map_err(ConnectionError::Truncated);
            }
        }
    }
}

/// Returns the timeout as soon as a client that last moved then has been idle for it.
async fn idle_since(last_moved: Instant, timeout: Option<Duration>) -> Duration {
    match timeout.and_then(|timeout| Some((timeout, last_moved.checked_add(timeout)?))) {
        None => pending().await,
        Some((timeout, end)) => {
            sleep_until(end).await;
            timeout
        }
    }
}

struct Connection<'c, G: Service, T> {
    transport: T,
    options: ConnectionOptions<'c>,
    session: Session<G>,
    /// The rest of a chunk. Invariant: empty, unless replies are unsent or a turn ended with
    /// `Yield`.
    unread: Vec<u8>,
    /// Replies that the client has not read. Until then, nothing more is read from it.
    unsent: WriteQueue,
    /// Whether a byte was sent or received since this was last reset.
    moved: bool,
}

/// What a connection does next.
enum Turn {
    /// Lets other connections run.
    Yield,
    /// Ends, because the server stops.
    Stop,
    /// Ends: the client's stream has ended, or it sent `quit`, and everything is answered.
    End,
}

impl<'c, G: Service, T: AsyncRead + AsyncWrite + Unpin> Connection<'c, G, T> {
    fn new(transport: T, options: ConnectionOptions<'c>) -> Self {
        let session = Session::new(options.limits);
        let (unread, unsent) = (Vec::new(), WriteQueue::default());
        Self { transport, options, session, unread, unsent, moved: false }
    }

    /// Serves the client without waiting: until it must read replies, or send more requests.
    fn turn(
        &mut self,
        context: &mut Context<'_>,
        store: &mut impl Store,
        shared: &mut Shared,
    ) -> Poll<io::Result<Turn>> {
        let now = unix_time();
        if !self.unsent.is_empty() {
            let unsent = self.unsent.len();
            let sent = self.unsent.poll_send(context, &mut self.transport);
            self.moved |= self.unsent.len() < unsent;
            ready!(sent)?;
            self.unsent = WriteQueue::default();
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
                self.options.count(ConnectionCounter::BytesRead, length as u64);
                &shared.chunk[..length]
            };
            loop {
                let queue = &mut shared.queue;
                let progress = self.session.advance(store, now, &mut requests, queue);
                rounds += 1;
                let unsent = queue.len();
                self.options.count(ConnectionCounter::BytesWritten, unsent as u64);
                let sent = queue.poll_send(context, &mut self.transport);
                self.moved |= queue.len() < unsent;
                if !matches!(sent, Poll::Ready(Ok(()))) {
                    // The thread's queue is for the next connection.
                    self.unsent = mem::take(queue);
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
