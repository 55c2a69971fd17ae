//! `get`, `gets`, `gat`, `gats` and `touch`.

use super::{clock::Clock, render::put_value};
use crate::{
    dialect::classic::{Key, Keys, Reply},
    output::Output,
    session::{
        pending_keys::PendingKeys,
        service::{Context, Handled},
        sink::Sink,
    },
    store::{Change, Item, Meta, Store},
    telemetry::Counter,
};

/// The rest of a paused `get`, `gets`, `gat` or `gats`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retrieval {
    pub(crate) keys: PendingKeys,
    pub(crate) options: Options,
}

/// What a retrieval does besides returning values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    pub with_cas: bool,
    pub touch: Option<i64>,
}

/// Answers keys; pauses when the output is longer than the high-water mark.
pub fn retrieve<S: Store, O: Sink>(
    keys: Keys<'_>,
    options: Options,
    context: &mut Context<'_, S, O>,
) -> Handled<Retrieval> {
    match answer(keys, options, context) {
        None => Handled::Done,
        Some(rest) => {
            Handled::Paused(Retrieval { keys: PendingKeys::new(rest.as_bytes()), options })
        }
    }
}

/// Continues a paused retrieval. Returns whether it is complete now.
pub fn resume<S: Store, O: Sink>(
    retrieval: &mut Retrieval,
    context: &mut Context<'_, S, O>,
) -> bool {
    let keys = Keys::checked(retrieval.keys.as_bytes(), 0);
    let left = answer(keys, retrieval.options, context);
    let left = left.map_or(0, |keys| keys.as_bytes().len());
    retrieval.keys.keep_last(left);
    left == 0
}

/// Answers keys until the output is longer than the high-water mark; returns the keys that are
/// left, if any.
fn answer<'k, S: Store, O: Sink>(
    mut keys: Keys<'k>,
    options: Options,
    context: &mut Context<'_, S, O>,
) -> Option<Keys<'k>> {
    let clock = Clock::of(context);
    let Context { store, out, high_water_mark, .. } = context;
    let mut tally = Tally::default();
    let left = loop {
        let Some(key) = keys.next() else {
            Reply::End.encode(*out);
            break None;
        };
        if let Some(exptime) = options.touch {
            let put = |item: &Item| put_value(key, item, options.with_cas, *out);
            match set_exptime(key, exptime, clock, *store, put) {
                Some(()) => tally.touched += 1,
                None => tally.untouched += 1,
            }
        } else {
            let found = store.get(key.as_bytes(), |item| {
                if clock.live(Some(item)).is_some() {
                    put_value(key, item, options.with_cas, *out);
                    &mut tally.hits
                } else if clock.is_expired(&item.meta()) {
                    &mut tally.expired
                } else {
                    &mut tally.flushed
                }
            });
            *found.unwrap_or(&mut tally.absent) += 1;
        }
        if out.len() > *high_water_mark && !keys.as_bytes().is_empty() {
            break Some(keys);
        }
    };
    tally.report(*store);
    left
}

/// `touch`
pub fn touch<S: Store, O>(
    key: Key<'_>,
    exptime: i64,
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let (clock, store) = (Clock::of(context), &mut *context.store);
    let found = set_exptime(key, exptime, clock, store, |_| ()).is_some();
    store.count(Counter::CmdTouch, 1);
    store.count(if found { Counter::TouchHits } else { Counter::TouchMisses }, 1);
    if found { Reply::Touched } else { Reply::NotFound }
}

/// Sets the exptime of the item of a key. Returns what `read` returns for the item before the
/// change; `None` if there is no live item.
fn set_exptime<R>(
    key: Key<'_>,
    exptime: i64,
    clock: Clock,
    store: &mut impl Store,
    read: impl FnOnce(&Item) -> R,
) -> Option<R> {
    store.update(key.as_bytes(), |item| {
        let Some(item) = clock.live(item) else { return (Change::Keep, None) };
        let meta = Meta { expires: clock.deadline(exptime), ..item.meta() };
        let change = if clock.is_expired(&meta) {
            Change::Remove
        } else {
            Change::Store(item.with_meta(meta))
        };
        (change, Some(read(item)))
    })
}

/// The outcomes of the keys of a retrieval.
#[derive(Default)]
struct Tally {
    hits: u64,
    expired: u64,
    flushed: u64,
    absent: u64,
    touched: u64,
    untouched: u64,
}

impl Tally {
    fn report(&self, store: &mut impl Store) {
        let Self { hits, expired, flushed, absent, touched, untouched } = self;
        let misses = expired + flushed + absent;
        let touches = touched + untouched;
        for (counter, times) in [
            (Counter::CmdGet, hits + misses + touches),
            (Counter::GetHits, *hits),
            (Counter::GetMisses, misses),
            (Counter::GetExpired, *expired),
            (Counter::GetFlushed, *flushed),
            (Counter::CmdTouch, touches),
            (Counter::TouchHits, *touched),
            (Counter::TouchMisses, *untouched),
        ] {
            if times > 0 {
                store.count(counter, times);
            }
        }
    }
}
