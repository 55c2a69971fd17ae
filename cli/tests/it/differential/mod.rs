//! Compares the classic dialect with a real memcached 1.6.18: random sessions, valid and damaged,
//! get the same replies, except for the differences in the ledger.
//!
//! If the replies differ, the session is shrunk and reported with its number. `SEED=<number>
//! SESSIONS=1` runs it again.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
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
use memcached::{Memcached, exchange, is_there, now};
use plan::{PREFIX, Plan, Session, plan};
use replies::{prefix, replies, report};

use crate::process::Server;

mod generate;
mod ledger;
mod memcached;
mod plan;
mod replies;

/// At most this many smaller sessions are tried when a session is shrunk.
const SHRINK_TRIES: u32 = 3000;

/// A number from the environment, or the default.
fn given(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

/// A memcached and a memwire, which are stopped when this is dropped.
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
        mut split: Option<&mut Rng>,
    ) -> Vec<Vec<u8>> {
        let path = match side {
            Side::Memcached => &self.memcached.path(),
            Side::Memwire => &self.memwire,
        };
        replies(plan, prefix, |bytes| {
            let split = split.as_mut().map_or(vec![], |rng| random_split(rng, bytes.len()));
            exchange(path, bytes, &split)
        })
    }
}

fn random_split(rng: &mut Rng, length: usize) -> Vec<usize> {
    let mut split: Vec<_> = match rng.u8(..64) {
        0 => (0..length.min(200)).collect(),
        _ => (0..rng.u8(1..=4)).map(|_| rng.usize(..=length)).collect(),
    };
    split.sort_unstable();
    split
}

/// A report, if the replies differ; and the plan, with the ledger entries that were met.
fn compare(pair: &Pair, session: &Session, seed: u64) -> (Option<String>, Plan) {
    let plan = plan(session, now());
    let prefix = prefix();
    let theirs = pair.replies(Side::Memcached, &plan, prefix, None);
    let mut rng = Rng::with_seed(seed);
    for split in [None, Some(&mut rng)] {
        let who = if split.is_none() { "memwire" } else { "memwire, in pieces" };
        let ours = pair.replies(Side::Memwire, &plan, prefix, split);
        if ours != theirs {
            return (Some(report(&plan, &theirs, who, &ours)), plan);
        }
    }
    (None, plan)
}

/// Repeats a session with new servers: the report, if their replies differ, too.
fn confirm(session: &Session, seed: u64) -> Option<String> {
    let (report, plan) = compare(&Pair::start(), session, seed);
    if report.is_some() && plan.may_mislead() {
        let without = Session { large: false, ..session.clone() };
        return compare(&Pair::start(), &without, seed).0;
    }
    report
}

/// Shrinks a session: the report of the smallest one that still differs.
fn shrink(session: &Session, seed: u64, report: String) -> String {
    let (mut session, mut report) = (session.clone(), report);
    let mut tries = 0;
    let pair = Pair::start();
    let mut better = |smaller: Session, session: &mut Session| {
        tries += 1;
        if tries > SHRINK_TRIES {
            return false;
        }
        let (mut found, plan) = compare(&pair, &smaller, seed);
        if found.is_some() && plan.large {
            found = confirm(&smaller, seed);
        }
        let differs = found.is_some();
        if let Some(found) = found {
            (*session, report) = (smaller, found);
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

/// Prints the session's number if it panics.
struct Running(u64);

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in session {seed} (SEED={seed} SESSIONS=1)", seed = self.0);
        }
    }
}

/// Runs this many sessions from this number on, and checks that the replies are the same.
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
                    let (report, plan) = compare(&pair, &session, seed);
                    for known in plan.met {
                        *counts.entry(known).or_default() += 1;
                    }
                    let Some(report) = report else { continue };
                    let report = match confirm(&session, seed) {
                        Some(report) => shrink(&session, seed, report),
                        None if plan.large => {
                            *counts.entry(Known::Large).or_default() += 1;
                            continue;
                        }
                        None => format!("{report}\n  (only once, and not with new servers)"),
                    };
                    // Stops the other threads.
                    next.store(sessions, Relaxed);
                    let report = format!("session {seed} (SEED={seed} SESSIONS=1):\n{report}");
                    failure.lock().expect("no panic").get_or_insert(report);
                }
                for (known, count) in counts {
                    *met.lock().expect("no panic").entry(known).or_default() += count;
                }
            });
        }
    });
    if let Some(report) = failure.into_inner().expect("no panic") {
        panic!("{report}");
    }
    println!(
        "{sessions} sessions from {first} on, in {:?}; left out by the ledger:",
        start.elapsed()
    );
    let met = met.into_inner().expect("no panic");
    for entry in &LEDGER {
        let count = met.get(&entry.known).copied().unwrap_or_default();
        println!("{count:>9} {:?}: {}", entry.known, entry.memcached);
    }
}

#[test]
fn replies_equal_memcacheds() {
    if is_there() {
        run(given("SEED", 0), given("SESSIONS", 2000), 2);
    }
}

#[test]
#[ignore = "a quarter of an hour"]
fn replies_to_a_million_sessions_equal_memcacheds() {
    if is_there() {
        run(given("SEED", fastrand::u64(..)), given("SESSIONS", 1_000_000), 4);
    }
}

#[test]
fn every_ledger_entry_holds() {
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
        for (side, expected) in [(Side::Memcached, theirs), (Side::Memwire, ours)] {
            let replies = pair.replies(side, &whole, *PREFIX, None).concat();
            assert_eq!(
                replies.escape_ascii().to_string(),
                expected.escape_default().to_string(),
                "{name}"
            );
        }
        assert_eq!(plan(&session, now()).met, [entry.known], "{name}");
    }
}
