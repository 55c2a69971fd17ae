//! An item: a key, its value, and its metadata.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU64,
};

use crate::grammar::Data;

/// A key with its value and [`Meta`]. Immutable. A clone shares a value of 1 KiB or more, and
/// copies a smaller one.
#[derive(Clone)]
pub struct Item(Bytes);

/// The metadata of an item.
///
/// ```
/// use memwire::store::Meta;
///
/// let meta = Meta::default().with_flags(7).with_generation(1);
/// assert_eq!((meta.flags, meta.generation, meta.expires, meta.cas), (7, 1, None, 0));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// The client flags.
    pub flags: u32,
    /// The [generation](super::Store::generation) that it was stored in.
    pub generation: u32,
    /// The Unix time at which it expires: from this second on it is not found. `None`: never.
    pub expires: Option<NonZeroU64>,
    /// The CAS unique value that [`Change::StoreNewCas`](super::Change::StoreNewCas) gave it; 0:
    /// none.
    pub cas: u64,
}

impl Meta {
    /// With these client flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }

    /// Stored in this [generation](super::Store::generation).
    #[must_use]
    pub const fn with_generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    /// Expiring at this Unix time; `None`: never.
    #[must_use]
    pub const fn with_expires(mut self, expires: Option<NonZeroU64>) -> Self {
        self.expires = expires;
        self
    }

    /// With this CAS unique value.
    #[must_use]
    pub const fn with_cas(mut self, cas: u64) -> Self {
        self.cas = cas;
        self
    }
}

#[derive(Clone)]
enum Bytes {
    /// All in one allocation, so that a look-up touches no other memory: [`Head`], key, line,
    /// value, end. Not shared: counting references would cost more than the copy.
    Small(Box<[u8]>),
    Large(Arc<Large>),
}

/// A borrowed value is copied once, a buffered one is moved.
struct Large {
    meta: Meta,
    key: Box<[u8]>,
    value: Arc<Vec<u8>>,
}

/// Values from this size on, in bytes, have an allocation of their own.
const LARGE: usize = 1024;

/// The header of a small item: its meta, and the lengths of its key, line and end. Each field has
/// as few bytes as nearly all items need; an item that needs more is stored like a large one.
struct Head {
    meta: Meta,
    key: usize,
    line: usize,
    end: usize,
}

impl Head {
    const SIZE: usize = Self::CAS + 6;
    const CAS: usize = 1 + 1 + 1 + 4 + 3 + 5;

    fn to_bytes(&self) -> Option<[u8; Self::SIZE]> {
        let Meta { flags, generation, expires, cas } = self.meta;
        let [key] = narrow(self.key as u64)?;
        let [line] = narrow(self.line as u64)?;
        let [end] = narrow(self.end as u64)?;
        let mut bytes = [0; Self::SIZE];
        bytes[..3].copy_from_slice(&[key, line, end]);
        bytes[3..7].copy_from_slice(&flags.to_le_bytes());
        bytes[7..10].copy_from_slice(&narrow::<3>(generation.into())?);
        bytes[10..15].copy_from_slice(&narrow::<5>(expires.map_or(0, NonZeroU64::get))?);
        bytes[Self::CAS..].copy_from_slice(&narrow::<6>(cas)?);
        Some(bytes)
    }

    /// Overwrites [`Meta::cas`] in a small item; `None` if it does not fit.
    fn set_cas(item: &mut [u8], cas: u64) -> Option<()> {
        let place = item.get_mut(Self::CAS..)?.first_chunk_mut::<6>()?;
        *place = narrow(cas)?;
        Some(())
    }

    /// Splits a small item into its header and the bytes after it.
    #[inline]
    fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let (head, rest) = chunk::<{ Self::SIZE }>(bytes);
        let (&[key, line, end], head) = chunk(head);
        let (&flags, head) = chunk(head);
        let (generation, head) = chunk::<3>(head);
        let (expires, head) = chunk::<5>(head);
        let (cas, _) = chunk::<6>(head);
        let meta = Meta {
            flags: u32::from_le_bytes(flags),
            generation: u32::from_le_bytes(widened(generation)),
            expires: NonZeroU64::new(u64::from_le_bytes(widened(expires))),
            cas: u64::from_le_bytes(widened(cas)),
        };
        (Self { meta, key: key.into(), line: line.into(), end: end.into() }, rest)
    }
}

/// The first `N` bytes, and the rest. The caller guarantees that there are at least `N`.
#[inline]
fn chunk<const N: usize>(bytes: &[u8]) -> (&[u8; N], &[u8]) {
    bytes.split_first_chunk().unwrap_or((&[0; N], &[]))
}

