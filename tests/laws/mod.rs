//! The laws as functions that fail loudly: shared by the tests and, by path, the fuzz targets.
#![allow(dead_code, reason = "each user takes what it needs")]

pub mod classic;
pub mod counted;
pub mod tiny;

use std::{fmt::Debug, io::Write as _};

use memwire::{
    Limits, Machine, Progress, Session, State, Step, Truncated,
    dialect::{
        Grammar,
        simple::{Replies, Reply, Request, Requests},
    },
    machine::SMALL,
    oracle::{Account, Place, simple as oracle},
    session::Serve,
    store::{Map, Store},
};

/// What happens in a stream, as the machine or the oracle tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Log {
    /// For each event the offset behind the deciding byte, and the message as it goes over the
    /// wire, or `!` and the refusal: `17 set k 3` LF `abc` LF `22 ! Words` LF.
    pub events: Vec<u8>,
    pub end: Result<(), Truncated>,
}

impl Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\" {:?}", self.events.escape_ascii(), self.end)
    }
}

/// A grammar that the oracle knows too.
pub trait Checked: Grammar<Refusal: Debug> {
    /// Appends the message as it goes over the wire.
    fn tell(message: &Self::Message<'_>, events: &mut Vec<u8>);
    fn account(stream: &[u8], limits: &Limits) -> Told;
}

/// What the oracle says of a stream.
pub struct Told {
    pub log: Log,
    /// The offset behind the byte that decides each event.
    pub decided: Vec<usize>,
    /// The offsets at which the machine is as new.
    pub resumes: Vec<usize>,
}

impl Checked for Requests {
    fn tell(message: &Request<'_>, events: &mut Vec<u8>) {
        message.encode(events);
    }

    fn account(stream: &[u8], limits: &Limits) -> Told {
        told(stream, oracle::requests(stream, limits), |request, events| match request {
            oracle::Request::Get(keys) => {
                events.extend_from_slice(b"get");
                for key in keys {
                    put(events, &[b" ", key]);
                }
                events.push(b'\n');
            }
            oracle::Request::Set(key, value) => block(events, b"set", key, value),
        })
    }
}

impl Checked for Replies {
    fn tell(message: &Reply<'_>, events: &mut Vec<u8>) {
        message.encode(events);
    }

    fn account(stream: &[u8], limits: &Limits) -> Told {
        told(stream, oracle::replies(stream, limits), |reply, events| match reply {
            oracle::Reply::Stored => events.extend_from_slice(b"STORED\n"),
            oracle::Reply::Value(key, value) => block(events, b"VALUE", key, value),
            oracle::Reply::End => events.extend_from_slice(b"END\n"),
            oracle::Reply::Error(word, b"") => put(events, &[word, b"\n"]),
            oracle::Reply::Error(word, text) => put(events, &[word, b" ", text, b"\n"]),
        })
    }
}

fn put(events: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        events.extend_from_slice(part);
    }
}

fn block(events: &mut Vec<u8>, word: &[u8], key: &[u8], value: &[u8]) {
    put(events, &[word, b" ", key]);
    writeln!(events, " {}", value.len()).expect("a buffer grows");
    put(events, &[value, b"\n"]);
}

/// Appends an offset; `write!` would take longer than all else of a short stream.
fn place(events: &mut Vec<u8>, offset: u64) {
    if offset >= 10 {
        place(events, offset / 10);
        events.pop();
    }
    events.extend_from_slice(&[b'0' + (offset % 10) as u8, b' ']);
}

fn told<T, F: Debug>(
    stream: &[u8],
    account: Account<T, F>,
    tell: impl Fn(T, &mut Vec<u8>),
) -> Told {
    let end = account.stands.map_or(Ok(()), |stands| {
        let state = match stands.place {
            Place::Line => State::AwaitingLine,
            Place::Block(n) => State::AwaitingValue(n),
            Place::RefusedBlock(n) => State::SkippingBlock(n),
            Place::Rest => State::SkippingLine,
        };
        Err(Truncated { start: stands.start as u64, end: stream.len() as u64, state })
    });
    let decided = account.events.iter().map(|event| event.decided).collect();
    let resumes = account.events.iter().filter_map(|event| event.resumes).collect();
    let mut events = Vec::new();
    for event in account.events {
        place(&mut events, event.decided as u64);
        match event.what {
            Ok(message) => tell(message, &mut events),
            Err(fault) => writeln!(events, "! {fault:?}").expect("a buffer grows"),
        }
    }
    Told { log: Log { events, end }, decided, resumes }
}

/// The stream, cut at these offsets, which ascend.
pub fn chunks<'s>(stream: &'s [u8], cuts: &[usize]) -> Vec<&'s [u8]> {
    let mut chunks = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for cut in cuts {
        chunks.push(&stream[from..*cut]);
        from = *cut;
    }
    chunks.push(&stream[from..]);
    chunks
}

