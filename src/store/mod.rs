//! Where values are kept.

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt::{self, Display},
    hash::{Hash, Hasher},
    mem,
    num::NonZeroU64,
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
    meta: Meta,
}

/// What is kept of an item beside its value, for dialects that know of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// What the client wants to remember of the value.
    pub flags: u32,
    /// The [generation](Store::generation) that it was stored in.
    pub generation: u32,
    /// The second from which on it is not found any more; `None`: never.
    pub expires: Option<NonZeroU64>,
    /// The number that [`Change::Renew`] gave it; 0: none.
    pub unique: u64,
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
    /// An item; its value is copied or moved, as with [`Item::from`].
    #[must_use]
    pub fn new(value: Value<'_>, meta: Meta) -> Self {
        Self { meta, ..Self::from(value) }
    }

    /// The same bytes, shared, with something else beside them.
    #[must_use]
    pub fn with_meta(&self, meta: Meta) -> Self {
        Self { bytes: self.bytes.clone(), meta }
    }

    /// What is kept beside the value.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

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
        Self { bytes, meta: Meta::default() }
    }
}

impl From<Vec<u8>> for Item {
    fn from(value: Vec<u8>) -> Self {
        Self { bytes: Bytes::Moved(Arc::new(value)), meta: Meta::default() }
    }
}

impl From<&[u8]> for Item {
    fn from(value: &[u8]) -> Self {
        Value::Lent(value).into()
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value() && self.meta == other.meta
    }
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.value().hash(hasher);
        self.meta.hash(hasher);
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
    /// It holds this item, whose [`Meta::unique`] becomes a number that no other item has or had:
    /// larger than all that were under this key before.
    Renew(Item),
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

    /// How often all items were given up, by this second. An item of an earlier generation is not
    /// to be found any more; whoever reads it sees to that, so that giving up takes no time.
    fn generation(&mut self, now: u64) -> u32;

    /// Gives all items up that there are when this second comes. A second call takes the place of
    /// one whose time has not come.
    fn flush(&mut self, at: u64);

    /// Counts something that happened so many times, for [`Self::stats`]. A store may do without.
    fn count(&mut self, what: Count, times: u64) {
        let _ = (what, times);
    }

    /// Tells statistics of one kind, by names and values; `false` if it knows none of this kind.
    fn stats(&mut self, kind: &[u8], now: u64, tell: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        let _ = (kind, now, tell);
        false
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as in memcached's protocol.txt, under General-purpose statistics")]
pub enum Count {
    CmdGet,
    CmdSet,
    CmdFlush,
    CmdTouch,
    GetHits,
    GetMisses,
    GetExpired,
    GetFlushed,
    DeleteMisses,
    DeleteHits,
    IncrMisses,
    IncrHits,
    DecrMisses,
    DecrHits,
    CasMisses,
    CasHits,
    CasBadval,
    TouchHits,
    TouchMisses,
    StoreTooLarge,
    TotalItems,
    BytesRead,
    BytesWritten,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; Self::NAMES.len()] = [
        Self::CmdGet,
        Self::CmdSet,
        Self::CmdFlush,
        Self::CmdTouch,
        Self::GetHits,
        Self::GetMisses,
        Self::GetExpired,
        Self::GetFlushed,
        Self::DeleteMisses,
        Self::DeleteHits,
        Self::IncrMisses,
        Self::IncrHits,
        Self::DecrMisses,
        Self::DecrHits,
        Self::CasMisses,
        Self::CasHits,
        Self::CasBadval,
        Self::TouchHits,
        Self::TouchMisses,
        Self::StoreTooLarge,
        Self::TotalItems,
        Self::BytesRead,
        Self::BytesWritten,
    ];

    /// The names that clients know, in the same order.
    pub const NAMES: [&'static str; 23] = [
        "cmd_get",
        "cmd_set",
        "cmd_flush",
        "cmd_touch",
        "get_hits",
        "get_misses",
        "get_expired",
        "get_flushed",
        "delete_misses",
        "delete_hits",
        "incr_misses",
        "incr_hits",
        "decr_misses",
        "decr_hits",
        "cas_misses",
        "cas_hits",
        "cas_badval",
        "touch_hits",
        "touch_misses",
        "store_too_large",
        "total_items",
        "bytes_read",
        "bytes_written",
    ];
}
