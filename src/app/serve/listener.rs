//! Where the server listens, and how it accepts.

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    net::{self, IpAddr, SocketAddr},
    os::unix::{
        self,
        fs::{FileTypeExt as _, PermissionsExt as _},
    },
    path::Path,
    str::FromStr,
};

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::process::OwnFile;
use crate::app::Failure;

/// An IP address, and a port or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address(pub(super) IpAddr, pub(super) Option<u16>);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address.ip(), Some(address.port())));
        }
        match text.parse() {
            Ok(address) => Ok(Self(address, None)),
            Err(_) => Err("expected an IP address, with :PORT behind it or not"),
        }
    }
}

/// What is listened on. Nobody accepts there yet, and there need be no runtime.
pub(super) enum Bound {
    Tcp(net::TcpListener),
    Unix(unix::net::UnixListener, OwnFile),
}

impl Bound {
    pub(super) fn tcp(address: SocketAddr, backlog: u32) -> Result<Self, Failure> {
        let listen = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(backlog.try_into().unwrap_or(i32::MAX))?;
            io::Result::Ok(Self::Tcp(socket.into()))
        };
        listen().map_err(|error| Failure::io(format!("cannot listen on {address}: {error}")))
    }

    pub(super) fn unix(path: &Path, mode: u32) -> Result<Self, Failure> {
        let shown = path.display();
        let fail =
            |why: &dyn fmt::Display| Err(Failure::io(format!("cannot listen on {shown}: {why}")));
        let mut listener = unix::net::UnixListener::bind(path);
        if matches!(&listener, Err(error) if error.kind() == io::ErrorKind::AddrInUse) {
            match fs::symlink_metadata(path) {
                Ok(file) if !file.file_type().is_socket() => {
                    return fail(&"there is a file that is no socket");
                }
                Ok(_) | Err(_) => {}
            }
            match unix::net::UnixStream::connect(path) {
                Ok(_) => return fail(&"another server is listening there"),
                // Left behind by a server that is gone.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return fail(&error),
            }
            if let Err(error) = fs::remove_file(path) {
                return fail(&error);
            }
            listener = unix::net::UnixListener::bind(path);
        }
        match listener {
            Ok(listener) => {
                let listener = Self::Unix(listener, OwnFile(path.to_owned()));
                match fs::set_permissions(path, Permissions::from_mode(mode)) {
                    Ok(()) => Ok(listener),
                    Err(error) => fail(&error),
                }
            }
            Err(error) => fail(&error),
        }
    }

    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Self::Unix(..) => None,
        }
    }

    /// The same, for the runtime that this is called in.
    pub(super) fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => {
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

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => error.fmt(f),
            },
            Self::Unix(_, OwnFile(path)) => path.display().fmt(f),
        }
    }
}

/// Where clients are accepted.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "it removes the socket")] OwnFile),
}

pub(super) enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Without it Nagle's algorithm stays on: slower, but right.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}
