//! What the simple dialect's requests do.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::Serve;
use crate::{
    Limits, Output,
    dialect::{
        Value,
        simple::{Keys, Refusal, Reply, Request, Requests},
    },
    store::{Change, Item, Store},
};

/// The keys of a `get` that are still to be answered.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// Invariant: keys from `at` on, at least one.
    text: Vec<u8>,
    at: usize,
}

impl Unanswered {
    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }
}

impl PartialEq for Unanswered {
    fn eq(&self, other: &Self) -> bool {
        self.rest() == other.rest()
    }
}

impl Eq for Unanswered {}

impl Hash for Unanswered {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.rest().hash(hasher);
    }
}

impl Serve for Requests {
    type Rest = Unanswered;

    fn serve<S: Store>(
        request: Request<'_>,
        store: &mut S,
        _now: u64,
        mark: usize,
        out: &mut impl Output,
    ) -> Option<Unanswered> {
        match request {
            Request::Set { key, value } => {
                let item = Item::from(value);
                store.update(key.as_bytes(), |_| (Change::Put(item), ()));
                Reply::Stored.encode(out);
                None
            }
            Request::Get(keys) => {
                let rest = answer(keys, store, mark, out)?;
                Some(Unanswered { text: rest.as_bytes().to_vec(), at: 0 })
            }
        }
    }

    fn resume<S: Store>(
        rest: &mut Unanswered,
        store: &mut S,
        _now: u64,
        mark: usize,
        out: &mut impl Output,
    ) -> bool {
        let left = answer(Keys::checked(rest.rest()), store, mark, out);
        let left = left.map_or(0, |keys| keys.as_bytes().len());
        rest.at = rest.text.len() - left;
        left == 0
    }

    fn refuse(refusal: Refusal, out: &mut impl Output) {
        refusal.reply().encode(out);
    }

    fn save(rest: &Unanswered) -> Vec<u8> {
        rest.rest().to_vec()
    }

    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Unanswered> {
        Keys::new(&text)?;
        (text.len() < limits.line).then_some(Unanswered { text, at: 0 })
    }
}

/// Answers keys until the output passes the mark; returns the keys that are left, if any.
fn answer<'k, S: Store>(
    mut keys: Keys<'k>,
    store: &mut S,
    mark: usize,
    out: &mut impl Output,
) -> Option<Keys<'k>> {
    while let Some(key) = keys.next() {
        store.get(key.as_bytes(), |item| {
            let value = Value::Shared(item);
            Reply::Value { key, value }.encode(out);
        });
        if out.len() > mark && !keys.as_bytes().is_empty() {
            return Some(keys);
        }
    }
    Reply::End.encode(out);
    None
}
