//! Compares memwire's replies to a session with those of a real memcached. The plan, the ledger and
//! the normalisation of replies are those of memwire-cli's differential tests.

#![allow(dead_code, reason = "memwire-cli's differential tests use the rest")]

use std::fmt::Display;

use memwire::{
    dialect::classic::Requests,
    store::{Change, Item, Map, Store},
    telemetry::Telemetry,
};
use memwire_conformance::dialect::CLASSIC;
use memwire_testing::laws;

use memcached::{Memcached, exchange, is_there, now};
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
    /// `None`: memcached is not installed, which was reported.
    static SERVERS: Option<Servers> = is_there().then(start);
}

/// One gets the sessions unsplit, the other one split. A single server would still have the flushed
/// items of the first run, which a delayed flush restores.
type Servers = [Memcached; 2];

fn start() -> Servers {
    [Memcached::start(), Memcached::start()]
}

/// Checks that both servers reply alike, unsplit and split, except for the differences in the
/// ledger.
pub fn check(stream: &[u8], split: &[usize]) {
    // Only keys that begin with the prefix were never used before.
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

/// Repeats a session with new servers: the report, if their replies differ, too.
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
    // What the plan leaves out or adds is usually at the start of the stream.
    let place = |sent: &[u8], at: usize| sent.len().saturating_sub(length - at);
    let places = |sent: &[u8]| split.iter().map(|at| place(sent, *at)).collect::<Vec<_>>();
    let theirs = replies(&plan, prefix, |sent| exchange(&whole.path(), sent, &[]));
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
        let parts = replies(&plan, prefix, |sent| exchange(&in_pieces.path(), sent, &places(sent)));
        if parts != theirs {
            return (Some(report(&plan, &theirs, "memcached, in pieces", &parts)), plan);
        }
    }
    (None, plan)
}

/// A map for which `stats reset` is known, as it is to both servers.
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
