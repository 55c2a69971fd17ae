//! What a session needs of a store: a look-up, and one atomic update.

use super::item::Item;
use crate::telemetry::Telemetry;

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It holds this item.
    Store(Item),
    /// It holds this item, whose [`Meta::cas`](super::Meta::cas) becomes a number that no other item has or had: larger
    /// than all that this key had before.
    StoreNewCas(Item),
    /// It holds nothing.
    Remove,
}

/// A map from keys to items: a look-up, and one atomic update that every other command is made of.
///
/// A store that clients share implements it for a shared reference.
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
    /// What `read` makes of the item under `key`; `None` if there is none. The store may be locked
    /// meanwhile: `read` is short, and does not use it.
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R>;

    /// Shows `decide` the item under `key`, if there is one, and does what it returns, atomically: no
    /// other client sees or changes the key in between. An item that is stored has this key.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R;

    /// An [update](Self::update) that is decided already.
    fn change(&mut self, key: &[u8], change: Change) {
        self.update(key, |_| (change, ()));
    }

    /// The flush generation at `now`. Items of earlier generations count as absent; the reader checks
    /// that, so that a flush takes no time.
    fn generation(&mut self, now: u64) -> u32;

    /// Invalidates, at this second, all items that there are then. A second call replaces one whose
    /// time has not come. `false` if flushing is disabled.
    fn flush(&mut self, at: u64) -> bool;

    /// Sets the memory that items may take, in bytes; `false` if that cannot be done.
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
