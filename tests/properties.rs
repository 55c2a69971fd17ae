//! The laws on random and damaged streams, under random splits, on stable.
#![allow(clippy::needless_pass_by_value, reason = "quickcheck passes by value")]

use std::{cell::Cell, collections::BTreeMap, fmt::Debug, iter, panic, sync::Once};

use memwire::{
    Limits, Machine, Step,
    dialect::{
        Grammar,
        simple::{Replies, Requests},
    },
};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

mod laws;

type Seen = BTreeMap<String, u32>;

/// So small that random streams pass them often.
const SMALL: Limits = Limits { line: 24, value: 12 };

/// Enough for all that is generated.
const LARGE: Limits = Limits::DEFAULT;

const CASES: u64 = 100_000;

/// Tells the smallest counterexample only, not the panics on the way to it.
fn check(property: impl Testable) {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let result = QuickCheck::new().tests(CASES).max_tests(CASES).quicktest(property);
    QUIET.set(false);
    match result {
        Ok(passed) => assert_eq!(passed, CASES),
        Err(failure) => panic!("{}", format!("{failure:?}").replace(r"\\", r"\")),
    }
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

impl Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Text {
    /// The same line with smaller counts, and with as many bytes less behind it.
    fn shorter_blocks(&self) -> Vec<Self> {
        let line = self.0.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (head, digits) = line.split_at(line.len() - digits);
        let count = str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(count) = count else { return vec![] };
        let rest = &self.0[line.len()..];
        let smaller = [0, count / 2, count.saturating_sub(1)].into_iter();
        let smaller = smaller.filter(|n| *n < count && count - n < rest.len());
        let text = |n: usize| {
            [head, n.to_string().as_bytes(), &rest[..1], &rest[1 + count - n..]].concat()
        };
        smaller.map(|n| Self(text(n))).collect()
    }
}

impl Stream {
    /// The bytes, and the offsets where they are cut.
    fn parts(&self) -> (Vec<u8>, Vec<usize>) {
        let bytes: Vec<u8> = self.pieces.iter().flat_map(|piece| piece.0.clone()).collect();
        let mut cuts = self.cuts.clone();
        cuts.retain(|cut| *cut < bytes.len());
        cuts.sort_unstable();
        (bytes, cuts)
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
        if self.cuts.len() > 1 {
            for part in [..self.cuts.len(), ..self.cuts.len() / 2] {
                let mut stream = self.clone();
                stream.cuts.drain(part);
                smaller.push(stream);
            }
        }
        for index in 0..self.cuts.len() {
            let mut stream = self.clone();
            stream.cuts.remove(index);
            smaller.push(stream);
        }
        let longest = self.pieces.iter().map(|piece| piece.0.len()).max().unwrap_or(0);
        for (index, piece) in self.pieces.iter().enumerate() {
            for piece in piece.shorter_blocks() {
                let mut stream = self.clone();
                stream.pieces[index] = piece;
                smaller.push(stream);
            }
        }
        // The largest parts first: quickcheck goes on with the first that fails.
        for size in iter::successors(Some(longest.div_ceil(2)), |size| Some(size / 2)) {
            if size == 0 {
                break;
            }
            for (index, piece) in self.pieces.iter().enumerate() {
                for from in (0..piece.0.len()).step_by(size) {
                    let mut stream = self.clone();
                    let to = piece.0.len().min(from + size);
                    stream.pieces[index].0.drain(from..to);
                    smaller.push(stream);
                }
            }
        }
        for (index, cut) in self.cuts.iter().enumerate() {
            for cut in [cut / 2, *cut.min(&16)] {
                if cut < self.cuts[index] {
                    let mut stream = self.clone();
                    stream.cuts[index] = cut;
                    smaller.push(stream);
                }
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

/// For each law: the functions that check it, on streams of requests and of replies.
#[test]
fn split() {
    fn property(stream: Stream) {
        let (bytes, cuts) = stream.parts();
        laws::split::<Requests>(SMALL, &bytes, &cuts);
        laws::split::<Replies>(SMALL, &bytes, &cuts);
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_requests() {
    fn property(stream: Stream) {
        let (bytes, cuts) = stream.parts();
        laws::oracle::<Requests>(LARGE, &bytes, &cuts);
        laws::oracle::<Requests>(SMALL, &bytes, &cuts);
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_replies() {
    fn property(stream: Stream) {
        let (bytes, cuts) = stream.parts();
        laws::oracle::<Replies>(LARGE, &bytes, &cuts);
        laws::oracle::<Replies>(SMALL, &bytes, &cuts);
    }
    check(property as fn(Stream));
}

#[test]
fn prompt() {
    fn property(stream: Stream) {
        let (bytes, _) = stream.parts();
        laws::prompt::<Requests>(SMALL, &bytes);
        laws::prompt::<Replies>(LARGE, &bytes);
    }
    check(property as fn(Stream));
}

#[test]
fn linear_and_bounded() {
    fn property(stream: Stream) {
        let (bytes, cuts) = stream.parts();
        let chunks = laws::chunks(&bytes, &cuts);
        for limits in [SMALL, LARGE] {
            laws::counted::linear::<Requests>(limits, &chunks);
            laws::counted::linear::<Replies>(limits, &chunks);
        }
    }
    check(property as fn(Stream));
}

#[test]
fn resume() {
    fn property(stream: Stream) {
        let (bytes, mut cuts) = stream.parts();
        cuts.truncate(100);
        laws::resume::<Requests>(SMALL, &bytes, &cuts);
        laws::resume::<Replies>(LARGE, &bytes, &cuts);
    }
    check(property as fn(Stream));
}

#[test]
fn recover() {
    fn property(stream: Stream) {
        let (bytes, _) = stream.parts();
        laws::recover::<Requests>(SMALL, &bytes);
        laws::recover::<Replies>(SMALL, &bytes);
    }
    check(property as fn(Stream));
}

#[test]
fn total() {
    fn property(stream: Stream, line: u8, value: u8) {
        // Limits from 0 on, and none.
        let limit = |byte: u8| usize::from(byte).checked_sub(1).unwrap_or(usize::MAX);
        let limits = Limits { line: limit(line), value: limit(value) };
        let (bytes, cuts) = stream.parts();
        laws::total::<Requests>(limits, &bytes, &cuts);
        laws::total::<Replies>(limits, &bytes, &cuts);
    }
    check(property as fn(Stream, u8, u8));
}

#[test]
fn split_and_oracle_of_sessions() {
    fn property(stream: Stream, mark: u8) {
        let (bytes, cuts) = stream.parts();
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
        let (bytes, _) = stream.parts();
        let mut machine = Machine::<Requests>::new(SMALL);
        laws::feed(&mut machine, &bytes[..usize::from(at) % (bytes.len() + 1)], &mut vec![]);
        let mut json = serde_json::to_value(machine.save()).expect("a snapshot is data");
        let change = if change.is_multiple_of(3) { change } else { change % 40 };
        match field % 7 {
            0 => json["start"] = change.into(),
            1 => json["offset"] = change.into(),
            2 => json["state"] = "SkippingLine".into(),
            3 => json["state"] = serde_json::json!({ "AwaitingValue": change }),
            4 => json["state"] = serde_json::json!({ "SkippingBlock": change }),
            5 => {
                let length = (change % 40) as usize;
                json["line"] = bytes.iter().take(length).copied().collect::<Vec<u8>>().into();
                json["offset"] = (json["start"].as_u64().expect("an offset") + change % 40).into();
            }
            _ => json["value"] = vec![b'x'; (change % 40) as usize].into(),
        }
        let Ok(snapshot) = serde_json::from_value(json) else { return };
        let Ok(mut machine) = Machine::<Requests>::restore(SMALL, snapshot) else { return };
        laws::bounded(&machine);
        laws::came_about(&machine);
        laws::feed(&mut machine, &bytes, &mut vec![]);
        let again = Machine::<Requests>::restore(SMALL, machine.save());
        assert_eq!(again.as_ref(), Ok(&machine));
    }
    check(property as fn(Stream, u16, u8, u64));
}

/// The generator reaches what the properties are about.
#[test]
fn the_streams_are_worth_checking() {
    fn tally<G: Grammar<Refusal: Debug>>(limits: Limits, mut bytes: &[u8], seen: &mut Seen)
    where
        for<'m> G::Message<'m>: Debug,
    {
        let mut machine = Machine::<G>::new(limits);
        loop {
            let step = machine.step(&mut bytes);
            if matches!(step, Step::NeedMore) {
                break;
            }
            // `Dispatch(Set { …`, `Refuse(Words)`
            let text = format!("{step:?}");
            let name = text.split([' ', '[', ')']).next().unwrap_or_default();
            *seen.entry(name.to_owned()).or_default() += 1;
        }
        let text = format!("{:?}", machine.state());
        let name = text.split('(').next().unwrap_or_default();
        *seen.entry(name.to_owned()).or_default() += 1;
    }
    let mut seen = Seen::new();
    let mut g = Gen::new(100);
    for _ in 0..2000 {
        let (bytes, _) = Stream::arbitrary(&mut g).parts();
        for limits in [SMALL, LARGE] {
            tally::<Requests>(limits, &bytes, &mut seen);
            tally::<Replies>(limits, &bytes, &mut seen);
        }
    }
    for name in [
        "Dispatch(Get(",
        "Dispatch(Set",
        "Dispatch(Stored",
        "Dispatch(Value",
        "Dispatch(End",
        "Dispatch(Error(Client,",
        "Refuse(LongLine",
        "Refuse(CarriageReturn",
        "Refuse(UnknownCommand",
        "Refuse(Words",
        "Refuse(Count",
        "Refuse(LargeValue",
        "Refuse(Key",
        "Refuse(BlockEnd",
        "Refuse(Unknown",
        "AwaitingLine",
        "AwaitingValue",
        "SkippingBlock",
        "SkippingLine",
    ] {
        assert!(seen.get(name).is_some_and(|count| *count >= 20), "{name}: {seen:?}");
    }
}

/// A counterexample is shown as a stream and a split, both as short as can be.
#[test]
fn a_counterexample_is_short() {
    fn property(stream: Stream) -> bool {
        let (bytes, cuts) = stream.parts();
        let log = laws::record::<Requests>(SMALL, &laws::chunks(&bytes, &cuts));
        cuts.is_empty() || !log.events.windows(8).any(|part| part == b"BlockEnd")
    }
    let found = QuickCheck::new().tests(CASES).quicktest(property as fn(Stream) -> bool);
    let shown = format!("{:?}", found.expect_err("the property is wrong"));
    assert!(shown.len() < 130 && shown.contains("cuts: [0]"), "{shown}");
}
