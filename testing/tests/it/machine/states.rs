//! The machine's states: how long they last, their debug text, and the equality of machines.

use memwire::{
    Limits, Machine, State, Step, Truncated,
    dialect::simple::{Request, Requests},
};
use memwire_testing::laws::feed;

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn a_new_machine_allocates_nothing() {
    let machine = Machine::<Requests>::new(LIMITS);
    assert_eq!((machine.buffer_capacity(), machine.state()), (0, State::AwaitingLine));
    assert_eq!(machine.finish(), Ok(()));
}

#[test]
fn dispatch_lasts_until_the_next_step() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut input = &b"get a\nget b\n"[..];
    assert!(matches!(machine.step(&mut input), Step::Dispatch(Request::Get(_))));
    assert_eq!(machine.state(), State::Dispatch);
    assert_eq!((machine.start(), machine.offset()), (0, 6));
    // For everything that follows, it is in the initial state.
    assert_eq!(machine, Machine::new(LIMITS));
    assert_eq!(machine.clone().finish(), Ok(()));
    let restored = Machine::<Requests>::restore(LIMITS, machine.save()).expect("it was saved");
    assert_eq!((restored.state(), restored.offset()), (State::AwaitingLine, 6));
    assert!(matches!(machine.step(&mut &b""[..]), Step::NeedMore));
    assert_eq!((machine.state(), machine.start()), (State::AwaitingLine, 6));
}

#[test]
fn eof_is_reported() {
    let cases = [
        ("ge", State::AwaitingLine, "its line is not complete"),
        ("set k 3\na", State::AwaitingValue(3), "AwaitingValue(3), its data block is not complete"),
        (
            "set ! 3\na",
            State::SkippingBlock(3),
            "SkippingBlock(3), it was rejected, and its data block is not complete",
        ),
        ("set k 1\nab", State::SkippingLine, "its last line has no end"),
    ];
    for (stream, state, words) in cases {
        let mut machine = Machine::<Requests>::new(LIMITS);
        let stream = format!("get k\n{stream}");
        feed(&mut machine, stream.as_bytes(), &mut vec![]);
        let truncated = machine.finish().expect_err("the stream is incomplete");
        assert_eq!(truncated, Truncated { start: 6, end: stream.len() as u64, state });
        let shown = truncated.to_string();
        assert!(shown.contains(words) && shown.contains("begins at byte 6"), "{shown}");
    }
}

#[test]
fn steps_and_messages_have_debug_text() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut chunk = &b"set k 3\na\nb\nget a b\nfrob\n"[..];
    let mut shown = vec![];
    for _ in 0..4 {
        shown.push(format!("{:?}", machine.step(&mut chunk)));
    }
    let expected = [
        r#"Dispatch(Set { key: "k", value: "a\nb" })"#,
        r#"Dispatch(Get(["a", "b"]))"#,
        "Reject(UnknownCommand)",
        "NeedMore",
    ];
    assert_eq!(shown, expected);
    machine.step(&mut &b"set k 3\nab"[..]);
    let shown = format!("{machine:?}");
    for part in ["AwaitingValue(2)", r#"line: "set k 3\n""#, r#"value: "ab""#, "start: 25"] {
        assert!(shown.contains(part), "{shown}");
    }
}

/// Offsets are not compared.
#[test]
fn equal_machines_treat_further_bytes_alike() {
    let at = |stream: &str| {
        let mut machine = Machine::<Requests>::new(LIMITS);
        feed(&mut machine, stream.as_bytes(), &mut vec![]);
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
    assert_ne!(at(""), Machine::new(LIMITS.with_line(1)));
}
