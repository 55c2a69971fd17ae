//! Which snapshots can be restored, and why others are rejected.

use memwire::{Limits, Machine, RestoreError, dialect::simple::Requests};

#[test]
fn forged_machine_snapshots_are_rejected() {
    use RestoreError::{Line, Offset, State, Value};
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
        let limits = Limits::DEFAULT.with_line(20).with_value(12);
        let result = Machine::<Requests>::restore(limits, snapshot);
        assert_eq!(result.err(), expected, "{json}");
    }
    for (offset, expected) in [(u64::MAX / 2, None), (u64::MAX / 2 + 1, Some(Offset))] {
        let mut json = base("AwaitingLine".into(), "", "", offset);
        json["start"] = offset.into();
        let snapshot = serde_json::from_value(json).expect("it has the form");
        assert_eq!(Machine::<Requests>::restore(Limits::DEFAULT, snapshot).err(), expected);
    }
    let mut json = base("AwaitingLine".into(), "", "", 0);
    json["start"] = 1.into();
    let snapshot = serde_json::from_value(json).expect("it has the form");
    assert_eq!(Machine::<Requests>::restore(Limits::DEFAULT, snapshot).err(), Some(Offset));
}
