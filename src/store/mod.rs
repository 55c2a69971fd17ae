//! Where values are kept.

use alloc::vec::Vec;

mod map;
#[cfg(feature = "std")]
mod shared;

pub use map::Map;
#[cfg(feature = "std")]
pub use shared::SharedMap;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    value: Vec<u8>,
}

impl Item {
    /// An item that holds `value`.
    #[must_use]
    pub fn new(value: Vec<u8>) -> Self {
        Self { value }
    }

    /// The bytes that were stored.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It holds this item.
    Put(Item),
    /// It holds nothing.
    Remove,
}

/// A map from keys to items: a look-up, and one atomic update that every other command is made of.
///
/// A store that clients share implements it for a shared reference.
///
/// ```
/// use memwire::store::{Change, Item, Map, Store};
///
/// let mut store = Map::new();
/// let was_there = store.update(b"k", |item| {
///     (Change::Put(Item::new(b"value".to_vec())), item.is_some())
/// });
/// assert!(!was_there);
/// assert_eq!(store.get(b"k", |item| item.value().len()), Some(5));
/// ```
pub trait Store {
    /// What `read` makes of the item under `key`; `None` if there is none.
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R>;

    /// Shows `decide` the item under `key`, if there is one, and does what it says. Nobody else
    /// sees or changes the key in between.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R;
}
