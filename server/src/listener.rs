//! Binding addresses, and accepting connections there.

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    net::{self, SocketAddr},
    os::unix::{
        self,
        fs::{FileTypeExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::{address::Address, start_error::StartError};

/// A bound address, from which no connection is accepted yet. It needs no runtime.
#[derive(Debug)]
pub enum BoundListener {
    Tcp(net::TcpListener, SocketAddr),
    Unix(unix::net::UnixListener, SocketFile),
}

impl BoundListener {
    /// Binds a TCP port. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`].
    pub fn tcp(address: SocketAddr, backlog: u32) -> Result<Self, StartError> {
        let listen = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(backlog.try_into().unwrap_or(i32::MAX))?;
            let listener = net::TcpListener::from(socket);
            let bound = listener.local_addr()?;
            Ok(Self::Tcp(listener, bound))
        };
        listen().map_err(|error| StartError::Listen { address: Address::Tcp(address), error })
    }

    /// Creates a Unix socket with these permissions. A socket that no server listens on any more
    /// is replaced.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`], [`StartError::AddressInUse`], [`StartError::NotASocket`].
    pub fn unix(path: &Path, mode: u32) -> Result<Self, StartError> {
        let fail = |error| StartError::Listen { address: Address::Unix(path.to_owned()), error };
        let listener = match unix::net::UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_stale_socket(path)?;
                unix::net::UnixListener::bind(path)
            }
            bound => bound,
        };
        // From here on, the file is removed if anything fails.
        let listener = Self::Unix(listener.map_err(fail)?, SocketFile(path.to_owned()));
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(fail)?;
        Ok(listener)
    }

    /// Where it listens: with the port that the system chose, if it was to choose one.
    pub fn address(&self) -> Address {
        match self {
            Self::Tcp(_, address) => Address::Tcp(*address),
            Self::Unix(_, SocketFile(path)) => Address::Unix(path.clone()),
        }
    }

    /// The same, for the runtime that this is called in.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener, _) => {
                listener.set_nonblocking(true)?;
                Listener::Tcp(TcpListener::from_std(listener)?)
            }
            Self::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                Listener::Unix(UnixListener::from_std(listener)?, file)
            }
        })
    }
}

/// Removes the socket of a server that is gone.
fn remove_stale_socket(path: &Path) -> Result<(), StartError> {
    let fail = |error| StartError::Listen { address: Address::Unix(path.to_owned()), error };
    if fs::symlink_metadata(path).is_ok_and(|file| !file.file_type().is_socket()) {
        return Err(StartError::NotASocket(path.to_owned()));
    }
    match unix::net::UnixStream::connect(path) {
        Ok(_) => Err(StartError::AddressInUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(fail)
        }
        Err(error) => Err(fail(error)),
    }
}

/// The file of a Unix socket; it is removed with this.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may have been removed already.
        let _ = fs::remove_file(&self.0);
    }
}

/// A bound address from which connections are accepted.
#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "removes the file when dropped")] SocketFile),
}

/// A connection that was accepted.
#[derive(Debug)]
pub enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// The client's end of a connection, as logs name it.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    Tcp(SocketAddr),
    /// Clients of Unix sockets rarely have an address.
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("a Unix socket"),
        }
    }
}

impl Listener {
    /// Waits for a connection.
    ///
    /// # Errors
    ///
    /// Those of the system; it may be called again later.
    pub async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // If it fails, Nagle's algorithm stays on: slower, but correct.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, peer))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}
