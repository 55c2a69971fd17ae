//! The implementation under test, as it is named by the user.

mod host;
mod port;
mod process;

use std::fmt;

use host::SpawnError;
pub use host::{Host, Link};

/// The implementation under test, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A running server, at `HOST:PORT`. Keys get names that do not occur elsewhere, and nothing is
    /// flushed unless [`Config::with_flush`](crate::Config::with_flush) allows it.
    Tcp(String),
    /// A shell command that starts a server on `{port}`. Each vector gets a new one.
    Spawn(String),
    /// A shell command that reads requests and writes replies. Each exchange starts it again.
    Stdio(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.location())
    }
}

impl Target {
    /// What stands for the port in the command of [`Target::Spawn`].
    pub const PORT: &'static str = "{port}";

    /// The address or the command.
    #[must_use]
    pub fn location(&self) -> &str {
        match self {
            Self::Tcp(text) | Self::Spawn(text) | Self::Stdio(text) => text,
        }
    }

    /// How it is reached: `tcp`, `spawn` or `stdio`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Spawn(_) => "spawn",
            Self::Stdio(_) => "stdio",
        }
    }

    /// Whether all vectors share one store, which others may use, too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Whether it may read all requests before it writes a reply.
    pub(crate) fn is_filter(&self) -> bool {
        matches!(self, Self::Stdio(_))
    }

    /// Checks that the command of a filter can be run.
    pub(crate) async fn check(&self) -> Result<(), String> {
        match self {
            Self::Stdio(command) => Host::check_command(command).await,
            Self::Tcp(_) | Self::Spawn(_) => Ok(()),
        }
    }

    /// A host with an empty store, unless the store is shared.
    pub(crate) async fn host(&self) -> Result<Host, String> {
        match self {
            Self::Tcp(address) => Ok(Host::Address(address.clone(), None)),
            Self::Stdio(command) => Ok(Host::Command(command.clone())),
            Self::Spawn(command) => {
                // The port may be taken between its choice and its use.
                for _ in 0..2 {
                    match Host::spawn(command, Self::PORT).await {
                        Err(SpawnError::Exited(_)) => {}
                        spawned => return spawned.map_err(SpawnError::into_message),
                    }
                }
                Host::spawn(command, Self::PORT).await.map_err(SpawnError::into_message)
            }
        }
    }

    /// The host of the next exchange, after one that may have left `host` in any state: a server of
    /// its own is started again.
    pub(crate) async fn renew(&self, host: &Host) -> Result<Host, String> {
        match self {
            Self::Spawn(_) => self.host().await,
            Self::Tcp(_) | Self::Stdio(_) => Ok(host.clone()),
        }
    }
}
