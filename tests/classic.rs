//! The classic dialect's vectors, through everything that speaks it here.
#![allow(clippy::needless_pass_by_value, reason = "quickcheck passes by value")]

use std::fmt::Display;

use memwire::{
    BadSessionSnapshot, Limits, Progress, Session,
    dialect::{
        Value,
        classic::{LIMITS, Replies, Requests},
    },
    store::{Change, Count, Item, Map, Meta, Store},
    vectors::{CLASSIC, End, Remembered, Step, Suite, Vector},
};

mod laws;

/// A second at which the times in the vectors are past or to come.
const NOW: u64 = 1_700_000_000;

fn suite() -> Suite {
    Suite::from_json(CLASSIC.suite).expect("the vectors can be read")
}

/// Those that expect something; of statistics, a session knows what its store does: here nothing.
fn judged() -> impl Iterator<Item = Vector> {
    let needs_statistics = |vector: &Vector| vector.requires.iter().any(|name| name == "stats");
    let vectors = suite().vectors.into_iter().filter(|vector| vector.level.is_some());
    vectors.filter(move |vector| !needs_statistics(vector))
}

/// Longer streams are repetitions of little: they are cut in a few places only.
const LONG: usize = 2048;

fn splits<G: laws::Checked>(limits: Limits, stream: &[u8]) -> Vec<Vec<usize>> {
    let mut splits = laws::splits::<G>(limits, stream);
    // Three pieces are what `exhaustion` is for.
    splits.retain(|cuts| cuts.len() != 2);
    if stream.len() > LONG {
        splits.retain(|cuts| cuts.len() < 2);
        let few = splits.len().div_ceil(12);
        splits = splits.into_iter().step_by(few).collect();
    }
    splits
}

fn laws_hold<G: laws::Checked>(limits: Limits, stream: &[u8]) {
    for cuts in splits::<G>(limits, stream) {
        laws::split::<G>(limits, stream, &cuts);
        laws::oracle::<G>(limits, stream, &cuts);
        if cuts.len() < 3 {
            laws::resume::<G>(limits, stream, &cuts);
        }
    }
    laws::prompt::<G>(limits, stream);
    laws::recover::<G>(limits, stream);
}

#[test]
fn the_laws_hold_for_all_streams_of_requests() {
    for vector in suite().vectors {
        laws_hold::<Requests>(LIMITS, &vector.sent());
    }
}

#[test]
fn the_laws_hold_for_all_streams_of_replies() {
    for vector in judged() {
        let mut replies = vec![];
        vector.expected().expand(&mut replies);
        laws_hold::<Replies>(LIMITS.of_replies(), &replies);
    }
}

/// One word is wrong, and all others are right.
#[test]
fn the_laws_hold_for_replies_that_are_none() {
    let key = "k".repeat(251);
    for line in [
        "VALUE k\x01 0 1",
        &format!("VALUE {key} 0 1"),
        "VALUE k 4294967296 1",
        "VALUE k x 1",
        "VALUE k 0 x",
        "VALUE k 0 1 x",
        "VALUE k 0 1 5 6",
        "VALUE k\x01 0 1 5",
        "VALUE k 0 99",
        "VALUE k 0",
        "VALUE  0 1",
        "VERSION",
        "STAT k",
        "STORED k",
        "007",
    ] {
        laws_hold::<Replies>(LIMITS.of_replies(), format!("{line}\r\nA\r\nEND\r\n").as_bytes());
    }
}

/// A session that is fed by chunks, and saved and restored each time its output is full.
struct Talk {
    session: Session<Requests>,
    store: Map,
    now: u64,
    mark: usize,
    out: Vec<u8>,
}

impl Talk {
    fn new(mark: usize) -> Self {
        let session = Session::with_mark(LIMITS, mark);
        Self { session, store: Map::new(), now: NOW, mark, out: vec![] }
    }

    fn feed(&mut self, chunk: &[u8]) {
        let mut input = chunk;
        let mut out = vec![];
        loop {
            let progress = self.session.advance(&mut self.store, self.now, &mut input, &mut out);
            self.out.append(&mut out);
            match progress {
                Progress::NeedInput => return assert!(input.is_empty()),
                Progress::Close => return assert!(self.session.is_closed()),
                Progress::OutputFull => {}
            }
            let saved = self.session.save();
            let restored = Session::restore(LIMITS, self.mark, saved).expect("it was saved");
            assert_eq!(restored, self.session);
            self.session = restored;
        }
    }

