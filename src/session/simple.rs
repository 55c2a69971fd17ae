//! What the simple dialect's requests do.

use alloc::vec::Vec;

use super::{Context, Serve, Served, Unanswered};
use crate::{
    Limits, Output,
    dialect::{
        Value,
        simple::{self, Keys, Refusal, Reply, Request, Requests},
    },
    store::{Change, Store},
};

impl Serve for Requests {
    type Rest = Unanswered;

    fn serve<S: Store, O: Output>(
        request: Request<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Served<Unanswered> {
        match request {
            Request::Set { key, value } => {
                let item = simple::item(key, value);
                context.store.change(key.as_bytes(), Change::Put(item));
                Reply::Stored.encode(context.out);
                Served::Whole
            }
            Request::Get(keys) => match answer(keys, context) {
                None => Served::Whole,
                Some(rest) => Served::Part(Unanswered::new(rest.as_bytes())),
            },
        }
    }

    fn resume<S: Store, O: Output>(rest: &mut Unanswered, context: &mut Context<'_, S, O>) -> bool {
        let left = answer(Keys::checked(rest.keys(), 0), context);
        let left = left.map_or(0, |keys| keys.as_bytes().len());
        rest.leave(left);
        left == 0
    }

    fn refuse<S: Store, O: Output>(refusal: Refusal, context: &mut Context<'_, S, O>) {
        refusal.reply().encode(context.out);
    }

    fn save(rest: &Unanswered) -> Vec<u8> {
        rest.keys().to_vec()
    }

    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Unanswered> {
        Keys::new(&text)?;
        (text.len() < limits.line).then(|| Unanswered::new(&text))
    }
}

/// Answers keys until the output passes the mark; returns the keys that are left, if any.
fn answer<'k, S: Store, O: Output>(
    mut keys: Keys<'k>,
    context: &mut Context<'_, S, O>,
) -> Option<Keys<'k>> {
    let Context { store, out, mark, .. } = context;
    while let Some(key) = keys.next() {
        store.get(key.as_bytes(), |item| {
            let value = Value::Shared(item);
            Reply::Value { key, value }.encode(*out);
        });
        if out.len() > *mark && !keys.as_bytes().is_empty() {
            return Some(keys);
        }
    }
    Reply::End.encode(*out);
    None
}
