//! Law *Oracle*.

use memwire::Limits;

use super::{feeding::record, log::OracleGrammar, splits::chunks};

/// Laws *Oracle* and *Prompt* (the offsets): the events are what the oracle expects of the stream.
///
/// # Panics
///
/// If they are not.
pub fn oracle<G: OracleGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    let expected = G::expected(stream, &limits).log;
    let parts = record::<G>(limits, &chunks(stream, split));
    assert_eq!(parts, expected, "Oracle: {} split at {split:?}", stream.escape_ascii());
}
