//! Why a server does not start.

use std::{error::Error, fmt, io, path::PathBuf};

use crate::address::Address;

/// Why a server does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is less memory than items of the configured size need.
    MemoryTooSmall {
        /// The memory for items, in bytes, as configured.
        memory: usize,
        /// The size of the largest item, in bytes, as configured or by default.
        item_size: usize,
        /// The least memory with which items of this size can always be stored, in bytes.
        least: usize,
    },
    /// The configuration has no address to listen on.
    NoAddress,
    /// The system does not allow listening there.
    Listen {
        /// The configured address.
        address: Address,
        /// The system's reason.
        error: io::Error,
    },
    /// Another server listens on this Unix socket.
    AddressInUse(PathBuf),
    /// At the path of the Unix socket there is a file of another kind, which stays there.
    NotASocket(PathBuf),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MemoryTooSmall { memory, item_size, least } => write!(
                f,
                "{memory} bytes of memory are too small for values of {item_size} bytes: expected \
                 at least {least}"
            ),
            Self::NoAddress => f.write_str("no address to listen on"),
            Self::Listen { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Self::AddressInUse(path) => {
                let path = path.display();
                write!(f, "cannot listen on {path}: another server is listening there")
            }
            Self::NotASocket(path) => {
                let path = path.display();
                write!(f, "cannot listen on {path}: the file there is not a socket")
            }
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen { error, .. } => Some(error),
            _ => None,
        }
    }
}
