//! The machine by itself: memory, states, snapshots, and a grammar unlike `simple`'s.

use memwire::{
    BadSnapshot, Limits, Machine, State, Step, Truncated,
    dialect::{
        Value, classic,
        simple::{Replies, Request, Requests},
    },
    machine::SMALL,
};

use laws::tiny::Tiny;

mod laws;

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn a_new_machine_holds_nothing() {
    let machine = Machine::<Requests>::new(LIMITS);
    assert_eq!((machine.held(), machine.state()), (0, State::AwaitingLine));
    assert_eq!(machine.finish(), Ok(()));
}

#[test]
fn limits_are_told() {
    let limits = Limits { line: 7, value: 9 };
    assert_eq!(*Machine::<Requests>::new(limits).limits(), limits);
    assert_eq!(limits.of_replies(), Limits { line: 39, value: 9 });
}

#[test]
fn values_are_equal_if_their_bytes_are() {
    let mut held = b"abc".to_vec();
    assert_eq!(Value::Held(&mut held), Value::Lent(b"abc"));
    assert_ne!(Value::Lent(b"abc"), Value::Lent(b"abd"));
    assert_ne!(Value::Lent(b"abc"), Value::Lent(b"ab"));
}

#[test]
fn nothing_is_held_of_what_lies_in_one_chunk() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut input = &b"set k 3\na\nb\nget k x\nfrob\nset k! 3\nabc\n"[..];
    let mut steps = 0;
    while !matches!(machine.step(&mut input), Step::NeedMore) {
        steps += 1;
        assert_eq!(machine.held(), 0);
    }
    assert_eq!((steps, machine.held()), (4, 0));
}

#[test]
fn what_is_announced_is_not_reserved() {
    let limits = Limits { value: usize::MAX, ..LIMITS };
    let mut machine = Machine::<Requests>::new(limits);
    let mut input = &b"set k 9223372036854775807\nabc"[..];
    assert!(matches!(machine.step(&mut input), Step::NeedMore));
    assert!(machine.held() <= SMALL, "{}", machine.held());
    assert_eq!(machine.state(), State::AwaitingValue(9_223_372_036_854_775_805));
}

#[test]
fn a_machine_without_limits_waits_for_more_than_it_can_count() {
    let limits = Limits { line: usize::MAX, value: usize::MAX };
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
fn a_count_past_memcacheds_largest_is_refused_whatever_the_limit() {
    let limits = Limits { value: usize::MAX, ..LIMITS };
    for (count, good) in [("2147483645", true), ("2147483646", false), ("9999999999", false)] {
        for space in [" ", "  "] {
            let mut machine = Machine::<classic::Requests>::new(limits);
            let line = format!("set k 0 0{space}{count}\r\n");
            let step = machine.step(&mut line.as_bytes());
            assert_eq!(matches!(step, Step::NeedMore), good, "{line:?}: {step:?}");
            let fault = classic::Fault::Number;
            let refused = matches!(step, Step::Refuse(refusal) if refusal.fault == fault);
            assert_eq!(refused, !good, "{line:?}");
        }
    }
}

/// The sizes of the buffers, exactly: a line's doubles when it must, a value's is the final size or
/// a half of it, a quarter …, and never more than the bound.
#[test]
fn buffers_grow_when_they_must() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    for held in [10, 10, 30, 30, 30, 30, 70] {
        laws::feed(&mut machine, b"xxxxx", &mut vec![]);
        assert_eq!(machine.held(), held);
    }
    // The line is 11 bytes long, and the value just as large as may be reserved at once, or one
    // byte larger.
    for (size, reserved) in [(SMALL - 11, SMALL - 11), (SMALL - 10, (SMALL - 10) / 2)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        let line = format!("set k {size}\n");
        laws::feed(&mut machine, format!("{line}v").as_bytes(), &mut vec![]);
        assert_eq!(machine.held(), line.len() + reserved);
        // Full is no reason to grow; one byte more is.
        laws::feed(&mut machine, &vec![b'v'; reserved - 1], &mut vec![]);
        assert_eq!(machine.held(), line.len() + reserved);
        laws::feed(&mut machine, b"v", &mut vec![]);
        assert_eq!(machine.held(), line.len() + if reserved == size { 0 } else { size });
    }
}

/// A line's buffer of up to 4 KiB is used again.
#[test]
fn small_buffers_are_kept() {
    for (length, kept) in [(SMALL / 2, SMALL), (SMALL / 2 + 1, 0)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        laws::feed(&mut machine, &vec![b'x'; length], &mut vec![]);
        assert_eq!(machine.held(), 2 * length);
        laws::feed(&mut machine, b"\n", &mut vec![]);
        assert_eq!(machine.held(), kept);
    }
}

