//! Warns once if a client's first line ends with CR LF where lines end with LF: memcached's clients
//! then wait for replies that never come.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tracing::warn;

use crate::dialect::Dialect;

/// The warning of one server.
#[derive(Debug)]
pub struct CrLfWarning {
    /// Whether it is still to be given.
    armed: AtomicBool,
}

impl CrLfWarning {
    pub fn new(dialect: Dialect) -> Self {
        Self { armed: AtomicBool::new(dialect == Dialect::Simple) }
    }

    fn give(&self) {
        if self.armed.swap(false, Ordering::Relaxed) {
            warn!(
                "a client ends its lines with CR LF, as memcached's clients do; start with \
                 --dialect classic to serve them"
            );
        }
    }
}

/// A transport whose first line is checked. After that line, a read costs one branch more.
#[derive(Debug)]
pub struct FirstLine<'w, T> {
    transport: T,
    /// `None` after the first line, or once the warning was given.
    check: Option<Check<'w>>,
}

#[derive(Debug)]
struct Check<'w> {
    warning: &'w CrLfWarning,
    /// Whether the last byte was CR.
    after_cr: bool,
}

impl<'w, T> FirstLine<'w, T> {
    pub fn new(transport: T, warning: &'w CrLfWarning) -> Self {
        let armed = warning.armed.load(Ordering::Relaxed);
        let check = armed.then_some(Check { warning, after_cr: false });
        Self { transport, check }
    }
}

impl Check<'_> {
    /// Checks the next bytes of the stream. Returns whether the line ends in them.
    fn ends_in(&mut self, chunk: &[u8]) -> bool {
        let lf = chunk.iter().position(|byte| *byte == b'\n');
        if let Some(last) = chunk[..lf.unwrap_or(chunk.len())].last() {
            self.after_cr = *last == b'\r';
        }
        if lf.is_some() && self.after_cr {
            self.warning.give();
        }
        lf.is_some()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for FirstLine<'_, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.transport).poll_read(context, buffer))?;
        if let Some(check) = &mut self.check
            && check.ends_in(&buffer.filled()[before..])
        {
            self.check = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for FirstLine<'_, T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Reads the stream in chunks of this length. Returns whether the warning was given, and
    /// whether the check is over.
    fn read(dialect: Dialect, mut stream: &[u8], length: usize) -> (bool, bool) {
        let warning = CrLfWarning::new(dialect);
        let armed = warning.armed.load(Ordering::Relaxed);
        let mut first_line = FirstLine::new(&mut stream, &warning);
        let context = &mut Context::from_waker(Waker::noop());
        loop {
            let mut chunk = vec![0; length];
            let mut buffer = ReadBuf::new(&mut chunk);
            let poll = Pin::new(&mut first_line).poll_read(context, &mut buffer);
            assert!(matches!(poll, Poll::Ready(Ok(()))));
            if buffer.filled().is_empty() {
                break;
            }
        }
        let is_over = first_line.check.is_none();
        (armed && !warning.armed.load(Ordering::Relaxed), is_over)
    }

    #[test]
    fn a_first_line_that_ends_with_cr_lf_is_warned_about_under_every_split() {
        for (stream, warned, is_over) in [
            ("get k\r\n", true, true),
            ("\r\n", true, true),
            ("get k\r\nget k\n", true, true),
            ("get k\n", false, true),
            // Only the first line counts.
            ("get k\nget k\r\n", false, true),
            ("set k 4\na\r\nb\n", false, true),
            ("\nget k\r\n", false, true),
            ("get\rk\n", false, true),
            ("get k\r", false, false),
            ("", false, false),
        ] {
            for length in 1..=stream.len().max(1) {
                let seen = read(Dialect::Simple, stream.as_bytes(), length);
                assert_eq!(seen, (warned, is_over), "{stream:?} in chunks of {length}");
            }
        }
    }

    #[test]
    fn classic_is_never_checked() {
        assert_eq!(read(Dialect::Classic, b"get k\r\n", 1), (false, true));
    }

    #[test]
    fn the_warning_is_given_once() {
        let warning = CrLfWarning::new(Dialect::Simple);
        let mut first = Check { warning: &warning, after_cr: false };
        assert!(FirstLine::new((), &warning).check.is_some());
        assert!(first.ends_in(b"get k\r\n"));
        assert!(FirstLine::new((), &warning).check.is_none());
    }
}
