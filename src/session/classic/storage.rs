//! `set`, `add`, `replace`, `append`, `prepend`, `cas` and `delete`.

use super::{clock::Clock, render::rendered};
use crate::{
    dialect::classic::{Key, Reply, RequestErrorKind, StoreMode},
    grammar::Data,
    session::service::Context,
    store::{Change, Meta, Store},
    telemetry::Counter,
};

/// A value to be stored, with its flags and exptime.
pub struct Value<'m> {
    pub flags: u32,
    pub exptime: i64,
    pub data: Data<'m>,
}

pub fn store<S: Store, O>(
    mode: StoreMode,
    key: Key<'_>,
    value: Value<'_>,
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let clock = Clock::of(context);
    let Value { flags, exptime, data } = value;
    let (generation, expires) = (clock.generation, clock.deadline(exptime));
    let meta = Meta { flags, generation, expires, cas: 0 };
    let largest = context.limits.value;
    let store = &mut *context.store;
    let key = key.as_bytes();
    store.count(Counter::CmdSet, 1);
    let reply = match mode {
        StoreMode::Append | StoreMode::Prepend => store.update(key, |item| {
            let Some(old) = clock.live(item) else { return (Change::Keep, Reply::NotStored) };
            if old.value().len() + data.len() > largest {
                return (Change::Keep, RequestErrorKind::ValueTooLarge.reply());
            }
            let mut bytes = match mode {
                StoreMode::Prepend => [&data, old.value()].concat(),
                _ => [old.value(), &data].concat(),
            };
            let item = rendered(key, Data::Buffered(&mut bytes), old.meta());
            (Change::StoreNewCas(item), Reply::Stored)
        }),
        StoreMode::Set => {
            store.change(key, clock.store_new_cas(rendered(key, data, meta)));
            Reply::Stored
        }
        StoreMode::Add | StoreMode::Replace | StoreMode::Cas(_) => {
            let item = rendered(key, data, meta);
            store.update(key, |old| match (mode, clock.live(old)) {
                (StoreMode::Add, Some(_)) | (StoreMode::Replace, None) => {
                    (Change::Keep, Reply::NotStored)
                }
                (StoreMode::Cas(_), None) => (Change::Keep, Reply::NotFound),
                (StoreMode::Cas(cas), Some(old)) if old.meta().cas != cas => {
                    (Change::Keep, Reply::Exists)
                }
                _ => (clock.store_new_cas(item), Reply::Stored),
            })
        }
    };
    if let StoreMode::Cas(_) = mode {
        store.count(
            match reply {
                Reply::Stored => Counter::CasHits,
                Reply::Exists => Counter::CasBadval,
                _ => Counter::CasMisses,
            },
            1,
        );
    }
    match reply {
        Reply::Stored => store.count(Counter::TotalItems, 1),
        Reply::Error(..) => store.count(Counter::StoreTooLarge, 1),
        _ => {}
    }
    reply
}

pub fn delete<S: Store, O>(key: Key<'_>, context: &mut Context<'_, S, O>) -> Reply<'static> {
    let (clock, store) = (Clock::of(context), &mut *context.store);
    let found = store.update(key.as_bytes(), |item| (Change::Remove, clock.live(item).is_some()));
    store.count(if found { Counter::DeleteHits } else { Counter::DeleteMisses }, 1);
    if found { Reply::Deleted } else { Reply::NotFound }
}
