//! The checks of the fuzz targets. Most check a law, and have its name. A test of the package
//! memwire-cli runs the same functions on the seeds.
//!
//! In the input of most targets the byte 0xFF is a split, and every other byte is part of the
//! stream. So seeds are readable, and a mutation moves, adds or removes a split as easily as it
//! changes the stream.

use arbitrary::{Arbitrary, Unstructured};
use memwire::{
    Limits, Machine, Session, SessionSnapshot, Step,
    dialect::{
        ErrorKind, classic,
        simple::{Key, Keys, Replies, Reply, Request, Requests},
    },
    grammar::Data,
};
use memwire_conformance::vectors::{Part, Suite};
use memwire_testing::{laws, streams::Commands};

pub mod differential;

/// Small, so that short inputs reach every branch.
const LIMITS: Limits = Limits::DEFAULT.with_line(24).with_value(12);

/// The byte at which the stream is split.
pub const SPLIT: u8 = 0xff;

/// A check of one input, which panics if a law is broken.
pub type Check = fn(&[u8]);

/// All targets.
pub const TARGETS: [(&str, Check); 13] = [
    ("classic_replies", classic_replies),
    ("classic_requests", classic_requests),
    ("commands", commands),
    ("differential", differential),
    ("encodings", encodings),
    ("linear", linear),
    ("oracle", oracle),
    ("recover", recover),
    ("resume", resume),
    ("session", session),
    ("snapshots", snapshots),
    ("split", split),
    ("vectors", vectors),
];

/// The stream, and the offsets at which it is split.
fn parts(data: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut stream = Vec::with_capacity(data.len());
    let mut split = Vec::new();
    for byte in data {
        match *byte {
            SPLIT => split.push(stream.len()),
            byte => stream.push(byte),
        }
    }
    (stream, split)
}

/// Law *Split*: split and unsplit streams give the same events.
pub fn split(data: &[u8]) {
    let (stream, split) = parts(data);
    laws::split::<Requests>(LIMITS, &stream, &split);
    laws::split::<Replies>(LIMITS, &stream, &split);
}

/// Law *Oracle*: the machine's events equal the oracle's, on any bytes.
pub fn oracle(data: &[u8]) {
    let (stream, split) = parts(data);
    laws::oracle::<Requests>(LIMITS, &stream, &split);
    laws::oracle::<Replies>(LIMITS, &stream, &split);
}

/// Law *Oracle*, on valid and damaged commands and replies.
pub fn commands(data: &[u8]) {
    let Ok(stream) = Commands::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let (stream, split) = stream.parts();
    for limits in [LIMITS, Limits::DEFAULT] {
        laws::oracle::<Requests>(limits, &stream, &split);
        laws::oracle::<Replies>(limits, &stream, &split);
    }
}

/// All laws of the machine, on any bytes, for requests of the classic dialect.
pub fn classic_requests(data: &[u8]) {
    all_laws::<classic::Requests>(data);
}

/// All laws of the machine, on any bytes, for replies of the classic dialect.
pub fn classic_replies(data: &[u8]) {
    all_laws::<classic::Replies>(data);
}

fn all_laws<G: laws::OracleGrammar>(data: &[u8]) {
    let (stream, split) = parts(data);
    laws::all::<G>(Limits::DEFAULT.with_line(40).with_value(12), &stream, &split);
}

/// A session of the classic dialect replies as a real memcached does. If memcached is not
/// installed, that is reported, and nothing is checked.
pub fn differential(data: &[u8]) {
    let (stream, split) = parts(data);
    differential::check(&stream, &split);
}

/// Law *Recover*: the machine is in its initial state at each offset that the oracle reports.
pub fn recover(data: &[u8]) {
    let (stream, _) = parts(data);
    laws::recover::<Requests>(LIMITS, &stream);
    laws::recover::<Replies>(LIMITS, &stream);
}

/// Law *Resume*: saved and restored at each offset of the split, the machine continues unchanged.
pub fn resume(data: &[u8]) {
    let (stream, split) = parts(data);
    laws::resume::<Requests>(LIMITS, &stream, &split);
    laws::resume::<Replies>(LIMITS, &stream, &split);
}

/// Laws *Linear* and *Bounded*: work and memory are within their bounds.
pub fn linear(data: &[u8]) {
    let (stream, split) = parts(data);
    let chunks = laws::chunks(&stream, &split);
    for limits in [LIMITS, Limits::DEFAULT] {
        laws::counting::linear::<Requests>(limits, &chunks);
        laws::counting::linear::<Replies>(limits, &chunks);
    }
}

/// A session with a low high-water mark replies as the oracle does.
pub fn session(data: &[u8]) {
    let (stream, split) = parts(data);
    for high_water_mark in [0, 20] {
        laws::session(LIMITS, high_water_mark, &stream, &split);
    }
}

