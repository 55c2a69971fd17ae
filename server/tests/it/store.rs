//! What every store does, and what the server's promises, alone and shared.

use std::{collections::BTreeSet, thread};

use memwire::{
    grammar::Data,
    store::{Change, Item, Meta, Store},
};
use memwire_server::Cache;
use memwire_testing::stores;

fn item(key: &[u8], value: &[u8]) -> Item {
    Item::new(key, Data::Borrowed(value), Meta::default())
}

fn stored(key: &[u8], value: &[u8]) -> Change {
    Change::Store(item(key, value))
}

fn value(store: &mut impl Store, key: &[u8]) -> Option<Vec<u8>> {
    store.get(key, |item| item.value().to_vec())
}

const MIB: usize = 1 << 20;

fn cache(megabytes: usize) -> Cache {
    Cache::new(megabytes * MIB, MIB + 250)
}

#[test]
fn a_cache_does_what_every_store_does() {
    let cache = cache(64);
    stores::changes(&mut &cache);
    assert!(cache.is_empty());
}

#[test]
fn the_capacity_can_be_changed() {
    let cache = cache(64);
    let store = &mut &cache;
    for number in 0..60_u32 {
        let key = number.to_be_bytes();
        store.update(&key, |_| (stored(&key, &vec![b'v'; MIB / 2]), ()));
    }
    assert_eq!((cache.len(), cache.evicted()), (60, 0));
    // The largest item would not fit into every part of it.
    assert!(!store.resize(4 * MIB as u64));
    assert_eq!(cache.capacity(), 64 * MIB as u64);
    assert!(store.resize(20 * MIB as u64));
    assert_eq!(cache.capacity(), 20 * MIB as u64);
    assert!(cache.weight() <= cache.capacity());
    assert!((20..40).contains(&cache.len()), "{cache:?}");
    assert_eq!(cache.evicted(), 60 - cache.len() as u64);
    store.update(b"k", |_| (stored(b"k", &vec![b'v'; MIB]), ()));
    assert_eq!(value(store, b"k").map(|value| value.len()), Some(MIB));
    assert!(store.resize(u64::MAX / 4));
    assert!(store.resize(64 * MIB as u64));
}

#[test]
fn updates_are_atomic() {
    let cache = cache(64);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    (&cache).update(b"k", |item| {
                        let mut value = item.map_or(vec![], |item| item.value().to_vec());
                        value.push(b'x');
                        (stored(b"k", &value), ())
                    });
                }
            });
        }
    });
    assert_eq!(value(&mut &cache, b"k").map(|value| value.len()), Some(4000));
}

/// Whatever the cache holds, and whatever the key held, the largest item is there once it was
/// stored.
#[test]
fn the_largest_item_can_always_be_stored() {
    for megabytes in [5, 64] {
        let cache = cache(megabytes);
        let mut store = &cache;
        let largest = vec![b'v'; MIB];
        for i in 0..700_000_u32 {
            store.update(i.to_string().as_bytes(), |_| {
                (stored(i.to_string().as_bytes(), &[b'v'; 100]), ())
            });
            store.get((i / 2).to_string().as_bytes(), |_| ());
        }
        for i in 0..2000_u32 {
            let key = i.to_string();
            let before = [0, 1, 100, 100_000, 500_000, MIB][i as usize % 6];
            if i % 7 > 0 {
                store.update(key.as_bytes(), |_| (stored(key.as_bytes(), &largest[..before]), ()));
            }
            store.update(key.as_bytes(), |_| (stored(key.as_bytes(), &largest), ()));
            let length = store.get(key.as_bytes(), |item| item.value().len());
            assert_eq!(length, Some(MIB), "{key} after {before}, of {megabytes} MiB");
            assert!(cache.weight() <= (megabytes * MIB) as u64, "{}", cache.weight());
        }
    }
}

/// Growing the items that are there takes room from others, not from the rest of the memory.
#[test]
fn a_cache_stays_within_its_capacity() {
    let cache = cache(8);
    for size in [10, 100, 1000, 10_000, 1000, 10, 20_000] {
        for i in 0..20_000_u32 {
            (&cache).update(i.to_string().as_bytes(), |_| {
                (stored(i.to_string().as_bytes(), &vec![b'v'; size]), ())
            });
            assert!(cache.weight() <= 8 << 20, "{}", cache.weight());
        }
    }
    assert!(cache.weight() > 7 << 20, "{}", cache.weight());
}

/// A client finds what it has just set, though the store is full.
#[test]
fn a_new_item_stays_and_evictions_are_counted() {
    let cache = cache(64);
    let mut store = &cache;
    for i in 0..100_000_u32 {
        store.update(i.to_string().as_bytes(), |_| {
            (stored(i.to_string().as_bytes(), &[b'v'; 1000]), ())
        });
        store.get((i / 2).to_string().as_bytes(), |_| ());
    }
    let evicted = cache.evicted();
    assert!(evicted > 30_000, "{evicted}");
    let largest = vec![b'v'; MIB];
    for i in 0..100_u32 {
        let key = format!("large {i}");
        store.update(key.as_bytes(), |_| (stored(key.as_bytes(), &largest), ()));
        for j in 0..500_u32 {
            store.update(format!("{i} {j}").as_bytes(), |_| {
                (stored(format!("{i} {j}").as_bytes(), &[b'v'; 1000]), ())
            });
        }
        assert!(store.get(key.as_bytes(), |_| ()).is_some(), "{key}");
    }
    assert!(cache.evicted() > evicted);
}

/// What is replaced or removed is not evicted.
#[test]
fn replacing_evicts_nothing() {
    let cache = cache(64);
    for _ in 0..3 {
        for key in [&b"a"[..], b"b"] {
            (&cache).update(key, |_| (stored(key, b"v"), ()));
        }
    }
    (&cache).update(b"a", |_| (Change::Remove, ()));
    assert_eq!((cache.len(), cache.evicted()), (1, 0));
}

/// Each change finds the CAS unique of the change before, and no two find the same one.
#[test]
fn cas_uniques_are_unique() {
    let cache = cache(64);
    let seen: Vec<u64> = thread::scope(|scope| {
        let work = |_| {
            scope.spawn(|| {
                let change = |i: u32| {
                    let key = (i % 16).to_string();
                    (&cache).update(key.as_bytes(), |old| {
                        let before = old.map_or(0, |item| item.meta().cas);
                        (Change::StoreNewCas(item(key.as_bytes(), b"v")), before)
                    })
                };
                (0..4000).map(change).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..4).map(work).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let uniques: BTreeSet<_> = seen.iter().filter(|cas| **cas > 0).collect();
    assert_eq!(uniques.len(), 4 * 4000 - 16);
}

/// A flush takes no time, at once or later.
#[test]
fn a_flush_generation_ends_when_its_time_comes() {
    let cache = cache(8);
    let mut store = &cache;
    assert_eq!(store.generation(5), 0);
    store.flush(10);
    assert_eq!((store.generation(9), store.generation(10), store.generation(11)), (0, 1, 1));
    store.flush(20);
    store.flush(15);
    assert_eq!((store.generation(14), store.generation(30), store.generation(99)), (1, 2, 2));
}
