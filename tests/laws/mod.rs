//! The laws as functions that fail loudly: shared by the tests and, by path, the fuzz targets.
#![allow(dead_code, reason = "each user takes what it needs")]

use memwire::{
    Limits, Machine, Progress, Session, State, Step, Truncated,
    dialect::{
        Grammar,
        simple::{BadReply, ErrorKind, Refusal, Replies, Reply, Request, Requests},
    },
    machine::SMALL,
    oracle::{
        Account, Place,
        simple::{self as oracle, Fault, ReplyFault},
    },
    store::Map,
};

/// What happens in a stream, as the machine or the oracle tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The offset behind the deciding byte, and what was decided.
    pub events: Vec<(u64, Event)>,
    pub end: Result<(), Truncated>,
}

/// A message that owns its bytes, or a refusal. A request and a reply are never compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Get(Vec<Vec<u8>>),
    Set(Vec<u8>, Vec<u8>),
    Refused(Refusal),
    Stored,
    Value(Vec<u8>, Vec<u8>),
    End,
    Error(ErrorKind, Vec<u8>),
    BadReply(BadReply),
}

/// A grammar that the oracle knows too.
pub trait Checked: Grammar {
    fn own(message: Self::Message<'_>) -> Event;
    fn refused(refusal: Self::Refusal) -> Event;
    /// What the oracle says, and the offsets where it says that the machine is as new.
    fn account(stream: &[u8], limits: &Limits) -> (Log, Vec<usize>);
}

impl Checked for Requests {
    fn own(message: Request<'_>) -> Event {
        match message {
            Request::Get(keys) => Event::Get(keys.map(|key| key.as_bytes().to_vec()).collect()),
            Request::Set { key, value } => Event::Set(key.as_bytes().to_vec(), value.into_vec()),
        }
    }

    fn refused(refusal: Refusal) -> Event {
        Event::Refused(refusal)
    }

    fn account(stream: &[u8], limits: &Limits) -> (Log, Vec<usize>) {
        log(stream, oracle::requests(stream, limits), |what| match what {
            Ok(oracle::Request::Get(keys)) => {
                Event::Get(keys.into_iter().map(<[u8]>::to_vec).collect())
            }
            Ok(oracle::Request::Set(key, value)) => Event::Set(key.to_vec(), value.to_vec()),
            Err(fault) => Event::Refused(match fault {
                Fault::LongLine => Refusal::LongLine,
                Fault::CarriageReturn => Refusal::CarriageReturn,
                Fault::UnknownCommand => Refusal::UnknownCommand,
                Fault::Words => Refusal::Words,
                Fault::Count => Refusal::Count,
                Fault::LargeValue => Refusal::LargeValue,
                Fault::Key => Refusal::Key,
                Fault::BlockEnd => Refusal::BlockEnd,
            }),
        })
    }
}

impl Checked for Replies {
    fn own(message: Reply<'_>) -> Event {
        match message {
            Reply::Stored => Event::Stored,
            Reply::Value { key, value } => Event::Value(key.as_bytes().to_vec(), value.into_vec()),
            Reply::End => Event::End,
            Reply::Error(kind, text) => Event::Error(kind, text.to_vec()),
        }
    }

    fn refused(refusal: BadReply) -> Event {
        Event::BadReply(refusal)
    }

