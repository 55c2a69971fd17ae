//! The laws of a session: its reply bytes, and how many of them are buffered.

use memwire::{
    Limits, Progress, Session, Truncated,
    dialect::simple::Requests,
    session::Service,
    store::{Map, Store},
};

use super::splits::chunks;
use crate::oracle::simple::{replies_to, requests};

/// The replies of a session of `simple`, with an empty store, to these chunks; and the result of
/// [`Session::finish`].
///
/// # Panics
///
/// As [`exchange_with`] does.
pub fn exchange(
    limits: Limits,
    high_water_mark: usize,
    chunks: &[&[u8]],
) -> (Vec<u8>, Result<(), Truncated>) {
    exchange_with::<Requests>(limits, high_water_mark, &mut Map::new(), 0, chunks)
}

/// The replies of a session to these chunks, until it closes; and the result of
/// [`Session::finish`]. Whenever the output is full, it is emptied, and the session is saved and
/// restored.
///
/// # Panics
///
/// If the output exceeds the high-water mark by more than one reply (law *Bounded*), if the
/// restored session differs (law *Resume*), or if a session that needs input, or is closed, has not
/// consumed all of it (laws *Prompt* and *Total*).
pub fn exchange_with<G: Service>(
    limits: Limits,
    high_water_mark: usize,
    store: &mut impl Store,
    now: u64,
    chunks: &[&[u8]],
) -> (Vec<u8>, Result<(), Truncated>) {
    let mut session = Session::<G>::with_high_water_mark(limits, high_water_mark);
    let most = high_water_mark.saturating_add(limits.line + limits.value + 64);
    let mut out = Vec::new();
    let mut all = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            let progress = session.advance(store, now, &mut input, &mut out);
            let length = out.len();
            assert!(length <= most, "Bounded: {length} bytes of output, mark {high_water_mark}");
            all.append(&mut out);
            match progress {
                Progress::NeedInput => break,
                Progress::Close => {
                    assert!(input.is_empty(), "Total: {} bytes left after the end", input.len());
                    return (all, session.finish());
                }
                Progress::OutputFull => {}
            }
            let restored = Session::restore(limits, high_water_mark, session.save());
            let restored = restored.expect("what was saved can be restored");
            assert_eq!(restored, session, "Resume: {}", chunks.concat().escape_ascii());
            session = restored;
        }
        assert!(input.is_empty(), "Prompt: needs input, but leaves {} bytes", input.len());
    }
    (all, session.finish())
}

/// Laws *Split* and *Oracle* for a session of `simple`: its replies equal the oracle's replies to
/// the whole stream.
///
/// # Panics
///
/// If they differ, and as [`exchange_with`] does.
pub fn session(limits: Limits, high_water_mark: usize, stream: &[u8], split: &[usize]) {
    let transcript = requests(stream, &limits);
    let expected = replies_to(&transcript);
    let (replies, end) = exchange(limits, high_water_mark, &chunks(stream, split));
    assert!(
        replies == expected,
        "Oracle: {} split at {split:?}, mark {high_water_mark}: replies {}, expected {}",
        stream.escape_ascii(),
        replies.escape_ascii(),
        expected.escape_ascii(),
    );
    assert_eq!(end.is_ok(), transcript.end.is_none(), "Oracle: {}", stream.escape_ascii());
}
