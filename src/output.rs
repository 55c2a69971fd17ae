//! Where encoders write.

use alloc::vec::Vec;

/// A buffer that encoders append to. It does not wait.
pub trait Output {
    /// How many bytes wait to be sent.
    fn len(&self) -> usize;

    /// Whether no byte waits to be sent.
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
