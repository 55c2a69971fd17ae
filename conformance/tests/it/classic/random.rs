//! The laws for random streams of tokens.
#![allow(clippy::needless_pass_by_value, reason = "quickcheck passes by value")]

use memwire::{
    Limits,
    dialect::classic::{Replies, Requests},
};
use memwire_testing::laws;

use super::common::LIMITS;

/// Words, numbers, ends of lines and blocks: what streams are made of, and some whole requests.
const TOKENS: [&str; 49] = [
    "get ",
    "gets ",
    "gat ",
    "gats ",
    "set ",
    "add ",
    "replace ",
    "append ",
    "prepend ",
    "cas ",
    "delete ",
    "incr ",
    "decr ",
    "touch ",
    "flush_all",
    "version",
    "verbosity ",
    "cache_memlimit ",
    "stats",
    "quit",
    " noreply",
    "k ",
    "key",
    "k\x01 ",
    "0 ",
    "-1 ",
    "7 ",
    "12",
    "13",
    "99999999999999999999 ",
    "set k 1 0 3\r\nabc\r\n",
    "cas k 1 0 2 9 noreply\r\nab",
    "get k k\r\n",
    "incr k 5\n",
    "VALUE k 7 3\r\nabc\r\n",
    "VALUE k 7 12 5\r\n",
    "END\r\n",
    "STORED\r\n",
    "17\r\n",
    "STAT a b",
    "CLIENT_ERROR ",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\0",
    "abc",
    "é",
    "x",
];

/// The laws on random streams; quickcheck finds the shortest one that breaks any.
#[test]
fn the_laws_hold_for_random_streams() {
    fn laws_hold<G: laws::OracleGrammar>(stream: &[u8], split: &[usize]) {
        for limits in [Limits::DEFAULT.with_line(40).with_value(12), LIMITS] {
            laws::oracle::<G>(limits, stream, split);
            laws::split::<G>(limits, stream, split);
            laws::resume::<G>(limits, stream, split);
            laws::total::<G>(limits, stream, split);
        }
        let limits = Limits::DEFAULT.with_line(40).with_value(12);
        laws::prompt::<G>(limits, stream);
        laws::recover::<G>(limits, stream);
    }
    fn property(tokens: Vec<u8>, cuts: Vec<u8>) -> bool {
        let token = |at: &u8| TOKENS[usize::from(*at) % TOKENS.len()].as_bytes();
        let stream: Vec<u8> = tokens.iter().flat_map(token).copied().collect();
        let mut split: Vec<usize> =
            cuts.iter().map(|cut| usize::from(*cut) * stream.len() / 255).collect();
        split.sort_unstable();
        laws_hold::<Requests>(&stream, &split);
        laws_hold::<Replies>(&stream, &split);
        true
    }
    let cases = 100_000;
    let generator = quickcheck::Gen::new(16);
    let mut check = quickcheck::QuickCheck::new().rng(generator).tests(cases).max_tests(cases);
    check.quickcheck(property as fn(Vec<u8>, Vec<u8>) -> bool);
}
