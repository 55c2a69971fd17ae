//! The parts of messages: keys, spans and data blocks; and replies of every kind.

use memwire::{
    Limits, Machine,
    dialect::simple::{Key, Keys, Replies, Request},
    grammar::{Data, Span},
};

#[test]
fn keys_are_validated() {
    assert_eq!(Key::new(b"a-Z_9").expect("a key").as_bytes(), b"a-Z_9");
    for wrong in [&b""[..], b"a b", b"a\n", b"\xe9", b"aaaaaaaaaaaaaaaa.", b"."] {
        assert!(Key::new(wrong).is_none(), "{}", wrong.escape_ascii());
        assert!(Key::try_from(wrong).is_err(), "{}", wrong.escape_ascii());
        assert!(wrong == b"a b" || Keys::new(wrong).is_none(), "{}", wrong.escape_ascii());
    }
    assert!(Keys::new(b" ").is_none());
    let keys = Keys::new(b" a  b ").expect("keys");
    assert_eq!(keys, Keys::new(b"a b").expect("keys"));
    assert_ne!(keys, Keys::new(b"a c").expect("keys"));
    assert_ne!(keys, Keys::new(b"a").expect("keys"));
    assert_eq!(format!("{keys:?}"), r#"["a", "b"]"#);
    assert_eq!(keys.as_bytes(), b" a  b ");
    assert_eq!(format!("{:?}", Request::Get(keys)), r#"Get(["a", "b"])"#);
}

#[test]
fn data_is_equal_if_its_bytes_are() {
    let mut buffer = b"abc".to_vec();
    assert_eq!(Data::Buffered(&mut buffer), Data::Borrowed(b"abc"));
    assert_ne!(Data::Borrowed(b"abc"), Data::Borrowed(b"abd"));
    assert_ne!(Data::Borrowed(b"abc"), Data::Borrowed(b"ab"));
    assert_eq!(format!("{:?}", Data::from(&b"a\nc"[..])), r#""a\nc""#);
}

#[test]
fn buffered_data_is_moved() {
    let mut buffer = b"abc".to_vec();
    let at = buffer.as_ptr();
    let taken = Data::Buffered(&mut buffer).into_vec();
    assert_eq!((taken.as_ptr(), &taken[..]), (at, &b"abc"[..]));
    assert_eq!(Data::Borrowed(b"abc").into_vec(), b"abc");
}

#[test]
fn spans_outside_the_line_are_empty() {
    assert_eq!(Span { start: 1, end: 3 }.of(b"abc"), b"bc");
    assert_eq!(Span { start: 1, end: 4 }.of(b"abc"), b"");
    assert_eq!(Span { start: 2, end: 1 }.of(b"abc"), b"");
}

#[test]
fn every_kind_of_reply_is_parsed() {
    let stream = b"STORED\nVALUE k 1\nv\nEND\nERROR\nCLIENT_ERROR a b\nSERVER_ERROR \n";
    let mut machine = Machine::<Replies>::new(Limits::DEFAULT);
    let mut input = &stream[..];
    let mut steps = vec![];
    while !input.is_empty() {
        steps.push(format!("{:?}", machine.step(&mut input)));
    }
    let expected = [
        "Dispatch(Stored)",
        r#"Dispatch(Value { key: "k", value: "v" })"#,
        "Dispatch(End)",
        "Dispatch(Error(Unspecific, []))",
        "Dispatch(Error(Client, [97, 32, 98]))",
        "Dispatch(Error(Server, []))",
    ];
    assert_eq!(steps, expected);
}
