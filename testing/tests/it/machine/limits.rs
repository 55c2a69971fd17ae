//! The machine under its limits, and without any.

use memwire::{
    Limits, Machine, State, Step,
    dialect::{classic, simple::Requests},
};
use memwire_testing::laws;

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn limits_are_reported() {
    let limits = LIMITS.with_line(7).with_value(9);
    assert_eq!(*Machine::<Requests>::new(limits).limits(), limits);
    assert_eq!(limits.for_replies(), LIMITS.with_line(39).with_value(9));
}

#[test]
fn declared_lengths_past_64_bits_saturate() {
    let limits = LIMITS.with_line(usize::MAX).with_value(usize::MAX);
    for count in ["18446744073709551615", "18446744073709551616"] {
        let line = format!("set k {count}\nab");
        for (length, missing) in [(2, u64::MAX), (1, u64::MAX), (0, u64::MAX - 1)] {
            let line = &line[..line.len() - length];
            let mut machine = Machine::<Requests>::new(limits);
            assert!(matches!(machine.step(&mut line.as_bytes()), Step::NeedMore));
            assert_eq!(machine.state(), State::AwaitingValue(missing));
            let restored = Machine::restore(limits, machine.save());
            assert_eq!(restored.expect("it was saved so"), machine);
        }
    }
}

#[test]
fn lengths_above_memcacheds_largest_are_rejected_under_any_limit() {
    let limits = LIMITS.with_value(usize::MAX);
    for (count, good) in [("2147483645", true), ("2147483646", false), ("9999999999", false)] {
        for space in [" ", "  "] {
            let mut machine = Machine::<classic::Requests>::new(limits);
            let line = format!("set k 0 0{space}{count}\r\n");
            let step = machine.step(&mut line.as_bytes());
            assert_eq!(matches!(step, Step::NeedMore), good, "{line:?}: {step:?}");
            let kind = classic::RequestErrorKind::BadNumber;
            let rejected = matches!(step, Step::Reject(error) if error.kind == kind);
            assert_eq!(rejected, !good, "{line:?}");
        }
    }
}

#[test]
fn limits_are_enforced_under_every_split() {
    for line in [0, 1, 7, 8, 9, 40] {
        let limits = LIMITS.with_line(line).with_value(3);
        for length in line.saturating_sub(2)..line + 3 {
            for start in ["", "get k"] {
                let line = format!("{start:x<length$.length$}");
                for tail in ["\n", "\r\n", "", "\nget k\n"] {
                    let stream = [line.as_bytes(), tail.as_bytes()].concat();
                    for first in 0..=stream.len() {
                        for second in first..=stream.len() {
                            laws::oracle::<Requests>(limits, &stream, &[first, second]);
                        }
                    }
                }
            }
        }
    }
    let log = laws::record::<Requests>(LIMITS.with_line(0).with_value(0), &[b"\nx\n"]);
    assert_eq!(log.events, b"1 ! UnknownCommand\n2 ! LineTooLong\n");
}
