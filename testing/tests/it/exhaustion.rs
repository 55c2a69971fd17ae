//! Every split of every short stream of tokens.
//!
//! Let `fold` be feeding byte by byte. If `feed(s, c) = fold(s, c)`, in state and in output, for
//! every prefix state `s` of a stream and every chunk `c` that follows it there, then all splits of
//! the stream agree: a stream of n bytes takes n(n+1)/2 such edges in place of 2^(n-1) splits.
//!
//! Many sequences lead to equal states, and what follows from an equal state is checked once: the
//! edges that begin after the second such sequence are those that begin after the first.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::AddAssign,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use memwire::{
    Limits, Machine,
    dialect::{
        classic,
        simple::{Replies, Requests},
    },
};
use memwire_testing::{
    laws::{self, Expected, OracleGrammar},
    oracle::simple::{replies_to, requests as transcript_of_requests},
};

/// The huge lengths below are as long as a line may be, or one byte shorter.
const LIMITS: Limits = Limits::DEFAULT.with_line(28).with_value(12);

/// Lines, blocks, and fragments of both.
const REQUESTS: [&[u8]; 16] = [
    b"set k 3\n",
    b"set k 0\n",
    b"set k 13\n",
    b"set k 99999999999999999999\n",
    b"set k x\n",
    b"set k! 2\n",
    b"get k\n",
    b"abc\n",
    b"ab",
    b"set k 3",
    b"get ",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"xxxxxxxxxxxxxx",
];

const REPLIES: [&[u8]; 16] = [
    b"VALUE k 3\n",
    b"VALUE k 0\n",
    b"VALUE k 99999999999999999999\n",
    b"VALUE k! 2\n",
    b"STORED\n",
    b"END\n",
    b"abc\n",
    b"ab",
    b"VALUE k 1",
    b"SERVER_ERROR",
    b" ",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"xxxxxxxxxxxxxx",
];

const CLASSIC_REQUESTS: [&[u8]; 16] = [
    b"set k 0 0 3\r\n",
    b"cas k 7 -1 2 5\nab\r\n",
    b"add k 0 0 13 noreply\r\n",
    b"set k 1 1 2147483646\r\n",
    b"set k\x01 0 0 2\r\n",
    b"gats 1 k\r\n",
    b"incr k 5 noreply\n",
    b"delete k x\r\n",
    b"abc\r\n",
    b"ab",
    b"get ",
    b"\n",
    b"\r",
    b" 2",
    b"\0",
    b"xxxxxxxxxxxxxx",
];

const CLASSIC_REPLIES: [&[u8]; 16] = [
    b"VALUE k 0 3\r\n",
    b"VALUE k 7 0 5\r\n",
    b"VALUE k 0 13\r\n",
    b"VALUE k 00 2\r\n",
    b"NOT_STORED\r\n",
    b"END\r\n",
    b"VERSION 1\r\n",
    b"STAT a",
    b"abc\r\n",
    b"ab",
    b"17\r\n",
    b"SERVER_ERROR",
    b" ",
    b"\n",
    b"\r",
    b"xxxxxxxxxxxxxx",
];

/// What was checked.
#[derive(Default)]
struct Tally {
    sequences: u64,
    edges: u64,
    splits: f64,
    /// How often the machine reported each kind of event, byte by byte.
    reached: BTreeMap<String, u64>,
}

impl Tally {
    fn reach(&mut self, what: &str) {
        match self.reached.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.reached.insert(what.to_owned(), 1)),
        }
    }

    fn has_reached(&self, all: &[&str]) {
        for what in all {
            assert!(self.reached.get(*what).is_some_and(|count| *count > 1), "{what}: {self}");
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.edges += other.edges;
        self.splits += other.splits;
        for (what, count) in other.reached {
            *self.reached.entry(what).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequences, edges, splits, .. } = self;
        write!(f, "{sequences} sequences, {edges} edges, standing for {splits:.1e} splits")
    }
}

