//! What memcached does that is neither syntax nor meaning of its protocol: its version, and its
//! default sizes.

use memwire::Limits;

/// What the server replies to `version`: the version of memcached that it behaves like, and its
/// own.
pub const VERSION: &str = concat!("1.6.18 memwire-", env!("CARGO_PKG_VERSION"));

/// The size of the largest item, in bytes, unless it is configured (memcached's `-I`). Value and
/// [`ITEM_HEADER`] count towards it, the key does not.
pub const ITEM_SIZE: usize = 1 << 20;

/// The part of an item's size, in bytes, that is not its value: in memcached, at least this much
/// (`limits/value`).
pub const ITEM_HEADER: usize = 60;

/// The limits of the dialect `classic`, unless they are configured: lines of 2 MiB, and values
/// that fit into [`ITEM_SIZE`] together with [`ITEM_HEADER`].
pub const LIMITS: Limits = Limits::DEFAULT.with_line(2_097_152).with_value(ITEM_SIZE - ITEM_HEADER);
