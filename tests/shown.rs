//! What is said to people, and what the small types promise.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    error::Error,
    hash::{Hash, Hasher as _},
    num::NonZeroU64,
};

use memwire::{
    BadSessionSnapshot, BadSnapshot, Limits, Machine, Progress, Session, State, Truncated,
    dialect::{
        Span, Value,
        classic::{self, Fault},
        simple::{BadReply, ErrorKind, Key, Keys, Refusal, Replies, Reply, Request, Requests},
    },
    simulate, simulate_to,
    store::{Change, Item, Map, Meta, Store},
};

/// Each is told apart from the others, in words, without an end of line.
fn told_apart<E: Error>(errors: &[E]) {
    let told: HashSet<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), errors.len());
    assert!(told.iter().all(|text| text.len() > 10 && !text.contains('\n')), "{told:?}");
}

#[test]
fn errors_say_what_is_wrong() {
    told_apart(&[
        Refusal::LongLine,
        Refusal::CarriageReturn,
        Refusal::UnknownCommand,
        Refusal::Words,
        Refusal::Count,
        Refusal::LargeValue,
        Refusal::Key,
        Refusal::BlockEnd,
    ]);
    told_apart(&[BadReply::LongLine, BadReply::Unknown, BadReply::LargeValue, BadReply::BlockEnd]);
    let snapshots =
        [BadSnapshot::State, BadSnapshot::Line, BadSnapshot::Value, BadSnapshot::Offset];
    told_apart(&snapshots);
    told_apart(&[BadSessionSnapshot::Machine(BadSnapshot::State), BadSessionSnapshot::Rest]);
    assert!(BadSessionSnapshot::Machine(BadSnapshot::Line).source().is_some());
    assert!(BadSessionSnapshot::Rest.source().is_none());
    assert!(Refusal::Key.source().is_none());
    let faults = [
        Fault::LongLine,
        Fault::UnknownCommand,
        Fault::Words,
        Fault::Number,
        Fault::Exptime,
        Fault::Delta,
        Fault::DeleteTime,
        Fault::Key,
        Fault::LargeValue(None),
        Fault::BlockEnd,
    ];
    told_apart(&faults.map(|fault| classic::Refusal { fault, noreply: false }));
    let truncated = Truncated { start: 3, end: 7, state: State::AwaitingLine };
    let told = "input ends at byte 7, inside what begins at byte 3: AwaitingLine, its line is not \
                complete";
    assert_eq!(truncated.to_string(), told);
}

#[test]
fn refusals_are_answered() {
    let reply = |refusal: Refusal| {
        let mut out = Vec::new();
        refusal.reply().encode(&mut out);
        String::from_utf8(out).expect("text")
    };
    assert_eq!(reply(Refusal::UnknownCommand), "ERROR\n");
    assert_eq!(reply(Refusal::Words), "ERROR\n");
    assert_eq!(reply(Refusal::LargeValue), "SERVER_ERROR object too large for cache\n");
    for refusal in [
        Refusal::LongLine,
        Refusal::CarriageReturn,
        Refusal::Count,
        Refusal::Key,
        Refusal::BlockEnd,
    ] {
        let told = reply(refusal);
        assert!(told.starts_with("CLIENT_ERROR ") && told.len() > 20, "{told}");
    }
    // What is said ends at its first LF, so that no reply becomes two.
    let mut out = Vec::new();
    Reply::Error(ErrorKind::Server, b"one\ntwo").encode(&mut out);
    assert_eq!(out, b"SERVER_ERROR one\n");
}

