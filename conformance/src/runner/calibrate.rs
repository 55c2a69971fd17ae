//! How long the target takes to answer, and whether it serves several clients at a time.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::shared::Runner;
use crate::exchange::{Ending, exchange};

/// The shortest pause between two chunks, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_micros(300), Duration::from_millis(20)];

/// How many exchanges are timed.
const SAMPLES: usize = 8;

impl Runner {
    /// Sets the pause between two chunks, and the number of jobs.
    pub async fn calibrate(&mut self) -> Result<(), String> {
        if self.target.is_filter() {
            self.pace.pause = PAUSES[0];
            return self.target.check().await;
        }
        let host = self.target.host().await?;
        let (script, _) = self.script(&[], true, true);
        let mut times = vec![];
        for _ in 0..SAMPLES {
            let link = host.link().await?;
            let since = Instant::now();
            let outcome = exchange(&script, &[], link, false, self.pace).await;
            if outcome.ending != Ending::Pass {
                // The vectors will report it.
                return Ok(());
            }
            times.push(since.elapsed());
        }
        let fastest = times.into_iter().min().unwrap_or_default();
        self.pace.pause = (2 * fastest).clamp(PAUSES[0], PAUSES[1]);
        // While another client is connected, too?
        let other = host.link().await?;
        let second = timeout(Duration::from_secs(1), async {
            let link = host.link().await?;
            Ok::<_, String>(exchange(&script, &[], link, false, self.pace).await.ending)
        });
        if !matches!(second.await, Ok(Ok(Ending::Pass))) {
            self.jobs = 1;
        }
        drop(other);
        Ok(())
    }
}