/// Forged snapshots. The first line of the input is a session's snapshot as JSON, the rest is fed
/// to the restored session. The snapshot is rejected, or laws *Split*, *Bounded* and *Resume* hold.
pub fn snapshots(data: &[u8]) {
    let lf = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (json, stream) = data.split_at(lf);
    let Ok(snapshot) = serde_json::from_slice::<SessionSnapshot>(json) else { return };
    let Ok(session) = Session::<Requests>::restore(LIMITS, 20, snapshot) else { return };
    let again = Session::restore(LIMITS, 20, session.save());
    assert_eq!(again.as_ref(), Ok(&session), "Resume");
    laws::reachable(session.machine());
    let mut whole = session.machine().clone();
    laws::bounded(&whole);
    let mut events = Vec::new();
    laws::feed(&mut whole, stream, &mut events);
    let mut folded = session.machine().clone();
    let mut events_folded = Vec::new();
    for chunk in stream.chunks(1) {
        laws::feed(&mut folded, chunk, &mut events_folded);
    }
    assert_eq!((whole, events), (folded, events_folded), "Split: {}", stream.escape_ascii());
}

#[derive(Debug, Arbitrary)]
enum Message {
    Get(Vec<Vec<u8>>),
    Set(Vec<u8>, Vec<u8>),
    Stored,
    Value(Vec<u8>, Vec<u8>),
    End,
    Error(u8, Vec<u8>),
}

/// A key made from any bytes.
fn key(bytes: &[u8]) -> Vec<u8> {
    const BYTES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let mut key = vec![b'k'];
    key.extend(bytes.iter().map(|byte| BYTES[usize::from(byte % 64)]));
    key
}

/// An encoded message is parsed as the same message.
pub fn encodings(data: &[u8]) {
    let Ok(messages) = <Vec<Message>>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    for message in messages {
        match message {
            Message::Get(names) => {
                let mut text = key(&[]);
                for name in names {
                    text.extend([&b" "[..], &key(&name)].concat());
                }
                let keys = Keys::new(&text).expect("keys");
                request(&Request::Get(keys));
            }
            Message::Set(name, value) => {
                let name = key(&name);
                let key = Key::new(&name).expect("a key");
                request(&Request::Set { key, value: Data::Borrowed(&value) });
            }
            Message::Stored => reply(&Reply::Stored),
            Message::Value(name, value) => {
                let name = key(&name);
                let key = Key::new(&name).expect("a key");
                reply(&Reply::Value { key, value: Data::Borrowed(&value) });
            }
            Message::End => reply(&Reply::End),
            Message::Error(kind, mut text) => {
                let kinds = [ErrorKind::Unspecific, ErrorKind::Client, ErrorKind::Server];
                text.retain(|byte| *byte != b'\n');
                reply(&Reply::Error(kinds[usize::from(kind % 3)], &text));
            }
        }
    }
}

fn request(request: &Request<'_>) {
    let mut text = Vec::new();
    request.encode(&mut text);
    let mut machine = Machine::<Requests>::new(Limits::DEFAULT);
    let mut input = &text[..];
    match machine.step(&mut input) {
        Step::Dispatch(read) => assert_eq!(read, *request),
        other => panic!("{request:?} is read as {other:?}"),
    }
    assert!(input.is_empty(), "{request:?}");
}

fn reply(reply: &Reply<'_>) {
    let mut text = Vec::new();
    reply.encode(&mut text);
    let mut machine = Machine::<Replies>::new(Limits::DEFAULT);
    let mut input = &text[..];
    match machine.step(&mut input) {
        Step::Dispatch(read) => assert_eq!(read, *reply),
        other => panic!("{reply:?} is read as {other:?}"),
    }
    assert!(input.is_empty(), "{reply:?}");
}

/// A vector file, or a document with vectors: it is parsed, or rejected with a message. What was
/// parsed is the same after writing and parsing it again.
pub fn vectors(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let suite = match Suite::from_json(text) {
        Ok(suite) => suite,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            // A short repetition may expand to very many bytes, all of which are expanded here.
            let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
            if text.split('{').any(|rest| digits(rest) > 3) {
                return;
            }
            match Suite::from_document("classic", "fuzz.md", text) {
                Ok(suite) => suite,
                Err(error) => return assert!(!error.to_string().is_empty()),
            }
        }
    };
    let again = Suite::from_json(&suite.to_json()).expect("what is written can be read");
    assert_eq!(again, suite);
    for vector in &suite.vectors {
        let expected = vector.expected();
        // A short repetition may expand to very many bytes.
        let length = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len(),
            Part::Repeat(bytes, times) => bytes.len() * times,
            Part::Text | Part::Number(_) | Part::Same(_) => 0,
        };
        if expected.parts().iter().map(length).sum::<usize>() < 4096 {
            let mut bytes = Vec::new();
            expected.expand(&mut bytes);
            assert!(!expected.is_literal() || expected.matches(&bytes), "{}", vector.id);
        }
    }
}
