//! The session as a function from requests to replies.

use alloc::vec::Vec;

use crate::{
    dialect::simple::Requests,
    limits::Limits,
    session::{Progress, Session},
    store::Map,
};

/// The replies to a whole stream of `simple` requests, served from an empty store under
/// [`Limits::DEFAULT`].
///
/// An incomplete request at the end gets no reply (`errors/truncated`).
///
/// ```
/// let replies = memwire::simulate(b"set k 1\nA\nget k x\n");
/// assert_eq!(replies, b"STORED\nVALUE k 1\nA\nEND\n");
/// ```
#[must_use]
pub fn simulate(requests: &[u8]) -> Vec<u8> {
    let mut replies = Vec::new();
    let mut session = Session::<Requests>::with_high_water_mark(Limits::default(), usize::MAX);
    session.advance(&mut Map::new(), 0, &mut &*requests, &mut replies);
    replies
}

/// As [`simulate`], but passes the replies to `drain` in pieces, and buffers one piece at a time.
///
/// A piece is longer than [`HIGH_WATER_MARK`](crate::session::HIGH_WATER_MARK) by at most one reply
/// line or value.
///
/// ```
/// let mut length = 0;
/// memwire::simulate_to(b"set k 1\nA\nget k k k\n", |piece| length += piece.len());
/// assert_eq!(length, 7 + 3 * 12 + 4);
/// ```
pub fn simulate_to(mut requests: &[u8], mut drain: impl FnMut(&[u8])) {
    let mut store = Map::new();
    let mut session = Session::<Requests>::new(Limits::default());
    let mut replies = Vec::new();
    loop {
        let progress = session.advance(&mut store, 0, &mut requests, &mut replies);
        drain(&replies);
        replies.clear();
        match progress {
            Progress::OutputFull => {}
            Progress::NeedInput | Progress::Close => return,
        }
    }
}
