//! Where a session writes its replies.

use alloc::vec::Vec;

use crate::{output::Output, store::Item};

/// An [`Output`] that may take stored values without copying them. `Vec<u8>` copies them.
///
/// An implementation must not use the store: [`Store::get`](crate::store::Store::get) may have
/// locked it.
pub trait Sink: Output {
    /// Appends the item's value: by default a copy; otherwise a clone of the item, which shares a
    /// large value.
    fn put_item(&mut self, item: &Item) {
        self.put(item.value());
    }
}

impl Sink for Vec<u8> {}

impl<O: Sink + ?Sized> Sink for &mut O {
    fn put_item(&mut self, item: &Item) {
        (**self).put_item(item);
    }
}