/// All that is known of a stream: its prefix states, and what was reported up to each.
struct Path<G: OracleGrammar> {
    stream: Vec<u8>,
    states: Vec<Machine<G>>,
    events: Vec<u8>,
    /// The length of `events` in each prefix state.
    reported: Vec<usize>,
    /// Edges that begin here or later are checked after another sequence.
    end: usize,
    scratch: Vec<u8>,
}

/// How many tokens are checked after each state, which a sequence leads to.
struct Checked<G: OracleGrammar>(Mutex<HashMap<Machine<G>, u32>>);

impl<G: OracleGrammar> Checked<G> {
    fn new(length: u32) -> Self {
        Self(Mutex::new(HashMap::from([(Machine::new(LIMITS), length)])))
    }

    /// Whether the caller has to check what `more` tokens do after this state: nothing else does.
    fn claim(&self, state: &Machine<G>, more: u32) -> bool {
        let mut checked = self.0.lock().expect("no other thread failed");
        match checked.get_mut(state) {
            Some(tokens) if *tokens >= more => false,
            Some(tokens) => {
                *tokens = more;
                true
            }
            None => checked.insert(state.clone(), more).is_none(),
        }
    }
}

impl<G: OracleGrammar> Path<G> {
    fn new() -> Self {
        Self {
            end: usize::MAX,
            stream: Vec::new(),
            states: vec![Machine::new(LIMITS)],
            events: Vec::new(),
            reported: vec![0],
            scratch: Vec::new(),
        }
    }

    fn shown(&self) -> impl fmt::Display {
        self.stream.escape_ascii()
    }

    fn push(&mut self, bytes: &[u8], tally: &mut Tally) {
        let old = self.stream.len();
        for &byte in bytes {
            let mut state = self.states[self.stream.len()].clone();
            let before = self.events.len();
            laws::feed(&mut state, &[byte], &mut self.events);
            self.stream.push(byte);
            if self.events.len() > before {
                tally.reach(kind(&self.events[before..]));
            }
            // Law Resume, of which the edges make the rest.
            if self.stream.len() <= self.end {
                let restored = Machine::restore(LIMITS, state.save());
                assert_eq!(restored.as_ref(), Ok(&state), "Resume: {}", self.shown());
            }
            self.states.push(state);
            self.reported.push(self.events.len());
        }
        let new = self.stream.len();
        for from in 0..new.min(self.end) {
            for to in old.max(from + 1) + 1..=new {
                self.edge(from, to);
                tally.edges += 1;
            }
        }
    }

    /// A sequence ends here.
    fn sequence(&self, tally: &mut Tally) {
        self.compare(tally);
        tally.sequences += 1;
        let splits = u32::try_from(self.stream.len() - 1).expect("short");
        tally.splits += f64::from(splits).exp2();
    }

    /// Law *Split*, locally: one chunk is as good as its bytes.
    fn edge(&mut self, from: usize, to: usize) {
        let mut state = self.states[from].clone();
        self.scratch.clear();
        laws::feed(&mut state, &self.stream[from..to], &mut self.scratch);
        let by_bytes = &self.events[self.reported[from]..self.reported[to]];
        assert!(
            self.scratch.iter().eq(by_bytes) && state == self.states[to],
            "Split: {} fed as one from {from} to {to} reports \"{}\", byte by byte \"{}\"; {:?}, {:?}",
            self.shown(),
            self.scratch.escape_ascii(),
            by_bytes.escape_ascii(),
            state,
            self.states[to],
        );
    }

    /// Laws *Oracle*, *Prompt* and *Recover*.
    fn compare(&self, tally: &mut Tally) {
        let Expected { log, resumes, .. } = G::expected(&self.stream, &LIMITS);
        let last = &self.states[self.stream.len()];
        assert!(
            self.events == log.events && last.clone().finish() == log.end,
            "Oracle: {} reports \"{}\" and ends in {last:?}, expected {log:?}",
            self.shown(),
            self.events.escape_ascii(),
        );
        for at in resumes {
            assert!(self.states[at] == Machine::new(LIMITS), "Recover: {} at {at}", self.shown());
            tally.reach("a recovery");
        }
    }

