//! The vectors of `simple`, through the oracle, the machine and the session, under many splits.

use memwire::{
    Limits, Session,
    dialect::simple::{Replies, Requests},
    simulate, simulate_to,
    store::Map,
};
use memwire_conformance::{
    dialect::SIMPLE,
    vectors::{End, Step, Suite, Vector},
};
use memwire_testing::{
    laws::{self, OracleGrammar},
    oracle::simple,
};

const LIMITS: Limits = Limits::DEFAULT;

fn vectors() -> Vec<Vector> {
    Suite::from_json(SIMPLE.suite).expect("the vectors can be read").vectors
}

/// Those that expect something.
fn judged() -> Vec<Vector> {
    let mut vectors = vectors();
    vectors.retain(|vector| vector.level.is_some());
    vectors
}

fn splits(stream: &[u8]) -> Vec<Vec<usize>> {
    laws::splits::<Requests>(LIMITS, stream)
}

#[test]
fn the_oracle_agrees_with_the_document() {
    for vector in judged() {
        let stream = vector.sent();
        let transcript = simple::requests(&stream, &LIMITS);
        check(&vector, "the oracle", &simple::replies_to(&transcript));
        assert_eq!(transcript.end.map(|end| end.start as u64), truncated(&vector), "{}", vector.id);
    }
}

#[test]
fn the_machine_agrees_with_the_oracle_under_every_split() {
    for vector in vectors() {
        let stream = vector.sent();
        let expected = <Requests as OracleGrammar>::expected(&stream, &LIMITS).log;
        for split in splits(&stream) {
            let log = laws::record::<Requests>(LIMITS, &laws::chunks(&stream, &split));
            assert!(log == expected, "{} split at {split:?}", vector.id);
        }
        laws::recover::<Requests>(LIMITS, &stream);
    }
}

#[test]
fn replies_are_read_under_every_split() {
    for vector in vectors() {
        let stream = simulate(&vector.sent());
        let limits = LIMITS.for_replies();
        let expected = <Replies as OracleGrammar>::expected(&stream, &limits).log;
        assert_eq!(expected.end, Ok(()), "{}", vector.id);
        for split in splits(&stream) {
            let log = laws::record::<Replies>(limits, &laws::chunks(&stream, &split));
            assert!(log == expected, "the replies of {} split at {split:?}", vector.id);
        }
        laws::recover::<Replies>(limits, &stream);
    }
}

#[test]
fn machines_are_saved_and_restored_at_every_byte() {
    for vector in vectors() {
        let stream = vector.sent();
        let places = if stream.len() <= 4096 {
            (0..=stream.len()).collect()
        } else {
            laws::split_points::<Requests>(LIMITS, &stream)
        };
        for at in places {
            laws::resume::<Requests>(LIMITS, &stream, &[at]);
        }
    }
}

/// `steps` are honoured: what is expected before the next bytes are sent, is answered before.
#[test]
fn sessions_answer_step_by_step() {
    for vector in judged() {
        let mut session = Session::<Requests>::with_high_water_mark(LIMITS, usize::MAX);
        let mut store = Map::new();
        let mut out = Vec::new();
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => {
                    let mut bytes = Vec::new();
                    pattern.expand(&mut bytes);
                    session.advance(&mut store, 0, &mut &bytes[..], &mut out);
                }
                Step::Expect(pattern) => {
                    assert!(pattern.matches(&out), "{}: {}", vector.id, out.escape_ascii());
                    out.clear();
                }
                Step::Wait(_) => panic!("{}: nothing changes by itself", vector.id),
            }
        }
        assert_eq!(out.escape_ascii().to_string(), "", "{}", vector.id);
        assert_eq!(session.finish().err().map(|end| end.start), truncated(&vector));
    }
}

#[test]
fn sessions_agree_under_every_split_and_high_water_mark() {
    for vector in judged() {
        let stream = vector.sent();
        for split in splits(&stream) {
            let chunks = laws::chunks(&stream, &split);
            let (replies, end) = laws::exchange(LIMITS, 65_536, &chunks);
            check(&vector, &format!("a session, split at {split:?}"), &replies);
            assert_eq!(end.err().map(|end| end.start), truncated(&vector), "{}", vector.id);
        }
        for mark in [0, 1, 10, 100, 1000, usize::MAX] {
            let (replies, _) = laws::exchange(LIMITS, mark, &[&stream]);
            check(&vector, &format!("a session with high-water mark {mark}"), &replies);
        }
    }
}

#[test]
fn simulate_agrees() {
    for vector in judged() {
        let stream = vector.sent();
        check(&vector, "simulate", &simulate(&stream));
        let mut drained = Vec::new();
        simulate_to(&stream, |piece| drained.extend_from_slice(piece));
        check(&vector, "simulate_to", &drained);
    }
}

fn truncated(vector: &Vector) -> Option<u64> {
    match vector.end {
        End::Clean => None,
        End::Truncated(start) => Some(start),
    }
}

fn check(vector: &Vector, who: &str, answers: &[u8]) {
    assert!(
        vector.expected().matches(answers),
        "{}: {who} answers {}",
        vector.id,
        answers[..answers.len().min(2000)].escape_ascii(),
    );
}
