use alloc::{collections::BTreeMap, vec::Vec};

use super::{Change, Item, Store};

/// An ordered map without bounds: for filters, tests and models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Map {
    items: BTreeMap<Vec<u8>, Item>,
    /// The largest number that was given to an item.
    unique: u64,
    generation: u32,
    flush_at: Option<u64>,
}

impl Map {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: BTreeMap::new(), unique: 0, generation: 0, flush_at: None }
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
