//! What a session reports to its store, and asks of it.

use std::fmt::Display;

use memwire::{
    Limits, Session,
    dialect::classic::Requests,
    grammar::Data,
    store::{Change, Item, Map, Meta, Store},
    telemetry::{Counter, Telemetry},
};

use super::common::{LIMITS, NOW, replies};

/// A map that records what is counted, and has statistics.
#[derive(Default)]
struct Recording {
    map: Map,
    counts: Vec<(Counter, u64)>,
    /// Whether `flush_all` is not allowed.
    keeps: bool,
}

impl Store for Recording {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.map.get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        self.map.update(key, decide)
    }

    fn generation(&mut self, now: u64) -> u32 {
        self.map.generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        !self.keeps && self.map.flush(at)
    }

    fn resize(&mut self, bytes: u64) -> bool {
        bytes == 8 << 20
    }
}

impl Telemetry for Recording {
    fn count(&mut self, counter: Counter, times: u64) {
        self.counts.push((counter, times));
    }

    fn stats(&mut self, kind: &[u8], now: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        match kind {
            b"" => {
                report("time", &now);
                report("name", &"two words");
            }
            b"reset" => {}
            _ => return false,
        }
        true
    }
}

#[test]
fn commands_are_counted() {
    use Counter::{
        CasBadval, CasHits, CasMisses, CmdFlush, CmdGet, CmdSet, CmdTouch, DecrHits, DecrMisses,
        DeleteHits, DeleteMisses, GetExpired, GetFlushed, GetHits, GetMisses, IncrHits, IncrMisses,
        StoreTooLarge, TotalItems, TouchHits, TouchMisses,
    };
    let (mut store, mut session) =
        (Recording::default(), Session::new(Limits::DEFAULT.with_line(40).with_value(3)));
    let mut expect = |requests: &str, expected: &str, counts: &[Counter]| {
        assert_eq!(replies(&mut session, &mut store, requests), expected, "{requests}");
        let once: Vec<_> = counts.iter().map(|counter| (*counter, 1)).collect();
        assert_eq!(store.counts, once, "{requests}");
        store.counts.clear();
    };
    let large = "SERVER_ERROR object too large for cache;";
    expect("get k;", "END;", &[CmdGet, GetMisses]);
    expect("set k 0 0 1;9;", "STORED;", &[CmdSet, TotalItems]);
    expect("add k 0 0 1;9;", "NOT_STORED;", &[CmdSet]);
    expect("get k;", "VALUE k 0 1;9;END;", &[CmdGet, GetHits]);
    expect("incr k 1;", "10;", &[IncrHits]);
    expect("decr k 1;", "9;", &[DecrHits]);
    expect("incr j 1;", "NOT_FOUND;", &[IncrMisses]);
    expect("decr j 1;", "NOT_FOUND;", &[DecrMisses]);
    expect("cas k 0 0 1 3;9;", "STORED;", &[CmdSet, CasHits, TotalItems]);
    expect("cas k 0 0 1 3;9;", "EXISTS;", &[CmdSet, CasBadval]);
    expect("cas j 0 0 1 3;9;", "NOT_FOUND;", &[CmdSet, CasMisses]);
    expect("append k 0 0 3;999;", large, &[CmdSet, StoreTooLarge]);
    expect("add k 0 0 4;9999;", large, &[StoreTooLarge]);
    expect("touch k 1;", "TOUCHED;", &[CmdTouch, TouchHits]);
    expect("touch j 1;", "NOT_FOUND;", &[CmdTouch, TouchMisses]);
    expect("gat 0 k;", "VALUE k 0 1;9;END;", &[CmdGet, CmdTouch, TouchHits]);
    expect("gat 0 j;", "END;", &[CmdGet, CmdTouch, TouchMisses]);
    expect("delete k;", "DELETED;", &[DeleteHits]);
    expect("delete k;", "NOT_FOUND;", &[DeleteMisses]);
    expect("flush_all;", "OK;", &[CmdFlush]);
    store.generation(NOW);
    let expires = std::num::NonZeroU64::new(NOW);
    for (meta, counter) in [
        (Meta::default().with_expires(expires).with_generation(1), GetExpired),
        (Meta::default(), GetFlushed),
    ] {
        let item = Item::new(b"k", Data::Borrowed(b"9"), meta);
        store.update(b"k", |_| (Change::Store(item), ()));
        assert_eq!(replies(&mut session, &mut store, "get k;"), "END;");
        assert_eq!(store.counts, [(CmdGet, 1), (GetMisses, 1), (counter, 1)]);
        store.counts.clear();
    }
}

#[test]
fn a_store_decides_what_is_permitted_and_reported() {
    let mut session = Session::<Requests>::new(LIMITS);
    let mut store = Recording { keeps: true, ..Recording::default() };
    let asked = "set k 0 0 1;v;flush_all;flush_all 9 noreply;get k;cache_memlimit 8;cache_memlimit 9;\
                 stats;stats reset;stats slow;";
    let expected = format!(
        "STORED;CLIENT_ERROR flush_all not allowed;VALUE k 0 1;v;END;OK;\
         SERVER_ERROR cannot set the memory limit to that;STAT time {NOW};STAT name two words;END;\
         RESET;ERROR;"
    );
    assert_eq!(replies(&mut session, &mut store, asked), expected);
    // A map has no statistics.
    assert_eq!(replies(&mut session, &mut Map::new(), "stats;"), "ERROR;");
}
