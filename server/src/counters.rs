//! Counters that many threads increment without contention.

use std::{
    iter,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// Up to this many threads have counters of their own; more share them.
const STRIPES: usize = 16;

/// `N` counters, each kept once per thread and added up when it is read.
#[derive(Debug)]
pub struct StripedCounters<const N: usize>(Box<[Stripe<N>]>);

/// One thread's counters, in cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe<const N: usize>([AtomicU64; N]);

thread_local! {
    static STRIPE: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Relaxed) % STRIPES
    };
}

impl<const N: usize> StripedCounters<N> {
    /// Adds to the counter with this index.
    ///
    /// # Panics
    ///
    /// If there is no such counter.
    #[inline]
    pub fn add(&self, index: usize, times: u64) {
        let stripe = STRIPE.with(|stripe| *stripe);
        self.0[stripe].0[index].fetch_add(times, Relaxed);
    }

    /// The value of the counter with this index since the last reset.
    ///
    /// # Panics
    ///
    /// If there is no such counter.
    pub fn sum(&self, index: usize) -> u64 {
        let counts = self.0.iter().map(|stripe| stripe.0[index].load(Relaxed));
        counts.fold(0, u64::wrapping_add)
    }

    /// Sets all counters to 0.
    pub fn reset(&self) {
        for counter in self.0.iter().flat_map(|stripe| &stripe.0) {
            counter.store(0, Relaxed);
        }
    }
}

impl<const N: usize> Default for StripedCounters<N> {
    fn default() -> Self {
        let stripe = || Stripe([const { AtomicU64::new(0) }; N]);
        Self(iter::repeat_with(stripe).take(STRIPES).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn counters_of_all_threads_are_added_up_and_reset() {
        let counters = StripedCounters::<2>::default();
        thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| (0..100).for_each(|_| counters.add(1, 2)));
            }
        });
        assert_eq!((counters.sum(0), counters.sum(1)), (0, 400 * STRIPES as u64));
        counters.reset();
        assert_eq!(counters.sum(1), 0);
    }
}
