//! The machine's memory: law *Bounded*, with exact sizes.

use memwire::{
    Limits, Machine, State, Step,
    dialect::simple::{Request, Requests},
    grammar::Data,
    machine::RETAINED_BUFFER,
};
use memwire_testing::laws::{bounded, feed};

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn messages_in_one_chunk_are_not_buffered() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    let mut input = &b"set k 3\na\nb\nget k x\nfrob\nset k! 3\nabc\n"[..];
    let mut steps = 0;
    while !matches!(machine.step(&mut input), Step::NeedMore) {
        steps += 1;
        assert_eq!(machine.buffer_capacity(), 0);
    }
    assert_eq!((steps, machine.buffer_capacity()), (4, 0));
}

#[test]
fn declared_lengths_cause_no_allocation() {
    let limits = LIMITS.with_value(usize::MAX);
    let mut machine = Machine::<Requests>::new(limits);
    let mut input = &b"set k 9223372036854775807\nabc"[..];
    assert!(matches!(machine.step(&mut input), Step::NeedMore));
    assert!(machine.buffer_capacity() <= RETAINED_BUFFER, "{}", machine.buffer_capacity());
    assert_eq!(machine.state(), State::AwaitingValue(9_223_372_036_854_775_805));
}

/// The exact capacities: a line's buffer doubles when it is full; a value's is the final size, or a
/// half of it, a quarter, and so on, within the bound.
#[test]
fn buffers_grow_only_when_full() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    for capacity in [10, 10, 30, 30, 30, 30, 70] {
        feed(&mut machine, b"xxxxx", &mut vec![]);
        assert_eq!(machine.buffer_capacity(), capacity);
    }
    // The line is 11 bytes long. The value is as large as may be allocated at once, or one byte
    // larger.
    for (size, reserved) in [
        (RETAINED_BUFFER - 11, RETAINED_BUFFER - 11),
        (RETAINED_BUFFER - 10, (RETAINED_BUFFER - 10) / 2),
    ] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        let line = format!("set k {size}\n");
        feed(&mut machine, format!("{line}v").as_bytes(), &mut vec![]);
        assert_eq!(machine.buffer_capacity(), line.len() + reserved);
        // A full buffer grows only when another byte comes.
        feed(&mut machine, &vec![b'v'; reserved - 1], &mut vec![]);
        assert_eq!(machine.buffer_capacity(), line.len() + reserved);
        feed(&mut machine, b"v", &mut vec![]);
        assert_eq!(machine.buffer_capacity(), line.len() + if reserved == size { 0 } else { size });
    }
}

/// A line's buffer of up to 4 KiB is reused.
#[test]
fn small_buffers_are_retained() {
    for (length, retained) in [(RETAINED_BUFFER / 2, RETAINED_BUFFER), (RETAINED_BUFFER / 2 + 1, 0)]
    {
        let mut machine = Machine::<Requests>::new(LIMITS);
        feed(&mut machine, &vec![b'x'; length], &mut vec![]);
        assert_eq!(machine.buffer_capacity(), 2 * length);
        feed(&mut machine, b"\n", &mut vec![]);
        assert_eq!(machine.buffer_capacity(), retained);
    }
}

/// It is shrunk only if the bound would not allow a value's buffer in addition.
#[test]
fn a_retained_line_buffer_counts_towards_the_bound() {
    for (length, capacity) in [(20, 40 + 10), (RETAINED_BUFFER / 2, "set k 10\n".len() + 10)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        feed(&mut machine, &vec![b'x'; length], &mut vec![]);
        feed(&mut machine, b"\n", &mut vec![]);
        feed(&mut machine, b"set k 10\nv", &mut vec![]);
        assert_eq!(machine.buffer_capacity(), capacity);
    }
}

/// The final capacity is the value's size under every split, and the buffer is moved out.
#[test]
fn buffered_values_have_no_spare_capacity() {
    for size in [1, 4095, 4096, 4097, 10_000, 65_537, 1_048_576] {
        for chunk in [1, 7, 1460, 4096, 65_536] {
            let stream = [format!("set k {size}\n").into_bytes(), vec![b'v'; size], vec![b'\n']];
            let mut machine = Machine::<Requests>::new(LIMITS);
            let mut got = None;
            for mut part in stream.concat().chunks(chunk) {
                if let Step::Dispatch(Request::Set { value, .. }) = machine.step(&mut part) {
                    let buffered = matches!(value, Data::Buffered(_));
                    let at = value.as_ptr();
                    let value = value.into_vec();
                    assert!(!buffered || std::ptr::eq(value.as_ptr(), at), "the value was copied");
                    got = Some((value.len(), value.capacity()));
                }
                bounded(&machine);
            }
            assert_eq!(got, Some((size, size)), "{size} in chunks of {chunk}");
        }
    }
}

/// Even if its line came in an earlier chunk, or in two.
#[test]
fn a_block_in_one_chunk_is_borrowed() {
    let block = &b"abc\nget k\n"[..];
    for before in [&[&b"set k 3\n"[..]][..], &[b"set k", b" 3\n"], &[b"set k 3\n", b""]] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        for mut chunk in before.iter().copied() {
            assert!(matches!(machine.step(&mut chunk), Step::NeedMore));
        }
        let mut chunk = block;
        let Step::Dispatch(Request::Set { value: Data::Borrowed(value), .. }) =
            machine.step(&mut chunk)
        else {
            panic!("{before:?}")
        };
        assert!(std::ptr::eq(value, &raw const block[..3]), "it was copied");
        assert_eq!(chunk, b"get k\n");
    }
}

#[test]
fn large_buffers_are_released() {
    let line = [b"get ".to_vec(), vec![b'k'; 10_000], b"\n".to_vec()].concat();
    let set = [b"set k 10000\n".to_vec(), vec![b'v'; 10_000], b"\n".to_vec()].concat();
    let long = vec![b'x'; LIMITS.line + 1];
    let bad = [b"set k 10000\n".to_vec(), vec![b'v'; 10_001]].concat();
    for (stream, after) in [(line, true), (set, true), (long, false), (bad, false)] {
        let mut machine = Machine::<Requests>::new(LIMITS);
        feed(&mut machine, &stream[..stream.len() - 1], &mut vec![]);
        assert!(machine.buffer_capacity() > RETAINED_BUFFER);
        feed(&mut machine, &stream[stream.len() - 1..], &mut vec![]);
        assert!(machine.buffer_capacity() <= RETAINED_BUFFER, "{:?}", machine.state());
        assert_eq!(machine.state() == State::AwaitingLine, after);
    }
}

#[test]
fn skipped_bytes_are_not_buffered() {
    let mut machine = Machine::<Requests>::new(LIMITS);
    feed(&mut machine, b"set k 99999999999\n", &mut vec![]);
    for _ in 0..100 {
        feed(&mut machine, &vec![b'v'; 100_000], &mut vec![]);
        assert_eq!(machine.buffer_capacity(), 0);
    }
    assert_eq!(machine.state(), State::SkippingBlock(99_990_000_000));
}
