//! The laws on random and damaged streams, under random splits, on stable.
#![allow(clippy::needless_pass_by_value, reason = "quickcheck passes by value")]

use memwire::{
    Limits, Machine,
    dialect::simple::{Replies, Requests},
};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

mod laws;

/// So small that random streams pass them often.
const SMALL: Limits = Limits { line: 24, value: 12 };

/// Enough for all that is generated.
const LARGE: Limits = Limits::DEFAULT;

const CASES: u64 = 100_000;

fn check(property: impl Testable) {
    QuickCheck::new().tests(CASES).max_tests(CASES).quickcheck(property);
}

/// A stream as pieces, so that a counterexample shrinks to few and short ones.
#[derive(Clone, Debug)]
struct Stream {
    pieces: Vec<Text>,
    cuts: Vec<usize>,
}

/// Bytes that are shown as text.
#[derive(Clone, PartialEq, Eq)]
struct Text(Vec<u8>);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Stream {
    fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.0.iter().copied()).collect()
    }

    fn cuts(&self, length: usize) -> Vec<usize> {
        let mut cuts = self.cuts.clone();
        cuts.retain(|cut| *cut < length);
        cuts.sort_unstable();
        cuts
    }
}

impl Arbitrary for Stream {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = below(g, 8);
        let mut pieces: Vec<_> = (0..count).map(|_| piece(g)).collect();
        if below(g, 2) == 0 {
            damage(g, &mut pieces);
        }
        let length: usize = pieces.iter().map(|piece| piece.0.len()).sum();
        let cuts = match below(g, 4) {
            0 => (0..length).collect(),
            _ => (0..below(g, 6)).map(|_| below(g, length + 1)).collect(),
        };
        Self { pieces, cuts }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let mut smaller = Vec::new();
        for index in 0..self.pieces.len() {
            let mut stream = self.clone();
            stream.pieces.remove(index);
            smaller.push(stream);
        }
        for index in 0..self.cuts.len() {
            let mut stream = self.clone();
            stream.cuts.remove(index);
            smaller.push(stream);
        }
        for (index, piece) in self.pieces.iter().enumerate() {
            for at in 0..piece.0.len() {
                let mut stream = self.clone();
                stream.pieces[index].0.remove(at);
                smaller.push(stream);
            }
        }
        Box::new(smaller.into_iter())
    }
}

fn below(g: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(g) % bound
}

fn pick(g: &mut Gen, from: &[&str]) -> Vec<u8> {
    from[below(g, from.len())].as_bytes().to_vec()
}

fn piece(g: &mut Gen) -> Text {
    Text(match below(g, 10) {
        0..4 => set(g),
        4..6 => get(g),
        6..8 => reply(g),
        8 => (0..below(g, 40)).map(|_| u8::arbitrary(g)).collect(),
        _ => pick(g, &["\n", " ", "\r\n", "get", "set ", "set k 3", "abc", "\nEND\n", "\0"]),
    })
}

fn key(g: &mut Gen) -> Vec<u8> {
    match below(g, 12) {
        0 => pick(g, &["a.b", "k\u{e9}", "k\0", "\t"]),
        1 => vec![b'k'; below(g, 30)],
        _ => pick(g, &["k", "key", "a", "get", "set", "a_b-C9"]),
    }
}

fn value(g: &mut Gen) -> Vec<u8> {
    match below(g, 5) {
        0 => vec![],
        1 => vec![b'\n'; below(g, 15)],
        2 => pick(g, &["get k\n", "set k 1\nA\n", "STORED", "VALUE k 1\n", "a\r", "\n\nEND"]),
        3 => (0..below(g, 16)).map(|_| u8::arbitrary(g)).collect(),
        _ => vec![b'v'; below(g, 9000)],
    }
}

fn count(g: &mut Gen, length: usize) -> Vec<u8> {
    match below(g, 14) {
        0 => pick(g, &["", "x", "-1", "+1", "0x1", "1.", "18446744073709551616"]),
        1 => (length + 1).to_string().into_bytes(),
        2 => length.saturating_sub(1).to_string().into_bytes(),
        3 => format!("00{length}").into_bytes(),
        _ => length.to_string().into_bytes(),
    }
}

fn space(g: &mut Gen) -> Vec<u8> {
    if below(g, 10) == 0 { vec![b' '; below(g, 3)] } else { vec![b' '] }
}

fn end(g: &mut Gen) -> Vec<u8> {
    if below(g, 12) == 0 { pick(g, &["\r\n", " \n", ""]) } else { vec![b'\n'] }
}

fn set(g: &mut Gen) -> Vec<u8> {
    block(g, b"set")
}

fn block(g: &mut Gen, word: &[u8]) -> Vec<u8> {
    let value = value(g);
    let parts = [word.to_vec(), space(g), key(g), space(g), count(g, value.len())];
    [parts.concat(), end(g), value, end(g)].concat()
}

fn get(g: &mut Gen) -> Vec<u8> {
    let mut line = b"get".to_vec();
    for _ in 0..below(g, 4) {
        line.extend([space(g), key(g)].concat());
    }
    line.extend(end(g));
    line
}

fn reply(g: &mut Gen) -> Vec<u8> {
    match below(g, 3) {
        0 => block(g, b"VALUE"),
        1 => pick(g, &["STORED\n", "END\n", "ERROR\n", "CLIENT_ERROR\n", "STORED \n", "END\r\n"]),
        _ => pick(g, &["CLIENT_ERROR no\n", "SERVER_ERROR \n", "ERROR x\n", "ERRORS\n", "VALUE\n"]),
    }
}