/// It is made smaller only if there would be no room for a value beside it.
#[test]
fn a_buffer_that_was_kept_counts_beside_a_value() {
    for (length, held) in [(20, 40 + 10), (SMALL / 2, "set k 10\n".len() + 10)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        laws::feed(&mut machine, &vec![b'x'; length], &mut vec![]);
        laws::feed(&mut machine, b"\n", &mut vec![]);
        laws::feed(&mut machine, b"set k 10\nv", &mut vec![]);
        assert_eq!(machine.held(), held);
    }
}

/// The value's buffer ends as large as the value, however it came, and its bytes are moved out.
#[test]
fn an_assembled_value_has_no_room_to_spare() {
    for size in [1, 4095, 4096, 4097, 10_000, 65_537, 1_048_576] {
        for chunk in [1, 7, 1460, 4096, 65_536] {
            let stream = [format!("set k {size}\n").into_bytes(), vec![b'v'; size], vec![b'\n']];
            let mut machine = Machine::<Requests>::new(LIMITS);
            let mut got = None;
            for mut part in stream.concat().chunks(chunk) {
                if let Step::Dispatch(Request::Set { value, .. }) = machine.step(&mut part) {
                    let held = matches!(value, Value::Held(_));
                    let at = value.as_ptr();
                    let value = value.into_vec();
                    assert!(!held || std::ptr::eq(value.as_ptr(), at), "the value was copied");
                    got = Some((value.len(), value.capacity()));
                }
                laws::bounded(&machine);
            }
            assert_eq!(got, Some((size, size)), "{size} in chunks of {chunk}");
        }
    }
}

/// Also if its line came before, in one piece or in two.
#[test]
fn a_block_that_lies_in_one_chunk_is_lent_from_it() {
    let block = &b"abc\nget k\n"[..];
    for before in [&[&b"set k 3\n"[..]][..], &[b"set k", b" 3\n"], &[b"set k 3\n", b""]] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        for mut chunk in before.iter().copied() {
            assert!(matches!(machine.step(&mut chunk), Step::NeedMore));
        }
        let mut chunk = block;
        let Step::Dispatch(Request::Set { value: Value::Lent(value), .. }) =
            machine.step(&mut chunk)
        else {
            panic!("{before:?}")
        };
        assert!(std::ptr::eq(value, &raw const block[..3]), "it was copied");
        assert_eq!(chunk, b"get k\n");
    }
}

#[test]
fn steps_and_messages_can_be_shown() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut chunk = &b"set k 3\na\nb\nget a b\nfrob\n"[..];
    let mut shown = vec![];
    for _ in 0..4 {
        shown.push(format!("{:?}", machine.step(&mut chunk)));
    }
    let expected = [
        r#"Dispatch(Set { key: "k", value: "a\nb" })"#,
        r#"Dispatch(Get(["a", "b"]))"#,
        "Refuse(UnknownCommand)",
        "NeedMore",
    ];
    assert_eq!(shown, expected);
    machine.step(&mut &b"set k 3\nab"[..]);
    let shown = format!("{machine:?}");
    for part in ["AwaitingValue(2)", r#"line: "set k 3\n""#, r#"value: "ab""#, "start: 25"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn large_buffers_are_given_back() {
    let line = [b"get ".to_vec(), vec![b'k'; 10_000], b"\n".to_vec()].concat();
    let set = [b"set k 10000\n".to_vec(), vec![b'v'; 10_000], b"\n".to_vec()].concat();
    let long = vec![b'x'; LIMITS.line + 1];
    let bad = [b"set k 10000\n".to_vec(), vec![b'v'; 10_001]].concat();
    for (stream, after) in [(line, true), (set, true), (long, false), (bad, false)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        laws::feed(&mut machine, &stream[..stream.len() - 1], &mut vec![]);
        assert!(machine.held() > SMALL);
        laws::feed(&mut machine, &stream[stream.len() - 1..], &mut vec![]);
        assert!(machine.held() <= SMALL, "{:?}", machine.state());
        assert_eq!(machine.state() == State::AwaitingLine, after);
    }
}

#[test]
fn what_is_skipped_is_not_held() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    laws::feed(&mut machine, b"set k 99999999999\n", &mut vec![]);
    for _ in 0..100 {
        laws::feed(&mut machine, &vec![b'v'; 100_000], &mut vec![]);
        assert_eq!(machine.held(), 0);
    }
    assert_eq!(machine.state(), State::SkippingBlock(99_990_000_000));
}

