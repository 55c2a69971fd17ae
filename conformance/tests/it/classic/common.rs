//! What the tests of the classic dialect share.

use memwire::{Limits, Session, dialect::classic::Requests, store::Store};
use memwire_conformance::{
    dialect::CLASSIC,
    vectors::{Suite, Vector},
};
use memwire_testing::laws;

/// memcached's limits, as the document states them.
pub const LIMITS: Limits = CLASSIC.limits;

/// A second at which the times in the vectors are past or to come.
pub const NOW: u64 = 1_700_000_000;

pub fn suite() -> Suite {
    Suite::from_json(CLASSIC.suite).expect("the vectors can be read")
}

/// The vectors that expect something. Those about statistics are left out: a session reports what its
/// store knows, and a map knows nothing.
pub fn judged() -> impl Iterator<Item = Vector> {
    let needs_statistics = |vector: &Vector| vector.requires.iter().any(|name| name == "stats");
    let vectors = suite().vectors.into_iter().filter(|vector| vector.level.is_some());
    vectors.filter(move |vector| !needs_statistics(vector))
}

/// Longer streams are repetitions of little: they are split in a few places only.
const LONG: usize = 2048;

pub fn splits<G: laws::OracleGrammar>(limits: Limits, stream: &[u8]) -> Vec<Vec<usize>> {
    let mut splits = laws::splits::<G>(limits, stream);
    // Three pieces are what `exhaustion` is for.
    splits.retain(|split| split.len() != 2);
    if stream.len() > LONG {
        splits.retain(|split| split.len() < 2);
        let few = splits.len().div_ceil(12);
        splits = splits.into_iter().step_by(few).collect();
    }
    splits
}

/// The replies of a session to requests that each end with `;`; so do these.
pub fn replies(session: &mut Session<Requests>, store: &mut impl Store, requests: &str) -> String {
    let (mut replies, requests) = (vec![], requests.replace(';', "\r\n"));
    session.advance(store, NOW, &mut requests.as_bytes(), &mut replies);
    String::from_utf8(replies).expect("text").replace("\r\n", ";")
}
