//! Counters, statistics and the version: what a session reports to the program around it, and what
//! it asks of it.
//!
//! | when | a session calls |
//! |---|---|
//! | a classic request was executed, or its value is too large | [`Telemetry::count`], once for each [`Counter`] that changes |
//! | a client sent `stats` | [`Telemetry::stats`], which reports name by name |
//! | a client sent `version` | [`Telemetry::version`] |
//!
//! The simple dialect counts nothing. A store that counts:
//!
//! ```
//! use memwire::{
//!     Limits, Session, dialect::classic::Requests, grammar::Data,
//!     store::{Change, Item, Map, Store}, telemetry::{Counter, Telemetry},
//! };
//! use std::fmt::Display;
//!
//! #[derive(Default)]
//! struct Counting { map: Map, counts: [u64; Counter::ALL.len()] }
//!
//! impl Telemetry for Counting {
//!     fn count(&mut self, counter: Counter, times: u64) {
//!         self.counts[counter as usize] += times;
//!     }
//!
//!     fn stats(&mut self, kind: &[u8], _: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
//!         if kind.is_empty() {
//!             for counter in [Counter::GetHits, Counter::GetMisses] {
//!                 report(counter.name(), &self.counts[counter as usize]);
//!             }
//!         }
//!         kind.is_empty()
//!     }
//! }
//!
//! impl Store for Counting {
//!     fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
//!         self.map.get(key, read)
//!     }
//!     fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
//!         self.map.update(key, decide)
//!     }
//!     fn generation(&mut self, now: u64) -> u32 {
//!         self.map.generation(now)
//!     }
//!     fn flush(&mut self, at: u64) -> bool {
//!         self.map.flush(at)
//!     }
//! }
//!
//! let mut session = Session::<Requests>::new(Limits::default());
//! let (mut store, mut replies) = (Counting::default(), Vec::new());
//! let mut input = &b"get k\r\nstats\r\nstats frob\r\n"[..];
//! session.advance(&mut store, 0, &mut input, &mut replies);
//! assert_eq!(replies, b"END\r\nSTAT get_hits 0\r\nSTAT get_misses 1\r\nEND\r\nERROR\r\n");
//! ```

use core::fmt::Display;

/// Counters, statistics and the version: what the commands `stats` and `version` reply.
///
/// Every [`Store`](crate::store::Store) implements it, because sessions share their store. All
/// methods have defaults, so `impl Telemetry for MyStore {}` is enough: it counts nothing, and has
/// no statistics.
pub trait Telemetry {
    /// Adds `times`, at least 1, to a counter.
    fn count(&mut self, counter: Counter, times: u64) {
        let _ = (counter, times);
    }

    /// Calls `report` with the name and value of each statistic. `kind` is the text after `stats`,
    /// empty for a plain `stats`; `now` is the Unix time in seconds. `stats reset` also comes here:
    /// it resets the counters, and reports nothing.
    ///
    /// `false` if there are no statistics of this kind: the reply is `ERROR` (`stats/unknown`).
    fn stats(&mut self, kind: &[u8], now: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        let _ = (kind, now, report);
        false
    }

    /// The text after `VERSION`; by default the version of this crate.
    #[expect(clippy::unnecessary_literal_bound, reason = "others may build theirs")]
    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }
}

impl<T: Telemetry + ?Sized> Telemetry for &mut T {
    fn count(&mut self, counter: Counter, times: u64) {
        (**self).count(counter, times);
    }

    fn stats(&mut self, kind: &[u8], now: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        (**self).stats(kind, now, report)
    }

    fn version(&self) -> &str {
        (**self).version()
    }
}

macro_rules! counters {
    ($($counter:ident $name:literal,)*) => {
        /// What a session counts.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Counter {
            $(#[doc = concat!("`", $name, "` of memcached's general-purpose statistics.")] $counter,)*
        }

        impl Counter {
            /// All counters. `counter as usize` is its index here.
            pub const ALL: &'static [Self] = &[$(Self::$counter,)*];

            /// The name of the statistic in the reply to `stats`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$counter => $name,)*
                }
            }
        }
    };
}

counters! {
    CmdGet "cmd_get",
    CmdSet "cmd_set",
    CmdFlush "cmd_flush",
    CmdTouch "cmd_touch",
    GetHits "get_hits",
    GetMisses "get_misses",
    GetExpired "get_expired",
    GetFlushed "get_flushed",
    DeleteMisses "delete_misses",
    DeleteHits "delete_hits",
    IncrMisses "incr_misses",
    IncrHits "incr_hits",
    DecrMisses "decr_misses",
    DecrHits "decr_hits",
    CasMisses "cas_misses",
    CasHits "cas_hits",
    CasBadval "cas_badval",
    TouchHits "touch_hits",
    TouchMisses "touch_misses",
    StoreTooLarge "store_too_large",
    TotalItems "total_items",
}