    fn finish(self, vector: &Vector) {
        let start = self.session.finish().err().map(|truncated| truncated.start);
        match vector.end {
            End::Clean => assert_eq!(start, None, "{}", vector.id),
            End::Truncated(offset) => assert_eq!(start, Some(offset), "{}", vector.id),
        }
    }
}

#[test]
fn sessions_answer_step_by_step() {
    for vector in judged() {
        let mut talk = Talk::new(usize::MAX);
        let mut remembered = Remembered::new();
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => {
                    let mut bytes = vec![];
                    pattern.fill(&remembered, &mut bytes);
                    talk.feed(&bytes);
                }
                Step::Expect(pattern) => {
                    let rest = pattern.strip(&talk.out, &mut remembered);
                    let shown = talk.out.escape_ascii();
                    assert!(rest.is_some_and(<[u8]>::is_empty), "{}: {shown}", vector.id);
                    talk.out.clear();
                }
                Step::Wait(seconds) => talk.now += u64::from(*seconds),
            }
        }
        assert!(talk.out.is_empty(), "{}: {}", vector.id, talk.out.escape_ascii());
        talk.finish(&vector);
    }
}

#[test]
fn sessions_agree_under_every_split_and_mark() {
    for vector in judged().filter(|vector| !vector.is_interactive()) {
        let stream = vector.sent();
        for cuts in splits::<Requests>(LIMITS, &stream) {
            for mark in [0, 65_536] {
                let mut talk = Talk::new(mark);
                for chunk in laws::chunks(&stream, &cuts) {
                    talk.feed(chunk);
                }
                let shown = talk.out.escape_ascii();
                let fits = vector.expected().matches(&talk.out);
                assert!(fits, "{} cut at {cuts:?}, mark {mark}: {shown}", vector.id);
                talk.finish(&vector);
            }
        }
    }
}

/// Words, numbers, ends of lines and blocks: what streams are made of, and some whole requests.
const TOKENS: [&str; 49] = [
    "get ",
    "gets ",
    "gat ",
    "gats ",
    "set ",
    "add ",
    "replace ",
    "append ",
    "prepend ",
    "cas ",
    "delete ",
    "incr ",
    "decr ",
    "touch ",
    "flush_all",
    "version",
    "verbosity ",
    "cache_memlimit ",
    "stats",
    "quit",
    " noreply",
    "k ",
    "key",
    "k\x01 ",
    "0 ",
    "-1 ",
    "7 ",
    "12",
    "13",
    "99999999999999999999 ",
    "set k 1 0 3\r\nabc\r\n",
    "cas k 1 0 2 9 noreply\r\nab",
    "get k k\r\n",
    "incr k 5\n",
    "VALUE k 7 3\r\nabc\r\n",
    "VALUE k 7 12 5\r\n",
    "END\r\n",
    "STORED\r\n",
    "17\r\n",
    "STAT a b",
    "CLIENT_ERROR ",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\0",
    "abc",
    "é",
    "x",
];

/// The laws on random streams; quickcheck finds the shortest one that breaks any.
#[test]
fn the_laws_hold_for_random_streams() {
    fn laws_hold<G: laws::Checked>(stream: &[u8], cuts: &[usize]) {
        for limits in [Limits { line: 40, value: 12 }, LIMITS] {
            laws::oracle::<G>(limits, stream, cuts);
            laws::split::<G>(limits, stream, cuts);
            laws::resume::<G>(limits, stream, cuts);
            laws::total::<G>(limits, stream, cuts);
        }
        let limits = Limits { line: 40, value: 12 };
        laws::prompt::<G>(limits, stream);
        laws::recover::<G>(limits, stream);
    }
    fn property(tokens: Vec<u8>, cuts: Vec<u8>) -> bool {
        let token = |at: &u8| TOKENS[usize::from(*at) % TOKENS.len()].as_bytes();
        let stream: Vec<u8> = tokens.iter().flat_map(token).copied().collect();
        let mut cuts: Vec<usize> =
            cuts.iter().map(|cut| usize::from(*cut) * stream.len() / 255).collect();
        cuts.sort_unstable();
        laws_hold::<Requests>(&stream, &cuts);
        laws_hold::<Replies>(&stream, &cuts);
        true
    }
    let cases = 100_000;
    let generator = quickcheck::Gen::new(16);
    let mut check = quickcheck::QuickCheck::new().rng(generator).tests(cases).max_tests(cases);
    check.quickcheck(property as fn(Vec<u8>, Vec<u8>) -> bool);
}

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