    /// `more` tokens follow: leaves out what is checked after an equal state. Returns the former
    /// `end`.
    fn enter(&mut self, more: u32, checked: &Checked<G>) -> usize {
        let (end, length) = (self.end, self.stream.len());
        // What is checked elsewhere is no place to claim: the two could each leave it to the other.
        if more > 0 && end > length && !checked.claim(&self.states[length], more) {
            self.end = length;
        }
        end
    }

    fn truncate(&mut self, length: usize) {
        self.stream.truncate(length);
        self.states.truncate(length + 1);
        self.reported.truncate(length + 1);
        self.events.truncate(self.reported[length]);
    }

    /// All sequences that begin with this path and have up to `more` tokens more.
    fn extend(
        &mut self,
        tokens: &[&[u8]],
        more: u32,
        check: fn(&[u8], &mut Tally),
        checked: &Checked<G>,
        tally: &mut Tally,
    ) {
        let length = self.stream.len();
        for (index, token) in tokens.iter().enumerate() {
            // What it begins with is there already, if the token before begins with the same.
            self.push(&token[self.stream.len() - length..], tally);
            self.sequence(tally);
            check(&self.stream, tally);
            if more > 1 {
                let end = self.enter(more - 1, checked);
                self.extend(tokens, more - 1, check, checked, tally);
                self.end = end;
            }
            let shared = tokens.get(index + 1).map_or(0, |next| {
                next.iter().zip(*token).take_while(|(next, this)| next == this).count()
            });
            self.truncate(length + shared);
        }
    }
}

/// `12 set k 3` LF is `set`, `12 ! BadKey` LF and `12 ! BadKey noreply` LF are `BadKey`.
fn kind(event: &[u8]) -> &str {
    let text = event.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(text).unwrap_or("0 ?");
    let mut words = text.split([' ', '\r']).skip(1);
    words.find(|word| *word != "!").unwrap_or_default()
}

/// All sequences of up to `length` tokens, on both cores.
fn exhaust<G>(tokens: &[&[u8]], length: u32, check: fn(&[u8], &mut Tally)) -> Tally
where
    G: OracleGrammar,
{
    // Next to each other, those that begin with the same.
    let mut tokens = tokens.to_vec();
    tokens.sort_unstable();
    let tokens = &tokens[..];
    let mut total = Tally::default();
    let checked = Checked::<G>::new(length);
    let (mut path, whole) = (Path::<G>::new(), Mutex::new(Tally::default()));
    path.extend(tokens, 1, check, &checked, &mut total);
    let first = |token: &&[u8]| {
        let mut path = Path::<G>::new();
        path.push(token, &mut Tally::default());
        path.enter(length - 1, &checked);
        path.end
    };
    let ends: Vec<_> = tokens.iter().map(first).collect();
    let pairs = tokens.len() * tokens.len();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let pair = next.fetch_add(1, Ordering::Relaxed);
            if pair >= pairs {
                break;
            }
            let (one, two) = (pair / tokens.len(), pair % tokens.len());
            let mut path = Path::<G>::new();
            path.push(tokens[one], &mut Tally::default());
            path.end = ends[one];
            path.extend(&tokens[two..=two], 1, check, &checked, &mut tally);
            path.push(tokens[two], &mut Tally::default());
            path.enter(length - 2, &checked);
            path.extend(tokens, length - 2, check, &checked, &mut tally);
        }
        *whole.lock().expect("no other thread failed") += tally;
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
    total += whole.into_inner().expect("no thread failed");
    let expected: u64 = (1..=length).map(|n| (tokens.len() as u64).pow(n)).sum();
    assert_eq!(total.sequences, expected);
    println!("{length} of {} tokens: {total}; reached {:?}", tokens.len(), total.reached);
    total
}

