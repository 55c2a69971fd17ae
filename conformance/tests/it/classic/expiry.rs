//! Items expire, and are invalidated, to the second.

use memwire::{Session, dialect::classic::Requests, store::Map};

use super::common::LIMITS;

/// Time passes only as the caller says.
#[test]
fn items_expire_to_the_second() {
    let (mut session, mut store) = (Session::<Requests>::new(LIMITS), Map::new());
    let mut say = |now: u64, request: &str| {
        let mut out = vec![];
        session.advance(&mut store, now, &mut request.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    };
    let (hit, miss) = ("VALUE k 0 1\r\n1\r\nEND\r\n", "END\r\n");
    for (exptime, last) in [("10", 109), ("2592000", 2_592_099), ("2592001", 2_592_000)] {
        assert_eq!(say(100, &format!("set k 0 {exptime} 1\r\n1\r\n")), "STORED\r\n");
        assert_eq!(say(last, "get k\r\n"), hit, "{exptime}");
        assert_eq!(say(last + 1, "get k\r\n"), miss, "{exptime}");
        assert_eq!(say(last + 1, "touch k 5\r\n"), "NOT_FOUND\r\n", "{exptime}");
        assert_eq!(say(last + 1, "incr k 5\r\n"), "NOT_FOUND\r\n", "{exptime}");
        assert_eq!(say(last + 1, "replace k 0 0 1\r\n1\r\n"), "NOT_STORED\r\n", "{exptime}");
    }
    // What changes the value leaves the time; what names a time changes it.
    assert_eq!(say(100, "set k 0 10 1\r\n0\r\nincr k 1\r\n"), "STORED\r\n1\r\n");
    assert_eq!(say(109, "get k\r\n"), hit);
    assert_eq!(say(109, "touch k 10\r\n"), "TOUCHED\r\n");
    assert_eq!(say(118, "gat 10 k\r\n"), hit);
    assert_eq!(say(127, "get k\r\n"), hit);
    assert_eq!(say(128, "get k\r\n"), miss);
    // All that there is when the time comes.
    assert_eq!(say(200, "flush_all 10\r\nset k 0 0 1\r\n1\r\n"), "OK\r\nSTORED\r\n");
    assert_eq!(say(209, "get k\r\n"), hit);
    assert_eq!(say(210, "get k\r\nadd k 0 0 1\r\n1\r\n"), "END\r\nSTORED\r\n");
    assert_eq!(say(900, "get k\r\n"), hit);
    assert_eq!(say(900, "flush_all 10\r\nflush_all\r\nget k\r\n"), "OK\r\nOK\r\nEND\r\n");
    assert_eq!(say(901, "set k 0 0 1\r\n1\r\n"), "STORED\r\n");
    assert_eq!(say(999, "get k\r\n"), hit, "the first flush was replaced by the second");
}