/// Found by `cargo test --test differential`: a format's width has 16 bits.
#[test]
fn a_number_is_padded_to_any_length() {
    let (mut store, mut session) = (Map::new(), Session::<Requests>::new(LIMITS));
    for length in [65_535, 65_536, 1_000_000] {
        let zeros = "0".repeat(length);
        let requests = format!("set k 0 0 {length}\r\n{zeros}\r\nincr k 12\r\nget k\r\n");
        let mut replies = Vec::new();
        session.advance(&mut store, NOW, &mut requests.as_bytes(), &mut replies);
        let value = format!("12{}", " ".repeat(length - 2));
        let expected = format!("STORED\r\n12\r\nVALUE k 0 {length}\r\n{value}\r\nEND\r\n");
        assert!(replies == expected.as_bytes(), "{length}");
    }
}

/// What a session of this mark answers to requests that each end with `;`.
fn answers(session: &mut Session<Requests>, store: &mut impl Store, requests: &str) -> String {
    let (mut replies, requests) = (vec![], requests.replace(';', "\r\n"));
    session.advance(store, NOW, &mut requests.as_bytes(), &mut replies);
    String::from_utf8(replies).expect("text").replace("\r\n", ";")
}

#[test]
fn a_value_grows_up_to_the_limit() {
    let mut session = Session::new(Limits { line: 40, value: 6 });
    let mut say = |store: &mut Map, requests: &str| answers(&mut session, store, requests);
    for verb in ["append", "prepend"] {
        let store = &mut Map::new();
        assert_eq!(say(store, "set k 0 0 2;ab;"), "STORED;");
        assert_eq!(say(store, &format!("{verb} k 0 0 4;abab;")), "STORED;");
        let refused = "SERVER_ERROR object too large for cache;VALUE k 0 6;ababab;END;";
        assert_eq!(say(store, &format!("{verb} k 0 0 1;a;get k;")), refused);
    }
    // A map has no bound to change.
    let refused = "SERVER_ERROR cannot set the memory limit to that;";
    assert_eq!(say(&mut Map::new(), "cache_memlimit 64;cache_memlimit 64 noreply;"), refused);
    // What is kept beside a value has to fit, too.
    assert!((1_000_000..1 << 20).contains(&LIMITS.value));
}

/// A map that counts, and has something to tell.
#[derive(Default)]
struct Counting {
    map: Map,
    counts: Vec<(Count, u64)>,
    /// Whether nothing may be given up.
    keeps: bool,
}

impl Store for Counting {
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

    fn count(&mut self, what: Count, times: u64) {
        self.counts.push((what, times));
    }

    fn stats(&mut self, kind: &[u8], now: u64, tell: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        match kind {
            b"" => {
                tell("time", &now);
                tell("name", &"two words");
            }
            b"reset" => {}
            _ => return false,
        }
        true
    }
}