/// A number in `N` bytes, little-endian; `None` if it does not fit.
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
    /// An item. A large value that the machine buffered is moved; others are copied, once.
    #[must_use]
    pub fn new(key: &[u8], value: Data<'_>, meta: Meta) -> Self {
        Self::framed(key, b"", value, b"", meta)
    }

    /// An item that has its reply ready: `line` is what a dialect writes between key and value, and
    /// `end` what it writes after the value.
    #[must_use]
    pub(crate) fn framed<const END: usize>(
        key: &[u8],
        line: &[u8],
        value: Data<'_>,
        end: &[u8; END],
        meta: Meta,
    ) -> Self {
        let head = Head { meta, key: key.len(), line: line.len(), end: END }.to_bytes();
        let (Some(head), true) = (head, value.len() < LARGE) else {
            let value = Arc::new(value.into_vec());
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

    /// Key, line, value and end in one slice; `None` if the item is large, or has another end.
    #[must_use]
    #[inline]
    pub(crate) fn frame(&self, end: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Bytes::Small(bytes) => {
                let (head, rest) = Head::split(bytes);
                let framed = head.end == end.len() && !end.is_empty();
                (framed && rest.ends_with(end)).then_some(rest)
            }
            Bytes::Large(_) => None,
        }
    }

    /// The same key and value with another [`Meta`]. A large value is shared.
    #[must_use]
    pub fn with_meta(&self, meta: Meta) -> Self {
        match &self.0 {
            Bytes::Small(bytes) => {
                let mut copy = bytes.clone();
                // The line may contain the flags.
                match set_meta(&mut copy, meta).filter(|()| meta.flags == self.meta().flags) {
                    Some(()) => Self(Bytes::Small(copy)),
                    None => Self::new(self.key(), Data::Borrowed(self.value()), meta),
                }
            }
            Bytes::Large(large) => {
                let Large { key, value, .. } = &**large;
                let (key, value) = (key.clone(), Arc::clone(value));
                Self(Bytes::Large(Arc::new(Large { meta, key, value })))
            }
        }
    }

    /// The same item with this CAS unique value. The value is not copied, unless the number does
    /// not fit a small item.
    #[must_use]
    pub fn with_cas(mut self, cas: u64) -> Self {
        let changed = match &mut self.0 {
            Bytes::Small(bytes) => Head::set_cas(bytes, cas),
            Bytes::Large(large) => Arc::get_mut(large).map(|large| large.meta.cas = cas),
        };
        match changed {
            Some(()) => self,
            None => self.with_meta(Meta { cas, ..self.meta() }),
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

    /// Whether the item has this key.
    #[must_use]
    #[inline]
    pub fn has_key(&self, key: &[u8]) -> bool {
        let held = self.key();
        // Most keys have 16 to 32 bytes: two comparisons are faster than a call to `memcmp`.
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

    /// The metadata.
    #[must_use]
    #[inline]
    pub fn meta(&self) -> Meta {
        match &self.0 {
            Bytes::Small(bytes) => Head::split(bytes).0.meta,
            Bytes::Large(large) => large.meta,
        }
    }

    /// The value.
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

    /// The length of key and value together, in bytes.
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

/// Overwrites the meta in a small item's header; `None` if it does not fit.
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
                let item = Item::new(held, Data::Borrowed(b""), Meta::default());
                for key in &keys {
                    assert_eq!(item.has_key(key), held == key, "{held:?}, {key:?}");
                }
            }
        }
    }

    #[test]
    fn items_are_framed() {
        let meta = Meta { flags: 7, cas: 1, ..Meta::default() };
        let item = Item::framed(b"k", b" 7 1\r\n", Data::Borrowed(b"v"), b"\r\n", meta);
        assert_eq!((item.key(), item.value(), item.size()), (&b"k"[..], &b"v"[..], 2));
        assert_eq!(item, Item::new(b"k", Data::Borrowed(b"v"), meta));
        assert_eq!(item.frame(b"\r\n"), Some(&b"k 7 1\r\nv\r\n"[..]));
        // With another end, and with none.
        assert_eq!((item.frame(b"\n"), item.frame(b"")), (None, None));
        assert_eq!(Item::new(b"k", Data::Borrowed(b"v"), meta).frame(b""), None);
        let later = item.with_meta(Meta { cas: 2, ..meta });
        assert_eq!((later.frame(b"\r\n"), later.meta().cas), (item.frame(b"\r\n"), 2));
        let other = item.with_meta(Meta { flags: 8, ..meta });
        assert_eq!(
            (other.frame(b"\r\n"), other.key(), other.value()),
            (None, item.key(), item.value())
        );
        let large = vec![b'v'; 5000];
        let large = Item::framed(b"k", b" 7 5000\r\n", Data::Borrowed(&large), b"\r\n", meta);
        assert_eq!((large.frame(b"\r\n"), large.value().len(), large.size()), (None, 5000, 5001));
    }

    /// An item whose header does not fit a small one is stored without a frame.
    #[test]
    fn items_without_room_for_a_frame() {
        let meta = Meta { flags: 7, cas: 1, ..Meta::default() };
        let item = Item::framed(b"k", b" 7 1\r\n", Data::Borrowed(b"v"), b"\r\n", meta);
        let expires = |at| Meta { flags: 7, expires: NonZeroU64::new(at), ..Meta::default() };
        for (fits, does_not) in [
            (expires((1 << 40) - 1), expires(1 << 40)),
            (Meta { cas: (1 << 48) - 1, ..meta }, Meta { cas: 1 << 48, ..meta }),
            (Meta { generation: (1 << 24) - 1, ..meta }, Meta { generation: 1 << 24, ..meta }),
        ] {
            for (meta, framed) in [(fits, true), (does_not, false)] {
                let new = Item::framed(b"k", b" 7 1\r\n", Data::Borrowed(b"v"), b"\r\n", meta);
                for item in [new, item.with_meta(meta)] {
                    assert_eq!(
                        (item.key(), item.value(), item.meta()),
                        (&b"k"[..], &b"v"[..], meta)
                    );
                    assert_eq!(item.frame(b"\r\n").is_some(), framed, "{meta:?}");
                }
            }
        }
        for length in [255, 256] {
            let key = vec![b'k'; length];
            let item = Item::framed(&key, b" 1\n", Data::Borrowed(b"v"), b"\n", meta);
            assert_eq!((item.key(), item.value(), item.size()), (&key[..], &b"v"[..], length + 1));
            assert_eq!(item.frame(b"\n").is_some(), length == 255);
        }
    }
}
