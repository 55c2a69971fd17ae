//! The unanswered keys of a retrieval that was paused.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// The keys of a request that are still to be answered, in memory of their own.
#[derive(Clone, Debug)]
pub struct PendingKeys {
    /// Invariant: from `at` on, at least one key, and spaces.
    text: Vec<u8>,
    at: usize,
}

impl PendingKeys {
    pub(crate) fn new(keys: &[u8]) -> Self {
        Self { text: keys.to_vec(), at: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// Drops all but the last `left` bytes, which are still to be answered.
    pub(crate) fn keep_last(&mut self, left: usize) {
        self.at = self.text.len() - left;
    }

    /// The keys, however many spaces separate them.
    fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.as_bytes().split(|byte| *byte == b' ').filter(|key| !key.is_empty())
    }
}

impl PartialEq for PendingKeys {
    fn eq(&self, other: &Self) -> bool {
        self.keys().eq(other.keys())
    }
}

impl Eq for PendingKeys {}

impl Hash for PendingKeys {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for key in self.keys() {
            key.hash(hasher);
        }
    }
}
