//! Failures, reduced to fewer splits.

use std::time::{Duration, Instant};

use super::shared::Runner;
use crate::{exchange::Ending, failure::FailedExchange, script::Script, target::Host};

/// At most this many exchanges, and this long, to find a smaller failure.
const ATTEMPTS: usize = 200;
const TIME: Duration = Duration::from_secs(20);

impl Runner {
    /// Removes splits while the vector still fails.
    pub async fn shrink(
        &self,
        host: &Host,
        make: &(impl Fn() -> Script + Sync),
        failed: &mut FailedExchange,
    ) {
        let since = Instant::now();
        let mut host = host.clone();
        let mut size = failed.cuts.len().div_ceil(2);
        let mut from = 0;
        for _ in 0..ATTEMPTS {
            if from >= failed.cuts.len() {
                if size == 1 {
                    return;
                }
                size = size.div_ceil(2);
                from = 0;
            }
            if failed.cuts.len() <= 1 || since.elapsed() > TIME || self.is_unreachable() {
                return;
            }
            let mut cuts = failed.cuts.clone();
            cuts.drain(from..(from + size).min(cuts.len()));
            if cuts.is_empty() {
                from += size;
                continue;
            }
            let script = make();
            let outcome = self.attempt(&host, &script, &cuts, self.pace, false).await;
            if outcome.ending == Ending::Pass {
                from += size;
                continue;
            }
            match self.target.renew(&host).await {
                Ok(new) => host = new,
                Err(_) => return,
            }
            (failed.cuts, failed.script, failed.outcome) = (cuts, script, outcome);
        }
    }
}
