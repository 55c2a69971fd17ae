//! The simple dialect, as the machine and the oracle log it.

use std::io::Write as _;

use memwire::{
    Limits,
    dialect::simple::{Replies, Reply, Request, Requests},
};

use crate::{
    laws::{Expected, LoggedGrammar, OracleGrammar},
    oracle::simple as oracle,
};

impl LoggedGrammar for Requests {
    fn log_message(message: &Request<'_>, log: &mut Vec<u8>) {
        message.encode(log);
    }
}

impl OracleGrammar for Requests {
    fn expected(stream: &[u8], limits: &Limits) -> Expected {
        let log_message = |request, log: &mut Vec<u8>| match request {
            oracle::Request::Get(keys) => {
                log.extend_from_slice(b"get");
                for key in keys {
                    log.extend_from_slice(b" ");
                    log.extend_from_slice(key);
                }
                log.push(b'\n');
            }
            oracle::Request::Set(key, value) => put_block(b"set", key, value, log),
        };
        let transcript = oracle::requests(stream, limits);
        Expected::new(stream, transcript, log_message, |error, log| {
            write!(log, "{error:?}").expect("a buffer grows");
        })
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
            oracle::Reply::Stored => log.extend_from_slice(b"STORED\n"),
            oracle::Reply::Value(key, value) => put_block(b"VALUE", key, value, log),
            oracle::Reply::End => log.extend_from_slice(b"END\n"),
            oracle::Reply::Error(word, text) => {
                log.extend_from_slice(word);
                if !text.is_empty() {
                    log.push(b' ');
                    log.extend_from_slice(text);
                }
                log.push(b'\n');
            }
        };
        let transcript = oracle::replies(stream, limits);
        Expected::new(stream, transcript, log_message, |error, log| {
            write!(log, "{error:?}").expect("a buffer grows");
        })
    }
}

fn put_block(word: &[u8], key: &[u8], value: &[u8], log: &mut Vec<u8>) {
    log.extend_from_slice(word);
    log.push(b' ');
    log.extend_from_slice(key);
    writeln!(log, " {}", value.len()).expect("a buffer grows");
    log.extend_from_slice(value);
    log.push(b'\n');
}
