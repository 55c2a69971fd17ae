//! Where a session writes its replies.

use alloc::vec::Vec;

use crate::{output::Output, store::Item};

/// An [`Output`] that stored values can go to without a copy.
///
/// It does not use the store: [`Store::get`](crate::store::Store::get) may have locked it.
pub trait Sink: Output {
    /// Appends the item's value: a copy, or a counted reference to it.
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
