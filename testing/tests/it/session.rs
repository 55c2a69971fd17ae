//! Sessions: the machine, `quit`, equality, hashes and snapshots.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};

use memwire::{
    Limits, Progress, RestoreError, Session, SessionRestoreError, State,
    dialect::{classic, simple::Requests},
    store::Map,
};

fn hash(value: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// A session that was fed this stream.
fn fed(stream: &[u8], high_water_mark: usize) -> Session<Requests> {
    let mut session = Session::with_high_water_mark(Limits::DEFAULT, high_water_mark);
    let mut input = stream;
    session.advance(&mut Map::new(), 0, &mut input, &mut Vec::new());
    session
}

/// A session that received a `get` of these keys, and has replied to `count` of them.
fn replying(keys: &str, count: usize) -> Session<Requests> {
    let mut session = Session::with_high_water_mark(Limits::DEFAULT, 8);
    let (mut store, mut out) = (Map::new(), Vec::new());
    session.advance(&mut store, 0, &mut &b"set a 3\nabc\n"[..], &mut out);
    out.clear();
    let line = format!("get {keys}\n");
    let mut input = line.as_bytes();
    for _ in 0..count {
        let progress = session.advance(&mut store, 0, &mut input, &mut out);
        assert_eq!(progress, Progress::OutputFull);
        out.clear();
    }
    assert!(session.is_replying());
    session
}

#[test]
fn a_session_gives_access_to_its_machine() {
    let session = fed(b"get k\nset k 3\na", 9);
    let machine = session.machine();
    assert_eq!((machine.start(), machine.offset()), (6, 15));
    assert_eq!(machine.state(), State::AwaitingValue(3));
    assert!(!session.is_replying());
}

/// A caller that ignores `Close` gets no more replies, and does not loop forever.
#[test]
fn a_closed_session_discards_its_input() {
    let mut session = Session::<classic::Requests>::new(Limits::DEFAULT);
    let (mut store, mut out) = (Map::new(), Vec::new());
    let mut advance = |mut input: &[u8]| {
        let progress = session.advance(&mut store, 0, &mut input, &mut out);
        (progress, input.len())
    };
    assert_eq!(advance(b"get k\r\nquit\r\nget k\r\n"), (Progress::Close, 0));
    assert_eq!(advance(b""), (Progress::NeedInput, 0));
    assert_eq!(advance(b"get k\r\n"), (Progress::Close, 0));
    assert_eq!(advance(b""), (Progress::NeedInput, 0));
    assert_eq!(out, b"END\r\n");
    assert!(session.is_closed());
    assert_eq!(session.finish(), Ok(()));
}

/// Equal sessions have the same hash. Different ones should not, or searches would be slow.
#[test]
fn sessions_are_compared_and_hashed() {
    assert_eq!(fed(b"get k\nse", 9), fed(b"se", 9));
    assert_eq!(hash(&fed(b"get k\nse", 9)), hash(&fed(b"se", 9)));
    for (left, right) in [
        (fed(b"s", 9), fed(b"g", 9)),
        (fed(b"s", 9), fed(b"s", 8)),
        (fed(b"set k 2\na", 9), fed(b"set k 2\nb", 9)),
        (fed(b"set k 2\na", 9), fed(b"set k 2\n", 9)),
    ] {
        assert_ne!(left, right);
        assert_ne!(hash(&left), hash(&right));
    }
}

/// In the middle of a reply, the pending keys are compared, not those already answered.
#[test]
fn replying_sessions_are_compared_and_hashed() {
    assert_eq!(replying("a a a", 2), replying("a a", 1));
    assert_eq!(hash(&replying("a a a", 2)), hash(&replying("a a", 1)));
    assert_ne!(replying("a a a", 1), replying("a a", 1));
    assert_ne!(hash(&replying("a a a", 1)), hash(&replying("a a", 1)));
    let shown = format!("{:?}", replying("a a", 1).clone());
    assert!(shown.contains("Machine {") && shown.contains("high_water_mark: 8"), "{shown}");
}

/// Among them those with both a pending reply and an incomplete request.
#[test]
fn forged_session_snapshots_are_rejected() {
    let json = serde_json::to_value(replying("a a", 1).save()).expect("data");
    let restore = |json: serde_json::Value| {
        let snapshot = serde_json::from_value(json).expect("of this form");
        Session::<Requests>::restore(Limits::DEFAULT, 8, snapshot)
    };
    assert_eq!(restore(json.clone()), Ok(replying("a a", 1)));
    let machine = SessionRestoreError::Machine(RestoreError::Offset);
    for (field, value, error) in [
        ("line", serde_json::json!([103]), machine),
        ("continuation", serde_json::json!([33]), SessionRestoreError::Continuation),
        ("continuation", serde_json::json!([]), SessionRestoreError::Continuation),
    ] {
        let mut json = json.clone();
        let place = if field == "line" { &mut json["machine"][field] } else { &mut json[field] };
        *place = value;
        assert_eq!(restore(json), Err(error));
    }
    let mut json = serde_json::to_value(fed(b"get k\ng", 8).save()).expect("data");
    json["continuation"] = serde_json::json!([97]);
    assert_eq!(restore(json), Err(SessionRestoreError::Continuation));
}

/// Pending keys are shorter than the longest line.
#[test]
fn pending_keys_as_long_as_a_line_are_rejected() {
    let restore = |length: usize| {
        let mut json = serde_json::to_value(fed(b"", 5).save()).expect("data");
        json["continuation"] = vec![b'k'; length].into();
        let snapshot = serde_json::from_value(json).expect("of this form");
        let limits = Limits::DEFAULT.with_line(20).with_value(1);
        Session::<Requests>::restore(limits, 5, snapshot).is_ok()
    };
    assert!(restore(19));
    assert!(!restore(20));
}
