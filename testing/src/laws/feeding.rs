//! Feeds a machine, and logs what it returns.

use memwire::{Limits, Machine, State, Step, machine::RETAINED_BUFFER};

use super::{
    bounded::bounded,
    log::{Log, LoggedGrammar, put_error, put_offset},
};

/// Feeds these chunks to a new machine, and logs what it returns.
///
/// # Panics
///
/// As [`feed`] does.
#[must_use]
pub fn record<G: LoggedGrammar>(limits: Limits, chunks: &[&[u8]]) -> Log {
    let mut machine = Machine::<G>::new(limits);
    let mut events = Vec::new();
    for chunk in chunks {
        feed(&mut machine, chunk, &mut events);
    }
    Log { events, end: machine.finish() }
}

/// Feeds one chunk, and appends what the machine returns to `events`, in the form of a [`Log`].
///
/// # Panics
///
/// If a step that needs more has not consumed its input (law *Prompt*), if the machine's offset is
/// not the number of consumed bytes, or if law [*Bounded*](bounded) does not hold. While the
/// machine skips, it may have no more than [`RETAINED_BUFFER`].
pub fn feed<G: LoggedGrammar>(machine: &mut Machine<G>, chunk: &[u8], events: &mut Vec<u8>) {
    let mut input = chunk;
    let before = machine.offset();
    let mut pending = true;
    while pending {
        let taken = |input: &[u8]| before + (chunk.len() - input.len()) as u64;
        match machine.step(&mut input) {
            Step::NeedMore => pending = false,
            Step::Dispatch(message) => {
                put_offset(taken(input), events);
                G::log_message(&message, events);
            }
            Step::Reject(error) => {
                put_offset(taken(input), events);
                put_error(events, |events| G::log_error(&error, events));
            }
        }
        assert_eq!(machine.offset(), taken(input), "the offset counts what is taken");
        bounded(machine);
    }
    assert!(input.is_empty(), "Prompt: needs more, but leaves {} bytes", input.len());
    if matches!(machine.state(), State::SkippingBlock(_) | State::SkippingLine) {
        let capacity = machine.buffer_capacity();
        assert!(capacity <= RETAINED_BUFFER, "Bounded: {capacity} bytes while skipping");
    }
}
