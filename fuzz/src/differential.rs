//! The same session with a real memcached and with memwire: what the differential's inputs may hold
//! besides requests, and how the replies are compared.

#![allow(dead_code, reason = "what reports the ledger's entries is for memwire-cli's differential")]

use std::fmt::Display;

use memwire::{
    dialect::classic::Requests,
    store::{Change, Item, Map, Store},
    telemetry::Telemetry,
};
use memwire_conformance::dialect::CLASSIC;
use memwire_testing::laws;

use memcached::{Memcached, converse, is_there, now};
use plan::{Plan, Session, plan};
use replies::{prefix, replies, report};

pub use plan::PREFIX;
pub use replies::{FIRST, LAST, OTHER};

#[path = "../../cli/tests/it/differential/ledger.rs"]
mod ledger;
#[path = "../../cli/tests/it/differential/memcached.rs"]
mod memcached;
#[path = "../../cli/tests/it/differential/plan.rs"]
mod plan;
#[path = "../../cli/tests/it/differential/replies.rs"]
mod replies;

thread_local! {
    /// `None`: there is none to compare with, which was reported.
    static SERVERS: Option<Servers> = is_there().then(start);
}

/// One is sent sessions unsplit, the other split. One for both would know the keys of the session
/// before, which a later flush that waits brings back.
type Servers = [Memcached; 2];

fn start() -> Servers {
    [Memcached::start(), Memcached::start()]
}

/// Both reply alike, unsplit and split, except for what the ledger has.
pub fn check(stream: &[u8], split: &[usize]) {
    // Keys that were never used before are those that begin with the prefix.
    let session = Session { fresh: true, large: true, requests: vec![stream.to_vec()] };
    SERVERS.with(|servers| {
        let Some(servers) = servers else { return };
        if compare(servers, &session, split).0.is_some()
            && let Some(report) = confirm(&session, split)
        {
            panic!("the replies differ:\n{report}");
        }
    });
}

/// The report of a session for which the replies of new servers differ, too.
fn confirm(session: &Session, split: &[usize]) -> Option<String> {
    let (report, plan) = compare(&start(), session, split);
    if report.is_some() && plan.may_mislead() {
        let without = Session { large: false, ..session.clone() };
        return compare(&start(), &without, split).0;
    }
    report
}

fn compare(
    [whole, in_pieces]: &Servers,
    session: &Session,
    split: &[usize],
) -> (Option<String>, Plan) {
    let (now, prefix) = (now(), prefix());
    let plan = plan(session, now);
    let length = session.requests[0].len();
    // What is left out of the stream, or put before it, is mostly at its start.
    let place = |sent: &[u8], at: usize| sent.len().saturating_sub(length - at);
    let places = |sent: &[u8]| split.iter().map(|at| place(sent, *at)).collect::<Vec<_>>();
    let theirs = replies(&plan, prefix, |sent| converse(&whole.path(), sent, &[]));
    let mut store = Counting(Map::new());
    let ours = replies(&plan, prefix, |sent| {
        laws::exchange_with::<Requests>(CLASSIC.limits, usize::MAX, &mut store, now, &[sent]).0
    });
    if ours != theirs {
        return (Some(report(&plan, &theirs, "memwire", &ours)), plan);
    }
    let mut store = Counting(Map::new());
    let parts = replies(&plan, prefix, |sent| {
        let chunks = laws::chunks(sent, &places(sent));
        laws::exchange_with::<Requests>(CLASSIC.limits, 20, &mut store, now, &chunks).0
    });
    if parts != theirs {
        return (Some(report(&plan, &theirs, "memwire, in pieces", &parts)), plan);
    }
    if !split.is_empty() {
        let parts = replies(&plan, prefix, |sent| converse(&in_pieces.path(), sent, &places(sent)));
        if parts != theirs {
            return (Some(report(&plan, &theirs, "memcached, in pieces", &parts)), plan);
        }
    }
    (None, plan)
}

/// A map with counters that can be reset, as those of both servers can.
struct Counting(Map);

impl Store for Counting {
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
}

impl Telemetry for Counting {
    fn stats(&mut self, kind: &[u8], _: u64, _: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        kind == b"reset"
    }
}
