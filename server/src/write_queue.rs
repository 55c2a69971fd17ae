//! Unsent replies: bytes, and large values that are shared with the store.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use memwire::{Output, session::Sink, store::Item};
use tokio::io::AsyncWrite;

/// Values of at least this size, in bytes, are not copied: their items are shared with the store.
const SHARED_SIZE: usize = 4096;

/// A buffer of up to this size, in bytes, is kept for the next replies.
const RETAINED_BUFFER: usize = 128 * 1024;

/// The most slices in one system call.
const SLICES: usize = 16;

/// Unsent replies.
#[derive(Debug, Default)]
pub struct WriteQueue {
    bytes: Vec<u8>,
    /// Shared items, and the index in `bytes` before which each is to be sent. Invariant: in the
    /// order of these indices.
    items: VecDeque<(usize, Item)>,
    /// How many of `bytes` are sent.
    sent: usize,
    /// How many bytes of the first item are sent. Invariant: if any, all bytes before it are.
    item_sent: usize,
    /// How many bytes of the items' values are still to be sent.
    shared: usize,
}

impl Output for WriteQueue {
    #[inline]
    fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.shared
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Sink for WriteQueue {
    #[inline]
    fn put_item(&mut self, item: &Item) {
        let value = item.value();
        if value.len() < SHARED_SIZE {
            self.put(value);
        } else {
            self.shared += value.len();
            self.items.push_back((self.bytes.len(), item.clone()));
        }
    }
}

impl WriteQueue {
    /// Sends everything, and empties the queue. `Pending`: the transport has no room for more.
    ///
    /// # Errors
    ///
    /// Those of the transport, and [`ErrorKind::WriteZero`] if it accepts no more bytes.
    pub fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            let mut from = self.sent;
            let mut within = self.item_sent;
            // In turn bytes and an item; finally the bytes after the last item.
            while count + 2 <= SLICES {
                let next = self.items.get(count / 2);
                let to = next.map_or(self.bytes.len(), |(place, _)| *place);
                slices[count] = IoSlice::new(&self.bytes[from..to]);
                count += 1;
                from = to;
                let Some((_, item)) = next else { break };
                slices[count] = IoSlice::new(&item.value()[within..]);
                count += 1;
                within = 0;
            }
            let transport = Pin::new(&mut *transport);
            let sent = match &slices[..count] {
                // The usual case, and cheaper for the kernel.
                [slice] => transport.poll_write(context, slice),
                slices => transport.poll_write_vectored(context, slices),
            };
            match ready!(sent)? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                length => self.advance(length),
            }
        }
        self.sent = 0;
        if self.bytes.capacity() > RETAINED_BUFFER {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        Poll::Ready(Ok(()))
    }

    /// Records that this many more bytes were sent.
    fn advance(&mut self, mut length: usize) {
        while let Some((place, item)) = self.items.front() {
            let bytes = place - self.sent;
            if length < bytes {
                break;
            }
            let left = item.value().len() - self.item_sent;
            let part = (length - bytes).min(left);
            self.sent = *place;
            self.shared -= part;
            self.item_sent += part;
            length -= bytes + part;
            if part < left {
                return;
            }
            self.items.pop_front();
            self.item_sent = 0;
        }
        self.sent += length;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use memwire::{grammar::Data, store::Meta};

    use super::*;

    /// Takes up to `room` bytes in one call, and none in the next one.
    struct Narrow {
        room: usize,
        blocked: bool,
        received: Vec<u8>,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(context, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.blocked = !self.blocked;
            if self.blocked {
                return Poll::Pending;
            }
            let all = slices.iter().flat_map(|slice| slice.iter().copied());
            let taken: Vec<u8> = all.take(self.room).collect();
            self.received.extend_from_slice(&taken);
            Poll::Ready(Ok(taken.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn item(value: &[u8]) -> Item {
        Item::new(b"k", Data::Borrowed(value), Meta::default())
    }

    #[test]
    fn bytes_and_items_are_sent_in_order_whatever_the_room() {
        for room in [1, 7, 1000, 4096, 5000, 1_000_000] {
            let mut queue = WriteQueue::default();
            let mut expected = vec![];
            for i in 0..30_u8 {
                let bytes = vec![i; usize::from(i) * 7];
                let large = item(&vec![i; SHARED_SIZE - 20 + usize::from(i)]);
                queue.put(&bytes);
                queue.put_item(&large);
                expected.extend_from_slice(&bytes);
                expected.extend_from_slice(large.value());
                assert_eq!(queue.len(), expected.len());
            }
            let mut narrow = Narrow { room, blocked: false, received: vec![] };
            let context = &mut Context::from_waker(Waker::noop());
            while queue
                .poll_send(context, &mut narrow)
                .map(|sent| sent.expect("it has room"))
                .is_pending()
            {}
            assert!(narrow.received == expected, "room {room}");
            assert!(queue.items.is_empty() && queue.bytes.is_empty() && queue.is_empty());
        }
    }

    #[test]
    fn large_values_are_shared_and_small_ones_are_copied() {
        let mut queue = WriteQueue::default();
        let large = item(&[0; SHARED_SIZE]);
        queue.put_item(&large);
        queue.put_item(&item(&[0; SHARED_SIZE - 1]));
        assert_eq!((queue.items.len(), queue.bytes.len()), (1, SHARED_SIZE - 1));
        assert!(std::ptr::eq(queue.items[0].1.value(), large.value()));
    }
}
