//! A store without a memory limit: for filters, tests and models.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};

use super::{
    item::Item,
    traits::{Change, Store},
};
use crate::telemetry::Telemetry;

/// A store without a memory limit, for one thread: for filters, tests and models. It evicts
/// nothing, and has no statistics.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Found by their keys, which are part of them.
    items: HashTable<Item>,
    hashes: DefaultHashBuilder,
    /// The last CAS unique value that was assigned.
    cas: u64,
    generation: u32,
    flush_at: Option<u64>,
}

impl Map {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of items, including expired ones that were not replaced or removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn find(&self, key: &[u8]) -> Option<&Item> {
        self.items.find(key_hash(&self.hashes, key), |item| item.has_key(key))
    }
}

/// The hash of a key's bytes; the hasher itself distinguishes lengths.
fn key_hash(hashes: &DefaultHashBuilder, key: &[u8]) -> u64 {
    let mut state = hashes.build_hasher();
    state.write(key);
    state.finish()
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        let same = |item: &Item| other.find(item.key()) == Some(item);
        (self.cas, self.generation, self.flush_at, self.len())
            == (other.cas, other.generation, other.flush_at, other.len())
            && self.items.iter().all(same)
    }
}

impl Eq for Map {}

/// Equal maps have equal hashes, in whatever order their items were stored.
impl Hash for Map {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut items: Vec<_> = self.items.iter().collect();
        items.sort_unstable_by_key(|item| item.key());
        (items, self.cas, self.generation, self.flush_at).hash(hasher);
    }
}

impl Telemetry for Map {}

impl Store for Map {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.find(key).map(read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let Self { items, hashes, cas, .. } = self;
        let again = |item: &Item| key_hash(hashes, item.key());
        let entry = items.entry(key_hash(hashes, key), |item| item.has_key(key), again);
        let (change, result) = decide(match &entry {
            Entry::Occupied(kept) => Some(kept.get()),
            Entry::Vacant(_) => None,
        });
        let item = match change {
            Change::Keep => return result,
            Change::Remove => {
                if let Entry::Occupied(kept) = entry {
                    kept.remove();
                }
                return result;
            }
            Change::Store(item) => item,
            Change::StoreNewCas(item) => {
                *cas += 1;
                item.with_cas(*cas)
            }
        };
        entry.insert(item);
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

    fn flush(&mut self, at: u64) -> bool {
        self.flush_at = Some(at);
        true
    }
}
