//! Addresses of servers, and the sockets that connect to them.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{SocketAddr, ToSocketAddrs as _},
    os::unix,
    path::PathBuf,
    time::Duration,
};

use mio::{
    Interest, Registry, Token,
    event::Source,
    net::{TcpStream, UnixStream},
};

/// Where the server is.
pub enum Target {
    Tcp(String, Vec<SocketAddr>),
    Unix(PathBuf),
}

impl Target {
    /// Looks a host's name up.
    pub fn tcp(name: &str) -> io::Result<Self> {
        Ok(Self::Tcp(name.to_owned(), name.to_socket_addrs()?.collect()))
    }

    /// Opens a connection that does not block, within the timeout (TCP only).
    pub fn connect(&self, timeout: Duration) -> io::Result<Stream> {
        match self {
            Self::Tcp(_, addresses) => {
                let mut result = Err(io::Error::other("the name has no address"));
                for address in addresses {
                    result = std::net::TcpStream::connect_timeout(address, timeout);
                    if result.is_ok() {
                        break;
                    }
                }
                let stream = result?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Ok(Stream::Tcp(TcpStream::from_std(stream)))
            }
            Self::Unix(path) => {
                let stream = unix::net::UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                Ok(Stream::Unix(UnixStream::from_std(stream)))
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(name, _) => f.write_str(name),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A connection that does not block.
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Registers the socket for all of its events.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interests = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => stream.register(registry, token, interests),
            Self::Unix(stream) => stream.register(registry, token, interests),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
