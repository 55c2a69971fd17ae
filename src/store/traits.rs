//! What a session needs of a store: a look-up and one atomic update.

use super::item::Item;
use crate::telemetry::Telemetry;

/// What [`Store::update`] does with the item of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Leaves it as it is.
    Keep,
    /// Replaces it with this item.
    Store(Item),
    /// Replaces it with this item under a new CAS unique: [`Meta::cas`](super::Meta::cas) becomes a
    /// number that no item has had, and that is larger than all that this key has had.
    StoreNewCas(Item),
    /// Removes it, if there is one.
    Remove,
}

/// A map from keys to items: a look-up, and one atomic update that all other commands use.
///
/// A store that threads share implements it for a shared reference.
///
/// ```
/// use memwire::{grammar::Data, store::{Change, Item, Map, Meta, Store}};
///
/// let mut store = Map::new();
/// let was_there = store.update(b"k", |item| {
///     let new = Item::new(b"k", Data::Borrowed(b"value"), Meta::default());
///     (Change::Store(new), item.is_some())
/// });
/// assert!(!was_there);
/// assert_eq!(store.get(b"k", |item| item.value().len()), Some(5));
/// ```
pub trait Store: Telemetry {
    /// Calls `read` with the item of `key`, and returns the result; `None` if there is no item. The
    /// item may have expired: that is for the caller to check.
    ///
    /// The store may be locked meanwhile: `read` should be short, and must not use the store.
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R>;

    /// Calls `decide` with the item of `key`, if there is one, and makes the change that it
    /// returns. The update is atomic: no other client sees or changes the key in between.
    ///
    /// An item in the change has this key. As with [`Self::get`], `decide` must not use the store.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R;

    /// Makes a change that does not depend on the old item.
    fn change(&mut self, key: &[u8], change: Change) {
        self.update(key, |_| (change, ()));
    }

    /// The flush generation at the Unix time `now`. It increases with each flush. Items of earlier
    /// generations are treated as absent by the caller, so that a flush need not visit them.
    fn generation(&mut self, now: u64) -> u32;

    /// Invalidates all items at the Unix time `at`, those stored in the meantime included. A later
    /// call replaces a flush that is still to come. `false` if flushing is disabled.
    fn flush(&mut self, at: u64) -> bool;

    /// Sets the memory limit for items, in bytes; `false` if the store cannot do that.
    fn resize(&mut self, bytes: u64) -> bool {
        let _ = bytes;
        false
    }
}

impl<S: Store + ?Sized> Store for &mut S {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        (**self).get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        (**self).update(key, decide)
    }

    fn change(&mut self, key: &[u8], change: Change) {
        (**self).change(key, change);
    }

    fn generation(&mut self, now: u64) -> u32 {
        (**self).generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        (**self).flush(at)
    }

    fn resize(&mut self, bytes: u64) -> bool {
        (**self).resize(bytes)
    }
}
