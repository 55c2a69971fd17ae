//! Where encoders write: a buffer of the caller's.

use alloc::vec::Vec;

/// A buffer that encoders append to. Appending neither blocks nor fails: the caller sends the bytes
/// later, and removes what was sent.
///
/// `Vec<u8>` implements it. Implement it for a buffer of your own if you have one.
pub trait Output {
    /// The number of bytes that wait to be sent.
    fn len(&self) -> usize;

    /// Whether there is nothing to be sent.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a copy of these bytes.
    fn put(&mut self, bytes: &[u8]);
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

impl<O: Output + ?Sized> Output for &mut O {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        (**self).put(bytes);
    }
}
