//! What a session reports to the program around it, and asks of it.

use core::fmt::Display;

/// Counters, statistics and the version: what the commands `stats` and `version` answer with.
///
/// Every [`Store`](crate::store::Store) has it, because sessions share their store. All methods
/// have defaults that do nothing, so `impl Telemetry for MyStore {}` is enough.
pub trait Telemetry {
    /// Something happened this many times.
    fn count(&mut self, counter: Counter, times: u64) {
        let _ = (counter, times);
    }

    /// Reports the statistics that the arguments of `stats` name, by names and values. `false` if
    /// there are none of this kind.
    fn stats(&mut self, kind: &[u8], now: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        let _ = (kind, now, report);
        false
    }

    /// The text after `VERSION`.
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

            /// The name that clients know, in what `stats` answers.
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
