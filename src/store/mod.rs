//! Where values are kept.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    fmt::{self, Display},
    hash::{Hash, Hasher},
    num::NonZeroU64,
};

use crate::dialect::Value;

#[cfg(feature = "cache")]
mod cache;
mod map;

#[cfg(feature = "cache")]
pub use cache::Cache;
pub use map::Map;

/// A key, and what it holds. A clone shares a large value, and copies a small one.
#[derive(Clone)]
pub struct Item(Bytes);

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

#[derive(Clone)]
enum Bytes {
    /// All in one allocation, so that a look-up touches no other memory: [`Head`], key, line,
    /// value, end. Not shared: to count who has it would take longer than all else.
    Small(Box<[u8]>),
    Large(Arc<Large>),
}

/// A value that was lent is copied once, one that the machine assembled is moved.
struct Large {
    meta: Meta,
    key: Box<[u8]>,
    value: Arc<Vec<u8>>,
}

/// Values from this size on, in bytes, have an allocation of their own.
const LARGE: usize = 1024;

/// What a small item begins with: its meta, and the lengths of its key, line and end. Each has as
/// few bytes as nearly all need; an item with more is kept as large ones are.
struct Head {
    meta: Meta,
    key: usize,
    line: usize,
    end: usize,
}

impl Head {
    const SIZE: usize = Self::UNIQUE + 6;
    const UNIQUE: usize = 1 + 1 + 1 + 4 + 3 + 5;

    fn to_bytes(&self) -> Option<[u8; Self::SIZE]> {
        let Meta { flags, generation, expires, unique } = self.meta;
        let [key] = narrow(self.key as u64)?;
        let [line] = narrow(self.line as u64)?;
        let [end] = narrow(self.end as u64)?;
        let mut bytes = [0; Self::SIZE];
        bytes[..3].copy_from_slice(&[key, line, end]);
        bytes[3..7].copy_from_slice(&flags.to_le_bytes());
        bytes[7..10].copy_from_slice(&narrow::<3>(generation.into())?);
        bytes[10..15].copy_from_slice(&narrow::<5>(expires.map_or(0, NonZeroU64::get))?);
        bytes[Self::UNIQUE..].copy_from_slice(&narrow::<6>(unique)?);
        Some(bytes)
    }

    /// Puts another [`Meta::unique`] into a small item's head; `None`: there is no room for it.
    fn renew(item: &mut [u8], unique: u64) -> Option<()> {
        let place = item.get_mut(Self::UNIQUE..)?.first_chunk_mut::<6>()?;
        *place = narrow(unique)?;
        Some(())
    }

    /// The opposite, and the bytes behind it.
    #[inline]
    fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let (head, rest) = chunk::<{ Self::SIZE }>(bytes);
        let (&[key, line, end], head) = chunk(head);
        let (&flags, head) = chunk(head);
        let (generation, head) = chunk::<3>(head);
        let (expires, head) = chunk::<5>(head);
        let (unique, _) = chunk::<6>(head);
        let meta = Meta {
            flags: u32::from_le_bytes(flags),
            generation: u32::from_le_bytes(widened(generation)),
            expires: NonZeroU64::new(u64::from_le_bytes(widened(expires))),
            unique: u64::from_le_bytes(widened(unique)),
        };
        (Self { meta, key: key.into(), line: line.into(), end: end.into() }, rest)
    }
}

/// The first `N` bytes, and the rest. Invariant of all who ask: there are as many.
#[inline]
fn chunk<const N: usize>(bytes: &[u8]) -> (&[u8; N], &[u8]) {
    bytes.split_first_chunk().unwrap_or((&[0; N], &[]))
}

/// A number in so many bytes, the low ones first; `None`: it has more.
fn narrow<const N: usize>(number: u64) -> Option<[u8; N]> {
    let low = *number.to_le_bytes().first_chunk()?;
    (number == u64::from_le_bytes(widened(&low))).then_some(low)
}

