//! The laws for the streams of the vectors, and for malformed replies.

use memwire::{
    Limits,
    dialect::classic::{Replies, Requests},
};
use memwire_testing::laws;

use super::common::{LIMITS, judged, splits, suite};

fn laws_hold<G: laws::OracleGrammar>(limits: Limits, stream: &[u8]) {
    for split in splits::<G>(limits, stream) {
        laws::split::<G>(limits, stream, &split);
        laws::oracle::<G>(limits, stream, &split);
        if split.len() < 3 {
            laws::resume::<G>(limits, stream, &split);
        }
    }
    laws::prompt::<G>(limits, stream);
    laws::recover::<G>(limits, stream);
}

#[test]
fn the_laws_hold_for_all_streams_of_requests() {
    for vector in suite().vectors {
        laws_hold::<Requests>(LIMITS, &vector.sent());
    }
}

#[test]
fn the_laws_hold_for_all_streams_of_replies() {
    for vector in judged() {
        let mut replies = vec![];
        vector.expected().expand(&mut replies);
        laws_hold::<Replies>(LIMITS.for_replies(), &replies);
    }
}

/// One word is wrong, and all others are right.
#[test]
fn the_laws_hold_for_malformed_replies() {
    let key = "k".repeat(251);
    for line in [
        "VALUE k\x01 0 1",
        &format!("VALUE {key} 0 1"),
        "VALUE k 4294967296 1",
        "VALUE k x 1",
        "VALUE k 0 x",
        "VALUE k 0 1 x",
        "VALUE k 0 1 5 6",
        "VALUE k\x01 0 1 5",
        "VALUE k 0 99",
        "VALUE k 0",
        "VALUE  0 1",
        "VERSION",
        "STAT k",
        "STORED k",
        "007",
    ] {
        laws_hold::<Replies>(LIMITS.for_replies(), format!("{line}\r\nA\r\nEND\r\n").as_bytes());
    }
}