#[test]
fn keys() {
    assert_eq!(Key::new(b"a-Z_9").expect("a key").as_bytes(), b"a-Z_9");
    for wrong in [&b""[..], b"a b", b"a\n", b"\xe9", b"aaaaaaaaaaaaaaaa.", b"."] {
        assert!(Key::new(wrong).is_none(), "{}", wrong.escape_ascii());
        assert!(wrong == b"a b" || Keys::new(wrong).is_none(), "{}", wrong.escape_ascii());
    }
    assert!(Keys::new(b" ").is_none());
    let keys = Keys::new(b" a  b ").expect("keys");
    assert_eq!(keys, Keys::new(b"a b").expect("keys"));
    assert_ne!(keys, Keys::new(b"a c").expect("keys"));
    assert_ne!(keys, Keys::new(b"a").expect("keys"));
    assert_eq!(format!("{keys:?}"), r#"["a", "b"]"#);
    assert_eq!(keys.as_bytes(), b" a  b ");
}

#[test]
fn values() {
    let mut held = b"abc".to_vec();
    let at = held.as_ptr();
    let item = Item::new(b"k", Value::Lent(b"abc"), Meta::default());
    assert_eq!(format!("{:?}", Value::Shared(&item)), r#""abc""#);
    assert_eq!(Value::Shared(&item).into_vec(), b"abc");
    assert_eq!(Value::Lent(b"abc").into_vec(), b"abc");
    assert_eq!(Value::Held(&mut held), Value::Shared(&item));
    let taken = Value::Held(&mut held).into_vec();
    assert_eq!(taken.as_ptr(), at);
    assert_eq!(Span { start: 1, end: 3 }.of(b"abc"), b"bc");
    assert_eq!(Span { start: 1, end: 4 }.of(b"abc"), b"");
    assert_eq!(Span { start: 2, end: 1 }.of(b"abc"), b"");
}

#[test]
fn replies_of_every_kind() {
    let stream = b"STORED\nVALUE k 1\nv\nEND\nERROR\nCLIENT_ERROR a b\nSERVER_ERROR \n";
    let mut machine = Machine::<Replies>::new(Limits::DEFAULT);
    let mut input = &stream[..];
    let mut told = vec![];
    while !input.is_empty() {
        told.push(format!("{:?}", machine.step(&mut input)));
    }
    let expected = [
        "Dispatch(Stored)",
        r#"Dispatch(Value { key: "k", value: "v" })"#,
        "Dispatch(End)",
        "Dispatch(Error(Unspecific, []))",
        "Dispatch(Error(Client, [97, 32, 98]))",
        "Dispatch(Error(Server, []))",
    ];
    assert_eq!(told, expected);
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What is equal has the same hash; what is not, another, or search would be slow.
#[test]
fn a_session_shows_its_machine() {
    let mut session = Session::<Requests>::new(Limits::DEFAULT);
    assert!(!session.is_replying());
    session.advance(&mut Map::new(), 0, &mut &b"get k\nset k 3\na"[..], &mut Vec::new());
    let machine = session.machine();
    assert_eq!((machine.start(), machine.offset()), (6, 15));
    assert_eq!(machine.state(), State::AwaitingValue(3));
    assert!(!session.is_replying());
}

#[test]
fn sessions_are_compared_and_hashed() {
    let session = |stream: &[u8], mark: usize| {
        let mut session = Session::<Requests>::with_mark(Limits::DEFAULT, mark);
        let mut input = stream;
        session.advance(&mut Map::new(), 0, &mut input, &mut Vec::new());
        session
    };
    assert_eq!(session(b"get k\nse", 9), session(b"se", 9));
    assert_eq!(hash(&session(b"get k\nse", 9)), hash(&session(b"se", 9)));
    for (left, right) in [
        (session(b"s", 9), session(b"g", 9)),
        (session(b"s", 9), session(b"s", 8)),
        (session(b"set k 2\na", 9), session(b"set k 2\nb", 9)),
        (session(b"set k 2\na", 9), session(b"set k 2\n", 9)),
    ] {
        assert_ne!(left, right);
        assert_ne!(hash(&left), hash(&right));
    }
    // In the middle of a reply, the keys that are left count, not those that are answered.
    let replying = |keys: &str, rest: usize| {
        let mut session = Session::<Requests>::with_mark(Limits::DEFAULT, 5);
        let (mut store, mut out) = (Map::new(), Vec::new());
        store.update(b"a", |_| {
            (Change::Put(Item::new(b"a", Value::Lent(b"abc"), Meta::default())), ())
        });
        let line = format!("get {keys}\n");
        let mut input = line.as_bytes();
        for _ in 0..rest {
            let progress = session.advance(&mut store, 0, &mut input, &mut out);
            assert_eq!(progress, Progress::OutputFull);
            out.clear();
        }
        assert!(session.is_replying());
        session
    };
    assert_eq!(replying("a a a", 2), replying("a a", 1));
    assert_eq!(hash(&replying("a a a", 2)), hash(&replying("a a", 1)));
    assert_ne!(replying("a a a", 1), replying("a a", 1));
    assert_ne!(hash(&replying("a a a", 1)), hash(&replying("a a", 1)));
    let shown = format!("{:?}", replying("a a", 1).clone());
    assert!(shown.contains("Machine {") && shown.contains("mark: 5"), "{shown}");
    // A reply and a pending request exclude each other.
    let json = serde_json::to_value(replying("a a", 1).save()).expect("data");
    let restore = |json: serde_json::Value| {
        let snapshot = serde_json::from_value(json).expect("of this form");
        Session::<Requests>::restore(Limits::DEFAULT, 5, snapshot)
    };
    assert_eq!(restore(json.clone()), Ok(replying("a a", 1)));
    for (field, value, bad) in [
        ("line", serde_json::json!([103]), BadSessionSnapshot::Machine(BadSnapshot::Offset)),
        ("rest", serde_json::json!([33]), BadSessionSnapshot::Rest),
        ("rest", serde_json::json!([]), BadSessionSnapshot::Rest),
    ] {
        let mut json = json.clone();
        let place = if field == "line" { &mut json["machine"][field] } else { &mut json[field] };
        *place = value;
        assert_eq!(restore(json), Err(bad));
    }
    let mut json = serde_json::to_value(session(b"get k\ng", 5).save()).expect("data");
    json["rest"] = serde_json::json!([97]);
    assert_eq!(restore(json), Err(BadSessionSnapshot::Rest));
}

/// What is left to answer is shorter than the longest line that can have asked for it.
#[test]
fn a_rest_as_long_as_a_line_is_refused() {
    let restore = |length: usize| {
        let mut session = Session::<Requests>::with_mark(Limits::DEFAULT, 5);
        session.advance(&mut Map::new(), 0, &mut &b""[..], &mut Vec::new());
        let mut json = serde_json::to_value(session.save()).expect("data");
        json["rest"] = vec![b'k'; length].into();
        let snapshot = serde_json::from_value(json).expect("of this form");
        Session::<Requests>::restore(Limits { line: 20, value: 1 }, 5, snapshot).is_ok()
    };
    assert!(restore(19));
    assert!(!restore(20));
}

#[test]
fn items_and_maps() {
    let item = |value| Item::new(b"k", Value::Lent(value), Meta::default());
    let mut map = Map::new();
    assert!(map.is_empty());
    map.update(b"k", |old| {
        assert!(old.is_none());
        (Change::Put(item(b"v")), ())
    });
    let mut clone = map.clone();
    assert_eq!((map.len(), &map), (1, &clone));
    assert_eq!(clone.get(b"k", |item| format!("{item:?}")).as_deref(), Some("\"k\": \"v\""));
    clone.update(b"k", |old| {
        assert_eq!(old.map(Item::value), Some(&b"v"[..]));
        (Change::Keep, ())
    });
    assert_eq!(map, clone);
    clone.update(b"k", |_| (Change::Remove, ()));
    assert!(clone.is_empty());
    assert_ne!(map, clone);
    // Small and large ones.
    for value in [&b"v"[..], &[b'v'; 5000]] {
        let one = item(value);
        let same = Item::new(b"k", Value::Shared(&one), Meta::default());
        assert_eq!((&same, hash(&same)), (&one, hash(&one)));
        assert_eq!((one.key(), one.value(), one.meta()), (&b"k"[..], value, Meta::default()));
        assert_ne!(hash(&item(b"w")), hash(&one));
        assert_ne!(Item::new(b"l", Value::Lent(value), Meta::default()), one);
        let expires = NonZeroU64::new(u64::MAX - 3);
        let meta = Meta { flags: 1 << 31, generation: 70_000, expires, unique: u64::MAX - 1 };
        let other = one.with_meta(meta);
        assert_eq!((other.key(), other.value(), other.meta()), (&b"k"[..], value, meta));
        assert_ne!(other, one);
    }
}

#[test]
fn framed_items() {
    let meta = Meta { flags: 7, unique: 1, ..Meta::default() };
    let item = Item::framed(b"k", b" 7 1\r\n", Value::Lent(b"v"), b"\r\n", meta);
    assert_eq!((item.key(), item.value(), item.size()), (&b"k"[..], &b"v"[..], 2));
    assert_eq!(item, Item::new(b"k", Value::Lent(b"v"), meta));
    assert_eq!(item.frame(b"\r\n"), Some(&b"k 7 1\r\nv\r\n"[..]));
    // Whose end is another one, and nobody's.
    assert_eq!((item.frame(b"\n"), item.frame(b"")), (None, None));
    assert_eq!(Item::new(b"k", Value::Lent(b"v"), meta).frame(b""), None);
    let later = item.with_meta(Meta { unique: 2, ..meta });
    assert_eq!((later.frame(b"\r\n"), later.meta().unique), (item.frame(b"\r\n"), 2));
    let other = item.with_meta(Meta { flags: 8, ..meta });
    assert_eq!(
        (other.frame(b"\r\n"), other.key(), other.value()),
        (None, item.key(), item.value())
    );
    let large = vec![b'v'; 5000];
    let large = Item::framed(b"k", b" 7 5000\r\n", Value::Lent(&large), b"\r\n", meta);
    assert_eq!((large.frame(b"\r\n"), large.value().len(), large.size()), (None, 5000, 5001));
    // What has no room beside a small value is kept all the same.
    let expires = |at| Meta { flags: 7, expires: NonZeroU64::new(at), ..Meta::default() };
    for (fits, does_not) in [
        (expires((1 << 40) - 1), expires(1 << 40)),
        (Meta { unique: (1 << 48) - 1, ..meta }, Meta { unique: 1 << 48, ..meta }),
        (Meta { generation: (1 << 24) - 1, ..meta }, Meta { generation: 1 << 24, ..meta }),
    ] {
        for (meta, framed) in [(fits, true), (does_not, false)] {
            let new = Item::framed(b"k", b" 7 1\r\n", Value::Lent(b"v"), b"\r\n", meta);
            for item in [new, item.with_meta(meta)] {
                assert_eq!((item.key(), item.value(), item.meta()), (&b"k"[..], &b"v"[..], meta));
                assert_eq!(item.frame(b"\r\n").is_some(), framed, "{meta:?}");
            }
        }
    }
    for length in [255, 256] {
        let key = vec![b'k'; length];
        let item = Item::framed(&key, b" 1\n", Value::Lent(b"v"), b"\n", meta);
        assert_eq!((item.key(), item.value(), item.size()), (&key[..], &b"v"[..], length + 1));
        assert_eq!(item.frame(b"\n").is_some(), length == 255);
    }
    // A reply is as its dialect writes it, whoever framed the item.
    let reply = |item| {
        let mut out = Vec::new();
        let key = Key::new(b"k").expect("a key");
        Reply::Value { key, value: Value::Shared(item) }.encode(&mut out);
        out
    };
    assert_eq!(reply(&item), b"VALUE k 1\nv\n");
    assert_eq!(reply(&Item::framed(b"k", b" 1\n", Value::Lent(b"v"), b"\n", meta)), reply(&item));
}

#[test]
fn a_stream_is_simulated() {
    let requests = b"set k 1\nv\nget k x\nfrob\nget k".to_vec();
    let expected = b"STORED\nVALUE k 1\nv\nEND\nERROR\n";
    assert_eq!(simulate(&requests), expected);
    let long = [b"set k 40000\n", &vec![b'v'; 40_000][..], b"\nget k k k k k\n"].concat();
    let (mut pieces, mut drained) = (0, Vec::new());
    simulate_to(&long, |piece| {
        pieces += 1;
        drained.extend_from_slice(piece);
    });
    assert_eq!(drained, simulate(&long));
    assert!(pieces > 1);
    let request = Request::Get(Keys::new(b"k").expect("a key"));
    assert_eq!(format!("{request:?}"), r#"Get(["k"])"#);
}
