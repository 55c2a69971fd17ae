//! The bounded store that clients share.

use std::{
    cell::Cell,
    fmt,
    hash::{Hash, Hasher},
    iter,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU32, AtomicU64,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
};

use memwire::{
    store::{Change, Item, Store},
    telemetry::{Counter, Telemetry},
};
use quick_cache::{DefaultHashBuilder, Equivalent, Lifecycle, OptionsBuilder, Weighter, sync};

use crate::counters::StripedCounters;

/// What an item takes in addition to its key and value, in bytes: headers and rounding of its
/// allocations, and its place in the tables, with their room to grow. `docs/operations.md` has the
/// measurement.
const OVERHEAD: usize = 112;

/// More shards than this do not reduce lock contention.
const MOST_SHARDS: usize = 64;

/// Each shard has room for at least this many of the largest items, …
const LARGEST_PER_SHARD: usize = 8;

/// … and a single shard for this many. One item that is nearly as large as its shard
/// would not be kept.
const LARGEST_AT_LEAST: usize = 4;

/// All keys share this many locks.
const LOCKS: usize = 64;

/// An odd number whose bits are spread, so that the high bits of a product depend on all bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// This part of a shard holds items that were used again, the rest the newest ones. The library's
/// default is 0.97: its hit ratio is a hundredth better, but it evicts a large item just after it
/// was stored.
const HOT: f64 = 0.75;

/// A bounded map that clients share. When it is full, the items that were used least are evicted.
pub struct Cache {
    items: sync::Cache<ByKey, (), Weight, DefaultHashBuilder, Evictions>,
    evicted: AtomicU64,
    /// Each is held while one of its keys is updated, and guards the number of new CAS uniques of
    /// their items.
    locks: Box<[Lock]>,
    counters: StripedCounters<{ Counter::ALL.len() }>,
    generation: AtomicU32,
    /// When the next generation begins; `u64::MAX`: never.
    flush_at: AtomicU64,
    /// The largest item that can be stored, in bytes.
    largest: usize,
}

/// The item itself, found by its key, so that no key is kept twice.
struct ByKey(Item);

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.has_key(other.0.key())
    }
}

impl Eq for ByKey {}

impl Hash for ByKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(self.0.key());
    }
}

/// Finds an item, and reads it in place: the library would return a clone, which costs two atomic
/// operations. It does lend the key that it compares, and the key is the item. The shard is locked
/// meanwhile.
struct InPlaceRead<'k, F, R> {
    key: &'k [u8],
    read: Cell<Option<F>>,
    found: Cell<Option<R>>,
}

impl<'k, F: FnOnce(&Item) -> R, R> InPlaceRead<'k, F, R> {
    fn new(key: &'k [u8], read: F) -> Self {
        Self { key, read: Cell::new(Some(read)), found: Cell::new(None) }
    }
}

impl<F, R> Hash for InPlaceRead<'_, F, R> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(self.key);
    }
}

impl<F: FnOnce(&Item) -> R, R> Equivalent<ByKey> for InPlaceRead<'_, F, R> {
    fn equivalent(&self, item: &ByKey) -> bool {
        let same = item.0.has_key(self.key);
        if same && let Some(read) = self.read.take() {
            self.found.set(Some(read(&item.0)));
        }
        same
    }
}

/// What one insertion evicted.
#[derive(Default)]
struct Evicted {
    count: u64,
    /// The address of the new item, …
    new: usize,
    /// … and the item itself, if it was evicted, too.
    itself: Option<Item>,
}

impl Evicted {
    /// Nothing yet, by the insertion of this item.
    fn by(item: &Item) -> Self {
        Self { new: item.key().as_ptr().addr(), ..Self::default() }
    }
}

#[derive(Clone)]
struct Evictions;

impl Lifecycle<ByKey, ()> for Evictions {
    type RequestState = Evicted;

    fn before_evict(&self, evicted: &mut Evicted, ByKey(item): &ByKey, (): &mut ()) {
        evicted.count += 1;
        if item.key().as_ptr().addr() == evicted.new {
            evicted.itself = Some(item.clone());
        }
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<ByKey, ()> for Weight {
    fn weight(&self, ByKey(item): &ByKey, (): &()) -> u64 {
        (item.size() + OVERHEAD) as u64
    }
}

impl Cache {
    /// The least capacity at which items of `largest` bytes, key and value together, can always be
    /// stored.
    #[must_use]
    pub const fn least_capacity(largest: usize) -> usize {
        LARGEST_AT_LEAST.saturating_mul(largest.saturating_add(OVERHEAD))
    }

    /// The opposite: the largest item, key and value together, that a cache of `capacity` bytes can
    /// always store.
    #[must_use]
    pub const fn largest_item(capacity: usize) -> usize {
        (capacity / LARGEST_AT_LEAST).saturating_sub(OVERHEAD)
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
            Evictions,
        );
        Self {
            items,
            evicted: AtomicU64::new(0),
            locks: iter::repeat_with(Lock::default).take(LOCKS).collect(),
            counters: StripedCounters::default(),
            generation: AtomicU32::new(0),
            flush_at: AtomicU64::new(u64::MAX),
            largest,
        }
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

    /// A counter's value since the last [`Self::reset_counts`].
    #[must_use]
    pub fn counted(&self, counter: Counter) -> u64 {
        self.counters.sum(counter as usize)
    }

    /// Sets all counters to 0, but that of evictions.
    pub fn reset_counts(&self) {
        self.counters.reset();
    }

    /// How many items were evicted to make room.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    /// How many bytes it may take.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.items.capacity()
    }

    /// How many of the bytes of its capacity are taken.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.items.weight()
    }
}

