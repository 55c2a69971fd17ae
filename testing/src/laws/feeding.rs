//! Feeding a machine, and logging what it reports.

use memwire::{Limits, Machine, State, Step, machine::RETAINED_BUFFER};

use super::{
    bounded::bounded,
    log::{Log, LoggedGrammar, put_error, put_offset},
};

/// Feeds a new machine these chunks, and logs what it reports.
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

/// Feeds one chunk, and appends what the machine reports to `events`, in the form of a [`Log`].
///
/// # Panics
///
/// If a step that needs more has not used its input up (law *Prompt*), if the machine's offset is
/// not what it took, or if law [*Bounded*](bounded) does not hold; while it skips, not even twice
/// what arrived may be buffered.
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
