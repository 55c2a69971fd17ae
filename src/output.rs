use alloc::vec::Vec;

use crate::store::Item;

/// Where encoders append: a buffer of the caller's, or a queue that shares large values. It does not
/// wait, nor use the store: [`Store::get`](crate::store::Store::get) may have locked it.
#[expect(clippy::len_without_is_empty, reason = "nobody asks")]
pub trait Output {
    /// How many bytes are waiting to be sent.
    fn len(&self) -> usize;

    /// Appends a copy of these bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Appends what the item holds: a copy, or a reference that is counted.
    fn put_item(&mut self, item: &Item) {
        self.put(item.value());
    }
}

impl Output for Vec<u8> {
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