/// The index of a key's lock. Cheaper than a keyed hash; a collision costs only lock contention.
#[inline]
fn lock_of(key: &[u8]) -> usize {
    let mix = |number: u64, bytes: u64| (number ^ bytes).wrapping_mul(SPREAD);
    let number = match key.last_chunk() {
        None => key.iter().fold(0, |number, byte| mix(number, u64::from(*byte))),
        Some(end) => {
            let (eights, _) = key.as_chunks();
            let eights = eights.iter().chain([end]);
            eights.fold(0, |number, eight| mix(number, u64::from_le_bytes(*eight)))
        }
    };
    // Its high bits depend on all bytes.
    usize::from(number.to_be_bytes()[0]) * LOCKS / 256
}

/// In cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Lock(Mutex<u64>);

/// The right to change the items of some keys.
struct Locked<'c> {
    number: usize,
    /// How many items were given a new CAS unique.
    new_cas: MutexGuard<'c, u64>,
}

impl Cache {
    fn lock(&self, key: &[u8]) -> Locked<'_> {
        let number = lock_of(key);
        // A panic elsewhere broke no invariant: the count is changed in one step.
        let new_cas = self.locks[number].0.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { number, new_cas }
    }

    fn apply(&self, key: &[u8], change: Change, lock: &mut Locked<'_>) {
        let item = match change {
            Change::Keep => return,
            Change::Remove => {
                self.items.remove(&InPlaceRead::new(key, |_| ()));
                return;
            }
            Change::Store(item) => item,
            Change::StoreNewCas(item) => {
                *lock.new_cas += 1;
                // No two locks give the same CAS unique.
                item.with_cas(*lock.new_cas * LOCKS as u64 + lock.number as u64)
            }
        };
        let mut evicted = Evicted::by(&item);
        self.items.insert_with_lifecycle(ByKey(item), (), &mut evicted);
        // To make room for a large item, the library may take the place that it is put in. Where
        // there is none yet, it stays.
        if let Some(item) = evicted.itself.take() {
            evicted.count -= 1;
            self.items.insert_with_lifecycle(ByKey(item), (), &mut evicted);
        }
        if evicted.count > 0 {
            self.evicted.fetch_add(evicted.count, Relaxed);
        }
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

impl Telemetry for &Cache {
    fn count(&mut self, counter: Counter, times: u64) {
        self.counters.add(counter as usize, times);
    }
}

impl Store for &Cache {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        let read = InPlaceRead::new(key, read);
        self.items.get(&read);
        read.found.into_inner()
    }

    // The library can change an item in place, but makes no room when it grows: so it is inserted
    // again, and a lock keeps others from changing it meanwhile. Readers see the old item or the
    // new one.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        let mut lock = self.lock(key);
        let old = InPlaceRead::new(key, Item::clone);
        self.items.peek(&old);
        let (change, result) = decide(old.found.into_inner().as_ref());
        self.apply(key, change, &mut lock);
        result
    }

    fn change(&mut self, key: &[u8], change: Change) {
        self.apply(key, change, &mut self.lock(key));
    }

    fn generation(&mut self, now: u64) -> u32 {
        let at = self.flush_at.load(Acquire);
        if at <= now && self.flush_at.compare_exchange(at, u64::MAX, AcqRel, Relaxed).is_ok() {
            self.generation.fetch_add(1, AcqRel);
        }
        self.generation.load(Acquire)
    }

    fn flush(&mut self, at: u64) -> bool {
        self.flush_at.store(at, Release);
        true
    }

    fn resize(&mut self, bytes: u64) -> bool {
        // Each shard has its part.
        let least = Cache::least_capacity(self.largest).saturating_mul(self.items.num_shards());
        let good = bytes >= least as u64;
        if good {
            let before = self.items.len();
            self.items.set_capacity(bytes);
            let gone = before.saturating_sub(self.items.len());
            self.evicted.fetch_add(gone as u64, Relaxed);
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use memwire::{grammar::Data, store::Meta};

    use super::*;

    /// Enough keys that the library compares some that only look alike in its table.
    #[test]
    fn each_of_many_keys_finds_its_own_item() {
        let cache = Cache::new(16 << 20, 1 << 10);
        let key = |number: u32| format!("key {number}").into_bytes();
        for number in 0..20_000 {
            let item = Item::new(&key(number), Data::Borrowed(&key(number)), Meta::default());
            (&cache).change(&key(number), Change::Store(item));
        }
        for number in 0..40_000 {
            let found = (&cache).get(&key(number), |item| item.value().to_vec());
            assert_eq!(found, (number < 20_000).then(|| key(number)));
        }
    }

    #[test]
    fn keys_of_one_form_are_spread_over_all_locks() {
        for (before, after) in [("key_00000000", ""), ("user:", ":profile"), ("", ""), ("k", "")] {
            let mut keys = [0; LOCKS];
            for number in 0..100 * LOCKS {
                keys[lock_of(format!("{before}{number}{after}").as_bytes())] += 1;
            }
            let fair = keys.iter().all(|keys| (25..200).contains(keys));
            assert!(fair, "{before}N{after}: {keys:?}");
        }
    }
}
