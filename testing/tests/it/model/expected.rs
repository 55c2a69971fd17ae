//! What a dialect's requests should do, as the model expects it.

use std::{collections::BTreeMap, fmt::Debug, hash::Hash};

use memwire::{Limits, session::Service};
use memwire_testing::oracle::Transcript;

/// A dialect, as the model expects it.
pub trait Expects:
    Service<Head: Send + Sync, Continuation: Sync> + Clone + Debug + Eq + Hash + Send + Sync + 'static
{
    const LIMITS: Limits;
    const END: &'static [u8];
    /// Whether they are not received byte by byte where that changes nothing.
    const LONG_REPLIES: bool;
    /// Replies that follow each other only where the session recovered from a bad block.
    const RECOVERIES: [&'static [u8]; 2];

    /// What the oracle expects of a stream.
    fn script(stream: &[u8]) -> Script<'_>;
    /// What a retrieval called `verb` replies for one key.
    fn reply(verb: &[u8], key: &[u8], items: &mut Items) -> Vec<u8>;
}

/// What a stream decides, and whether it ends after a request.
pub struct Script<'s> {
    pub events: Vec<Event<'s>>,
    pub complete: bool,
}

impl<'s> Script<'s> {
    pub fn new<M, E>(
        transcript: Transcript<M, E>,
        action: impl Fn(Result<M, E>) -> Action<'s>,
    ) -> Self {
        let events = transcript.events.into_iter().map(|event| Event {
            decided: event.decided,
            resumes: event.resumes,
            action: action(event.result),
        });
        Self { events: events.collect(), complete: transcript.end.is_none() }
    }
}

pub struct Event<'s> {
    pub decided: usize,
    pub resumes: Option<usize>,
    pub action: Action<'s>,
}

pub enum Action<'s> {
    /// Reply for each of the keys; the first word is the verb.
    Retrieve(&'s [u8], Vec<&'s [u8]>),
    /// Do something and reply at once.
    Do(Change<'s>),
    Close,
}

/// What a request does to the items, and the reply.
pub type Change<'s> = Box<dyn FnOnce(&mut Items) -> Vec<u8> + 's>;

/// What a store should hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Items {
    pub by_key: BTreeMap<Vec<u8>, StoredItem>,
    /// The CAS unique that was given last.
    pub cas: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredItem {
    pub value: Vec<u8>,
    pub flags: u32,
    pub cas: u64,
}

impl Items {
    pub fn put(&mut self, key: &[u8], value: &[u8], flags: u32) {
        self.cas += 1;
        let stored = StoredItem { value: value.to_vec(), flags, cas: self.cas };
        self.by_key.insert(key.to_vec(), stored);
    }
}
