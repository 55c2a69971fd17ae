//! Items: what they keep, and that a reply has the form of the request's dialect, whichever dialect
//! stored the item.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    num::NonZeroU64,
};

use memwire::{
    Limits, Session,
    dialect::{classic, simple},
    grammar::Data,
    session::Service,
    store::{Change, Item, Map, Meta, Store as _},
};

fn hash(item: &Item) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(item)
}

/// Both small and large items.
#[test]
fn items_are_compared_and_hashed() {
    for value in [&b"v"[..], &[b'v'; 5000]] {
        let item = |key, value| Item::new(key, Data::Borrowed(value), Meta::default());
        let one = item(b"k", value);
        let same = item(b"k", value);
        assert_eq!((&same, hash(&same)), (&one, hash(&one)));
        assert_eq!((one.key(), one.value(), one.meta()), (&b"k"[..], value, Meta::default()));
        assert_eq!(one.size(), 1 + value.len());
        assert_ne!(hash(&item(b"k", b"w")), hash(&one));
        assert_ne!(item(b"l", value), one);
        let expires = NonZeroU64::new(u64::MAX - 3);
        let meta = Meta::default().with_flags(1 << 31).with_generation(70_000);
        let meta = meta.with_expires(expires).with_cas(u64::MAX - 1);
        let other = one.with_meta(meta);
        assert_eq!((other.key(), other.value(), other.meta()), (&b"k"[..], value, meta));
        assert_ne!(other, one);
    }
    let item = Item::new(b"k", Data::Borrowed(b"v"), Meta::default());
    assert_eq!(format!("{item:?}"), "\"k\": \"v\"");
}

fn exchange<G: Service>(store: &mut Map, now: u64, requests: &[u8]) -> String {
    let mut session = Session::<G>::new(Limits::DEFAULT);
    let mut replies = Vec::new();
    let mut input = requests;
    session.advance(store, now, &mut input, &mut replies);
    String::from_utf8(replies).expect("text")
}

#[test]
fn replies_use_the_dialect_of_the_request() {
    let store = &mut Map::new();
    exchange::<simple::Requests>(store, 0, b"set s 3\nabc\n");
    exchange::<classic::Requests>(store, 0, b"set c 7 0 3\r\nabc\r\n");
    let plain = Item::new(b"p", Data::Borrowed(b"abc"), Meta::default());
    store.change(b"p", Change::Store(plain));
    let replies = exchange::<simple::Requests>(store, 0, b"get s c p\n");
    assert_eq!(replies, "VALUE s 3\nabc\nVALUE c 3\nabc\nVALUE p 3\nabc\nEND\n");
    let replies = exchange::<classic::Requests>(store, 0, b"get s c p\r\n");
    let expected = "VALUE s 0 3\r\nabc\r\nVALUE c 7 3\r\nabc\r\nVALUE p 0 3\r\nabc\r\nEND\r\n";
    assert_eq!(replies, expected);
    let replies = exchange::<classic::Requests>(store, 0, b"gets c\r\n");
    assert_eq!(replies, "VALUE c 7 3 1\r\nabc\r\nEND\r\n");
}

/// Long keys, late expiry times and large CAS uniques are kept, although they do not fit the header
/// of a small item.
#[test]
fn fields_too_large_for_a_small_item_are_kept() {
    let store = &mut Map::new();
    for length in [255, 256] {
        let key = "k".repeat(length);
        exchange::<simple::Requests>(store, 0, format!("set {key} 1\nv\n").as_bytes());
        let replies = exchange::<simple::Requests>(store, 0, format!("get {key}\n").as_bytes());
        assert_eq!(replies, format!("VALUE {key} 1\nv\nEND\n"));
    }
    for expires in [(1_u64 << 40) - 1, 1 << 40] {
        let set = format!("set k 7 {expires} 1\r\nv\r\n");
        exchange::<classic::Requests>(store, 5, set.as_bytes());
        let get = |store: &mut Map, now| exchange::<classic::Requests>(store, now, b"get k\r\n");
        assert_eq!(get(store, expires - 1), "VALUE k 7 1\r\nv\r\nEND\r\n", "{expires}");
        assert_eq!(get(store, expires), "END\r\n", "{expires}");
    }
    let small = Item::new(b"k", Data::Borrowed(b"v"), Meta::default());
    for cas in [(1_u64 << 48) - 1, 1 << 48] {
        let item = small.clone().with_cas(cas);
        assert_eq!((item.key(), item.value(), item.meta().cas), (&b"k"[..], &b"v"[..], cas));
    }
    for generation in [(1_u32 << 24) - 1, 1 << 24] {
        let meta = Meta::default().with_generation(generation);
        assert_eq!(small.with_meta(meta).meta(), meta);
        assert_eq!(Item::new(b"k", Data::Borrowed(b"v"), meta).meta(), meta);
    }
}
