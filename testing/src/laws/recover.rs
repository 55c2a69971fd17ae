//! Law *Recover*.

use memwire::{Limits, Machine};

use super::{feeding::feed, log::OracleGrammar};

/// Law *Recover*: the machine is in its initial state at each offset where, according to the
/// oracle, the next message begins.
///
/// # Panics
///
/// If it is not.
pub fn recover<G: OracleGrammar>(limits: Limits, stream: &[u8]) {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for at in G::expected(stream, &limits).resumes {
        feed(&mut machine, &stream[from..at], &mut events);
        assert_eq!(machine, Machine::new(limits), "Recover: {} at {at}", stream.escape_ascii());
        from = at;
    }
}
