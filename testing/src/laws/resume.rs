//! Law *Resume*.

use memwire::{Limits, Machine, State, Step, grammar::Grammar};

use super::{
    bounded::bounded,
    feeding::{feed, record},
    log::{Log, LoggedGrammar},
};

/// Law *Resume*: saved and restored at each of these ascending offsets, a machine continues as if
/// nothing had happened.
///
/// # Panics
///
/// If it does not.
pub fn resume<G: LoggedGrammar>(limits: Limits, stream: &[u8], offsets: &[usize]) {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for &at in offsets {
        feed(&mut machine, &stream[from..at], &mut events);
        let restored = Machine::<G>::restore(limits, machine.save());
        let restored = restored.expect("what was saved can be restored");
        assert_eq!(restored, machine, "Resume: {} at {at}", stream.escape_ascii());
        assert_eq!((restored.start(), restored.offset()), (machine.start(), machine.offset()));
        bounded(&restored);
        machine = restored;
        from = at;
    }
    feed(&mut machine, &stream[from..], &mut events);
    let log = Log { events, end: machine.finish() };
    let whole = record::<G>(limits, &[stream]);
    assert_eq!(log, whole, "Resume: {} at {offsets:?}", stream.escape_ascii());
}

/// Law *Resume*, for snapshots from untrusted input: a machine that could be restored is in a state
/// that some stream leads to.
///
/// # Panics
///
/// If there is no such stream.
pub fn reachable<G: Grammar>(machine: &Machine<G>) {
    let arrived = machine.offset() - machine.start();
    let json = serde_json::to_value(machine.save()).expect("a snapshot is data");
    let bytes = |name: &str| -> Vec<u8> {
        let bytes = json[name].as_array().expect("bytes").iter().map(serde_json::Value::as_u64);
        bytes.map(|byte| byte.and_then(|byte| u8::try_from(byte).ok()).expect("a byte")).collect()
    };
    let mut made = Machine::<G>::new(*machine.limits());
    for byte in [&bytes("line")[..], &bytes("value"), G::BLOCK_END].concat() {
        if matches!(machine.state(), State::SkippingLine | State::SkippingBlock(_)) {
            assert!(arrived > 0, "Resume: nothing came, and {json} is skipped");
            assert_ne!(machine.state(), State::SkippingBlock(0), "Resume: {json}");
            return;
        }
        if made == *machine {
            break;
        }
        assert!(matches!(made.step(&mut &[byte][..]), Step::NeedMore), "Resume: {json}");
    }
    assert!(made == *machine, "Resume: nothing leads to {json}");
    assert_eq!(made.offset(), arrived, "Resume: {json}");
}
