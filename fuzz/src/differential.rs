//! A session as a real memcached answers it, and as memwire does.

#![allow(dead_code, reason = "what tells what the ledger knows is for tests/differential.rs")]

use std::fmt::Display;

use memwire::{
    dialect::classic::{LIMITS, Requests},
    store::{Change, Item, Map, Store},
};

use super::laws;
use memcached::{Memcached, converse, is_there, now};
use plan::{Plan, Session, plan};
use replies::{prefix, replies, report};

pub use plan::PREFIX;
pub use replies::{FIRST, LAST, OTHER};

#[path = "../../tests/differential/ledger.rs"]
mod ledger;
#[path = "../../tests/differential/memcached.rs"]
mod memcached;
#[path = "../../tests/differential/plan.rs"]
mod plan;
#[path = "../../tests/differential/replies.rs"]
mod replies;

thread_local! {
    /// `None`: there is none to compare with, which was told.
    static SERVERS: Option<Servers> = is_there().then(start);
}

/// One is sent sessions whole, the other cut. One for both would know the keys of the session
/// before, which a later flush that waits brings back.
type Servers = [Memcached; 2];

fn start() -> Servers {
    [Memcached::start(), Memcached::start()]
}

/// Both answer alike, whole and cut, but for what the ledger knows.
pub fn check(stream: &[u8], cuts: &[usize]) {
    // Keys that were never used before are those that begin with the prefix.
    let session = Session { fresh: true, large: true, requests: vec![stream.to_vec()] };
    SERVERS.with(|servers| {
        let Some(servers) = servers else { return };
        if compare(servers, &session, cuts).0.is_some()
            && let Some(told) = confirm(&session, cuts)
        {
            panic!("answered otherwise:\n{told}");
        }
    });
}

/// The report of a session that a new server does not answer alike either.
fn confirm(session: &Session, cuts: &[usize]) -> Option<String> {
    let (told, plan) = compare(&start(), session, cuts);
    if told.is_some() && plan.may_mislead() {
        let without = Session { large: false, ..session.clone() };
        return compare(&start(), &without, cuts).0;
    }
    told
}

fn compare([whole, cut]: &Servers, session: &Session, cuts: &[usize]) -> (Option<String>, Plan) {
    let (now, prefix) = (now(), prefix());
    let plan = plan(session, now);
    let length = session.requests[0].len();
    // What is left out of the stream, or put before it, is mostly at its start.
    let place = |sent: &[u8], cut: usize| sent.len().saturating_sub(length - cut);
    let places = |sent: &[u8]| cuts.iter().map(|cut| place(sent, *cut)).collect::<Vec<_>>();
    let theirs = replies(&plan, prefix, |sent| converse(&whole.path(), sent, &[]));
    let mut store = Counted(Map::new());
    let ours = replies(&plan, prefix, |sent| {
        laws::talk::<Requests>(LIMITS, usize::MAX, &mut store, now, &[sent]).0
    });
    if ours != theirs {
        return (Some(report(&plan, &theirs, "memwire", &ours)), plan);
    }
    let mut store = Counted(Map::new());
    let parts = replies(&plan, prefix, |sent| {
        let chunks = laws::chunks(sent, &places(sent));
        laws::talk::<Requests>(LIMITS, 20, &mut store, now, &chunks).0
    });
    if parts != theirs {
        return (Some(report(&plan, &theirs, "memwire, in pieces", &parts)), plan);
    }
    if !cuts.is_empty() {
        let parts = replies(&plan, prefix, |sent| converse(&cut.path(), sent, &places(sent)));
        if parts != theirs {
            return (Some(report(&plan, &theirs, "memcached, in pieces", &parts)), plan);
        }
    }
    (None, plan)
}

/// A map that knows of counters, as both servers do: that they can be reset.
struct Counted(Map);

impl Store for Counted {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.0.get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        self.0.update(key, decide)
    }

    fn generation(&mut self, now: u64) -> u32 {
        self.0.generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        self.0.flush(at)
    }

    fn stats(&mut self, kind: &[u8], _: u64, _: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        kind == b"reset"
    }
}
