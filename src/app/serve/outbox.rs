use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use crate::{Output, store::Item};

/// Values from this size on, in bytes, are sent from where they are stored.
const SHARE: usize = 4096;

/// A buffer up to this size, in bytes, is kept for the next replies.
const KEEP: usize = 128 * 1024;

/// How many parts one system call is given.
const PARTS: usize = 16;

/// Replies to be sent: bytes of its own, and items that it shares with the store.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// Where, between the bytes, they are to be sent. Invariant: in the order of their places.
    items: VecDeque<(usize, Item)>,
    /// So many of the bytes were sent.
    sent: usize,
    /// So much of the first item was sent. Invariant: then all bytes before it were.
    item_sent: usize,
    /// What is still to be sent of the items, in bytes.
    shared: usize,
}

impl Output for Outbox {
    #[inline]
    fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.shared
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    fn put_item(&mut self, item: &Item) {
        let value = item.value();
        if value.len() < SHARE {
            self.put(value);
        } else {
            self.shared += value.len();
            self.items.push_back((self.bytes.len(), item.clone()));
        }
    }
}

impl Outbox {
    /// Sends all; then it is empty. `Pending`: as much as there was room for.
    pub(super) fn send(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while self.len() > 0 {
            let mut parts = [IoSlice::new(&[]); PARTS];
            let mut count = 0;
            let mut from = self.sent;
            let mut within = self.item_sent;
            // Bytes and an item, or the bytes behind the last item.
            while count + 2 <= PARTS {
                let next = self.items.get(count / 2);
                let to = next.map_or(self.bytes.len(), |(place, _)| *place);
                parts[count] = IoSlice::new(&self.bytes[from..to]);
                count += 1;
                from = to;
                let Some((_, item)) = next else { break };
                parts[count] = IoSlice::new(&item.value()[within..]);
                count += 1;
                within = 0;
            }
            let transport = Pin::new(&mut *transport);
            let sent = match &parts[..count] {
                // Most often, and the kernel has less to do.
                [part] => transport.poll_write(context, part),
                parts => transport.poll_write_vectored(context, parts),
            };
            match ready!(sent)? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                length => self.advance(length),
            }
        }
        self.sent = 0;
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        Poll::Ready(Ok(()))
    }

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

    use super::*;
    use crate::{dialect::Value, store::Meta};

    /// Takes so many bytes in a call, and then none for one call.
    struct Narrow {
        room: usize,
        blocked: bool,
        got: Vec<u8>,
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
            parts: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.blocked = !self.blocked;
            if self.blocked {
                return Poll::Pending;
            }
            let all = parts.iter().flat_map(|part| part.iter().copied());
            let taken: Vec<u8> = all.take(self.room).collect();
            self.got.extend_from_slice(&taken);
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
        Item::new(b"k", Value::Lent(value), Meta::default())
    }

    #[test]
    fn what_was_put_is_sent_in_order_whatever_the_room() {
        for room in [1, 7, 1000, 4096, 5000, 1_000_000] {
            let mut outbox = Outbox::default();
            let mut expected = vec![];
            for i in 0..30_u8 {
                let bytes = vec![i; usize::from(i) * 7];
                let large = item(&vec![i; SHARE - 20 + usize::from(i)]);
                outbox.put(&bytes);
                outbox.put_item(&large);
                expected.extend_from_slice(&bytes);
                expected.extend_from_slice(large.value());
                assert_eq!(outbox.len(), expected.len());
            }
            let mut narrow = Narrow { room, blocked: false, got: vec![] };
            let context = &mut Context::from_waker(Waker::noop());
            while outbox
                .send(context, &mut narrow)
                .map(|sent| sent.expect("it has room"))
                .is_pending()
            {}
            assert!(narrow.got == expected, "room {room}");
            assert!(outbox.items.is_empty() && outbox.bytes.is_empty() && outbox.len() == 0);
        }
    }

    #[test]
    fn large_values_are_shared_and_small_ones_are_not() {
        let mut outbox = Outbox::default();
        let large = item(&[0; SHARE]);
        outbox.put_item(&large);
        outbox.put_item(&item(&[0; SHARE - 1]));
        assert_eq!((outbox.items.len(), outbox.bytes.len()), (1, SHARE - 1));
        assert!(std::ptr::eq(outbox.items[0].1.value(), large.value()));
    }
}
