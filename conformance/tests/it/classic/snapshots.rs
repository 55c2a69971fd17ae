//! Snapshots of sessions whose reply is in progress.

use memwire::{Limits, Session, SessionRestoreError, dialect::classic::Requests, store::Map};

use super::common::{LIMITS, NOW, replies};

#[test]
fn only_states_that_can_be_saved_are_restored() {
    let (mut store, mut session) = (Map::new(), Session::with_high_water_mark(LIMITS, 0));
    replies(&mut session, &mut store, "set k 0 0 1 noreply;9;");
    replies(&mut session, &mut store, "get k j;");
    let saved = serde_json::to_value(session.save()).expect("a snapshot is data");
    for (continuation, good) in [
        ("get j\r\n", true),
        ("gats -1 i j\r\n", true),
        ("gats -1 i jj\r\n", false),
        ("get j\r\nget j\r\n", false),
        ("get j", false),
        ("get\r\n", false),
        ("delete j\r\n", false),
    ] {
        let mut saved = saved.clone();
        saved["continuation"] = continuation.as_bytes().into();
        let saved = serde_json::from_value(saved).expect("it has the form of one");
        // The longest good one is as long as a line may be, its CR counted and its LF not.
        let restored =
            Session::<Requests>::restore(Limits::DEFAULT.with_line(12).with_value(3), 0, saved);
        let expected = (!good).then_some(SessionRestoreError::Continuation);
        assert_eq!(restored.err(), expected, "{continuation:?}");
    }
    // After `quit` nothing is checked.
    let mut session = Session::<Requests>::new(LIMITS);
    replies(&mut session, &mut store, "quit;");
    let left = session.save();
    assert!(Session::<Requests>::restore(LIMITS, 0, left).is_ok());
    let mut session = Session::<Requests>::new(LIMITS);
    session.advance(&mut store, NOW, &mut &b"ge"[..], &mut vec![]);
    let mut saved = serde_json::to_value(session.save()).expect("a snapshot is data");
    saved["closed"] = true.into();
    let saved = serde_json::from_value(saved).expect("it has the form of one");
    let restored = Session::<Requests>::restore(LIMITS, 0, saved);
    assert_eq!(restored.err(), Some(SessionRestoreError::Continuation));
}
