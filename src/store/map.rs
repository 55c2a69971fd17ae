use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use hashbrown::HashMap;

use super::{Change, Item, Store};

/// A map without bounds: for filters, tests and models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    items: HashMap<Vec<u8>, Item>,
    /// The largest number that was given to an item.
    unique: u64,
    generation: u32,
    flush_at: Option<u64>,
}

impl Map {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

/// Maps that are equal have equal hashes, in whatever order their items came.
impl Hash for Map {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut items: Vec<_> = self.items.values().collect();
        items.sort_unstable_by_key(|item| item.key());
        (items, self.unique, self.generation, self.flush_at).hash(hasher);
    }
}

impl Store for Map {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.items.get(key).map(read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let mut held = self.items.get_mut(key);
        let (change, result) = decide(held.as_deref());
        let put = match change {
            Change::Keep => return result,
            Change::Remove => None,
            Change::Put(item) => Some(item),
            Change::Renew(item) => {
                self.unique += 1;
                Some(item.renewed(self.unique))
            }
        };
        match (put, &mut held) {
            (Some(item), Some(held)) => **held = item,
            (Some(item), None) => drop(self.items.insert(key.to_vec(), item)),
            (None, Some(_)) => drop(self.items.remove(key)),
            (None, None) => {}
        }
        result
    }

    fn generation(&mut self, now: u64) -> u32 {
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush_at = None;
            self.generation += 1;
            self.items.clear();
        }
        self.generation
    }

    fn flush(&mut self, at: u64) {
        self.flush_at = Some(at);
    }
}
