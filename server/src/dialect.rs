//! The dialects that the server speaks, and what depends on them.

use memwire::{
    Limits,
    dialect::{classic, simple},
    text::KeySyntax,
};

use crate::memcached;

/// A dialect of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `set` and `get`, with lines that end with LF: [`memwire::dialect::simple`].
    #[default]
    Simple,
    /// What memcached's clients speak: [`memwire::dialect::classic`].
    Classic,
}

impl Dialect {
    /// The default limits of lines and values.
    #[must_use]
    pub const fn limits(self) -> Limits {
        match self {
            Self::Simple => Limits::DEFAULT,
            Self::Classic => memcached::LIMITS,
        }
    }

    /// The part of an item's configured size, in bytes, that is not its value.
    pub(crate) const fn item_header(self) -> usize {
        match self {
            Self::Simple => 0,
            Self::Classic => memcached::ITEM_HEADER,
        }
    }

    /// The longest key that a request can have, in bytes.
    pub(crate) fn longest_key(self) -> usize {
        let longest = match self {
            Self::Simple => simple::Requests::LONGEST_KEY,
            Self::Classic => classic::Requests::LONGEST_KEY,
        };
        longest.min(self.limits().line)
    }

    /// The error that a client over the limit of connections receives.
    pub(crate) const fn too_many_connections(self) -> &'static [u8] {
        match self {
            Self::Simple => b"SERVER_ERROR too many open connections\n",
            // In memcached's words.
            Self::Classic => b"ERROR Too many open connections\r\n",
        }
    }
}