/// Whole, byte by byte, and all splits in two; in three if the stream is short. Of long streams,
/// the splits in two around what is decided and resumed, and 100 others.
pub fn splits<G: Checked>(limits: Limits, stream: &[u8]) -> Vec<Vec<usize>> {
    let length = stream.len();
    let mut splits = vec![vec![], (1..length).collect()];
    if length <= 4096 {
        splits.extend((1..length).map(|cut| vec![cut]));
    } else {
        let cuts = cuts_of_a_long_stream::<G>(limits, stream);
        splits.extend(cuts.into_iter().map(|cut| vec![cut]));
    }
    if length < 60 {
        for first in 1..length {
            splits.extend((first + 1..length).map(|second| vec![first, second]));
        }
    }
    splits
}

pub fn cuts_of_a_long_stream<G: Checked>(limits: Limits, stream: &[u8]) -> Vec<usize> {
    const EVENTS: usize = 20;
    let Told { decided, resumes, .. } = G::account(stream, &limits);
    let places = decided.iter().take(EVENTS).chain(resumes.iter().take(EVENTS));
    let ends = [0, stream.len()];
    let places = places.chain(&ends);
    let mut cuts: Vec<usize> =
        places.flat_map(|place| place.saturating_sub(3)..=place + 3).collect();
    cuts.extend((0..100).map(|i| i * stream.len() / 100));
    cuts.retain(|cut| (1..stream.len()).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Feeds a machine, and tells what it says.
pub fn record<G: Checked>(limits: Limits, chunks: &[&[u8]]) -> Log {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    for chunk in chunks {
        feed(&mut machine, chunk, &mut events);
    }
    Log { events, end: machine.finish() }
}

/// Feeds one chunk. Checks on the way that a step that needs more has used its input up (law
/// *Prompt*), and law *Bounded*.
pub fn feed<G: Checked>(machine: &mut Machine<G>, chunk: &[u8], events: &mut Vec<u8>) {
    let mut input = chunk;
    let before = machine.offset();
    let mut pending = true;
    while pending {
        let taken = |input: &[u8]| before + (chunk.len() - input.len()) as u64;
        match machine.step(&mut input) {
            Step::NeedMore => pending = false,
            Step::Dispatch(message) => {
                place(events, taken(input));
                G::tell(&message, events);
            }
            Step::Refuse(refusal) => {
                place(events, taken(input));
                writeln!(events, "! {refusal:?}").expect("a buffer grows");
            }
        }
        assert_eq!(machine.offset(), taken(input), "the offset counts what is taken");
        bounded(machine);
    }
    assert!(input.is_empty(), "Prompt: needs more, but leaves {} bytes", input.len());
}

/// Law *Bounded*.
pub fn bounded<G: Grammar>(machine: &Machine<G>) {
    let (arrived, held) = (machine.offset() - machine.start(), machine.held() as u64);
    let bound = arrived.saturating_mul(2).max(SMALL as u64);
    assert!(held <= bound, "Bounded: holds {held} bytes, of {arrived} received");
}

/// Law *Split*: these cuts change nothing.
pub fn split<G: Checked>(limits: Limits, stream: &[u8], cuts: &[usize]) {
    let whole = record::<G>(limits, &[stream]);
    let parts = record::<G>(limits, &chunks(stream, cuts));
    assert_eq!(parts, whole, "Split: {} cut at {cuts:?}", stream.escape_ascii());
}

/// Laws *Oracle* and *Prompt* (the offsets).
pub fn oracle<G: Checked>(limits: Limits, stream: &[u8], cuts: &[usize]) {
    let expected = G::account(stream, &limits).log;
    let parts = record::<G>(limits, &chunks(stream, cuts));
    assert_eq!(parts, expected, "Oracle: {} cut at {cuts:?}", stream.escape_ascii());
}

/// Law *Prompt*: nothing is said before the deciding byte, and at it at once.
pub fn prompt<G: Checked>(limits: Limits, stream: &[u8]) {
    let told = G::account(stream, &limits);
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for decided in told.decided {
        let length = events.len();
        feed(&mut machine, &stream[from..decided - 1], &mut events);
        assert!(events.len() == length, "Prompt: {} before {decided}", stream.escape_ascii());
        feed(&mut machine, &stream[decided - 1..decided], &mut events);
        assert!(events.len() > length, "Prompt: {} at {decided}", stream.escape_ascii());
        from = decided;
    }
    assert!(told.log.events == events, "Prompt: {}", stream.escape_ascii());
}

/// Law *Recover*: the machine is as new wherever the oracle says so.
pub fn recover<G: Checked>(limits: Limits, stream: &[u8]) {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for at in G::account(stream, &limits).resumes {
        feed(&mut machine, &stream[from..at], &mut events);
        assert_eq!(machine, Machine::new(limits), "Recover: {} at {at}", stream.escape_ascii());
        from = at;
    }
}

/// Law *Resume*: saved and restored at each of these offsets, a machine goes on the same.
pub fn resume<G: Checked>(limits: Limits, stream: &[u8], places: &[usize]) {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for &at in places {
        feed(&mut machine, &stream[from..at], &mut events);
        let restored = Machine::<G>::restore(limits, machine.save());
        let restored = restored.expect("what was saved can be restored");
        assert_eq!(restored, machine, "Resume: {} at {at}", stream.escape_ascii());
        assert_eq!((restored.start(), restored.offset()), (machine.start(), machine.offset()));
        bounded(&restored);
        machine = restored;
        from = at;
    }
    feed(&mut machine, &stream[from..], &mut events);
    let log = Log { events, end: machine.finish() };
    let whole = record::<G>(limits, &[stream]);
    assert_eq!(log, whole, "Resume: {} at {places:?}", stream.escape_ascii());
}

/// Law *Resume*, for snapshots that no machine may have made: what was restored is a machine that some
/// stream leads to.
pub fn came_about<G: Grammar>(machine: &Machine<G>) {
    let arrived = machine.offset() - machine.start();
    let json = serde_json::to_value(machine.save()).expect("a snapshot is data");
    let bytes = |name: &str| -> Vec<u8> {
        let bytes = json[name].as_array().expect("bytes").iter().map(serde_json::Value::as_u64);
        bytes.map(|byte| byte.and_then(|byte| u8::try_from(byte).ok()).expect("a byte")).collect()
    };
    let mut made = Machine::<G>::new(*machine.limits());
    for byte in [&bytes("line")[..], &bytes("value"), G::BLOCK_END].concat() {
        if matches!(machine.state(), State::SkippingLine | State::SkippingBlock(_)) {
            assert!(arrived > 0, "Resume: nothing came, and {json} is skipped");
            assert_ne!(machine.state(), State::SkippingBlock(0), "Resume: {json}");
            return;
        }
        if made == *machine {
            break;
        }
        assert!(matches!(made.step(&mut &[byte][..]), Step::NeedMore), "Resume: {json}");
    }
    assert!(made == *machine, "Resume: nothing leads to {json}");
    assert_eq!(made.offset(), arrived, "Resume: {json}");
}

/// Law *Total*: under any limits, each byte belongs to what was told or to what is pending.
pub fn total<G: Checked>(limits: Limits, stream: &[u8], cuts: &[usize]) {
    let mut machine = Machine::<G>::new(limits);
    for chunk in chunks(stream, cuts) {
        feed(&mut machine, chunk, &mut Vec::new());
        assert!(machine.start() <= machine.offset());
    }
    assert_eq!(machine.offset(), stream.len() as u64, "Total: {}", stream.escape_ascii());
    let (start, end, state) = (machine.start(), machine.offset(), machine.state());
    let expected = if start == end { Ok(()) } else { Err(Truncated { start, end, state }) };
    assert_eq!(machine.finish(), expected, "Total: {}", stream.escape_ascii());
}

/// What a session answers to these chunks, from an empty store.
pub fn converse(limits: Limits, mark: usize, chunks: &[&[u8]]) -> (Vec<u8>, Result<(), Truncated>) {
    talk::<Requests>(limits, mark, &mut Map::new(), 0, chunks)
}

/// What a session answers to these chunks, up to where it closes. Each time its output is full, it
/// is taken, and the session saved and restored.
pub fn talk<G: Serve>(
    limits: Limits,
    mark: usize,
    store: &mut impl Store,
    now: u64,
    chunks: &[&[u8]],
) -> (Vec<u8>, Result<(), Truncated>) {
    let mut session = Session::<G>::with_mark(limits, mark);
    let mut out = Vec::new();
    let mut all = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            let progress = session.advance(store, now, &mut input, &mut out);
            let most = mark.saturating_add(limits.line + limits.value + 64);
            assert!(out.len() <= most, "Bounded: {} bytes of output, mark {mark}", out.len());
            all.append(&mut out);
            match progress {
                Progress::NeedInput => break,
                Progress::Close => return (all, session.finish()),
                Progress::OutputFull => {}
            }
            let restored = Session::restore(limits, mark, session.save());
            let restored = restored.expect("what was saved can be restored");
            assert_eq!(restored, session, "Resume: {}", chunks.concat().escape_ascii());
            session = restored;
        }
        assert!(input.is_empty(), "Prompt: needs input, but leaves {} bytes", input.len());
    }
    (all, session.finish())
}

/// Laws *Split* and *Oracle* for the session: the reply bytes.
pub fn answers(limits: Limits, mark: usize, stream: &[u8], cuts: &[usize]) {
    let account = oracle::requests(stream, &limits);
    let expected = oracle::answers(&account);
    let (answers, end) = converse(limits, mark, &chunks(stream, cuts));
    assert!(
        answers == expected,
        "Oracle: {} cut at {cuts:?}, mark {mark}: answered {}, expected {}",
        stream.escape_ascii(),
        answers.escape_ascii(),
        expected.escape_ascii(),
    );
    assert_eq!(end.is_ok(), account.stands.is_none(), "Oracle: {}", stream.escape_ascii());
}
