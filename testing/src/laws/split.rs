//! Law *Split*.

use memwire::Limits;

use super::{feeding::record, log::LoggedGrammar, splits::chunks};

/// Law *Split*: the stream gives the same events, at the same offsets, when it is split so as when
/// it is fed whole.
///
/// # Panics
///
/// If it does not.
pub fn split<G: LoggedGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    let whole = record::<G>(limits, &[stream]);
    let parts = record::<G>(limits, &chunks(stream, split));
    assert_eq!(parts, whole, "Split: {} split at {split:?}", stream.escape_ascii());
}
