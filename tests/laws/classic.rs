//! The classic dialect, as the machine and the oracle tell it.

use std::io::Write as _;

use memwire::{
    Limits,
    dialect::classic::{Replies, Reply, Request, Requests},
    oracle::classic as oracle,
};

use super::{Checked, Told, put, told};

impl Checked for Requests {
    fn tell(message: &Request<'_>, events: &mut Vec<u8>) {
        message.encode(events);
    }

    fn account(stream: &[u8], limits: &Limits) -> Told {
        told(stream, oracle::requests(stream, limits), |request, events| {
            let oracle::Request { verb, words, numbers, noreply, value } = request;
            events.extend_from_slice(verb);
            let mut numbers = numbers;
            if let Some(value) = value {
                numbers.insert(2, value.len() as i128);
            }
            let touches = verb.starts_with(b"gat");
            let mut put_numbers = |events: &mut Vec<u8>| {
                for number in numbers.drain(..) {
                    write!(events, " {number}").expect("a buffer grows");
                }
            };
            if touches {
                put_numbers(events);
            }
            for word in words {
                put(events, &[b" ", word]);
            }
            put_numbers(events);
            put(events, &[if noreply { b" noreply" } else { b"" }, b"\r\n"]);
            if let Some(value) = value {
                put(events, &[value, b"\r\n"]);
            }
        })
    }
}

impl Checked for Replies {
    fn tell(message: &Reply<'_>, events: &mut Vec<u8>) {
        message.encode(events);
    }

    fn account(stream: &[u8], limits: &Limits) -> Told {
        told(stream, oracle::replies(stream, limits), |reply, events| match reply {
            oracle::Reply::Line(line) => {
                let error = line
                    .strip_suffix(b"ERROR ")
                    .is_some_and(|kind| matches!(kind, b"" | b"CLIENT_" | b"SERVER_"));
                let line = if error { &line[..line.len() - 1] } else { line };
                put(events, &[line, b"\r\n"]);
            }
            oracle::Reply::Value(line, value) => put(events, &[line, b"\r\n", value, b"\r\n"]),
        })
    }
}