fn damage(g: &mut Gen, pieces: &mut [Text]) {
    for _ in 0..below(g, 3) {
        let count = pieces.len();
        if count == 0 {
            return;
        }
        let piece = &mut pieces[below(g, count)].0;
        if piece.is_empty() {
            continue;
        }
        let at = below(g, piece.len());
        match below(g, 3) {
            0 => piece[at] = u8::arbitrary(g),
            1 => drop(piece.remove(at)),
            _ => piece.truncate(at),
        }
    }
}

#[test]
fn split() {
    fn property(stream: Stream) {
        let bytes = stream.bytes();
        laws::split::<Requests>(SMALL, &bytes, &stream.cuts(bytes.len()));
        laws::split::<Replies>(SMALL, &bytes, &stream.cuts(bytes.len()));
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_requests() {
    fn property(stream: Stream) {
        let bytes = stream.bytes();
        laws::oracle::<Requests>(LARGE, &bytes, &stream.cuts(bytes.len()));
        laws::oracle::<Requests>(SMALL, &bytes, &stream.cuts(bytes.len()));
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_replies() {
    fn property(stream: Stream) {
        let bytes = stream.bytes();
        laws::oracle::<Replies>(LARGE, &bytes, &stream.cuts(bytes.len()));
        laws::oracle::<Replies>(SMALL, &bytes, &stream.cuts(bytes.len()));
    }
    check(property as fn(Stream));
}

#[test]
fn recover() {
    fn property(stream: Stream) {
        laws::recover::<Requests>(SMALL, &stream.bytes());
        laws::recover::<Replies>(SMALL, &stream.bytes());
    }
    check(property as fn(Stream));
}

#[test]
fn resume() {
    fn property(stream: Stream, at: u16) {
        let bytes = stream.bytes();
        let at = usize::from(at) % (bytes.len() + 1);
        laws::resume::<Requests>(SMALL, &bytes, at);
        laws::resume::<Replies>(LARGE, &bytes, at);
    }
    check(property as fn(Stream, u16));
}

#[test]
fn answers() {
    fn property(stream: Stream, mark: u8) {
        let bytes = stream.bytes();
        let cuts = stream.cuts(bytes.len());
        laws::answers(LARGE, usize::from(mark), &bytes, &cuts);
        laws::answers(SMALL, usize::from(mark), &bytes, &cuts);
    }
    check(property as fn(Stream, u8));
}

/// What a machine was saved as is changed at random: it is refused, or is a machine that keeps
/// within its bounds and does not panic.
#[test]
fn hostile_snapshots() {
    fn property(stream: Stream, at: u16, field: u8, change: u64) {
        let bytes = stream.bytes();
        let mut machine = Machine::<Requests>::new(SMALL);
        laws::feed(&mut machine, &bytes[..usize::from(at) % (bytes.len() + 1)], &mut vec![]);
        let mut json = serde_json::to_value(machine.save()).expect("a snapshot is data");
        let change = if change.is_multiple_of(3) { change } else { change % 40 };
        match field % 6 {
            0 => json["start"] = change.into(),
            1 => json["offset"] = change.into(),
            2 => json["state"] = "SkippingLine".into(),
            3 => json["state"] = serde_json::json!({ "AwaitingValue": change }),
            4 => json["state"] = serde_json::json!({ "SkippingBlock": change }),
            _ => json["value"] = vec![b'x'; (change % 40) as usize].into(),
        }
        let Ok(snapshot) = serde_json::from_value(json) else { return };
        let Ok(mut machine) = Machine::<Requests>::restore(SMALL, snapshot) else { return };
        laws::bounded(&machine);
        laws::feed(&mut machine, &bytes, &mut vec![]);
        let again = Machine::<Requests>::restore(SMALL, machine.save());
        assert_eq!(again.as_ref(), Ok(&machine));
    }
    check(property as fn(Stream, u16, u8, u64));
}

/// The generator reaches what the properties are about.
#[test]
fn the_streams_are_worth_checking() {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    let mut g = Gen::new(100);
    for _ in 0..2000 {
        let bytes = Stream::arbitrary(&mut g).bytes();
        for limits in [SMALL, LARGE] {
            let requests = laws::record::<Requests>(limits, &[&bytes]);
            let replies = laws::record::<Replies>(limits, &[&bytes]);
            for log in [requests, replies] {
                for (_, event) in log.events {
                    let name = format!("{event:?}");
                    let name = match &event {
                        laws::Event::Refused(_) | laws::Event::BadReply(_) => name.as_str(),
                        _ => name.split('(').next().expect("a name"),
                    };
                    *seen.entry(name.to_owned()).or_default() += 1;
                }
                if let Err(end) = log.end {
                    let name = format!("{:?}", end.state);
                    let name = name.split('(').next().expect("a name");
                    *seen.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }
    for name in [
        "Get",
        "Set",
        "Stored",
        "Value",
        "End",
        "Error",
        "Refused(LongLine)",
        "Refused(CarriageReturn)",
        "Refused(UnknownCommand)",
        "Refused(Words)",
        "Refused(Count)",
        "Refused(LargeValue)",
        "Refused(Key)",
        "Refused(BlockEnd)",
        "BadReply(LongLine)",
        "BadReply(Unknown)",
        "BadReply(LargeValue)",
        "BadReply(BlockEnd)",
        "AwaitingLine",
        "AwaitingValue",
        "SkippingBlock",
        "SkippingLine",
    ] {
        assert!(seen.get(name).is_some_and(|count| *count >= 20), "{name}: {seen:?}");
    }
}
