//! The messages of errors, and the replies to them.

use std::{collections::HashSet, error::Error, io};

use memwire::{
    RestoreError, SessionRestoreError, State, Truncated,
    dialect::{
        ErrorKind, ReplyError, classic,
        simple::{Reply, RequestError},
    },
};

/// Each has a message of its own, in one line.
fn are_distinct<E: Error>(errors: &[E]) {
    let texts: HashSet<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len());
    assert!(texts.iter().all(|text| text.len() > 10 && !text.contains('\n')), "{texts:?}");
}

#[test]
fn errors_have_distinct_messages() {
    are_distinct(&[
        RequestError::LineTooLong,
        RequestError::CarriageReturn,
        RequestError::UnknownCommand,
        RequestError::WrongWordCount,
        RequestError::BadLength,
        RequestError::ValueTooLarge,
        RequestError::BadKey,
        RequestError::BadBlockEnd,
    ]);
    are_distinct(&[
        ReplyError::LineTooLong,
        ReplyError::UnknownReply,
        ReplyError::ValueTooLarge,
        ReplyError::BadBlockEnd,
    ]);
    are_distinct(&[
        RestoreError::State,
        RestoreError::Line,
        RestoreError::Value,
        RestoreError::Offset,
    ]);
    let machine = SessionRestoreError::Machine(RestoreError::State);
    are_distinct(&[machine, SessionRestoreError::Continuation]);
    assert!(machine.source().is_some());
    assert!(SessionRestoreError::Continuation.source().is_none());
    assert!(RequestError::BadKey.source().is_none());
    are_distinct(&[
        classic::RequestErrorKind::LineTooLong,
        classic::RequestErrorKind::UnknownCommand,
        classic::RequestErrorKind::WrongWordCount,
        classic::RequestErrorKind::BadNumber,
        classic::RequestErrorKind::BadExptime,
        classic::RequestErrorKind::BadDelta,
        classic::RequestErrorKind::BadDeleteTime,
        classic::RequestErrorKind::BadKey,
        classic::RequestErrorKind::ValueTooLarge,
        classic::RequestErrorKind::BadBlockEnd,
    ]);
}

#[test]
fn truncated_reports_offsets_and_state() {
    let truncated = Truncated { start: 3, end: 7, state: State::AwaitingLine };
    let text = "input ends at byte 7, inside what begins at byte 3: AwaitingLine, its line is not \
                complete";
    assert_eq!(truncated.to_string(), text);
    let error = io::Error::from(truncated);
    assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::UnexpectedEof, text.to_owned()));
}

#[test]
fn errors_have_replies() {
    let reply = |error: RequestError| {
        let mut out = Vec::new();
        error.reply().encode(&mut out);
        String::from_utf8(out).expect("text")
    };
    assert_eq!(reply(RequestError::UnknownCommand), "ERROR\n");
    assert_eq!(reply(RequestError::WrongWordCount), "ERROR\n");
    assert_eq!(reply(RequestError::ValueTooLarge), "SERVER_ERROR object too large for cache\n");
    for error in [
        RequestError::LineTooLong,
        RequestError::CarriageReturn,
        RequestError::BadLength,
        RequestError::BadKey,
        RequestError::BadBlockEnd,
    ] {
        let text = reply(error);
        assert!(text.starts_with("CLIENT_ERROR ") && text.len() > 20, "{text}");
    }
}

/// An error's text ends at its first LF, so that no reply becomes two.
#[test]
fn an_error_reply_is_one_line() {
    let mut out = Vec::new();
    Reply::Error(ErrorKind::Server, b"one\ntwo").encode(&mut out);
    assert_eq!(out, b"SERVER_ERROR one\n");
}
