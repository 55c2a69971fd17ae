//! The classic dialect beside a real memcached 1.6.18: random sessions, right ones and damaged
//! ones, are answered alike, but for what the ledger tells.
//!
//! A session that is not is told with its number. `SEED=<number> SESSIONS=1` runs it again.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use fastrand::Rng;
use generate::session;
use ledger::{Known, LEDGER, stream};
use memcached::{Memcached, converse, is_there, now};
use plan::{PREFIX, Plan, Session, plan};
use process::Server;
use replies::{prefix, replies, report};

#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/ledger.rs"]
mod ledger;
#[path = "differential/memcached.rs"]
mod memcached;
#[path = "differential/plan.rs"]
mod plan;
mod process;
#[path = "differential/replies.rs"]
mod replies;

/// A smaller session that still differs is looked for so many times.
const SHRINKINGS: u32 = 3000;

/// A number from the environment.
fn given(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

/// A memcached and a memwire beside each other, ended with the test.
struct Pair {
    memcached: Memcached,
    memwire: PathBuf,
    _server: Server,
}

#[derive(Clone, Copy)]
enum Side {
    Memcached,
    Memwire,
}

impl Pair {
    fn start() -> Self {
        let memcached = Memcached::start();
        let memwire = memcached.path().with_file_name("memwire");
        let path = memwire.to_str().expect("text");
        let args = ["--dialect", "classic", "-t", "1", "-s", path];
        let server = Server::start_on(&args, 1);
        Self { memcached, memwire, _server: server }
    }

    fn replies(
        &self,
        side: Side,
        plan: &Plan,
        prefix: [u8; 6],
        mut cuts: Option<&mut Rng>,
    ) -> Vec<Vec<u8>> {
        let path = match side {
            Side::Memcached => &self.memcached.path(),
            Side::Memwire => &self.memwire,
        };
        replies(plan, prefix, |bytes| {
            let cuts = cuts.as_mut().map_or(vec![], |rng| cut(rng, bytes.len()));
            converse(path, bytes, &cuts)
        })
    }
}

fn cut(rng: &mut Rng, length: usize) -> Vec<usize> {
    let mut cuts: Vec<_> = match rng.u8(..64) {
        0 => (0..length.min(200)).collect(),
        _ => (0..rng.u8(1..=4)).map(|_| rng.usize(..=length)).collect(),
    };
    cuts.sort_unstable();
    cuts
}

/// What was answered otherwise, as a report; and what the ledger knows of.
fn compare(pair: &Pair, session: &Session, seed: u64) -> (Option<String>, Plan) {
    let plan = plan(session, now());
    let prefix = prefix();
    let theirs = pair.replies(Side::Memcached, &plan, prefix, None);
    let mut rng = Rng::with_seed(seed);
    for cuts in [None, Some(&mut rng)] {
        let who = if cuts.is_none() { "memwire" } else { "memwire, in pieces" };
        let ours = pair.replies(Side::Memwire, &plan, prefix, cuts);
        if ours != theirs {
            return (Some(report(&plan, &theirs, who, &ours)), plan);
        }
    }
    (None, plan)
}

/// The report of a session that new servers do not answer alike either.
fn confirm(session: &Session, seed: u64) -> Option<String> {
    let (told, plan) = compare(&Pair::start(), session, seed);
    if told.is_some() && plan.may_mislead() {
        let without = Session { large: false, ..session.clone() };
        return compare(&Pair::start(), &without, seed).0;
    }
    told
}

/// The report of the smallest session that still differs.
fn shrink(session: &Session, seed: u64, report: String) -> String {
    let (mut session, mut report) = (session.clone(), report);
    let mut tries = 0;
    let pair = Pair::start();
    let mut better = |smaller: Session, session: &mut Session| {
        tries += 1;
        if tries > SHRINKINGS {
            return false;
        }
        let (mut told, plan) = compare(&pair, &smaller, seed);
        if told.is_some() && plan.large {
            told = confirm(&smaller, seed);
        }
        let differs = told.is_some();
        if let Some(told) = told {
            (*session, report) = (smaller, told);
        }
        differs
    };
    for width in [4, 2, 1, 1] {
        let mut place = 0;
        while place < session.requests.len() {
            let mut smaller = session.clone();
            let end = (place + width).min(smaller.requests.len());
            smaller.requests.drain(place..end);
            if !better(smaller, &mut session) {
                place += 1;
            }
        }
    }
    for width in [1000, 100, 20, 5, 1] {
        for index in 0..session.requests.len() {
            let mut place = 0;
            while place + width <= session.requests[index].len() {
                let mut smaller = session.clone();
                smaller.requests[index].drain(place..place + width);
                if !better(smaller, &mut session) {
                    place += width;
                }
            }
        }
    }
    report
}

/// Tells the session in which something panics.
struct Running(u64);

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in session {seed} (SEED={seed} SESSIONS=1)", seed = self.0);
        }
    }
}

