//! Time and validity: when items expire, and which items are live.

use core::num::NonZeroU64;

use crate::{
    session::service::Context,
    store::{Change, Item, Meta, Store},
};

/// Exptimes of up to this many seconds, 30 days, are relative; larger ones are Unix times.
const RELATIVE: u64 = 60 * 60 * 24 * 30;

/// The time and flush generation in which a request is executed.
#[derive(Clone, Copy)]
pub struct Clock {
    now: u64,
    pub generation: u32,
}

impl Clock {
    pub fn of<S: Store, O>(context: &mut Context<'_, S, O>) -> Self {
        Self { now: context.now, generation: context.store.generation(context.now) }
    }

    /// The item, unless it is expired or was flushed.
    pub fn live(self, item: Option<&Item>) -> Option<&Item> {
        item.filter(|item| {
            item.meta().generation == self.generation && !self.is_expired(&item.meta())
        })
    }

    pub fn is_expired(self, meta: &Meta) -> bool {
        meta.expires.is_some_and(|at| at.get() <= self.now)
    }

    /// The Unix time at which an item with this exptime expires; `None` for never.
    pub fn deadline(self, exptime: i64) -> Option<NonZeroU64> {
        let seconds = match u64::try_from(exptime) {
            Ok(0) => return None,
            Ok(seconds) if seconds <= RELATIVE => self.now.saturating_add(seconds),
            Ok(seconds) => seconds,
            // Negative: at once.
            Err(_) => self.now,
        };
        Some(NonZeroU64::new(seconds).unwrap_or(NonZeroU64::MIN))
    }

    /// Stores an item under a new CAS unique; one that has expired is removed instead.
    pub fn store_new_cas(self, item: Item) -> Change {
        if self.is_expired(&item.meta()) { Change::Remove } else { Change::StoreNewCas(item) }
    }
}
