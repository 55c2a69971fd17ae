//! What a dialect's requests do: the trait that a session runs.

use alloc::vec::Vec;
use core::{fmt::Debug, hash::Hash};

use super::sink::Sink;
use crate::{grammar::Grammar, limits::Limits, store::Store};

/// What the requests of a dialect do.
pub trait Service: Grammar {
    /// What is still to be answered of a request whose replies passed the high-water mark. Owns
    /// what it needs.
    type Continuation: Clone + Debug + Eq + Hash + Send;

    /// Does what `request` asks for, and replies. When the output is longer than the high-water
    /// mark it may pause and return what is left.
    fn serve<S: Store, O: Sink>(
        request: Self::Message<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Handled<Self::Continuation>;

    /// Goes on with a reply that [`Self::serve`] paused. Returns whether it is complete.
    fn resume<S: Store, O: Sink>(
        continuation: &mut Self::Continuation,
        context: &mut Context<'_, S, O>,
    ) -> bool;

    /// Answers a rejected request.
    fn reject<S: Store, O: Sink>(error: Self::Error<'_>, context: &mut Context<'_, S, O>);

    /// A continuation as text, for snapshots.
    fn save(continuation: &Self::Continuation) -> Vec<u8>;

    /// The opposite of [`Self::save`]; `None` if the text is not what that can have returned.
    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Self::Continuation>;
}

/// What a request works with.
#[non_exhaustive]
#[derive(Debug)]
pub struct Context<'c, S, O> {
    /// Where items are kept.
    pub store: &'c mut S,
    /// The Unix time in seconds.
    pub now: u64,
    /// The machine's limits.
    pub limits: Limits,
    /// The length of the output, in bytes, past which a reply should pause.
    pub high_water_mark: usize,
    /// Where replies are appended.
    pub out: &'c mut O,
}

/// How far [`Service::serve`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled<C> {
    /// The request is answered.
    Done,
    /// This is still to be answered.
    Paused(C),
    /// The client sent `quit`.
    Close,
}
