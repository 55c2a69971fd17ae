//! Grammars unlike the requests of `simple`: one that ends its blocks otherwise, and replies.

use memwire::{Limits, Machine, Step, dialect::simple::Replies};
use memwire_testing::{
    grammars::Tiny,
    laws::{chunks, feed},
};

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn a_two_byte_terminator_without_resync() {
    let cases: &[(&str, &[&str])] = &[
        ("a\r\nb\n", &["3 a ", "5 b "]),
        ("+3\r\nabc\r\nz\n", &["9 +3 abc", "11 z "]),
        ("+0\n\r\nz\n", &["5 +0 ", "7 z "]),
        ("+3\na\r\n\r\nz\n", &["8 +3 a\\r\\n", "10 z "]),
        // The first wrong byte determines the error; two bytes are consumed in any case.
        ("+3\nabcXYz\n", &["7 ! BadBlockEnd", "10 z "]),
        ("+3\nabc\rYz\n", &["8 ! BadBlockEnd", "10 z "]),
        ("+3\nabc\n\nz\n", &["7 ! BadBlockEnd", "10 z "]),
        ("-3\nabcXYz\n", &["3 ! Skipped", "10 z "]),
        ("-0\n\r\nz\n", &["3 ! Skipped", "7 z "]),
    ];
    for (stream, expected) in cases {
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let mut machine = Machine::<Tiny<false>>::new(LIMITS);
                let mut events = vec![];
                for chunk in chunks(stream.as_bytes(), &[first, second]) {
                    feed(&mut machine, chunk, &mut events);
                    let restored = Machine::restore(LIMITS, machine.save());
                    machine = restored.expect("what was saved can be restored");
                }
                let events = String::from_utf8(events).expect("text");
                let events: Vec<_> = events.lines().collect();
                assert_eq!(events, *expected, "{stream:?} split at {first} and {second}");
                assert_eq!(machine.finish(), Ok(()));
            }
        }
    }
}

/// Only the canonical form is accepted.
#[test]
fn replies_are_read_strictly() {
    let accepted = ["STORED", "END", "ERROR", "CLIENT_ERROR", "SERVER_ERROR x", "VALUE k 0"];
    let rejected = [
        "VALUE k 00",
        "VALUE k 03",
        "VALUE k +3",
        "VALUE k",
        "VALUE k ",
        "VALUE k  3",
        "VALUE k 3 ",
        "VALUE  k 3",
        "VALUE k. 3",
        "VALUE",
        "value k 3",
        " END",
        "END ",
        "STORED\r",
        "",
        "OK",
    ];
    for (lines, good) in [(&accepted[..], true), (&rejected[..], false)] {
        for line in lines {
            let stream = format!("{line}\n\n");
            let mut machine = Machine::<Replies>::new(LIMITS);
            let mut input = stream.as_bytes();
            let step = machine.step(&mut input);
            assert_eq!(matches!(step, Step::Dispatch(_)), good, "{line}: {step:?}");
            assert_eq!(matches!(step, Step::Reject(_)), !good, "{line}: {step:?}");
            // A data block may have taken the second LF.
            assert!(input.len() <= 1, "{line}: {} bytes are left", input.len());
        }
    }
}
