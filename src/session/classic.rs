//! What the classic dialect's requests do.

use alloc::{string::ToString as _, vec::Vec};
use core::{num::NonZeroU64, str};

use super::{Context, Serve, Served, Unanswered};
use crate::{
    Limits, Output,
    dialect::{
        Grammar as _, Line, Value,
        classic::{
            self, Command, ErrorKind, Fault, Key, Keys, Refusal, Reply, Request, RequestHead,
            Requests, Storage,
        },
        is_line, put_decimal,
    },
    store::{Change, Count, Item, Meta, Store},
};

/// Exptimes up to this many seconds, 30 days, are counted from now on; larger ones are Unix times.
const RELATIVE: u64 = 60 * 60 * 24 * 30;

/// What `version` is answered, and `stats` tells: the memcached whose protocol is spoken, since
/// clients go by that, and what speaks it. Some take the number from the start, others from the end
/// of the first word.
pub const VERSION: &str = concat!("1.6.18 memwire-", env!("CARGO_PKG_VERSION"));

/// What is still to be answered of a `get`, `gets`, `gat` or `gats`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retrieval {
    keys: Unanswered,
    how: How,
}

/// What a retrieval asks for beside the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct How {
    uniques: bool,
    touch: Option<i64>,
}

impl Serve for Requests {
    type Rest = Retrieval;

    fn serve<S: Store, O: Output>(
        request: Request<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Served<Retrieval> {
        let reply = match request.command {
            Command::Get { keys, uniques, touch } => {
                let how = How { uniques, touch };
                return match answer(keys, how, context) {
                    None => Served::Whole,
                    Some(rest) => {
                        Served::Part(Retrieval { keys: Unanswered::new(rest.as_bytes()), how })
                    }
                };
            }
            Command::Store { verb, key, flags, exptime, value } => {
                let moment = Moment::of(context);
                let expires = moment.deadline(exptime);
                let meta = Meta { flags, generation: moment.generation, expires, unique: 0 };
                context.store.count(Count::CmdSet, 1);
                store(verb, key.as_bytes(), value, meta, moment, context)
            }
            Command::Delete(key) => {
                let (moment, store) = (Moment::of(context), &mut *context.store);
                let found = store
                    .update(key.as_bytes(), |item| (Change::Remove, moment.live(item).is_some()));
                store.count(if found { Count::DeleteHits } else { Count::DeleteMisses }, 1);
                if found { Reply::Deleted } else { Reply::NotFound }
            }
            Command::Incr(key, delta) => {
                let counts = (Count::IncrHits, Count::IncrMisses);
                calculate(key.as_bytes(), |number| number.wrapping_add(delta), counts, context)
            }
            Command::Decr(key, delta) => {
                let counts = (Count::DecrHits, Count::DecrMisses);
                calculate(key.as_bytes(), |number| number.saturating_sub(delta), counts, context)
            }
            Command::Touch(key, exptime) => {
                let (moment, store) = (Moment::of(context), &mut *context.store);
                let found = touch(key.as_bytes(), exptime, moment, store, |_| ());
                store.count(Count::CmdTouch, 1);
                store.count(if found.is_some() { Count::TouchHits } else { Count::TouchMisses }, 1);
                if found.is_some() { Reply::Touched } else { Reply::NotFound }
            }
            Command::FlushAll(delay) => {
                let at = Moment::of(context).deadline(delay).map_or(context.now, NonZeroU64::get);
                if context.store.flush(at) {
                    context.store.count(Count::CmdFlush, 1);
                    Reply::Ok
                } else {
                    Reply::Error(ErrorKind::Client, b"flush_all not allowed")
                }
            }
            Command::Version => {
                Reply::Version(VERSION.as_bytes()).encode(context.out);
                return Served::Whole;
            }
            Command::Verbosity(_) => Reply::Ok,
            Command::CacheMemlimit(megabytes) => {
                if context.store.resize(megabytes.saturating_mul(1 << 20)) {
                    Reply::Ok
                } else {
                    Reply::Error(ErrorKind::Server, b"cannot set the memory limit to that")
                }
            }
            Command::Stats(kind) => {
                let Context { store, now, out, .. } = context;
                let known = store.stats(kind, *now, &mut |name, value| {
                    Reply::Stat(name.as_bytes(), value.to_string().as_bytes()).encode(*out);
                });
                match kind {
                    _ if !known => Reply::Error(ErrorKind::Unspecific, b""),
                    b"reset" => Reply::Reset,
                    _ => Reply::End,
                }
            }
            Command::Quit => return Served::Close,
        };
        if !request.noreply {
            reply.encode(context.out);
        }
        Served::Whole
    }

    fn resume<S: Store, O: Output>(rest: &mut Retrieval, context: &mut Context<'_, S, O>) -> bool {
        let left = answer(Keys::checked(rest.keys.keys(), 0), rest.how, context);
        let left = left.map_or(0, |keys| keys.as_bytes().len());
        rest.keys.leave(left);
        left == 0
    }

    fn refuse<S: Store, O: Output>(refusal: Refusal, context: &mut Context<'_, S, O>) {
        if let Fault::LargeValue(key) = &refusal.fault {
            context.store.count(Count::StoreTooLarge, 1);
            // What is there is older than what the client wanted to be there.
            if let Some(key) = key {
                context.store.change(key, Change::Remove);
            }
        }
        if !refusal.noreply {
            refusal.fault.reply().encode(context.out);
        }
    }

    fn save(rest: &Retrieval) -> Vec<u8> {
        let (keys, How { uniques, touch }) = (Keys::checked(rest.keys.keys(), 0), rest.how);
        let mut line = Vec::new();
        let command = Command::Get { keys, uniques, touch };
        Request { command, noreply: false }.encode(&mut line);
        line
    }

    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Retrieval> {
        // A line that could not have come is none that can have been answered in part.
        if !is_line::<Self>(&text, limits) {
            return None;
        }
        let Line::Done(head) = Self::scan(&text, limits) else { return None };
        let Command::Get { keys, uniques, touch } = lend(head, &text) else { return None };
        Some(Retrieval { keys: Unanswered::new(keys.as_bytes()), how: How { uniques, touch } })
    }
}

fn lend(head: RequestHead, line: &[u8]) -> Command<'_> {
    Requests::lend(head, line, Value::Lent(&[])).command
}