#[test]
fn dispatch_lasts_until_the_next_step() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut input = &b"get a\nget b\n"[..];
    assert!(matches!(machine.step(&mut input), Step::Dispatch(Request::Get(_))));
    assert_eq!(machine.state(), State::Dispatch);
    assert_eq!((machine.start(), machine.offset()), (0, 6));
    // In all that matters for what comes next, it is as new.
    assert_eq!(machine, Machine::new(LIMITS));
    assert_eq!(machine.clone().finish(), Ok(()));
    let restored = Machine::<Requests>::restore(LIMITS, machine.save()).expect("it was saved");
    assert_eq!((restored.state(), restored.offset()), (State::AwaitingLine, 6));
    assert!(matches!(machine.step(&mut &b""[..]), Step::NeedMore));
    assert_eq!((machine.state(), machine.start()), (State::AwaitingLine, 6));
}

#[test]
fn the_end_of_input_is_told() {
    let told = [
        ("ge", State::AwaitingLine, "its line is not complete"),
        ("set k 3\na", State::AwaitingValue(3), "AwaitingValue(3), its data block is not complete"),
        (
            "set ! 3\na",
            State::SkippingBlock(3),
            "SkippingBlock(3), it was refused, and its data block is not complete",
        ),
        ("set k 1\nab", State::SkippingLine, "its last line has no end"),
    ];
    for (stream, state, words) in told {
        let mut machine = Machine::<Requests>::new(LIMITS);
        let stream = format!("get k\n{stream}");
        laws::feed(&mut machine, stream.as_bytes(), &mut vec![]);
        let truncated = machine.finish().expect_err("the stream is incomplete");
        assert_eq!(truncated, Truncated { start: 6, end: stream.len() as u64, state });
        let shown = truncated.to_string();
        assert!(shown.contains(words) && shown.contains("begins at byte 6"), "{shown}");
    }
}

#[test]
fn snapshots_that_no_machine_made_are_refused() {
    use BadSnapshot::{Line, Offset, State, Value};
    let line = |text: &str| serde_json::json!(text.as_bytes());
    let base = |state: serde_json::Value, text: &str, value: &str, offset: u64| {
        serde_json::json!({
            "state": state, "line": line(text), "value": line(value), "start": 0, "offset": offset,
        })
    };
    let value = |n: u64| serde_json::json!({ "AwaitingValue": n });
    let block = |n: u64| serde_json::json!({ "SkippingBlock": n });
    let cases = [
        (base("AwaitingLine".into(), "", "", 0), None),
        (base("AwaitingLine".into(), "get", "", 3), None),
        (base("AwaitingLine".into(), &"x".repeat(20), "", 20), None),
        (base("AwaitingLine".into(), &"x".repeat(21), "", 21), Some(Line)),
        (base("AwaitingLine".into(), "a\nb", "", 3), Some(Line)),
        (base("AwaitingLine".into(), "get", "x", 4), Some(Value)),
        (base("AwaitingLine".into(), "get", "", 4), Some(Offset)),
        (base("AwaitingLine".into(), "", "", u64::MAX), Some(Offset)),
        (base("Dispatch".into(), "", "", 0), Some(State)),
        (base(value(4), "set k 3\n", "", 8), None),
        (base(value(3), "set k 3\n", "a", 9), None),
        (base(value(1), "set k 3\n", "abc", 11), None),
        (base(value(0), "set k 3\n", "abc", 12), Some(State)),
        (base(value(5), "set k 3\n", "", 8), Some(State)),
        (base(value(u64::MAX), "set k 3\n", "", 8), Some(State)),
        (base(value(4), "set k 3\n", "a", 8), Some(Value)),
        (base(value(2), "set k 3\n", "a", 10), Some(Value)),
        (base(value(4), "set k 3\n", "", 9), Some(Offset)),
        (base(value(4), "set k 3", "", 7), Some(Line)),
        (base(value(4), "set k 3\nget", "", 11), Some(Line)),
        (base(value(4), "get k\n", "", 6), Some(Line)),
        (base(value(14), "set k 13\n", "", 9), Some(Line)),
        (base(value(4), "set k! 3\n", "", 9), Some(Line)),
        (base(value(4), "set kkkkkkkkkkkkkk 3\n", "", 21), None),
        (base(value(4), "set kkkkkkkkkkkkkkk 3\n", "", 22), Some(Line)),
        (base(block(1), "", "", 1), None),
        (base(block(u64::MAX), "", "", 30), None),
        (base(block(0), "", "", 1), Some(State)),
        (base(block(1), "", "", 0), Some(State)),
        (base(block(1), "x", "", 1), Some(Line)),
        (base(block(1), "", "x", 1), Some(Value)),
        (base("SkippingLine".into(), "", "", 1), None),
        (base("SkippingLine".into(), "", "", 0), Some(State)),
        (base("SkippingLine".into(), "x", "", 1), Some(Line)),
    ];
    for (json, expected) in cases {
        let snapshot = serde_json::from_value(json.clone()).expect("it has the form");
        let limits = self::Limits { line: 20, value: 12 };
        let result = Machine::<Requests>::restore(limits, snapshot);
        assert_eq!(result.err(), expected, "{json}");
    }
    for (offset, expected) in [(u64::MAX / 2, None), (u64::MAX / 2 + 1, Some(Offset))] {
        let mut json = base("AwaitingLine".into(), "", "", offset);
        json["start"] = offset.into();
        let snapshot = serde_json::from_value(json).expect("it has the form");
        assert_eq!(Machine::<Requests>::restore(LIMITS, snapshot).err(), expected);
    }
    let mut json = base("AwaitingLine".into(), "", "", 0);
    json["start"] = 1.into();
    let snapshot = serde_json::from_value(json).expect("it has the form");
    assert_eq!(Machine::<Requests>::restore(LIMITS, snapshot).err(), Some(Offset));
}