/// So many sessions from this one on, and whether all were answered alike.
fn run(first: u64, sessions: u64, pairs: usize) {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let met = Mutex::new(BTreeMap::<Known, u64>::new());
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..pairs {
            scope.spawn(|| {
                let pair = Pair::start();
                let mut counts = BTreeMap::<Known, u64>::new();
                loop {
                    let index = next.fetch_add(1, Relaxed);
                    if index >= sessions {
                        break;
                    }
                    let seed = first.wrapping_add(index);
                    let _running = Running(seed);
                    let session = session(seed);
                    let (told, plan) = compare(&pair, &session, seed);
                    for known in plan.met {
                        *counts.entry(known).or_default() += 1;
                    }
                    let Some(told) = told else { continue };
                    let told = match confirm(&session, seed) {
                        Some(told) => shrink(&session, seed, told),
                        None if plan.large => {
                            *counts.entry(Known::Large).or_default() += 1;
                            continue;
                        }
                        None => format!("{told}\n  (only once, and not with new servers)"),
                    };
                    // The others need not go on.
                    next.store(sessions, Relaxed);
                    let told = format!("session {seed} (SEED={seed} SESSIONS=1):\n{told}");
                    failure.lock().expect("no panic").get_or_insert(told);
                }
                for (known, count) in counts {
                    *met.lock().expect("no panic").entry(known).or_default() += count;
                }
            });
        }
    });
    if let Some(told) = failure.into_inner().expect("no panic") {
        panic!("{told}");
    }
    println!("{sessions} sessions from {first} on, in {:?}; known and left out:", start.elapsed());
    let met = met.into_inner().expect("no panic");
    for entry in &LEDGER {
        let count = met.get(&entry.known).copied().unwrap_or_default();
        println!("{count:>9} {:?}: {}", entry.known, entry.memcached);
    }
}

#[test]
fn sessions_are_answered_alike() {
    if is_there() {
        run(given("SEED", 0), given("SESSIONS", 2000), 2);
    }
}

#[test]
#[ignore = "a quarter of an hour"]
fn a_million_sessions_are_answered_alike() {
    if is_there() {
        run(given("SEED", fastrand::u64(..)), given("SESSIONS", 1_000_000), 4);
    }
}

#[test]
fn the_ledger_is_true() {
    if !is_there() {
        return;
    }
    let pair = Pair::start();
    for (index, entry) in LEDGER.iter().enumerate() {
        assert_eq!(entry.known as usize, index);
        let name =
            format!("{:?}: {} / {}, as {}", entry.known, entry.memcached, entry.memwire, entry.why);
        let Some((shown, theirs, ours)) = entry.shown else { continue };
        let session = Session { fresh: false, large: true, requests: vec![stream(shown)] };
        let connections = vec![session.requests.clone()];
        let whole = Plan { connections, met: vec![], large: false };
        for (side, told) in [(Side::Memcached, theirs), (Side::Memwire, ours)] {
            let said = pair.replies(side, &whole, *PREFIX, None).concat();
            assert_eq!(
                said.escape_ascii().to_string(),
                told.escape_default().to_string(),
                "{name}"
            );
        }
        assert_eq!(plan(&session, now()).met, [entry.known], "{name}");
    }
}

/// The document is held against the server that it describes. What that does otherwise is a list,
/// in which nothing may stand that is not so.
#[test]
fn a_real_memcached_does_as_the_document_says() {
    if !is_there() {
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(env!("CARGO_BIN_EXE_memwire"));
    command.current_dir(root).args(["conform", "--dialect", "classic", "--level", "should"]);
    command.args(["--spawn", "exec memcached -u root -l 127.0.0.1 -p {port} -U 0 -t 1"]);
    // A line that comes in pieces is another thing to it than one that comes whole.
    command.args(["--split", "whole", "--known-failures", "spec/memcached-1.6.18.txt"]);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(" fail and are known"), "{told}");
}
