//! Streams of any length: from the initial state, all states that any bytes lead to are found, until
//! there are no more, and each is fed every chunk of up to three symbols, as a whole and byte by
//! byte. By induction over the chunks, all splits of all streams of these symbols agree, under
//! these limits.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use memwire::{
    Limits, Machine, State,
    dialect::{
        classic,
        simple::{Replies, Requests},
    },
    grammar::Grammar,
};
use memwire_testing::{
    grammars::Tiny,
    laws::{LoggedGrammar, feed},
};

/// What a new machine does with any stream of these symbols.
struct Closure<'a> {
    name: &'a str,
    limits: Limits,
    /// One for each class of bytes that the grammar tells apart, or words of such bytes.
    symbols: &'a [&'a [u8]],
    /// The kinds of states that cannot be reached so.
    lacks: &'a [&'a str],
}

impl Closure<'_> {
    /// Checks all; returns the number of states.
    fn check<G: LoggedGrammar<Head: Send + Sync>>(&self) -> usize
    where
        Machine<G>: Send + Sync,
    {
        let mut found = HashSet::from([Machine::<G>::new(self.limits)]);
        let mut todo: Vec<_> = found.iter().cloned().collect();
        let mut reached = BTreeSet::new();
        let mut feeds = 0_u64;
        let mut depth = 0;
        while !todo.is_empty() {
            depth += 1;
            for state in &todo {
                reached.insert(kind(state));
            }
            let next = AtomicUsize::new(0);
            let reports = Mutex::new(Vec::new());
            let work = || {
                let mut new = HashSet::new();
                let mut fed = 0;
                loop {
                    let from = next.fetch_add(64, Ordering::Relaxed);
                    if from >= todo.len() {
                        break;
                    }
                    for state in &todo[from..todo.len().min(from + 64)] {
                        fed += self.chunks(state, &found, &mut new);
                    }
                }
                reports.lock().expect("no other thread failed").push((new, fed));
            };
            thread::scope(|scope| {
                let threads = thread::available_parallelism().map_or(1, usize::from);
                let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                for thread in threads {
                    if let Err(panic) = thread.join() {
                        std::panic::resume_unwind(panic);
                    }
                }
            });
            todo.clear();
            for (new, fed) in reports.into_inner().expect("no thread failed") {
                feeds += fed;
                for state in new {
                    if found.insert(state.clone()) {
                        todo.push(state);
                    }
                }
            }
        }
        let states = found.len();
        println!(
            "{}: closed with {states} states, {depth} steps deep; {feeds} chunks of up to 3 of {} \
             symbols, line {}, value {}",
            self.name,
            self.symbols.len(),
            self.limits.line,
            self.limits.value,
        );
        let expected = [LINE, VALUE, BLOCK, SKIPPED].into_iter();
        let expected = expected.filter(|kind| !self.lacks.contains(kind)).collect();
        assert_eq!(reached, expected, "{}", self.name);
        states
    }

    /// Feeds one state all chunks; collects the states after one symbol.
    fn chunks<G: LoggedGrammar>(
        &self,
        state: &Machine<G>,
        found: &HashSet<Machine<G>>,
        new: &mut HashSet<Machine<G>>,
    ) -> u64 {
        let restored = Machine::restore(self.limits, state.save());
        assert_eq!(restored.as_ref(), Ok(state), "Resume");
        let mut fed = 0;
        let mut chunk = Vec::new();
        let mut folded = Vec::with_capacity(4);
        folded.push((state.clone(), Vec::new()));
        let mut path: Vec<usize> = vec![0];
        while let Some(last) = path.last_mut() {
            if *last == self.symbols.len() {
                path.pop();
                if let Some(last) = path.last_mut() {
                    folded.pop();
                    let symbol = self.symbols[*last];
                    chunk.truncate(chunk.len() - symbol.len());
                    *last += 1;
                }
                continue;
            }
            let symbol = self.symbols[*last];
            let (machine, events) = folded.last().expect("the state itself, at least");
            let (mut machine, mut events) = (machine.clone(), events.clone());
            for byte in symbol {
                feed(&mut machine, &[*byte], &mut events);
                if path.len() == 1 && !found.contains(&machine) && !new.contains(&machine) {
                    new.insert(machine.clone());
                }
            }
            chunk.extend_from_slice(symbol);
            let mut whole = state.clone();
            let mut reported = Vec::new();
            feed(&mut whole, &chunk, &mut reported);
            fed += 1;
            assert!(
                whole == machine && reported.iter().eq(&events),
                "Split: {} in {state:?} leads to {whole:?}, byte by byte to {machine:?}; it reports \
                 \"{}\", and \"{}\"",
                chunk.escape_ascii(),
                reported.escape_ascii(),
                events.escape_ascii(),
            );
            if path.len() < 3 {
                path.push(0);
                folded.push((machine, events));
            } else {
                chunk.truncate(chunk.len() - symbol.len());
                *path.last_mut().expect("not empty") += 1;
            }
        }
        fed
    }
}

