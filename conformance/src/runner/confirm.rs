//! Failures: retried, distinguished from evictions, and recorded in results.

use super::shared::Runner;
use crate::{
    exchange::{Ending, Pace},
    failure::{FailedExchange, describe},
    results::VectorResult,
    script::Script,
    target::Host,
    vectors::Vector,
};

/// How many times a failure is retried, to see whether it is deterministic.
const REPEATS: u32 = 2;

/// How many times, if an item was missing that a full store may have evicted.
const EVICTION_REPEATS: u32 = 8;

impl Runner {
    /// Retries a failure.
    pub async fn confirm(
        &self,
        host: &Host,
        make: &(impl Fn() -> Script + Sync),
        failed: &mut FailedExchange,
    ) {
        let pace = Pace { read_rest: false, ..self.pace };
        let repeats = if self.may_be_eviction(failed) { EVICTION_REPEATS } else { REPEATS };
        for _ in 0..repeats {
            let outcome = self.attempt(host, &make(), &failed.cuts, pace, false).await;
            failed.failures += u32::from(outcome.ending != Ending::Pass);
            failed.attempts += 1;
            if self.is_unreachable() || matches!(outcome.ending, Ending::Crashed(_)) {
                return;
            }
        }
    }

    /// Whether the replies are correct except for missing items, as a full store evicts some.
    pub fn may_be_eviction(&self, failed: &FailedExchange) -> bool {
        let FailedExchange { script, outcome, .. } = failed;
        self.target.is_shared()
            && outcome.ending == Ending::Wrong
            && script.expected.differs_by_missing_items(self.dialect, &outcome.got)
    }

    /// Whether that did not happen again, which distinguishes it from a bug.
    pub fn is_eviction(&self, failed: &FailedExchange) -> bool {
        failed.failures == 1
            && failed.attempts == 1 + EVICTION_REPEATS
            && self.may_be_eviction(failed)
    }

    /// Records a failure in the result of its vector.
    pub fn fail(&self, result: &mut VectorResult, vector: &Vector, failed: &FailedExchange) {
        // The store now has items under these keys.
        let fresh = (self.target.is_shared() && failed.delivery.is_alone())
            .then(|| self.fresh_script(vector));
        let again = fresh.as_ref().unwrap_or(&failed.script);
        result.verdict = failed.outcome.ending.verdict();
        result.failure = Some(describe(&self.target, self.dialect, &vector.id, failed, again));
    }
}

/// The note on a vector that passed but for an eviction.
pub fn eviction_note(failed: &FailedExchange) -> String {
    format!(
        "once, {}, a stored item was missing; it was present {} times after that, and a full store \
         may evict items",
        failed.delivery,
        failed.attempts - 1
    )
}