    fn account(stream: &[u8], limits: &Limits) -> (Log, Vec<usize>) {
        log(stream, oracle::replies(stream, limits), |what| match what {
            Ok(oracle::Reply::Stored) => Event::Stored,
            Ok(oracle::Reply::Value(key, value)) => Event::Value(key.to_vec(), value.to_vec()),
            Ok(oracle::Reply::End) => Event::End,
            Ok(oracle::Reply::Error(word, text)) => {
                let kind = match word {
                    b"ERROR" => ErrorKind::Unspecific,
                    b"CLIENT_ERROR" => ErrorKind::Client,
                    _ => ErrorKind::Server,
                };
                Event::Error(kind, text.to_vec())
            }
            Err(fault) => Event::BadReply(match fault {
                ReplyFault::LongLine => BadReply::LongLine,
                ReplyFault::Unknown => BadReply::Unknown,
                ReplyFault::LargeValue => BadReply::LargeValue,
                ReplyFault::BlockEnd => BadReply::BlockEnd,
            }),
        })
    }
}

fn log<T, F>(
    stream: &[u8],
    account: Account<T, F>,
    event: impl Fn(Result<T, F>) -> Event,
) -> (Log, Vec<usize>) {
    let end = match account.stands {
        None => Ok(()),
        Some(stands) => Err(Truncated {
            start: stands.start as u64,
            end: stream.len() as u64,
            state: match stands.place {
                Place::Line => State::AwaitingLine,
                Place::Block(n) => State::AwaitingValue(n),
                Place::RefusedBlock(n) => State::SkippingBlock(n),
                Place::Rest => State::SkippingLine,
            },
        }),
    };
    let resumes = account.events.iter().filter_map(|event| event.resumes).collect();
    let events = account.events.into_iter();
    let events = events.map(|told| (told.decided as u64, event(told.what))).collect();
    (Log { events, end }, resumes)
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

/// One byte a chunk.
pub fn bytewise(stream: &[u8]) -> Vec<&[u8]> {
    stream.chunks(1).collect()
}

/// Feeds a machine, and tells what it says. Checks *Prompt* (a step that needs more has used its
/// input up) and *Bounded* on the way.
pub fn record<G: Checked>(limits: Limits, chunks: &[&[u8]]) -> Log {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    for chunk in chunks {
        feed(&mut machine, chunk, &mut events);
    }
    Log { events, end: machine.finish() }
}

/// Feeds one chunk.
pub fn feed<G: Checked>(machine: &mut Machine<G>, chunk: &[u8], events: &mut Vec<(u64, Event)>) {
    let mut input = chunk;
    let before = machine.offset();
    loop {
        let event = match machine.step(&mut input) {
            Step::NeedMore => None,
            Step::Dispatch(message) => Some(G::own(message)),
            Step::Refuse(refusal) => Some(G::refused(refusal)),
        };
        let taken = machine.offset() - before;
        assert_eq!(taken, (chunk.len() - input.len()) as u64, "the offset counts what is taken");
        bounded(machine);
        let Some(event) = event else { break };
        events.push((machine.offset(), event));
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

/// Laws *Oracle*, *Prompt* (the offsets) and *Total*.
pub fn oracle<G: Checked>(limits: Limits, stream: &[u8], cuts: &[usize]) {
    let (expected, _) = G::account(stream, &limits);
    let parts = record::<G>(limits, &chunks(stream, cuts));
    assert_eq!(parts, expected, "Oracle: {} cut at {cuts:?}", stream.escape_ascii());
}

/// Law *Recover*: the machine is as new wherever the oracle says so.
pub fn recover<G: Checked>(limits: Limits, stream: &[u8]) {
    let (_, resumes) = G::account(stream, &limits);
    let mut machine = Machine::<G>::new(limits);
    let mut from = 0;
    for at in resumes {
        feed(&mut machine, &stream[from..at], &mut Vec::new());
        assert_eq!(machine, Machine::new(limits), "Recover: {} at {at}", stream.escape_ascii());
        from = at;
    }
}

/// Law *Resume*: saved at this offset, through JSON, and restored, a machine goes on the same.
pub fn resume<G: Checked>(limits: Limits, stream: &[u8], at: usize) {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    feed(&mut machine, &stream[..at], &mut events);
    let json = serde_json::to_vec(&machine.save()).expect("a snapshot is data");
    let snapshot = serde_json::from_slice(&json).expect("what was written can be read");
    let restored = Machine::<G>::restore(limits, snapshot);
    let mut restored = restored.expect("what was saved can be restored");
    assert_eq!(restored, machine, "Resume: {} at {at}", stream.escape_ascii());
    assert_eq!((restored.start(), restored.offset()), (machine.start(), machine.offset()));
    bounded(&restored);
    feed(&mut restored, &stream[at..], &mut events);
    let log = Log { events, end: restored.finish() };
    assert_eq!(log, record::<G>(limits, &[stream]), "Resume: {} at {at}", stream.escape_ascii());
}

/// What a session answers to these chunks, from an empty store. Each time its output is full, it is
/// taken, and the session saved and restored.
pub fn converse(limits: Limits, mark: usize, chunks: &[&[u8]]) -> (Vec<u8>, Result<(), Truncated>) {
    let mut session = Session::<Requests>::with_mark(limits, mark);
    let mut store = Map::new();
    let mut out = Vec::new();
    let mut all = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            let progress = session.advance(&mut store, 0, &mut input, &mut out);
            let most = mark.saturating_add(limits.line + limits.value + 64);
            assert!(out.len() <= most, "Bounded: {} bytes of output, mark {mark}", out.len());
            all.append(&mut out);
            if progress == Progress::NeedInput {
                break;
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
    let (answers, _) = converse(limits, mark, &chunks(stream, cuts));
    assert!(
        answers == expected,
        "Oracle: {} cut at {cuts:?}, mark {mark}: answered {}, expected {}",
        stream.escape_ascii(),
        answers.escape_ascii(),
        expected.escape_ascii(),
    );
}
