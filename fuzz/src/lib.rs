//! What the fuzz targets check. Each is a law under its name, or says what it is; `tests/corpus.rs`
//! runs the same functions on the seeds.
//!
//! In the seeds of most targets the byte 0xFF stands for a cut and everything else for itself, so
//! that seeds can be read, and a mutation moves, makes or drops a cut as easily as it changes the
//! stream.

use arbitrary::{Arbitrary, Unstructured};
use memwire::{
    Limits, Machine, Session, SessionSnapshot, Step,
    dialect::{
        Value, classic,
        simple::{ErrorKind, Key, Keys, Replies, Reply, Request, Requests},
    },
    vectors::{Part, Suite},
};

#[path = "../../tests/laws/mod.rs"]
mod laws;

/// What the differential's inputs may hold beside requests, and how it compares.
pub mod differential;
mod stream;

use stream::Stream;

/// So small that every branch is near.
const LIMITS: Limits = Limits { line: 24, value: 12 };

/// The byte that stands for a cut.
pub const CUT: u8 = 0xff;

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

fn stream_and_cuts(data: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut stream = Vec::with_capacity(data.len());
    let mut cuts = Vec::new();
    for byte in data {
        match *byte {
            CUT => cuts.push(stream.len()),
            byte => stream.push(byte),
        }
    }
    (stream, cuts)
}

/// Chunked feeding equals whole feeding.
pub fn split(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    laws::split::<Requests>(LIMITS, &stream, &cuts);
    laws::split::<Replies>(LIMITS, &stream, &cuts);
}

/// The machine equals the oracle, on any bytes.
pub fn oracle(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    laws::oracle::<Requests>(LIMITS, &stream, &cuts);
    laws::oracle::<Replies>(LIMITS, &stream, &cuts);
}

/// The machine equals the oracle, on commands and replies that are damaged here and there.
pub fn commands(data: &[u8]) {
    let Ok(stream) = Stream::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let (stream, cuts) = stream.parts();
    for limits in [LIMITS, Limits::DEFAULT] {
        laws::oracle::<Requests>(limits, &stream, &cuts);
        laws::oracle::<Replies>(limits, &stream, &cuts);
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

fn all_laws<G: laws::Checked>(data: &[u8]) {
    let limits = Limits { line: 40, value: 12 };
    let (stream, cuts) = stream_and_cuts(data);
    laws::split::<G>(limits, &stream, &cuts);
    laws::oracle::<G>(limits, &stream, &cuts);
    laws::recover::<G>(limits, &stream);
    laws::resume::<G>(limits, &stream, &cuts);
    laws::counted::linear::<G>(limits, &laws::chunks(&stream, &cuts));
}

/// A session of the classic dialect answers what a real memcached does; without one, which is told,
/// nothing is checked.
pub fn differential(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    differential::check(&stream, &cuts);
}

/// The machine is as new wherever the oracle says so.
pub fn recover(data: &[u8]) {
    let (stream, _) = stream_and_cuts(data);
    laws::recover::<Requests>(LIMITS, &stream);
    laws::recover::<Replies>(LIMITS, &stream);
}

/// Saved and restored at each cut, the machine goes on the same.
pub fn resume(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    laws::resume::<Requests>(LIMITS, &stream, &cuts);
    laws::resume::<Replies>(LIMITS, &stream, &cuts);
}

/// Work and memory are within their bounds.
pub fn linear(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    let chunks = laws::chunks(&stream, &cuts);
    for limits in [LIMITS, Limits::DEFAULT] {
        laws::counted::linear::<Requests>(limits, &chunks);
        laws::counted::linear::<Replies>(limits, &chunks);
    }
}

/// A session with a small output budget answers what the oracle answers.
pub fn session(data: &[u8]) {
    let (stream, cuts) = stream_and_cuts(data);
    for mark in [0, 20] {
        laws::answers(LIMITS, mark, &stream, &cuts);
    }
}

/// A session's snapshot as JSON, and behind its line what the restored session is fed: it is
/// refused, or is a session that keeps the laws *Split* and *Bounded*.
pub fn snapshots(data: &[u8]) {
    let lf = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (json, stream) = data.split_at(lf);
    let Ok(snapshot) = serde_json::from_slice::<SessionSnapshot>(json) else { return };
    let Ok(session) = Session::<Requests>::restore(LIMITS, 20, snapshot) else { return };
    let again = Session::restore(LIMITS, 20, session.save());
    assert_eq!(again.as_ref(), Ok(&session), "Resume");
    laws::came_about(session.machine());
    let mut whole = session.machine().clone();
    laws::bounded(&whole);
    let mut told = Vec::new();
    laws::feed(&mut whole, stream, &mut told);
    let mut folded = session.machine().clone();
    let mut told_folded = Vec::new();
    for chunk in stream.chunks(1) {
        laws::feed(&mut folded, chunk, &mut told_folded);
    }
    assert_eq!((whole, told), (folded, told_folded), "Split: {}", stream.escape_ascii());
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

/// Any bytes as a key.
fn key(bytes: &[u8]) -> Vec<u8> {
    const BYTES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let mut key = vec![b'k'];
    key.extend(bytes.iter().map(|byte| BYTES[usize::from(byte % 64)]));
    key
}

/// What is encoded is read again, and is the same.
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
                request(&Request::Set { key, value: Value::Lent(&value) });
            }
            Message::Stored => reply(&Reply::Stored),
            Message::Value(name, value) => {
                let name = key(&name);
                let key = Key::new(&name).expect("a key");
                reply(&Reply::Value { key, value: Value::Lent(&value) });
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

/// Vectors, or a document of them: read, or refused with words; what is read is written and read
/// again the same.
pub fn vectors(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let suite = match Suite::from_json(text) {
        Ok(suite) => suite,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            // A few bytes of repetition may stand for many, and all are taken apart here.
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
        // A few bytes of repetition may stand for many.
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