/// When something is done.
#[derive(Clone, Copy)]
struct Moment {
    now: u64,
    generation: u32,
}

impl Moment {
    fn of<S: Store, O>(context: &mut Context<'_, S, O>) -> Self {
        Self { now: context.now, generation: context.store.generation(context.now) }
    }

    /// The item, unless it is expired or given up.
    fn live(self, item: Option<&Item>) -> Option<&Item> {
        item.filter(|item| item.meta().generation == self.generation && !self.is_past(&item.meta()))
    }

    fn is_past(self, meta: &Meta) -> bool {
        meta.expires.is_some_and(|at| at.get() <= self.now)
    }

    /// The second that an exptime means; `None`: never.
    fn deadline(self, exptime: i64) -> Option<NonZeroU64> {
        let seconds = match u64::try_from(exptime) {
            Ok(0) => return None,
            Ok(seconds) if seconds <= RELATIVE => self.now.saturating_add(seconds),
            Ok(seconds) => seconds,
            // At once.
            Err(_) => self.now,
        };
        Some(NonZeroU64::new(seconds).unwrap_or(NonZeroU64::MIN))
    }

    /// What becomes of a key whose item was changed.
    fn renew(self, item: Item) -> Change {
        if self.is_past(&item.meta()) { Change::Remove } else { Change::Renew(item) }
    }
}

fn store<S: Store, O>(
    verb: Storage,
    key: &[u8],
    value: Value<'_>,
    meta: Meta,
    moment: Moment,
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let too_large = Fault::LargeValue(None).reply();
    let most = context.limits.value;
    let store = &mut *context.store;
    let reply = match verb {
        Storage::Append | Storage::Prepend => store.update(key, |item| {
            let Some(old) = moment.live(item) else { return (Change::Keep, Reply::NotStored) };
            if old.value().len() + value.len() > most {
                return (Change::Keep, too_large);
            }
            let mut bytes = match verb {
                Storage::Prepend => [&value, old.value()].concat(),
                _ => [old.value(), &value].concat(),
            };
            (Change::Renew(classic::item(key, Value::Held(&mut bytes), old.meta())), Reply::Stored)
        }),
        Storage::Set => {
            store.change(key, moment.renew(classic::item(key, value, meta)));
            Reply::Stored
        }
        Storage::Add | Storage::Replace | Storage::Cas(_) => {
            let item = classic::item(key, value, meta);
            store.update(key, |old| match (verb, moment.live(old)) {
                (Storage::Add, Some(_)) | (Storage::Replace, None) => {
                    (Change::Keep, Reply::NotStored)
                }
                (Storage::Cas(_), None) => (Change::Keep, Reply::NotFound),
                (Storage::Cas(unique), Some(old)) if old.meta().unique != unique => {
                    (Change::Keep, Reply::Exists)
                }
                _ => (moment.renew(item), Reply::Stored),
            })
        }
    };
    if let Storage::Cas(_) = verb {
        store.count(
            match reply {
                Reply::Stored => Count::CasHits,
                Reply::Exists => Count::CasBadval,
                _ => Count::CasMisses,
            },
            1,
        );
    }
    match reply {
        Reply::Stored => store.count(Count::TotalItems, 1),
        Reply::Error(..) => store.count(Count::StoreTooLarge, 1),
        _ => {}
    }
    reply
}

