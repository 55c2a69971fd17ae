//! Runs vectors against a target: each by itself, several at a time, and then grouped.

mod attempt;
mod calibrate;
mod confirm;
mod grouped;
mod keys;
mod shared;
mod shrink;
mod single;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::task::JoinSet;

use crate::{
    results::{VectorResult, Verdict},
    vectors::Vector,
};
use shared::STOPPED;

pub use shared::Runner;

impl Runner {
    /// Runs all vectors, and calls `done` after each one that was run by itself.
    pub async fn run(
        self: &Arc<Self>,
        vectors: &Arc<Vec<Vector>>,
        done: impl Fn(&VectorResult) + Send + Sync + 'static,
    ) -> Vec<VectorResult> {
        let mut results = self.run_singles(vectors, done).await;
        let grouped = self.run_grouped(vectors, &mut results).await;
        for (index, result) in results.iter_mut().enumerate() {
            if result.verdict == Verdict::Pass && result.deliveries.is_empty() {
                let unfit = "no delivery that --split names applies";
                let why = if grouped.contains(&index) { STOPPED } else { unfit };
                *result = VectorResult::not_run(&vectors[index], why);
            }
        }
        results
    }

    /// Runs each vector by itself, several at a time.
    async fn run_singles(
        self: &Arc<Self>,
        vectors: &Arc<Vec<Vector>>,
        done: impl Fn(&VectorResult) + Send + Sync + 'static,
    ) -> Vec<VectorResult> {
        let done = Arc::new(done);
        // Those that wait come first, so that they do so at the same time.
        let (waiting, others): (Vec<_>, Vec<_>) =
            (0..vectors.len()).partition(|index| vectors[*index].takes_time());
        let queue = Arc::new([waiting, others].concat());
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..self.jobs {
            let (runner, vectors) = (Arc::clone(self), Arc::clone(vectors));
            let (queue, next, done) = (Arc::clone(&queue), Arc::clone(&next), Arc::clone(&done));
            workers.spawn(async move {
                let mut results = vec![];
                while let Some(index) = queue.get(next.fetch_add(1, Relaxed)) {
                    let result = runner.run_single(&vectors[*index]).await;
                    done(&result);
                    results.push((*index, result));
                }
                results
            });
        }
        let mut results = vec![];
        while let Some(some) = workers.join_next().await {
            results.extend(some.unwrap_or_default());
        }
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }
}