/// A session replies what the oracle does, and so does one whose output is always full.
fn session(stream: &[u8], tally: &mut Tally) {
    let chunks: Vec<_> = stream.chunks(1).collect();
    let (replies, _) = laws::exchange(LIMITS, 0, &chunks);
    let expected = replies_to(&transcript_of_requests(stream, &LIMITS));
    assert!(replies == expected, "Oracle: {}", stream.escape_ascii());
    if replies.starts_with(b"VALUE ") || replies.windows(7).any(|part| part == b"\nVALUE ") {
        tally.reach("a hit");
    }
}

const REPLY_ERRORS: [&str; 4] = ["LineTooLong", "UnknownReply", "ValueTooLarge", "BadBlockEnd"];

fn requests(length: u32) {
    let tally = exhaust::<Requests>(&REQUESTS, length, session);
    let messages = ["set", "get", "a hit", "a recovery"];
    let errors = [
        "LineTooLong",
        "CarriageReturn",
        "UnknownCommand",
        "WrongWordCount",
        "BadLength",
        "ValueTooLarge",
        "BadKey",
        "BadBlockEnd",
    ];
    tally.has_reached(&[&messages[..], &errors].concat());
}

fn replies(length: u32) {
    let tally = exhaust::<Replies>(&REPLIES, length, |_, _| {});
    let messages = ["STORED", "VALUE", "END", "SERVER_ERROR", "a recovery"];
    tally.has_reached(&[&messages[..], &REPLY_ERRORS].concat());
}

fn classic_requests(length: u32) {
    let tally = exhaust::<classic::Requests>(&CLASSIC_REQUESTS, length, |_, _| {});
    let messages = ["set", "cas", "gats", "incr", "get", "a recovery"];
    let errors = [
        "LineTooLong",
        "UnknownCommand",
        "WrongWordCount",
        "BadNumber",
        "BadDeleteTime",
        "BadKey",
        "ValueTooLarge",
        "BadBlockEnd",
    ];
    tally.has_reached(&[&messages[..], &errors].concat());
}

fn classic_replies(length: u32) {
    let tally = exhaust::<classic::Replies>(&CLASSIC_REPLIES, length, |_, _| {});
    let messages =
        ["VALUE", "NOT_STORED", "END", "VERSION", "STAT", "17", "SERVER_ERROR", "a recovery"];
    tally.has_reached(&[&messages[..], &REPLY_ERRORS].concat());
}

#[test]
fn four_tokens_of_classic_requests() {
    classic_requests(4);
}

#[test]
fn four_tokens_of_classic_replies() {
    classic_replies(4);
}

#[test]
#[ignore = "for the seeded bugs, which have no time for four"]
fn three_tokens_of_classic_requests() {
    classic_requests(3);
}

#[test]
#[ignore = "takes a minute: cargo test -p memwire-testing --test it exhaustion::five -- --ignored --nocapture"]
fn five_tokens_of_classic_requests() {
    classic_requests(5);
}

#[test]
#[ignore = "takes a minute: cargo test -p memwire-testing --test it exhaustion::five -- --ignored --nocapture"]
fn five_tokens_of_classic_replies() {
    classic_replies(5);
}

#[test]
fn five_tokens_of_requests() {
    requests(5);
}

#[test]
fn five_tokens_of_replies() {
    replies(5);
}

#[test]
#[ignore = "for the seeded bugs, which have no time for five"]
fn four_tokens_of_requests() {
    requests(4);
}

#[test]
#[ignore = "for the seeded bugs, which have no time for five"]
fn four_tokens_of_replies() {
    replies(4);
}

#[test]
#[ignore = "takes a quarter of an hour: cargo test -p memwire-testing --test it exhaustion::six -- --ignored --nocapture"]
fn six_tokens_of_requests() {
    requests(6);
}

#[test]
#[ignore = "takes a quarter of an hour: cargo test -p memwire-testing --test it exhaustion::six -- --ignored --nocapture"]
fn six_tokens_of_replies() {
    replies(6);
}