/// `incr` and `decr`.
fn calculate<S: Store, O>(
    key: &[u8],
    change: impl FnOnce(u64) -> u64,
    (hits, misses): (Count, Count),
    context: &mut Context<'_, S, O>,
) -> Reply<'static> {
    let moment = Moment::of(context);
    let reply = context.store.update(key, |item| {
        let Some(old) = moment.live(item) else { return (Change::Keep, Reply::NotFound) };
        let Some(number) = number(old.value()) else {
            let text = b"cannot increment or decrement non-numeric value";
            return (Change::Keep, Reply::Error(ErrorKind::Client, text));
        };
        let number = change(number);
        // As memcached does it, which writes the new number in the place of the old one.
        let mut text = Vec::new();
        put_decimal(number, &mut text);
        // Not by a format's width, which has 16 bits.
        text.resize(text.len().max(old.value().len()), b' ');
        let item = classic::item(key, Value::Held(&mut text), old.meta());
        (Change::Renew(item), Reply::Number(number))
    });
    match reply {
        Reply::Number(_) => context.store.count(hits, 1),
        Reply::NotFound => context.store.count(misses, 1),
        _ => {}
    }
    reply
}

/// A value that is a number of 64 bits in decimal digits. Spaces may stand around it.
fn number(value: &[u8]) -> Option<u64> {
    str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

/// Gives the item of a key, if there is one, a new exptime. It returns what `read` makes of the
/// item as it was.
fn touch<R>(
    key: &[u8],
    exptime: i64,
    moment: Moment,
    store: &mut impl Store,
    read: impl FnOnce(&Item) -> R,
) -> Option<R> {
    store.update(key, |item| {
        let Some(item) = moment.live(item) else { return (Change::Keep, None) };
        let meta = Meta { expires: moment.deadline(exptime), ..item.meta() };
        let change =
            if moment.is_past(&meta) { Change::Remove } else { Change::Put(item.with_meta(meta)) };
        (change, Some(read(item)))
    })
}

/// Answers keys until the output passes the mark; returns the keys that are left, if any.
fn answer<'k, S: Store, O: Output>(
    mut keys: Keys<'k>,
    how: How,
    context: &mut Context<'_, S, O>,
) -> Option<Keys<'k>> {
    let moment = Moment::of(context);
    let Context { store, out, mark, .. } = context;
    let mut tally = Tally::default();
    let left = loop {
        let Some(key) = keys.next() else {
            Reply::End.encode(*out);
            break None;
        };
        if let Some(exptime) = how.touch {
            let put = |item: &Item| put_found(key, item, how, *out);
            match touch(key.as_bytes(), exptime, moment, *store, put) {
                Some(()) => tally.touched += 1,
                None => tally.untouched += 1,
            }
        } else {
            let found = store.get(key.as_bytes(), |item| {
                if moment.live(Some(item)).is_some() {
                    put_found(key, item, how, *out);
                    &mut tally.hits
                } else if moment.is_past(&item.meta()) {
                    &mut tally.expired
                } else {
                    &mut tally.flushed
                }
            });
            *found.unwrap_or(&mut tally.absent) += 1;
        }
        if out.len() > *mark && !keys.as_bytes().is_empty() {
            break Some(keys);
        }
    };
    tally.count(*store);
    left
}

/// Answers a key that holds an item.
fn put_found(key: Key<'_>, item: &Item, how: How, out: &mut impl Output) {
    let Meta { flags, unique, .. } = item.meta();
    let unique = how.uniques.then_some(unique);
    Reply::Value { key, flags, unique, value: Value::Shared(item) }.encode(out);
}

/// What became of the keys of a retrieval.
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
    fn count(&self, store: &mut impl Store) {
        let Self { hits, expired, flushed, absent, touched, untouched } = self;
        let misses = expired + flushed + absent;
        let touches = touched + untouched;
        for (what, times) in [
            (Count::CmdGet, hits + misses + touches),
            (Count::GetHits, *hits),
            (Count::GetMisses, misses),
            (Count::GetExpired, *expired),
            (Count::GetFlushed, *flushed),
            (Count::CmdTouch, touches),
            (Count::TouchHits, *touched),
            (Count::TouchMisses, *untouched),
        ] {
            if times > 0 {
                store.count(what, times);
            }
        }
    }
}
