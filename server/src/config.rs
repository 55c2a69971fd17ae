//! The configuration of a server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::{dialect::Dialect, item_size::ItemSize, start_error::StartError};

/// The configuration of a server. Everything except the addresses has a default: memcached's.
///
/// ```
/// use std::time::Duration;
/// use memwire_server::{Config, Dialect};
///
/// let config = Config::new(Dialect::Classic)
///     .with_address(([127, 0, 0, 1], 11211).into())
///     .with_memory(256 << 20)
///     .with_idle_timeout(Some(Duration::from_secs(600)));
/// assert_eq!(config.connection_limit, 1024);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The dialect that clients speak.
    pub dialect: Dialect,
    /// Where to listen for TCP connections. Port 0 lets the system choose one.
    pub addresses: Vec<SocketAddr>,
    /// Where to listen for connections on this machine.
    pub unix_socket: Option<UnixSocket>,
    /// The length of the queue of connections to accept, for each address.
    pub backlog: u32,
    /// The limit of simultaneous connections. Clients over it receive an error, and are closed.
    pub connection_limit: usize,
    /// After this time without a byte sent or received a connection is closed. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// The memory for items, in bytes: keys, values, and what it takes to store them.
    pub memory: usize,
    /// The size of the largest item, in bytes: its value and, in `classic`,
    /// [`memcached::ITEM_HEADER`](crate::memcached::ITEM_HEADER). `None`:
    /// [`memcached::ITEM_SIZE`](crate::memcached::ITEM_SIZE), or less if there is little memory.
    pub item_size: Option<usize>,
    /// Whether clients may invalidate all items (`flush_all`).
    pub flush_all: bool,
    /// The verbosity that `stats settings` reports. What is logged is up to the subscriber of
    /// `tracing`'s events.
    pub verbosity: u8,
}

/// A Unix socket, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnixSocket {
    /// Its path.
    pub path: PathBuf,
    /// Its permissions, as in `chmod`.
    pub mode: u32,
}

impl Config {
    /// The defaults; nothing to listen on yet.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            addresses: Vec::new(),
            unix_socket: None,
            backlog: 4096,
            connection_limit: 1024,
            idle_timeout: None,
            memory: 64 << 20,
            item_size: None,
            flush_all: true,
            verbosity: 0,
        }
    }

    /// Adds an [address](Self::addresses).
    #[must_use]
    pub fn with_address(mut self, address: SocketAddr) -> Self {
        self.addresses.push(address);
        self
    }

    /// Sets the [Unix socket](Self::unix_socket): its path, and its permissions, as in `chmod`.
    #[must_use]
    pub fn with_unix_socket(mut self, path: impl Into<PathBuf>, mode: u32) -> Self {
        self.unix_socket = Some(UnixSocket { path: path.into(), mode });
        self
    }

    /// Sets the [backlog](Self::backlog) of each address.
    #[must_use]
    pub fn with_backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Sets the [limit of connections](Self::connection_limit).
    #[must_use]
    pub fn with_connection_limit(mut self, connections: usize) -> Self {
        self.connection_limit = connections;
        self
    }

    /// Sets the [idle timeout](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the [memory](Self::memory) for items, in bytes.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets the [size of the largest item](Self::item_size), in bytes.
    #[must_use]
    pub fn with_item_size(mut self, bytes: Option<usize>) -> Self {
        self.item_size = bytes;
        self
    }

    /// Sets whether clients may [invalidate all items](Self::flush_all).
    #[must_use]
    pub fn with_flush_all(mut self, allowed: bool) -> Self {
        self.flush_all = allowed;
        self
    }

    /// Sets the [verbosity](Self::verbosity) that is reported.
    #[must_use]
    pub fn with_verbosity(mut self, verbosity: u8) -> Self {
        self.verbosity = verbosity;
        self
    }

    /// The size of the largest item that the server will store, in bytes: as
    /// [configured](Self::item_size), or what there is memory for.
    ///
    /// # Errors
    ///
    /// [`StartError::MemoryTooSmall`] if there is not enough memory for items of the configured
    /// size.
    pub fn effective_item_size(&self) -> Result<usize, StartError> {
        Ok(self.item_sizes()?.configured)
    }

    pub(crate) fn item_sizes(&self) -> Result<ItemSize, StartError> {
        ItemSize::new(self.memory, self.item_size, self.dialect)
    }
}
