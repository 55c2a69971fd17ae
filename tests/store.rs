//! What every store does, alone and shared.

use std::thread;

use memwire::store::{Change, Item, Map, SharedMap, Store};

fn put(value: &[u8]) -> Change {
    Change::Put(Item::from(value))
}

fn value(store: &mut impl Store, key: &[u8]) -> Option<Vec<u8>> {
    store.get(key, |item| item.value().to_vec())
}

/// A key without an item and with one, under each change.
fn check(store: &mut impl Store) {
    let absent = |item: Option<&Item>| assert_eq!(item, None);
    assert_eq!(value(store, b"k"), None);
    assert_eq!(store.update(b"k", |item| (Change::Keep, absent(item))), ());
    assert_eq!(store.update(b"k", |item| (Change::Remove, absent(item))), ());
    assert_eq!(value(store, b"k"), None);
    assert_eq!(store.update(b"k", |item| (put(b"one"), (absent(item), 7).1)), 7);
    assert_eq!(value(store, b"k").as_deref(), Some(&b"one"[..]));

    let seen = |item: Option<&Item>| item.map(|item| item.value().to_vec());
    assert_eq!(store.update(b"k", |item| (Change::Keep, seen(item))), Some(b"one".to_vec()));
    assert_eq!(store.update(b"k", |item| (put(b""), seen(item))), Some(b"one".to_vec()));
    assert_eq!(value(store, b"k").as_deref(), Some(&b""[..]));
    assert_eq!(value(store, b"other"), None);
    assert_eq!(value(store, b""), None);
    assert_eq!(store.update(b"k", |item| (Change::Remove, seen(item))), Some(vec![]));
    assert_eq!(value(store, b"k"), None);
}

#[test]
fn the_map() {
    let mut map = Map::new();
    check(&mut map);
    assert!(map.is_empty());
    map.update(b"b", |_| (put(b"2"), ()));
    map.update(b"a", |_| (put(b"1"), ()));
    let mut other = Map::new();
    other.update(b"a", |_| (put(b"1"), ()));
    assert_ne!(map, other);
    other.update(b"b", |_| (put(b"2"), ()));
    assert_eq!(map, other);
    assert_eq!(map.len(), 2);
}

#[test]
fn the_shared_map() {
    let map = SharedMap::new();
    check(&mut &map);
}

#[test]
fn updates_of_a_shared_map_are_atomic() {
    let map = SharedMap::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    (&map).update(b"k", |item| {
                        let mut value = item.map_or(vec![], |item| item.value().to_vec());
                        value.push(b'x');
                        (put(&value), ())
                    });
                }
            });
        }
    });
    assert_eq!(value(&mut &map, b"k").map(|value| value.len()), Some(4000));
}
