//! The contract of a store: what every implementation of [`Store`] does.

use memwire::{
    grammar::Data,
    store::{Change, Item, Meta, Store},
};

fn put(key: &[u8], value: &[u8]) -> Change {
    Change::Store(Item::new(key, Data::Borrowed(value), Meta::default()))
}

/// Applies each [`Change`] to a key without an item and to one with an item, and leaves the store
/// as it was.
///
/// # Panics
///
/// If the store, in which the keys `k`, `other` and the empty key must hold nothing, does something
/// else than [`Store`] says.
pub fn changes(store: &mut impl Store) {
    fn value(store: &mut impl Store, key: &[u8]) -> Option<Vec<u8>> {
        store.get(key, |item| item.value().to_vec())
    }
    let absent = |item: Option<&Item>| assert_eq!(item, None);
    assert_eq!(value(store, b"k"), None);
    assert_eq!(store.update(b"k", |item| (Change::Keep, absent(item))), ());
    assert_eq!(store.update(b"k", |item| (Change::Remove, absent(item))), ());
    assert_eq!(value(store, b"k"), None);
    assert_eq!(store.update(b"k", |item| (put(b"k", b"one"), (absent(item), 7).1)), 7);
    assert_eq!(value(store, b"k").as_deref(), Some(&b"one"[..]));

    let seen = |item: Option<&Item>| item.map(|item| item.value().to_vec());
    assert_eq!(store.update(b"k", |item| (Change::Keep, seen(item))), Some(b"one".to_vec()));
    assert_eq!(store.update(b"k", |item| (put(b"k", b""), seen(item))), Some(b"one".to_vec()));
    assert_eq!(value(store, b"k").as_deref(), Some(&b""[..]));
    assert_eq!(value(store, b"other"), None);
    assert_eq!(value(store, b""), None);
    assert_eq!(store.update(b"k", |item| (Change::Remove, seen(item))), Some(vec![]));
    assert_eq!(value(store, b"k"), None);
}