const LINE: &str = "AwaitingLine";
const VALUE: &str = "AwaitingValue";
const BLOCK: &str = "SkippingBlock";
const SKIPPED: &str = "SkippingLine";

fn kind<G: Grammar>(machine: &Machine<G>) -> &'static str {
    match machine.state() {
        State::AwaitingLine | State::Dispatch => LINE,
        State::AwaitingValue(_) => VALUE,
        State::SkippingBlock(_) => BLOCK,
        State::SkippingLine => SKIPPED,
    }
}

fn bytes(text: &[u8]) -> Vec<&[u8]> {
    text.chunks(1).collect()
}

/// `set s 1` is as long as a line may be, so that blocks are reached; `set s 2` would be.
#[test]
fn requests_with_blocks() {
    let symbols = bytes(b"set 1\n");
    let limits = Limits::DEFAULT.with_line(7).with_value(1);
    let closure = Closure { name: "requests", limits, symbols: &symbols, lacks: &[BLOCK] };
    assert!(closure.check::<Requests>() > 90_000);
}

/// Only the block is unlike the above, so that the word is a symbol here.
#[test]
fn requests_with_skipped_blocks() {
    let symbols: [&[u8]; 4] = [b"set ", b"1", b" ", b"\n"];
    let limits = Limits::DEFAULT.with_line(7).with_value(0);
    let closure = Closure { name: "requests", limits, symbols: &symbols, lacks: &[VALUE] };
    assert!(closure.check::<Requests>() > 6_000);
}

/// The word is too long to be spelt by symbols, but its parts are states to start from, too.
#[test]
fn replies() {
    let symbols: [&[u8]; 4] = [b"VALUE ", b"1", b" ", b"\n"];
    let limits = Limits::DEFAULT.with_line(9).with_value(1);
    let closure = Closure { name: "replies", limits, symbols: &symbols, lacks: &[BLOCK] };
    assert!(closure.check::<Replies>() > 40_000);
}

/// Blocks of one byte, and blocks of eleven that are skipped.
#[test]
#[ignore = "takes a minute: cargo test -p memwire-testing --test it closure::classic -- --ignored --nocapture"]
fn classic_requests() {
    let symbols: [&[u8]; 3] = [b"set k 0 0 ", b"1", b"\r\n"];
    let limits = Limits::DEFAULT.with_line(12).with_value(1);
    let closure = Closure { name: "classic requests", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<classic::Requests>() > 1_000_000);
}

#[test]
#[ignore = "takes a minute: cargo test -p memwire-testing --test it closure::classic -- --ignored --nocapture"]
fn classic_replies() {
    let symbols: [&[u8]; 3] = [b"VALUE k 0 ", b"1", b"\r\n"];
    let limits = Limits::DEFAULT.with_line(12).with_value(1);
    let closure = Closure { name: "classic replies", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<classic::Replies>() > 1_000_000);
}

/// All classes of bytes that the grammar tells apart.
#[test]
#[ignore = "takes minutes: cargo test -p memwire-testing --test it closure -- --ignored --nocapture"]
fn requests_of_all_classes() {
    let symbols = bytes(b"gset 12\n\r");
    let limits = Limits::DEFAULT.with_line(7).with_value(1);
    let closure = Closure { name: "requests", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<Requests>() > 2_000_000);
}

#[test]
#[ignore = "takes minutes: cargo test -p memwire-testing --test it closure -- --ignored --nocapture"]
fn replies_with_skipped_blocks() {
    let symbols: [&[u8]; 5] = [b"VALUE ", b"1", b"2", b" ", b"\n"];
    let limits = Limits::DEFAULT.with_line(9).with_value(1);
    let closure = Closure { name: "replies", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<Replies>() > 600_000);
}

#[test]
fn a_grammar_that_resynchronises() {
    let symbols = bytes(b"+-30x\n");
    let limits = Limits::DEFAULT.with_line(3).with_value(7);
    let closure = Closure { name: "a tiny grammar, LF", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<Tiny<true>>() > 100);
}

/// The only state that skips a line is the one after a line that is too long.
#[test]
fn a_grammar_that_does_not() {
    let symbols = bytes(b"+-30x\r\n");
    let limits = Limits::DEFAULT.with_line(3).with_value(7);
    let closure = Closure { name: "a tiny grammar, CR LF", limits, symbols: &symbols, lacks: &[] };
    assert!(closure.check::<Tiny<false>>() > 100);
}
