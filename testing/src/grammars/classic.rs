//! The classic dialect, as the machine and the oracle log it.

use std::{fmt::Debug, io::Write as _};

use memwire::{
    Limits,
    dialect::classic::{Key, Replies, Reply, ReplyMode, Request, RequestError, Requests},
};

use crate::{
    laws::{Expected, LoggedGrammar, OracleGrammar},
    oracle::classic as oracle,
};

impl LoggedGrammar for Requests {
    fn log_message(message: &Request<'_>, log: &mut Vec<u8>) {
        message.encode(log);
    }

    fn log_error(error: &RequestError<'_>, log: &mut Vec<u8>) {
        let key = error.key.map(Key::as_bytes);
        put_error(&error.kind, error.reply_mode == ReplyMode::Never, key, log);
    }
}

impl OracleGrammar for Requests {
    fn expected(stream: &[u8], limits: &Limits) -> Expected {
        let log_error = |error: oracle::RequestError<'_>, log: &mut Vec<u8>| {
            put_error(&error.kind, error.noreply, error.key, log);
        };
        Expected::new(stream, oracle::requests(stream, limits), put_request, log_error)
    }
}

/// The kind of an error, whether its reply is suppressed, and the key whose item is removed.
fn put_error(kind: &impl Debug, noreply: bool, key: Option<&[u8]>, log: &mut Vec<u8>) {
    write!(log, "{kind:?}").expect("a buffer grows");
    if noreply {
        log.extend_from_slice(b" noreply");
    }
    if let Some(key) = key {
        log.push(b' ');
        log.extend_from_slice(key);
    }
}

/// The request in canonical form.
fn put_request(request: oracle::Request<'_>, log: &mut Vec<u8>) {
    let oracle::Request { verb, words, mut numbers, noreply, value } = request;
    log.extend_from_slice(verb);
    if let Some(value) = value {
        numbers.insert(2, value.len() as i128);
    }
    let mut put_numbers = |log: &mut Vec<u8>| {
        for number in numbers.drain(..) {
            write!(log, " {number}").expect("a buffer grows");
        }
    };
    // The exptime of `gat` and `gats` comes before the keys; other numbers come after.
    if verb.starts_with(b"gat") {
        put_numbers(log);
    }
    for word in words {
        log.push(b' ');
        log.extend_from_slice(word);
    }
    put_numbers(log);
    log.extend_from_slice(if noreply { b" noreply\r\n" } else { b"\r\n" });
    if let Some(value) = value {
        log.extend_from_slice(value);
        log.extend_from_slice(b"\r\n");
    }
}

impl LoggedGrammar for Replies {
    fn log_message(message: &Reply<'_>, log: &mut Vec<u8>) {
        message.encode(log);
    }
}

impl OracleGrammar for Replies {
    fn expected(stream: &[u8], limits: &Limits) -> Expected {
        let log_message = |reply, log: &mut Vec<u8>| match reply {
            oracle::Reply::Line(line) => {
                let error = line
                    .strip_suffix(b"ERROR ")
                    .is_some_and(|kind| matches!(kind, b"" | b"CLIENT_" | b"SERVER_"));
                log.extend_from_slice(if error { line.trim_ascii_end() } else { line });
                log.extend_from_slice(b"\r\n");
            }
            oracle::Reply::Value(line, value) => {
                log.extend([line, b"\r\n", value, b"\r\n"].concat());
            }
        };
        let transcript = oracle::replies(stream, limits);
        Expected::new(stream, transcript, log_message, |error, log| {
            write!(log, "{error:?}").expect("a buffer grows");
        })
    }
}
