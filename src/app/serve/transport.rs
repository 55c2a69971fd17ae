use std::{
    future::Future,
    io::{self, IoSlice},
};

use tokio::net::{TcpStream, UnixStream};

/// A stream of bytes that can be asked without waiting, so that nothing is held while it idles.
pub trait Transport: Send + Sync {
    /// Reads what is there: 0 bytes at the end of the stream, `WouldBlock` if there is nothing.
    ///
    /// # Errors
    ///
    /// As [`io::Read::read`], and `WouldBlock`.
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as there is room for, `WouldBlock` if there is none.
    ///
    /// # Errors
    ///
    /// As [`io::Write::write_vectored`], and `WouldBlock`.
    fn try_write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Waits until there may be something to read.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until there may be room to write.
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Transport for TcpStream {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buffer)
    }

    fn try_write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, parts)
    }

    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }

    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::writable(self)
    }
}

impl Transport for UnixStream {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buffer)
    }

    fn try_write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, parts)
    }

    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }

    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::writable(self)
    }
}
