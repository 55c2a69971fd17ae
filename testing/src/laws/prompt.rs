//! Law *Prompt*.

use memwire::{Limits, Machine};

use super::{feeding::feed, log::OracleGrammar};

/// Law *Prompt*: every event is returned at the byte that determines it, according to the oracle.
///
/// # Panics
///
/// If an event is returned earlier or later.
pub fn prompt<G: OracleGrammar>(limits: Limits, stream: &[u8]) {
    let expected = G::expected(stream, &limits);
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    let mut from = 0;
    for decided in expected.decided {
        let length = events.len();
        feed(&mut machine, &stream[from..decided - 1], &mut events);
        assert!(events.len() == length, "Prompt: {} before {decided}", stream.escape_ascii());
        feed(&mut machine, &stream[decided - 1..decided], &mut events);
        assert!(events.len() > length, "Prompt: {} at {decided}", stream.escape_ascii());
        from = decided;
    }
    assert!(expected.log.events == events, "Prompt: {}", stream.escape_ascii());
}
