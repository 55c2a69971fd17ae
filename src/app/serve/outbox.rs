use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    mem,
};

use super::Transport;
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
    segments: VecDeque<Segment>,
    /// So much of the first segment was sent. Invariant: less than its length.
    sent: usize,
    /// What is still to be sent, in bytes.
    length: usize,
    /// Empty; its capacity is for the next segment of bytes.
    spare: Vec<u8>,
}

#[derive(Debug)]
enum Segment {
    Bytes(Vec<u8>),
    Item(Item),
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Item(item) => item.value(),
        }
    }
}

impl Output for Outbox {
    fn len(&self) -> usize {
        self.length
    }

    fn put(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        if let Some(Segment::Bytes(last)) = self.segments.back_mut() {
            last.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            let mut segment = mem::take(&mut self.spare);
            segment.extend_from_slice(bytes);
            self.segments.push_back(Segment::Bytes(segment));
        }
    }

    fn put_item(&mut self, item: &Item) {
        if item.value().len() < SHARE {
            self.put(item.value());
        } else {
            self.length += item.value().len();
            self.segments.push_back(Segment::Item(item.clone()));
        }
    }
}

impl Outbox {
    /// Sends as much as there is room for. Returns whether that was all.
    pub(super) fn send(&mut self, transport: &mut impl Transport) -> io::Result<bool> {
        while self.length > 0 {
            let mut parts = [IoSlice::new(&[]); PARTS];
            let mut from = self.sent;
            for (part, segment) in parts.iter_mut().zip(&self.segments) {
                *part = IoSlice::new(&segment.bytes()[from..]);
                from = 0;
            }
            let count = self.segments.len().min(PARTS);
            match transport.try_write_vectored(&parts[..count]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => self.advance(length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn advance(&mut self, length: usize) {
        self.length -= length;
        self.sent += length;
        while let Some(first) = self.segments.front()
            && self.sent >= first.bytes().len()
        {
            self.sent -= first.bytes().len();
            if let Some(Segment::Bytes(mut bytes)) = self.segments.pop_front()
                && bytes.capacity() <= KEEP
            {
                bytes.clear();
                self.spare = bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes in a call, and then none for one call.
    struct Narrow {
        room: usize,
        blocked: bool,
        got: Vec<u8>,
    }

    impl Transport for Narrow {
        fn try_read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }

        fn try_write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            self.blocked = !self.blocked;
            if self.blocked {
                return Err(ErrorKind::WouldBlock.into());
            }
            let all = parts.iter().flat_map(|part| part.iter().copied());
            let taken: Vec<u8> = all.take(self.room).collect();
            self.got.extend_from_slice(&taken);
            Ok(taken.len())
        }

        async fn readable(&self) -> io::Result<()> {
            Ok(())
        }

        async fn writable(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_put_is_sent_in_order_whatever_the_room() {
        for room in [1, 7, 1000, 4096, 5000, 1_000_000] {
            let mut outbox = Outbox::default();
            let mut expected = vec![];
            for i in 0..30_u8 {
                let bytes = vec![i; usize::from(i) * 7];
                let large = Item::from(&vec![i; SHARE - 20 + usize::from(i)][..]);
                outbox.put(&bytes);
                outbox.put_item(&large);
                expected.extend_from_slice(&bytes);
                expected.extend_from_slice(large.value());
                assert_eq!(outbox.len(), expected.len());
            }
            let mut narrow = Narrow { room, blocked: false, got: vec![] };
            while !outbox.send(&mut narrow).expect("it has room") {}
            assert!(narrow.got == expected, "room {room}");
            assert!(outbox.segments.is_empty() && outbox.sent == 0 && outbox.len() == 0);
        }
    }

    #[test]
    fn large_values_are_shared_and_small_ones_are_not() {
        let mut outbox = Outbox::default();
        let item = Item::from(&[0; SHARE][..]);
        outbox.put_item(&item);
        outbox.put_item(&Item::from(&[0; SHARE - 1][..]));
        let [Segment::Item(shared), Segment::Bytes(_)] = outbox.segments.make_contiguous() else {
            panic!("{:?}", outbox.segments.len())
        };
        assert!(std::ptr::eq(shared.value(), item.value()));
    }
}
