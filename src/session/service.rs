//! The trait by which a session executes the requests of a dialect.

use alloc::vec::Vec;
use core::{fmt::Debug, hash::Hash};

use super::sink::Sink;
use crate::{grammar::Grammar, limits::Limits, store::Store};

/// A dialect whose requests can be executed: what a [`Session`](super::Session) needs besides the
/// grammar.
pub trait Service: Grammar {
    /// The rest of a request whose reply was paused at the high-water mark. It borrows nothing.
    type Continuation: Clone + Debug + Eq + Hash + Send;

    /// Executes `request`, and appends the reply. When the output is longer than the high-water
    /// mark it may pause, and return what is left.
    fn serve<S: Store, O: Sink>(
        request: Self::Message<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Handled<Self::Continuation>;

    /// Continues a paused reply. Returns whether it is complete now.
    fn resume<S: Store, O: Sink>(
        continuation: &mut Self::Continuation,
        context: &mut Context<'_, S, O>,
    ) -> bool;

    /// Appends the reply to a rejected request.
    fn reject<S: Store, O: Sink>(error: Self::Error<'_>, context: &mut Context<'_, S, O>);

    /// The continuation as bytes, for snapshots.
    fn save(continuation: &Self::Continuation) -> Vec<u8>;

    /// The continuation that was saved; `None` if [`Self::save`] cannot have returned these bytes
    /// under these limits.
    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Self::Continuation>;
}

/// What a request is executed with.
#[non_exhaustive]
#[derive(Debug)]
pub struct Context<'c, S, O> {
    /// Where items are kept.
    pub store: &'c mut S,
    /// The Unix time in seconds.
    pub now: u64,
    /// The machine's limits.
    pub limits: Limits,
    /// A reply should pause when the output is longer than this many bytes.
    pub high_water_mark: usize,
    /// Where replies are appended.
    pub out: &'c mut O,
}

/// How far [`Service::serve`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled<C> {
    /// The request is executed, and its reply complete.
    Done,
    /// The reply is paused; this is the rest of it.
    Paused(C),
    /// The client sent `quit`.
    Close,
}
