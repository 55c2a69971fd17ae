use std::sync::{Mutex, PoisonError};

use super::{Change, Item, Map, Store};

/// A [`Map`] that many clients share, one operation at a time.
#[derive(Debug, Default)]
pub struct SharedMap {
    map: Mutex<Map>,
}

impl SharedMap {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { map: Mutex::new(Map::new()) }
    }
}

impl Store for &SharedMap {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        // No operation leaves the map half changed, so a poisoned lock guards a whole one.
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        map.update(key, decide)
    }
}
