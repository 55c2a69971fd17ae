//! Law *Bounded*, as the machine reports its memory. `counting` measures it at the allocator.

use memwire::{Machine, grammar::Grammar, machine::RETAINED_BUFFER};

/// Law *Bounded*: the buffers' capacity is at most the larger of [`RETAINED_BUFFER`] and twice what
/// arrived of the pending message.
///
/// # Panics
///
/// If it is larger.
pub fn bounded<G: Grammar>(machine: &Machine<G>) {
    let arrived = machine.offset() - machine.start();
    let capacity = machine.buffer_capacity() as u64;
    let bound = arrived.saturating_mul(2).max(RETAINED_BUFFER as u64);
    assert!(capacity <= bound, "Bounded: buffers of {capacity} bytes, of {arrived} received");
}
