//! The parts of a command line that dialects share: tokens, numbers and keys, read and written.
//!
//! A program uses the aliases of its dialect, such as [`simple::Key`](crate::dialect::simple::Key)
//! and [`classic::Keys`](crate::dialect::classic::Keys). The generic types are for dialects of your
//! own: implement [`KeySyntax`], and use [`Span`] for the parts of a line that a parsed line refers
//! to.

pub(crate) mod fast_scan;
mod keys;
pub(crate) mod number;
pub(crate) mod scan;
mod span;
pub(crate) mod tokens;

pub use keys::{Key, KeyError, KeySyntax, Keys};
pub use span::Span;

/// The line without its LF.
#[inline]
pub(crate) fn without_lf(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
