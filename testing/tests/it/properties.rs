//! The laws on random and damaged streams, under random splits, on stable.
#![allow(clippy::needless_pass_by_value, reason = "quickcheck passes by value")]

use std::{cell::Cell, collections::BTreeMap, fmt::Debug, panic, sync::Once};

use memwire::{
    Limits, Machine, Step,
    dialect::simple::{Replies, Requests},
    grammar::Grammar,
};
use memwire_testing::laws;
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

use crate::streams::Stream;

type Seen = BTreeMap<String, u32>;

/// So small that random streams pass them often.
const SMALL: Limits = Limits::DEFAULT.with_line(24).with_value(12);

/// Enough for all that is generated.
const LARGE: Limits = Limits::DEFAULT;

const CASES: u64 = 100_000;

/// Prints the smallest counterexample only, not the panics on the way to it.
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

/// For each law: the functions that check it, on streams of requests and of replies.
#[test]
fn split() {
    fn property(stream: Stream) {
        let (bytes, split) = stream.parts();
        laws::split::<Requests>(SMALL, &bytes, &split);
        laws::split::<Replies>(SMALL, &bytes, &split);
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_requests() {
    fn property(stream: Stream) {
        let (bytes, split) = stream.parts();
        laws::oracle::<Requests>(LARGE, &bytes, &split);
        laws::oracle::<Requests>(SMALL, &bytes, &split);
    }
    check(property as fn(Stream));
}

#[test]
fn oracle_of_replies() {
    fn property(stream: Stream) {
        let (bytes, split) = stream.parts();
        laws::oracle::<Replies>(LARGE, &bytes, &split);
        laws::oracle::<Replies>(SMALL, &bytes, &split);
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
        let (bytes, split) = stream.parts();
        let chunks = laws::chunks(&bytes, &split);
        for limits in [SMALL, LARGE] {
            laws::counting::linear::<Requests>(limits, &chunks);
            laws::counting::linear::<Replies>(limits, &chunks);
        }
    }
    check(property as fn(Stream));
}

#[test]
fn resume() {
    fn property(stream: Stream) {
        let (bytes, mut split) = stream.parts();
        split.truncate(100);
        laws::resume::<Requests>(SMALL, &bytes, &split);
        laws::resume::<Replies>(LARGE, &bytes, &split);
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
        let limits = Limits::DEFAULT.with_line(limit(line)).with_value(limit(value));
        let (bytes, split) = stream.parts();
        laws::total::<Requests>(limits, &bytes, &split);
        laws::total::<Replies>(limits, &bytes, &split);
    }
    check(property as fn(Stream, u8, u8));
}

#[test]
fn split_and_oracle_of_sessions() {
    fn property(stream: Stream, high_water_mark: u8) {
        let (bytes, split) = stream.parts();
        laws::session(LARGE, usize::from(high_water_mark), &bytes, &split);
        laws::session(SMALL, usize::from(high_water_mark), &bytes, &split);
    }
    check(property as fn(Stream, u8));
}

/// A saved machine is changed at random: it is rejected, or is a machine that keeps within its
/// bounds and does not panic.
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
        laws::reachable(&machine);
        laws::feed(&mut machine, &bytes, &mut vec![]);
        let again = Machine::<Requests>::restore(SMALL, machine.save());
        assert_eq!(again.as_ref(), Ok(&machine));
    }
    check(property as fn(Stream, u16, u8, u64));
}

/// The generator reaches what the properties are about.
#[test]
fn the_streams_reach_every_message_and_error() {
    fn count<G: Grammar>(limits: Limits, mut bytes: &[u8], seen: &mut Seen)
    where
        for<'m> G::Message<'m>: Debug,
    {
        let mut machine = Machine::<G>::new(limits);
        loop {
            let step = machine.step(&mut bytes);
            if matches!(step, Step::NeedMore) {
                break;
            }
            // `Dispatch(Set { …`, `Reject(BadKey)`
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
            count::<Requests>(limits, &bytes, &mut seen);
            count::<Replies>(limits, &bytes, &mut seen);
        }
    }
    for name in [
        "Dispatch(Get(",
        "Dispatch(Set",
        "Dispatch(Stored",
        "Dispatch(Value",
        "Dispatch(End",
        "Dispatch(Error(Client,",
        "Reject(LineTooLong",
        "Reject(CarriageReturn",
        "Reject(UnknownCommand",
        "Reject(WrongWordCount",
        "Reject(BadLength",
        "Reject(ValueTooLarge",
        "Reject(BadKey",
        "Reject(BadBlockEnd",
        "Reject(UnknownReply",
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
        let (bytes, split) = stream.parts();
        let log = laws::record::<Requests>(SMALL, &laws::chunks(&bytes, &split));
        split.is_empty() || !log.events.windows(11).any(|part| part == b"BadBlockEnd")
    }
    let found = QuickCheck::new().tests(CASES).quicktest(property as fn(Stream) -> bool);
    let shown = format!("{:?}", found.expect_err("the property is wrong"));
    assert!(shown.len() < 170 && shown.contains("split: [0]"), "{shown}");
}
