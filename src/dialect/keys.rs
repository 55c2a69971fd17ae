use core::{fmt, iter::FusedIterator, marker::PhantomData};

use super::bytes::word_end;

/// How a dialect writes its words.
pub trait Lexis {
    /// Whether a CR before the LF belongs to the line's end.
    const CR_LF: bool;

    /// The longest key, in bytes.
    const LONGEST_KEY: usize;

    /// The index of the first byte at or after `at` that no key has; the text's length if none.
    /// Spaces, CR and LF are never in keys.
    fn key_end(text: &[u8], at: usize) -> usize;

    /// The same of a byte that is no space, either.
    fn keys_end(text: &[u8], at: usize) -> usize;
}

/// A key of the dialect `L`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'k, L>(&'k [u8], PhantomData<L>);

impl<'k, L: Lexis> Key<'k, L> {
    /// `None`, if the bytes are no key.
    #[must_use]
    pub fn new(bytes: &'k [u8]) -> Option<Self> {
        let good = (1..=L::LONGEST_KEY).contains(&bytes.len());
        (good && L::key_end(bytes, 0) == bytes.len()).then_some(Self::checked(bytes))
    }
}

impl<'k, L> Key<'k, L> {
    /// A key that is known to be one.
    pub(crate) fn checked(bytes: &'k [u8]) -> Self {
        Self(bytes, PhantomData)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(self) -> &'k [u8] {
        self.0
    }
}

impl<L> fmt::Debug for Key<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// One or more keys of the dialect `L`, separated by spaces: an iterator over them, in their order.
#[derive(Clone)]
pub struct Keys<'k, L> {
    /// Invariant: spaces and keys only.
    text: &'k [u8],
    /// How many bytes the text begins with are a key, if that is known; 0 if not.
    first: usize,
    lexis: PhantomData<L>,
}

impl<'k, L: Lexis> Keys<'k, L> {
    /// `None`, if the text holds no key, or something that is not one.
    ///
    /// ```
    /// # use memwire::dialect::simple::Keys;
    /// let keys = Keys::new(b"a b  c").expect("three keys");
    /// assert_eq!(keys.map(|key| key.as_bytes()).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
    /// assert!(Keys::new(b" ").is_none());
    /// ```
    #[must_use]
    pub fn new(text: &'k [u8]) -> Option<Self> {
        let mut keys = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).peekable();
        keys.peek()?;
        keys.all(|key| Key::<L>::new(key).is_some()).then_some(Self::checked(text, 0))
    }
}

impl<'k, L> Keys<'k, L> {
    /// Keys from text that is known to hold nothing else, and of whose first key the length may be
    /// known.
    #[inline]
    pub(crate) fn checked(text: &'k [u8], first: usize) -> Self {
        Self { text, first, lexis: PhantomData }
    }

    /// The keys still to come, as text.
    #[must_use]
    pub fn as_bytes(&self) -> &'k [u8] {
        self.text
    }
}

impl<'k, L> Iterator for Keys<'k, L> {
    type Item = Key<'k, L>;

    #[inline]
    fn next(&mut self) -> Option<Key<'k, L>> {
        let (key, rest) = match self.text.split_at_checked(self.first) {
            Some(split) if self.first > 0 => split,
            _ => {
                let start = match self.text {
                    [b' ', second, ..] if *second != b' ' => 1,
                    text => text.iter().position(|byte| *byte != b' ')?,
                };
                let text = &self.text[start..];
                text.split_at(word_end(text, 0))
            }
        };
        (self.text, self.first) = (rest, 0);
        Some(Key::checked(key))
    }
}

impl<L> FusedIterator for Keys<'_, L> {}

impl<L: Clone> PartialEq for Keys<'_, L> {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |keys: &Self| keys.clone().map(Key::as_bytes);
        bytes(self).eq(bytes(other))
    }
}

impl<L: Clone> Eq for Keys<'_, L> {}

impl<L: Clone> fmt::Debug for Keys<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
