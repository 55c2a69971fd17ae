//! Where values are kept.

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    hash::{Hash, Hasher},
    mem,
};

use crate::dialect::Value;

#[cfg(feature = "app")]
mod cache;
mod map;

#[cfg(feature = "app")]
pub use cache::Cache;
pub use map::Map;

/// What a key holds. A clone shares the bytes.
#[derive(Clone)]
pub struct Item {
    bytes: Bytes,
}

/// Either way, making an item copies a value at most once.
#[derive(Clone)]
enum Bytes {
    /// Copied from where they were lent.
    Copied(Arc<[u8]>),
    /// Moved from the machine that assembled them.
    Moved(Arc<Vec<u8>>),
}

impl Item {
    /// The bytes that were stored.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Copied(bytes) => bytes,
            Bytes::Moved(bytes) => bytes,
        }
    }
}

impl From<Value<'_>> for Item {
    fn from(value: Value<'_>) -> Self {
        let bytes = match value {
            Value::Held(buffer) => Bytes::Moved(Arc::new(mem::take(buffer))),
            Value::Lent(bytes) => Bytes::Copied(bytes.into()),
            Value::Shared(item) => return item.clone(),
        };
        Self { bytes }
    }
}

impl From<&[u8]> for Item {
    fn from(value: &[u8]) -> Self {
        Value::Lent(value).into()
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.value().hash(hasher);
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.value().escape_ascii())
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
///     (Change::Put(Item::from(&b"value"[..])), item.is_some())
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
