//! `incr` and `decr`.

use alloc::vec::Vec;
use core::str;

use super::{clock::Clock, render::rendered};
use crate::{
    dialect::{
        ErrorKind,
        classic::{Key, Reply},
    },
    grammar::Data,
    session::service::Context,
    store::{Change, Store},
    telemetry::Counter,
    text::number::put_decimal,
};

pub fn incr<S: Store, O>(
    key: Key<'_>,
    delta: u64,
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let counters = (Counter::IncrHits, Counter::IncrMisses);
    calculate(key, |number| number.wrapping_add(delta), counters, context)
}

pub fn decr<S: Store, O>(
    key: Key<'_>,
    delta: u64,
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let counters = (Counter::DecrHits, Counter::DecrMisses);
    calculate(key, |number| number.saturating_sub(delta), counters, context)
}

fn calculate<S: Store, O>(
    key: Key<'_>,
    change: impl FnOnce(u64) -> u64,
    (hits, misses): (Counter, Counter),
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let clock = Clock::of(context);
    let reply = context.store.update(key.as_bytes(), |item| {
        let Some(old) = clock.live(item) else { return (Change::Keep, Reply::NotFound) };
        let Some(number) = stored_number(old.value()) else {
            let text = b"cannot increment or decrement non-numeric value";
            return (Change::Keep, Reply::Error(ErrorKind::Client, text));
        };
        let number = change(number);
        // A shorter number is padded, as in memcached, which overwrites the old one
        // (`decr/padding`).
        let mut text = Vec::new();
        put_decimal(number, &mut text);
        // Not with a formatting width, which is limited to 16 bits.
        text.resize(text.len().max(old.value().len()), b' ');
        let item = rendered(key.as_bytes(), Data::Buffered(&mut text), old.meta());
        (Change::StoreNewCas(item), Reply::Number(number))
    });
    match reply {
        Reply::Number(_) => context.store.count(hits, 1),
        Reply::NotFound => context.store.count(misses, 1),
        _ => {}
    }
    reply
}

/// The number in a value: 64 bits in decimal digits, with or without white space around them.
fn stored_number(value: &[u8]) -> Option<u64> {
    str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}