#[test]
fn what_happens_is_counted() {
    use Count::{
        CasBadval, CasHits, CasMisses, CmdFlush, CmdGet, CmdSet, CmdTouch, DecrHits, DecrMisses,
        DeleteHits, DeleteMisses, GetExpired, GetFlushed, GetHits, GetMisses, IncrHits, IncrMisses,
        StoreTooLarge, TotalItems, TouchHits, TouchMisses,
    };
    let (mut store, mut session) =
        (Counting::default(), Session::new(Limits { line: 40, value: 3 }));
    let mut expect = |requests: &str, replies: &str, counts: &[Count]| {
        assert_eq!(answers(&mut session, &mut store, requests), replies, "{requests}");
        let once: Vec<_> = counts.iter().map(|count| (*count, 1)).collect();
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
    for (meta, why) in [
        (Meta { expires, generation: 1, ..Meta::default() }, GetExpired),
        (Meta { generation: 0, ..Meta::default() }, GetFlushed),
    ] {
        let item = Item::new(b"k", Value::Lent(b"9"), meta);
        store.update(b"k", |_| (Change::Put(item), ()));
        assert_eq!(answers(&mut session, &mut store, "get k;"), "END;");
        assert_eq!(store.counts, [(CmdGet, 1), (GetMisses, 1), (why, 1)]);
        store.counts.clear();
    }
}

#[test]
fn what_a_store_permits_and_tells() {
    let mut session = Session::<Requests>::new(LIMITS);
    let mut store = Counting { keeps: true, ..Counting::default() };
    let asked = "set k 0 0 1;v;flush_all;flush_all 9 noreply;get k;cache_memlimit 8;cache_memlimit 9;\
                 stats;stats reset;stats slow;";
    let told = format!(
        "STORED;CLIENT_ERROR flush_all not allowed;VALUE k 0 1;v;END;OK;\
         SERVER_ERROR cannot set the memory limit to that;STAT time {NOW};STAT name two words;END;\
         RESET;ERROR;"
    );
    assert_eq!(answers(&mut session, &mut store, asked), told);
    // A map has nothing to tell.
    assert_eq!(answers(&mut session, &mut Map::new(), "stats;"), "ERROR;");
}

#[test]
fn a_get_stops_where_its_answers_pass_the_mark() {
    let value = "VALUE k 0 1;9;";
    let mark = value.len() + 2;
    for (mark, stops) in [(mark - 1, true), (mark, false)] {
        let (mut store, mut session) = (Map::new(), Session::with_mark(LIMITS, mark));
        answers(&mut session, &mut store, "set k 0 0 1 noreply;9;");
        let told = answers(&mut session, &mut store, "get k k;");
        assert_eq!((told == value, session.is_replying()), (stops, stops), "{mark}: {told}");
    }
    // Behind the last key there is nothing to wait for.
    let (mut store, mut session) = (Map::new(), Session::with_mark(LIMITS, 0));
    answers(&mut session, &mut store, "set k 0 0 1 noreply;9;");
    assert_eq!(answers(&mut session, &mut store, "get k;"), format!("{value}END;"));
    assert!(!session.is_replying());
}

#[test]
fn what_is_restored_can_have_been_saved() {
    let (mut store, mut session) = (Map::new(), Session::with_mark(LIMITS, 0));
    answers(&mut session, &mut store, "set k 0 0 1 noreply;9;");
    answers(&mut session, &mut store, "get k j;");
    let saved = serde_json::to_value(session.save()).expect("a snapshot is data");
    for (rest, good) in [
        ("get j\r\n", true),
        ("gats -1 i j\r\n", true),
        ("gats -1 i jj\r\n", false),
        ("get j\r\nget j\r\n", false),
        ("get j", false),
        ("get\r\n", false),
        ("delete j\r\n", false),
    ] {
        let mut saved = saved.clone();
        saved["rest"] = rest.as_bytes().into();
        let saved = serde_json::from_value(saved).expect("it has the form of one");
        // The longest good one is as long as a line may be, its CR counted and its LF not.
        let restored = Session::<Requests>::restore(Limits { line: 12, value: 3 }, 0, saved);
        let expected = (!good).then_some(BadSessionSnapshot::Rest);
        assert_eq!(restored.err(), expected, "{rest:?}");
    }
    // Behind a leave nothing is looked at.
    let mut session = Session::<Requests>::new(LIMITS);
    answers(&mut session, &mut store, "quit;");
    let left = session.save();
    assert!(Session::<Requests>::restore(LIMITS, 0, left).is_ok());
    let mut session = Session::<Requests>::new(LIMITS);
    session.advance(&mut store, NOW, &mut &b"ge"[..], &mut vec![]);
    let mut saved = serde_json::to_value(session.save()).expect("a snapshot is data");
    saved["closed"] = true.into();
    let saved = serde_json::from_value(saved).expect("it has the form of one");
    let restored = Session::<Requests>::restore(LIMITS, 0, saved);
    assert_eq!(restored.err(), Some(BadSessionSnapshot::Rest));
}
