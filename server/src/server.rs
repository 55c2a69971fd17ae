//! The life of a server: it is bound, accepts clients, and shuts down gracefully.

use std::{io, pin::pin, sync::Arc, time::Duration};

use memwire::{
    dialect::{classic, simple},
    session::Service,
};
use tokio::{
    runtime::Handle,
    select,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::warn;

use crate::{
    address::Address,
    admission::{Admission, MOST_CONNECTIONS},
    cache::Cache,
    config::Config,
    dialect::Dialect,
    item_size::ItemSize,
    listener::{Accepted, BoundListener, Listener, Peer},
    start_error::StartError,
    stats::{InstrumentedCache, Settings},
};

/// At shutdown, clients have this long to read their replies.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How long to wait after a connection could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A server that is bound to its addresses, with an empty store, and serves as soon as
/// [`serve`](Self::serve) is called. Until then the system lets clients wait.
#[derive(Debug)]
pub struct Server {
    config: Config,
    item_size: ItemSize,
    listeners: Vec<BoundListener>,
    cache: Cache,
}

impl Server {
    /// Binds all configured addresses. It needs no runtime, and starts no thread: the process may
    /// still fork, or change its user.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn bind(mut config: Config) -> Result<Self, StartError> {
        config.connection_limit = config.connection_limit.min(MOST_CONNECTIONS);
        let item_size = config.item_sizes()?;
        let mut listeners = Vec::new();
        for address in &config.addresses {
            listeners.push(BoundListener::tcp(*address, config.backlog)?);
        }
        if let Some(socket) = &config.unix_socket {
            listeners.push(BoundListener::unix(&socket.path, socket.mode)?);
        }
        if listeners.is_empty() {
            return Err(StartError::NoAddress);
        }
        let cache = Cache::new(config.memory, item_size.stored);
        Ok(Self { config, item_size, listeners, cache })
    }

    /// Where it listens, in the order of the configuration, the Unix socket last. Where the system
    /// chose a port, it is this one.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.listeners.iter().map(BoundListener::address).collect()
    }

    /// Serves clients until `stop` completes. Then no more connections are accepted, requests that
    /// were received are answered, and clients have 5 seconds to read the replies.
    ///
    /// Clients are served in tasks of their own, on the runtime that this is called in. These end
    /// with the returned future; if it is dropped early, at once. Only the lingering close of a
    /// client over the limit may take a second longer.
    ///
    /// # Errors
    ///
    /// If the listeners cannot be handed to the runtime.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        match self.config.dialect {
            Dialect::Simple => self.serve_dialect::<simple::Requests>(stop).await,
            Dialect::Classic => self.serve_dialect::<classic::Requests>(stop).await,
        }
    }

    async fn serve_dialect<G: Service + 'static>(
        self,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let settings = self.settings();
        let Self { config, item_size, listeners, cache } = self;
        let admission = Arc::new(Admission::new(
            InstrumentedCache::new(cache, settings),
            config.dialect,
            config.dialect.limits().with_value(item_size.value),
            config.idle_timeout,
            config.connection_limit,
        ));
        let (stop_tasks, stopped) = watch::channel(false);
        let mut accepting = JoinSet::new();
        for listener in listeners {
            let listener = listener.into_listener()?;
            accepting.spawn(accept::<G>(Arc::clone(&admission), listener, stopped.clone()));
        }
        drop(stopped);

        stop.await;
        // Fails only if no task is left that could be stopped.
        let _ = stop_tasks.send(true);
        let mut drained = pin!(drain(accepting));
        if timeout(SHUTDOWN_GRACE, &mut drained).await.is_err() {
            warn!(
                "{} connections closed: their clients did not read the replies within {} s",
                admission.clients(),
                SHUTDOWN_GRACE.as_secs()
            );
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        let tcp_port = |listener: &BoundListener| match listener.address() {
            Address::Tcp(address) => Some(address.port()),
            Address::Unix(_) => None,
        };
        let Config { connection_limit, verbosity, flush_all, backlog, .. } = self.config;
        Settings {
            connection_limit,
            threads: Handle::current().metrics().num_workers(),
            item_size: self.item_size.configured,
            verbosity,
            idle_timeout: self.config.idle_timeout.map_or(0, |timeout| timeout.as_secs()),
            flush_all,
            backlog,
            tcp_port: self.listeners.iter().rev().find_map(tcp_port).unwrap_or(0),
            unix_socket: self.config.unix_socket.as_ref().map(|socket| socket.path.clone()),
        }
    }
}

/// Accepts clients until `stop` is true. Returns the tasks that still serve some.
async fn accept<G: Service + 'static>(
    admission: Arc<Admission>,
    listener: Listener,
    mut stop: watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return clients,
            // Frees what is left of a task that has ended.
            Some(_) = clients.join_next() => continue,
        };
        match accepted {
            Ok(Accepted::Tcp(stream, peer)) => {
                admission.admit::<G, _>(stream, Peer::Tcp(peer), &mut clients, &stop);
            }
            Ok(Accepted::Unix(stream)) => {
                admission.admit::<G, _>(stream, Peer::Unix, &mut clients, &stop);
            }
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Waits until nothing is accepted any more, and all clients are served. Dropped, it ends their
/// tasks.
async fn drain(mut accepting: JoinSet<JoinSet<()>>) {
    let mut serving = Vec::new();
    while let Some(accepted) = accepting.join_next().await {
        // Fails if the task panicked; then its clients' tasks have ended with it.
        serving.extend(accepted);
    }
    for mut clients in serving {
        while clients.join_next().await.is_some() {}
    }
}