/// The same number in more bytes.
#[inline]
fn widened<const N: usize, const M: usize>(low: &[u8; N]) -> [u8; M] {
    let mut bytes = [0; M];
    bytes[..N].copy_from_slice(low);
    bytes
}

impl Item {
    /// An item. A value that is large, and was assembled by a machine, is moved; others are copied,
    /// once.
    #[must_use]
    pub fn new(key: &[u8], value: Value<'_>, meta: Meta) -> Self {
        Self::framed(key, b"", value, b"", meta)
    }

    /// The same, as replies are written: with what a dialect has between key and value, and behind
    /// that, so that a reply is one copy; all items of a store in the same way.
    #[must_use]
    pub fn framed<const END: usize>(
        key: &[u8],
        line: &[u8],
        value: Value<'_>,
        end: &[u8; END],
        meta: Meta,
    ) -> Self {
        let head = Head { meta, key: key.len(), line: line.len(), end: END }.to_bytes();
        let (Some(head), true) = (head, value.len() < LARGE) else {
            let value = match value {
                Value::Shared(Self(Bytes::Large(large))) => Arc::clone(&large.value),
                value => Arc::new(value.into_vec()),
            };
            return Self(Bytes::Large(Arc::new(Large { meta, key: key.into(), value })));
        };
        let size = Head::SIZE + key.len() + line.len() + value.len() + END;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(&value);
        bytes.extend_from_slice(end);
        Self(Bytes::Small(bytes.into()))
    }

    /// Key, line, value and end in one piece: `None` if the item is large, or was not framed, or
    /// with another end.
    #[must_use]
    #[inline]
    pub fn frame(&self, end: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Bytes::Small(bytes) => {
                let (head, rest) = Head::split(bytes);
                let framed = head.end == end.len() && !end.is_empty();
                (framed && rest.ends_with(end)).then_some(rest)
            }
            Bytes::Large(_) => None,
        }
    }

    /// The same key and value, with something else beside them. A large value is shared.
    #[must_use]
    pub fn with_meta(&self, meta: Meta) -> Self {
        match &self.0 {
            Bytes::Small(bytes) => {
                let mut copy = bytes.clone();
                // The flags may stand in its line.
                match set_meta(&mut copy, meta).filter(|()| meta.flags == self.meta().flags) {
                    Some(()) => Self(Bytes::Small(copy)),
                    None => Self::new(self.key(), Value::Shared(self), meta),
                }
            }
            Bytes::Large(large) => {
                let Large { key, value, .. } = &**large;
                let (key, value) = (key.clone(), Arc::clone(value));
                Self(Bytes::Large(Arc::new(Large { meta, key, value })))
            }
        }
    }

    /// The same with this number; no value is copied.
    fn renewed(mut self, unique: u64) -> Self {
        let renewed = match &mut self.0 {
            Bytes::Small(bytes) => Head::renew(bytes, unique),
            Bytes::Large(large) => Arc::get_mut(large).map(|large| large.meta.unique = unique),
        };
        match renewed {
            Some(()) => self,
            None => self.with_meta(Meta { unique, ..self.meta() }),
        }
    }

    /// The key.
    #[must_use]
    #[inline]
    pub fn key(&self) -> &[u8] {
        match &self.0 {
            Bytes::Small(bytes) => {
                let (head, rest) = Head::split(bytes);
                &rest[..head.key]
            }
            Bytes::Large(large) => &large.key,
        }
    }

    /// Whether this is the key.
    #[inline]
    fn has_key(&self, key: &[u8]) -> bool {
        let held = self.key();
        // Most keys have 16 to 32 bytes, and to call `memcmp` takes longer than to compare these.
        let sixteens = |key: &[u8]| {
            let (first, last) = (key.first_chunk()?, key.last_chunk()?);
            Some((u128::from_ne_bytes(*first), u128::from_ne_bytes(*last)))
        };
        if held.len() == key.len()
            && key.len() <= 32
            && let (Some(held), Some(key)) = (sixteens(held), sixteens(key))
        {
            return held == key;
        }
        held == key
    }

    /// What is kept beside the value.
    #[must_use]
    #[inline]
    pub fn meta(&self) -> Meta {
        match &self.0 {
            Bytes::Small(bytes) => Head::split(bytes).0.meta,
            Bytes::Large(large) => large.meta,
        }
    }

    /// The bytes that were stored.
    #[must_use]
    #[inline]
    pub fn value(&self) -> &[u8] {
        match &self.0 {
            Bytes::Small(bytes) => {
                let (head, rest) = Head::split(bytes);
                let start = head.key + head.line;
                &rest[start..rest.len() - head.end]
            }
            Bytes::Large(large) => &large.value,
        }
    }

    /// How many bytes key and value have together.
    #[must_use]
    #[inline]
    pub fn size(&self) -> usize {
        match &self.0 {
            Bytes::Small(bytes) => {
                let (head, rest) = Head::split(bytes);
                rest.len() - head.line - head.end
            }
            Bytes::Large(large) => large.key.len() + large.value.len(),
        }
    }
}

