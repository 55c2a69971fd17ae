use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// The keys of a request that are still to be answered.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// Invariant: keys from `at` on, at least one.
    text: Vec<u8>,
    at: usize,
}

impl Unanswered {
    pub(super) fn new(keys: &[u8]) -> Self {
        Self { text: keys.to_vec(), at: 0 }
    }

    pub(super) fn keys(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// The keys one by one. How many spaces stand between them makes no difference.
    fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.keys().split(|byte| *byte == b' ').filter(|word| !word.is_empty())
    }

    /// Only the last `left` bytes are still to be answered.
    pub(super) fn leave(&mut self, left: usize) {
        self.at = self.text.len() - left;
    }
}

impl PartialEq for Unanswered {
    fn eq(&self, other: &Self) -> bool {
        self.words().eq(other.words())
    }
}

impl Eq for Unanswered {}

impl Hash for Unanswered {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for word in self.words() {
            word.hash(hasher);
        }
    }
}
