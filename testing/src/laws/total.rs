//! Law *Total*.

use memwire::{Limits, Machine, Truncated};

use super::{feeding::feed, log::LoggedGrammar, splits::chunks};

/// Law *Total*: under any limits, every byte is consumed, and belongs to an event or to the
/// incomplete message that [`Machine::finish`] reports.
///
/// # Panics
///
/// If a byte does not.
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