#[test]
fn a_grammar_with_a_terminator_of_two_bytes_and_no_resync() {
    let cases: &[(&str, &[&str])] = &[
        ("a\r\nb\n", &["3 a ", "5 b "]),
        ("+3\r\nabc\r\nz\n", &["9 +3 abc", "11 z "]),
        ("+0\n\r\nz\n", &["5 +0 ", "7 z "]),
        ("+3\na\r\n\r\nz\n", &["8 +3 a\\r\\n", "10 z "]),
        // The first byte that is not the terminator's decides; both places are taken.
        ("+3\nabcXYz\n", &["7 ! \"bad block\"", "10 z "]),
        ("+3\nabc\rYz\n", &["8 ! \"bad block\"", "10 z "]),
        ("+3\nabc\n\nz\n", &["7 ! \"bad block\"", "10 z "]),
        ("-3\nabcXYz\n", &["3 ! \"skipped\"", "10 z "]),
        ("-0\n\r\nz\n", &["3 ! \"skipped\"", "7 z "]),
    ];
    for (stream, expected) in cases {
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let mut machine = Machine::<Tiny<false>>::new(LIMITS);
                let mut told = vec![];
                for chunk in laws::chunks(stream.as_bytes(), &[first, second]) {
                    laws::feed(&mut machine, chunk, &mut told);
                    let restored = Machine::restore(LIMITS, machine.save());
                    machine = restored.expect("what was saved can be restored");
                }
                let told = String::from_utf8(told).expect("text");
                let told: Vec<_> = told.lines().collect();
                assert_eq!(told, *expected, "{stream:?} cut at {first} and {second}");
                assert_eq!(machine.finish(), Ok(()));
            }
        }
    }
}

/// Equality is about what comes, not about where.
#[test]
fn machines_are_equal_if_they_go_on_alike() {
    let at = |stream: &str| {
        let mut machine = Machine::<Requests>::new(LIMITS);
        laws::feed(&mut machine, stream.as_bytes(), &mut vec![]);
        machine
    };
    assert_eq!(at("get k\nse"), at("se"));
    assert_eq!(at("set k 3\na"), at("frob\nset k 3\na"));
    for (left, right) in [
        ("s", "g"),
        ("s", ""),
        ("set k 3\na", "set k 3\nb"),
        ("set k 3\na", "set l 3\na"),
        ("set k 3\nabc", "set k 3\nab"),
        ("set k! 3\na", "set k! 3\nab"),
        ("set k! 3\na", "set k 3\na"),
        ("set k 0\nx", ""),
    ] {
        assert_ne!(at(left), at(right), "{left:?} {right:?}");
    }
    assert_ne!(at(""), Machine::new(Limits { line: 1, ..LIMITS }));
}

/// A client can follow nothing but what an encoder writes.
#[test]
fn replies_are_read_strictly() {
    let followed = ["STORED", "END", "ERROR", "CLIENT_ERROR", "SERVER_ERROR x", "VALUE k 0"];
    let refused = [
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
    for (lines, good) in [(&followed[..], true), (&refused[..], false)] {
        for line in lines {
            let stream = format!("{line}\n\n");
            let mut machine = Machine::<Replies>::new(LIMITS);
            let mut input = stream.as_bytes();
            let step = machine.step(&mut input);
            assert_eq!(matches!(step, Step::Dispatch(_)), good, "{line}: {step:?}");
            assert_eq!(matches!(step, Step::Refuse(_)), !good, "{line}: {step:?}");
            // A data block may have taken the second LF.
            assert!(input.len() <= 1, "{line}: {} bytes are left", input.len());
        }
    }
}

#[test]
fn limits_are_honoured_at_every_cut_around_them() {
    for line in [0, 1, 7, 8, 9, 40] {
        let limits = Limits { line, value: 3 };
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
    let log = laws::record::<Requests>(Limits { line: 0, value: 0 }, &[b"\nx\n"]);
    assert_eq!(log.events, b"1 ! UnknownCommand\n2 ! LongLine\n");
}
