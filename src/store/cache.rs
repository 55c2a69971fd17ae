use std::{
    fmt, iter,
    sync::{Mutex, PoisonError},
};

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{self, DefaultLifecycle},
};

use super::{Change, Item, Store};

/// What an item takes beside its key and value, in bytes: headers and rounding of its allocations,
/// and its place in the tables, with their room to grow. `docs/operations.md` has the measurement.
const OVERHEAD: usize = 144;

/// More shards than this would not make threads wait for each other less.
const MOST_SHARDS: usize = 64;

/// There are so many shards that each has room for this many of the largest items, ...
const LARGEST_PER_SHARD: usize = 8;

/// ... and if there is but one, for this many. One item that is nearly as large as its shard would
/// not be kept.
const LARGEST_AT_LEAST: usize = 4;

/// This part of a shard holds what was used again, the rest what was put last. The library's own
/// choice is 0.97: it hits a little more often (by a hundredth), but gives up a large item just
/// after it was put.
const HOT: f64 = 0.75;

/// A bounded map that clients share. When it is full, what was used least goes.
pub struct Cache {
    items: sync::Cache<Vec<u8>, Item, Weight, DefaultHashBuilder>,
    /// One for each shard: held while one of its keys is updated.
    locks: Box<[Mutex<()>]>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Vec<u8>, Item> for Weight {
    fn weight(&self, key: &Vec<u8>, item: &Item) -> u64 {
        (key.len() + item.value().len() + OVERHEAD) as u64
    }
}

impl Cache {
    /// The least capacity at which items of `largest` bytes, key and value together, can always be
    /// stored.
    #[must_use]
    pub const fn least_capacity(largest: usize) -> usize {
        LARGEST_AT_LEAST.saturating_mul(largest.saturating_add(OVERHEAD))
    }

    /// An empty cache of `capacity` bytes: keys, values, and what it takes to keep them. Items of
    /// up to `largest` bytes can be stored if `capacity` is at least
    /// [`least_capacity`](Self::least_capacity).
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "both capacities are set")]
    pub fn new(capacity: usize, largest: usize) -> Self {
        let room = LARGEST_PER_SHARD.saturating_mul(largest.saturating_add(OVERHEAD));
        let shards = (capacity / room).clamp(1, MOST_SHARDS);
        // The library rounds up, and would make the shards too small.
        let shards = 1 << shards.ilog2();
        let mut options = OptionsBuilder::new();
        options.shards(shards).weight_capacity(capacity as u64).hot_allocation(HOT);
        // Decides only how many keys of evicted items are remembered.
        options.estimated_items_capacity(capacity / 1024);
        let items = sync::Cache::with_options(
            options.build().expect("both capacities are set"),
            Weight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        let locks = iter::repeat_with(Mutex::default).take(items.num_shards()).collect();
        Self { items, locks }
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

    /// How many of the bytes of its capacity are taken.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.items.weight()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("len", &self.len())
            .field("weight", &self.weight())
            .field("capacity", &self.items.capacity())
            .finish_non_exhaustive()
    }
}

impl Store for &Cache {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.items.get(key).map(|item| read(&item))
    }

    // The library can change an item in place, but makes no room when it grows: so it is put anew,
    // and a lock keeps others from changing it meanwhile. Who reads sees one item or the other.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let lock = &self.locks[self.items.shard_index(key)];
        // It guards no data, so a panic elsewhere spoiled nothing.
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (change, result) = decide(self.items.peek(key).as_ref());
        match change {
            Change::Keep => {}
            Change::Put(item) => {
                self.items.insert(key.to_vec(), item.clone());
                // To make room for a large item, the library may take the one it replaces. Put
                // where there was none, it stays.
                if !self.items.contains_key(key) {
                    self.items.insert(key.to_vec(), item);
                }
            }
            Change::Remove => drop(self.items.remove(key)),
        }
        result
    }
}
