use alloc::{collections::BTreeMap, vec::Vec};

use super::{Change, Item, Store};

/// An ordered map without bounds: for filters, tests and models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Map {
    items: BTreeMap<Vec<u8>, Item>,
}

impl Map {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: BTreeMap::new() }
    }

    /// How many keys hold an item.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no key holds an item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Store for Map {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.items.get(key).map(read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let mut held = self.items.get_mut(key);
        let (change, result) = decide(held.as_deref());
        match (change, &mut held) {
            (Change::Keep, _) | (Change::Remove, None) => {}
            (Change::Put(item), Some(held)) => **held = item,
            (Change::Put(item), None) => {
                self.items.insert(key.to_vec(), item);
            }
            (Change::Remove, Some(_)) => {
                self.items.remove(key);
            }
        }
        result
    }
}
