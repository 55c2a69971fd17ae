//! The largest item: from the memory, the configured size, and the header that a dialect counts.

use crate::{cache::Cache, dialect::Dialect, memcached, start_error::StartError};

/// The default size is not reduced below this, in bytes, however little memory there is.
const LEAST_DEFAULT: usize = 1024;

/// How large items may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemSize {
    /// As configured, and reported by `stats settings`: the value, and the dialect's header.
    pub configured: usize,
    /// The largest value.
    pub value: usize,
    /// The largest value and the longest key together: what the store must have room for.
    pub stored: usize,
}

impl ItemSize {
    /// From the memory for items and the configured size of the largest one, in bytes. `None`:
    /// [`memcached::ITEM_SIZE`], or less if there is little memory.
    ///
    /// # Errors
    ///
    /// [`StartError::MemoryTooSmall`] if the memory may not have room for an item of this size.
    pub fn new(
        memory: usize,
        configured: Option<usize>,
        dialect: Dialect,
    ) -> Result<Self, StartError> {
        let (header, key) = (dialect.item_header(), dialect.longest_key());
        let configured = configured.unwrap_or_else(|| {
            let room = Cache::largest_item(memory).saturating_sub(key) + header;
            memcached::ITEM_SIZE.min(room.max(LEAST_DEFAULT))
        });
        let value = configured.saturating_sub(header);
        let stored = value.saturating_add(key);
        let least = Cache::least_capacity(stored);
        if memory < least {
            return Err(StartError::MemoryTooSmall { memory, item_size: configured, least });
        }
        Ok(Self { configured, value, stored })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn by_default_a_value_is_as_large_as_in_memcached() {
        for dialect in [Dialect::Simple, Dialect::Classic] {
            let size = ItemSize::new(64 * MIB, None, dialect).expect("there is room");
            assert_eq!((size.configured, size.value), (MIB, dialect.limits().value));
        }
    }

    #[test]
    fn the_header_counts_towards_the_configured_size_and_the_key_does_not() {
        let size = ItemSize::new(64 * MIB, Some(2048), Dialect::Classic).expect("there is room");
        assert_eq!(size, ItemSize { configured: 2048, value: 1988, stored: 1988 + 250 });
        let size = ItemSize::new(64 * MIB, Some(2048), Dialect::Simple).expect("there is room");
        assert_eq!((size.configured, size.value), (2048, 2048));
    }

    #[test]
    fn the_default_is_what_little_memory_has_room_for() {
        let size = ItemSize::new(3 * MIB, None, Dialect::Classic).expect("there is room");
        assert_eq!(size.value, 786_070);
        assert!(ItemSize::new(3 * MIB, Some(size.configured), Dialect::Classic).is_ok());
        let error = ItemSize::new(3 * MIB, Some(size.configured + 1), Dialect::Classic);
        assert!(matches!(error, Err(StartError::MemoryTooSmall { least, .. }) if least > 3 * MIB));
        assert!(ItemSize::new(1000, None, Dialect::Classic).is_err());
    }
}
