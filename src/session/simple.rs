//! Executes the requests of the simple dialect.

use alloc::vec::Vec;

use super::{
    pending_keys::PendingKeys,
    service::{Context, Handled, Service},
    sink::Sink,
};
use crate::{
    dialect::simple::{
        Key, Keys, Reply, Request, RequestError, Requests, put_value_line, value_line_tail,
    },
    grammar::Data,
    limits::Limits,
    output::Output,
    store::{Change, Item, Meta, Store},
    text::number::ReverseWriter,
};

const LF: &[u8; 1] = b"\n";

impl Service for Requests {
    type Continuation = PendingKeys;

    fn serve<S: Store, O: Sink>(
        request: Request<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Handled<PendingKeys> {
        match request {
            Request::Set { key, value } => {
                context.store.change(key.as_bytes(), Change::Store(rendered(key, value)));
                Reply::Stored.encode(context.out);
                Handled::Done
            }
            Request::Get(keys) => match answer(keys, context) {
                None => Handled::Done,
                Some(rest) => Handled::Paused(PendingKeys::new(rest.as_bytes())),
            },
        }
    }

    fn resume<S: Store, O: Sink>(
        pending: &mut PendingKeys,
        context: &mut Context<'_, S, O>,
    ) -> bool {
        let left = answer(Keys::checked(pending.as_bytes(), 0), context);
        let left = left.map_or(0, |keys| keys.as_bytes().len());
        pending.keep_last(left);
        left == 0
    }

    fn reject<S: Store, O: Sink>(error: RequestError, context: &mut Context<'_, S, O>) {
        error.reply().encode(context.out);
    }

    fn save(pending: &PendingKeys) -> Vec<u8> {
        pending.as_bytes().to_vec()
    }

    fn restore(text: Vec<u8>, limits: &Limits) -> Option<PendingKeys> {
        Keys::new(&text)?;
        (text.len() < limits.line).then(|| PendingKeys::new(&text))
    }
}

/// Answers keys until the output is longer than the high-water mark; returns the keys that are
/// left, if any.
fn answer<'k, S: Store, O: Sink>(
    mut keys: Keys<'k>,
    context: &mut Context<'_, S, O>,
) -> Option<Keys<'k>> {
    let Context { store, out, high_water_mark, .. } = context;
    while let Some(key) = keys.next() {
        store.get(key.as_bytes(), |item| put_value(key, item, *out));
        if out.len() > *high_water_mark && !keys.as_bytes().is_empty() {
            return Some(keys);
        }
    }
    Reply::End.encode(*out);
    None
}

/// An item that has its `VALUE` reply ready, so that a hit takes one copy.
fn rendered(key: Key<'_>, value: Data<'_>) -> Item {
    let mut tail = ReverseWriter::new();
    value_line_tail(&mut tail, value.len());
    Item::framed(key.as_bytes(), tail.as_bytes(), value, LF, Meta::default())
}

fn put_value(key: Key<'_>, item: &Item, out: &mut impl Sink) {
    if let Some(frame) = item.frame(LF) {
        out.put(b"VALUE ");
        out.put(frame);
    } else {
        put_value_line(key, item.value().len(), out);
        out.put_item(item);
        out.put(LF);
    }
}