/// Changes a small item; `None`: this is too much for its head.
fn set_meta(item: &mut [u8], meta: Meta) -> Option<()> {
    let head = Head { meta, ..Head::split(item).0 }.to_bytes()?;
    *item.first_chunk_mut()? = head;
    Some(())
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (self.key(), self.value(), self.meta()) == (other.key(), other.value(), other.meta())
    }
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.key(), self.value(), self.meta()).hash(hasher);
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\": \"{}\"", self.key().escape_ascii(), self.value().escape_ascii())
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
/// use memwire::{dialect::Value, store::{Change, Item, Map, Meta, Store}};
///
/// let mut store = Map::new();
/// let was_there = store.update(b"k", |item| {
///     let new = Item::new(b"k", Value::Lent(b"value"), Meta::default());
///     (Change::Put(new), item.is_some())
/// });
/// assert!(!was_there);
/// assert_eq!(store.get(b"k", |item| item.value().len()), Some(5));
/// ```
pub trait Store {
    /// What `read` makes of the item under `key`; `None` if there is none. The store may be locked
    /// meanwhile: `read` is short, and does not use it.
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R>;

    /// Shows `decide` the item under `key`, if there is one, and does what it says. Nobody else
    /// sees or changes the key in between. What is put has this key.
    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R;

    /// An [update](Self::update) that is decided already.
    fn change(&mut self, key: &[u8], change: Change) {
        self.update(key, |_| (change, ()));
    }

    /// How often all items were given up, by this second. An item of an earlier generation is not
    /// to be found any more; whoever reads it sees to that, so that giving up takes no time.
    fn generation(&mut self, now: u64) -> u32;

    /// Gives all items up that there are when this second comes. A second call takes the place of
    /// one whose time has not come. `false`: they stay, as whoever runs the store wants it.
    fn flush(&mut self, at: u64) -> bool;

    /// Makes this the memory that items may take, in bytes; `false`: it cannot be.
    fn resize(&mut self, bytes: u64) -> bool {
        let _ = bytes;
        false
    }

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
    ConnYields,
    IdleKicks,
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
        Self::ConnYields,
        Self::IdleKicks,
    ];

    /// The names that clients know, in the same order.
    pub const NAMES: [&'static str; 25] = [
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
        "conn_yields",
        "idle_kicks",
    ];
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    #[test]
    fn only_the_same_key_is_the_key() {
        for length in 0..=40 {
            let keys: Vec<Vec<u8>> = (0..=length)
                .map(|place| (0..length).map(|at| if at == place { b'x' } else { b'k' }).collect())
                .chain([vec![b'k'; length + 1]])
                .collect();
            for held in &keys {
                let item = Item::new(held, Value::Lent(b""), Meta::default());
                for key in &keys {
                    assert_eq!(item.has_key(key), held == key, "{held:?}, {key:?}");
                }
            }
        }
    }
}
