//! The limit of connections: which clients are served, and how others are rejected.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use memwire::{Limits, session::Service};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, info};

use crate::{
    connection::{ConnectionOptions, serve_connection},
    dialect::Dialect,
    first_line::{CrLfWarning, FirstLine},
    listener::Peer,
    stats::InstrumentedCache,
};

/// The largest limit of connections.
pub const MOST_CONNECTIONS: usize = Semaphore::MAX_PERMITS;

/// Up to this many clients over the limit at a time get a lingering close; others are closed at
/// once, and may not receive the error.
const LINGERING: usize = 64;

/// A lingering close takes at most this long.
const LINGER: Duration = Duration::from_secs(1);

/// What all connections of a server share.
#[derive(Debug)]
pub struct Admission {
    store: InstrumentedCache,
    limits: Limits,
    idle_timeout: Option<Duration>,
    /// What a client over the limit is sent.
    rejection: &'static [u8],
    connection_limit: usize,
    /// A permit for each client that may be served.
    clients: Arc<Semaphore>,
    /// A permit for each client that may get a lingering close.
    lingering: Arc<Semaphore>,
    warning: CrLfWarning,
}

impl Admission {
    /// No client yet. `connection_limit` is at most [`MOST_CONNECTIONS`].
    pub fn new(
        store: InstrumentedCache,
        dialect: Dialect,
        limits: Limits,
        idle_timeout: Option<Duration>,
        connection_limit: usize,
    ) -> Self {
        let rejection = dialect.too_many_connections();
        let clients = Arc::new(Semaphore::new(connection_limit));
        let lingering = Arc::new(Semaphore::new(LINGERING));
        let warning = CrLfWarning::new(dialect);
        Self {
            store,
            limits,
            idle_timeout,
            rejection,
            connection_limit,
            clients,
            lingering,
            warning,
        }
    }

    /// How many clients are served now.
    pub fn clients(&self) -> usize {
        self.connection_limit - self.clients.available_permits()
    }

    /// Serves a client, in a task of `tasks`, until its connection ends or `stop` is true. Rejects
    /// it if the limit is reached.
    pub fn admit<G, T>(
        self: &Arc<Self>,
        stream: T,
        peer: Peer,
        tasks: &mut JoinSet<()>,
        stop: &watch::Receiver<bool>,
    ) where
        G: Service + 'static,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match Arc::clone(&self.clients).try_acquire_owned() {
            Ok(permit) => {
                tasks.spawn(Arc::clone(self).serve::<G, T>(stream, peer, stop.clone(), permit));
            }
            Err(_) => self.reject(stream, peer),
        }
    }

    async fn serve<G, T>(
        self: Arc<Self>,
        stream: T,
        peer: Peer,
        stop: watch::Receiver<bool>,
        permit: OwnedSemaphorePermit,
    ) where
        G: Service,
        T: AsyncRead + AsyncWrite + Unpin,
    {
        info!("connection from {peer} opened");
        let counted = self.store.connection_opened();
        let options = ConnectionOptions::new()
            .with_limits(self.limits)
            .with_idle_timeout(self.idle_timeout)
            .with_counters(self.store.connection_counters());
        let stream = FirstLine::new(stream, &self.warning);
        let served = serve_connection::<G, _>(stream, &self.store, options, stop).await;
        if let Err(error) = served {
            debug!("connection from {peer}: {error}");
        }
        info!("connection from {peer} closed");
        drop((counted, permit));
    }

    fn reject<T>(&self, mut stream: T, peer: Peer)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        info!("connection limit reached; client rejected: {peer}");
        self.store.connection_rejected();
        // There is room for one line in a new connection.
        let context = &mut Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut stream).poll_write(context, self.rejection);
        let Ok(permit) = Arc::clone(&self.lingering).try_acquire_owned() else { return };
        // If it were closed with bytes unread, it would be reset, and the line might be lost.
        tokio::spawn(async move {
            let reading = async {
                stream.shutdown().await?;
                let mut rest = [0; 512];
                while stream.read(&mut rest).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = timeout(LINGER, reading).await;
            drop(permit);
        });
    }
}
