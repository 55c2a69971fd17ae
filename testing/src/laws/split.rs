//! Law *Split*.

use memwire::Limits;

use super::{feeding::record, log::LoggedGrammar, splits::chunks};

/// Law *Split*: the stream gives the same events, at the same offsets, split and unsplit.
///
/// # Panics
///
/// If they differ.
pub fn split<G: LoggedGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    let whole = record::<G>(limits, &[stream]);
    let parts = record::<G>(limits, &chunks(stream, split));
    assert_eq!(parts, whole, "Split: {} split at {split:?}", stream.escape_ascii());
}
