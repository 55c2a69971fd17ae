//! The contract of a store, checked on the plain map.

use std::hash::{BuildHasher as _, RandomState};

use memwire::{
    grammar::Data,
    store::{Change, Item, Map, Meta, Store},
};
use memwire_testing::stores;

fn item(key: &[u8], value: &[u8]) -> Item {
    Item::new(key, Data::Borrowed(value), Meta::default())
}

fn put(key: &[u8], value: &[u8]) -> Change {
    Change::Store(item(key, value))
}

fn value(store: &mut impl Store, key: &[u8]) -> Option<Vec<u8>> {
    store.get(key, |item| item.value().to_vec())
}

#[test]
fn every_change_is_applied_to_a_key() {
    let store = &mut Map::new();
    stores::changes(store);
    assert!(store.is_empty());
}

/// The order in which items were stored does not matter.
#[test]
fn maps_are_compared_and_hashed() {
    let mut map = Map::new();
    map.change(b"b", put(b"b", b"2"));
    map.change(b"a", put(b"a", b"1"));
    let mut other = Map::new();
    other.change(b"a", put(b"a", b"1"));
    assert_ne!(map, other);
    other.change(b"b", put(b"b", b"2"));
    assert_eq!(map, other);
    assert_eq!((map.len(), &map.clone()), (2, &map));
    let hashes = RandomState::new();
    assert_eq!(hashes.hash_one(&map), hashes.hash_one(&other));
    other.change(b"b", Change::Remove);
    assert_ne!(hashes.hash_one(&map), hashes.hash_one(&other));
}

/// Other owners of the item still see the old one.
#[test]
fn a_new_cas_does_not_change_shared_items() {
    for size in [1, 2000] {
        let (mut map, shared) = (Map::new(), item(b"k", &vec![b'v'; size]));
        map.change(b"k", Change::StoreNewCas(shared.clone()));
        let cas = map.get(b"k", |item| item.meta().cas);
        assert_eq!((cas, shared.meta().cas), (Some(1), 0), "{size}");
        assert_eq!(value(&mut map, b"k").map(|value| value.len()), Some(size));
    }
}

/// Each flush starts a new generation.
#[test]
fn a_delayed_flush_takes_effect_when_due() {
    let mut store = Map::new();
    assert_eq!(store.generation(5), 0);
    store.flush(10);
    assert_eq!((store.generation(9), store.generation(10), store.generation(11)), (0, 1, 1));
    store.flush(20);
    store.flush(15);
    assert_eq!((store.generation(14), store.generation(30), store.generation(99)), (1, 2, 2));
}

#[test]
fn a_store_works_through_a_reference() {
    let mut map = Map::new();
    let mut store = &mut map;
    Store::change(&mut store, b"k", put(b"k", b"v"));
    assert_eq!(value(&mut store, b"k").as_deref(), Some(&b"v"[..]));
    assert_eq!(map.len(), 1);
}
