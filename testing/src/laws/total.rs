//! Law *Total*.

use memwire::{Limits, Machine, Truncated};

use super::{feeding::feed, log::LoggedGrammar, splits::chunks};

/// Law *Total*: under any limits, each byte belongs to what was reported or to what is pending.
///
/// # Panics
///
/// If one does not.
pub fn total<G: LoggedGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    let mut machine = Machine::<G>::new(limits);
    for chunk in chunks(stream, split) {
        feed(&mut machine, chunk, &mut Vec::new());
        assert!(machine.start() <= machine.offset());
    }
    assert_eq!(machine.offset(), stream.len() as u64, "Total: {}", stream.escape_ascii());
    let (start, end, state) = (machine.start(), machine.offset(), machine.state());
    let expected = if start == end { Ok(()) } else { Err(Truncated { start, end, state }) };
    assert_eq!(machine.finish(), expected, "Total: {}", stream.escape_ascii());
}
