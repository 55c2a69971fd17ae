//! Values that grow: by `incr`, `append` and `prepend`.

use memwire::{Limits, Session, dialect::classic::Requests, store::Map};

use super::common::{LIMITS, NOW, replies};

/// Found by the differential test: a format's width has 16 bits.
#[test]
fn a_number_is_padded_to_any_length() {
    let (mut store, mut session) = (Map::new(), Session::<Requests>::new(LIMITS));
    for length in [65_535, 65_536, 1_000_000] {
        let zeros = "0".repeat(length);
        let requests = format!("set k 0 0 {length}\r\n{zeros}\r\nincr k 12\r\nget k\r\n");
        let mut got = Vec::new();
        session.advance(&mut store, NOW, &mut requests.as_bytes(), &mut got);
        let value = format!("12{}", " ".repeat(length - 2));
        let expected = format!("STORED\r\n12\r\nVALUE k 0 {length}\r\n{value}\r\nEND\r\n");
        assert!(got == expected.as_bytes(), "{length}");
    }
}

#[test]
fn a_value_grows_up_to_the_limit() {
    let mut session = Session::new(Limits::DEFAULT.with_line(40).with_value(6));
    let mut say = |store: &mut Map, requests: &str| replies(&mut session, store, requests);
    for verb in ["append", "prepend"] {
        let store = &mut Map::new();
        assert_eq!(say(store, "set k 0 0 2;ab;"), "STORED;");
        assert_eq!(say(store, &format!("{verb} k 0 0 4;abab;")), "STORED;");
        let rejected = "SERVER_ERROR object too large for cache;VALUE k 0 6;ababab;END;";
        assert_eq!(say(store, &format!("{verb} k 0 0 1;a;get k;")), rejected);
    }
    // A map has no bound to change.
    let rejected = "SERVER_ERROR cannot set the memory limit to that;";
    assert_eq!(say(&mut Map::new(), "cache_memlimit 64;cache_memlimit 64 noreply;"), rejected);
    // What is stored with a value has to fit, too.
    assert!((1_000_000..1 << 20).contains(&LIMITS.value));
}
