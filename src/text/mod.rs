//! What the dialects' lines are made of: tokens, numbers and keys, read and written.

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
