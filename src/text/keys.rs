//! Keys, checked once: what a dialect allows in them, one key, and a list of keys.

use core::{
    cmp::Ordering,
    error::Error,
    fmt,
    hash::{Hash, Hasher},
    iter::FusedIterator,
    marker::PhantomData,
};

use super::scan::token_end;

/// What a dialect allows in a key.
pub trait KeySyntax {
    /// The longest key, in bytes.
    const LONGEST_KEY: usize;

    /// The index of the first byte at or after `at` that may not be in a key; the text's length if
    /// all may. Spaces, CR and LF are never in keys.
    fn key_end(text: &[u8], at: usize) -> usize;

    /// As [`Self::key_end`], but spaces are allowed, too: the end of a list of keys.
    fn keys_end(text: &[u8], at: usize) -> usize;
}

/// A key of the syntax `K`: never empty, never longer than [`KeySyntax::LONGEST_KEY`].
pub struct Key<'k, K>(&'k [u8], PhantomData<fn() -> K>);

impl<'k, K: KeySyntax> Key<'k, K> {
    /// Checks the bytes; `None` if they are not a key. [`TryFrom`] is the same with an error.
    #[must_use]
    pub fn new(bytes: &'k [u8]) -> Option<Self> {
        let fits = (1..=K::LONGEST_KEY).contains(&bytes.len());
        (fits && K::key_end(bytes, 0) == bytes.len()).then_some(Self::checked(bytes))
    }
}

impl<'k, K> Key<'k, K> {
    /// A key whose bytes were checked already.
    pub(crate) fn checked(bytes: &'k [u8]) -> Self {
        Self(bytes, PhantomData)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(self) -> &'k [u8] {
        self.0
    }
}

impl<'k, K: KeySyntax> TryFrom<&'k [u8]> for Key<'k, K> {
    type Error = KeyError;

    fn try_from(bytes: &'k [u8]) -> Result<Self, KeyError> {
        Self::new(bytes).ok_or(KeyError)
    }
}

impl<'k, K: KeySyntax> TryFrom<&'k str> for Key<'k, K> {
    type Error = KeyError;

    fn try_from(text: &'k str) -> Result<Self, KeyError> {
        Self::try_from(text.as_bytes())
    }
}

/// The bytes are not a key of the dialect: empty, too long, or with a byte that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a key of this dialect: empty, too long, or with a byte that no key has")
    }
}

impl Error for KeyError {}

// By hand: a derive would require the same traits of `K`, which is only a marker.

impl<K> Clone for Key<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Key<'_, K> {}

impl<K> AsRef<[u8]> for Key<'_, K> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl<K> PartialEq for Key<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Key<'_, K> {}

impl<K> PartialOrd for Key<'_, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Key<'_, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(other.0)
    }
}

impl<K> Hash for Key<'_, K> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.hash(hasher);
    }
}

impl<K> fmt::Debug for Key<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// One or more keys of the syntax `K`, separated by spaces: an iterator over them, in order.
pub struct Keys<'k, K> {
    /// Invariant: only keys and spaces.
    text: &'k [u8],
    /// The length of the key that the text begins with, if known; 0 if not.
    first: usize,
    syntax: PhantomData<fn() -> K>,
}

impl<'k, K: KeySyntax> Keys<'k, K> {
    /// Checks the text; `None` if it has no key, or a token that is not a key. Any number of spaces
    /// may stand before, between and after the keys.
    ///
    /// ```
    /// # use memwire::dialect::simple::Keys;
    /// let keys = Keys::new(b"a b  c").expect("three keys");
    /// assert_eq!(keys.map(|key| key.as_bytes()).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
    /// assert!(Keys::new(b" ").is_none());
    /// ```
    #[must_use]
    pub fn new(text: &'k [u8]) -> Option<Self> {
        let mut keys = text.split(|byte| *byte == b' ').filter(|key| !key.is_empty()).peekable();
        keys.peek()?;
        keys.all(|key| Key::<K>::new(key).is_some()).then_some(Self::checked(text, 0))
    }
}

impl<'k, K> Keys<'k, K> {
    /// Keys from text that was checked already. `first` is the length of the first key if the text
    /// begins with it and its length is known, else 0.
    #[inline]
    pub(crate) fn checked(text: &'k [u8], first: usize) -> Self {
        Self { text, first, syntax: PhantomData }
    }

    /// The keys that the iterator has not returned yet, as text.
    #[must_use]
    pub fn as_bytes(&self) -> &'k [u8] {
        self.text
    }
}

impl<'k, K: KeySyntax> TryFrom<&'k [u8]> for Keys<'k, K> {
    type Error = KeyError;

    fn try_from(text: &'k [u8]) -> Result<Self, KeyError> {
        Self::new(text).ok_or(KeyError)
    }
}

/// A list of one key.
impl<'k, K> From<Key<'k, K>> for Keys<'k, K> {
    fn from(key: Key<'k, K>) -> Self {
        Self::checked(key.0, key.0.len())
    }
}

impl<'k, K> Iterator for Keys<'k, K> {
    type Item = Key<'k, K>;

    #[inline]
    fn next(&mut self) -> Option<Key<'k, K>> {
        let (key, rest) = match self.text.split_at_checked(self.first) {
            Some(split) if self.first > 0 => split,
            _ => {
                let start = match self.text {
                    [b' ', second, ..] if *second != b' ' => 1,
                    text => text.iter().position(|byte| *byte != b' ')?,
                };
                let text = &self.text[start..];
                text.split_at(token_end(text, 0))
            }
        };
        (self.text, self.first) = (rest, 0);
        Some(Key::checked(key))
    }
}

impl<K> FusedIterator for Keys<'_, K> {}

impl<K> Clone for Keys<'_, K> {
    fn clone(&self) -> Self {
        Self { text: self.text, first: self.first, syntax: PhantomData }
    }
}

/// Lists are equal if their keys are, however many spaces separate them.
impl<K> PartialEq for Keys<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |keys: &Self| keys.clone().map(Key::as_bytes);
        bytes(self).eq(bytes(other))
    }
}

impl<K> Eq for Keys<'_, K> {}

impl<K> fmt::Debug for Keys<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
