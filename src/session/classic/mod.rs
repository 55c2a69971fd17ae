//! Executes the requests of the classic dialect.

use alloc::{string::ToString as _, vec::Vec};
use core::num::NonZeroU64;

use super::{
    pending_keys::PendingKeys,
    service::{Context, Handled, Service},
    sink::Sink,
};
use crate::{
    dialect::classic::{
        Command, ErrorKind, Keys, Reply, Request, RequestError, RequestErrorKind, Requests,
    },
    grammar::{Data, Grammar as _, Line, is_line},
    limits::Limits,
    store::{Change, Store},
    telemetry::Counter,
};
use clock::Clock;
use retrieval::{Options, retrieve};
use storage::Value;

mod arithmetic;
mod clock;
mod render;
mod retrieval;
mod storage;

pub use retrieval::Retrieval;

impl Service for Requests {
    type Continuation = Retrieval;

    fn serve<S: Store, O: Sink>(
        request: Request<'_>,
        context: &mut Context<'_, S, O>,
    ) -> Handled<Retrieval> {
        let reply = match request.command {
            Command::Get { keys, with_cas, touch } => {
                return retrieve(keys, Options { with_cas, touch }, context);
            }
            Command::Store { mode, key, flags, exptime, value: data } => {
                storage::store(mode, key, Value { flags, exptime, data }, context)
            }
            Command::Delete(key) => storage::delete(key, context),
            Command::Incr(key, delta) => arithmetic::incr(key, delta, context),
            Command::Decr(key, delta) => arithmetic::decr(key, delta, context),
            Command::Touch(key, exptime) => retrieval::touch(key, exptime, context),
            Command::FlushAll(delay) => flush_all(delay, context),
            Command::Version => {
                Reply::Version(context.store.version().as_bytes()).encode(context.out);
                return Handled::Done;
            }
            Command::Verbosity(_) => Reply::Ok,
            Command::CacheMemlimit(megabytes) => cache_memlimit(megabytes, context),
            Command::Stats(kind) => stats(kind, context),
            Command::Quit => return Handled::Close,
        };
        if request.reply_mode.answers(is_expected(&reply)) {
            reply.encode(context.out);
        }
        Handled::Done
    }

    fn resume<S: Store, O: Sink>(
        retrieval: &mut Retrieval,
        context: &mut Context<'_, S, O>,
    ) -> bool {
        retrieval::resume(retrieval, context)
    }

    fn reject<S: Store, O: Sink>(error: RequestError<'_>, context: &mut Context<'_, S, O>) {
        if error.kind == RequestErrorKind::ValueTooLarge {
            context.store.count(Counter::StoreTooLarge, 1);
        }
        if let Some(key) = error.key {
            // The old value must not be mistaken for the new one (`limits/value`).
            context.store.change(key.as_bytes(), Change::Remove);
        }
        let reply = error.kind.reply();
        if error.reply_mode.answers(is_expected(&reply)) {
            reply.encode(context.out);
        }
    }

    fn save(retrieval: &Retrieval) -> Vec<u8> {
        let Options { with_cas, touch } = retrieval.options;
        let keys = Keys::checked(retrieval.keys.as_bytes(), 0);
        let mut line = Vec::new();
        Request::new(Command::Get { keys, with_cas, touch }).encode(&mut line);
        line
    }

    fn restore(text: Vec<u8>, limits: &Limits) -> Option<Retrieval> {
        // No reply to a line that is too long is ever paused.
        if !is_line::<Self>(&text, limits) {
            return None;
        }
        let Line::Complete(head) = Self::scan(&text, limits) else { return None };
        let request = Self::message(head, &text, Data::Borrowed(&[]));
        let Command::Get { keys, with_cas, touch } = request.command else { return None };
        let options = Options { with_cas, touch };
        Some(Retrieval { keys: PendingKeys::new(keys.as_bytes()), options })
    }
}

/// Whether a reply is one that a quiet request suppresses: any success.
fn is_expected(reply: &Reply<'_>) -> bool {
    !matches!(reply, Reply::NotStored | Reply::Exists | Reply::NotFound | Reply::Error(..))
}

fn flush_all<S: Store, O>(delay: i64, context: &mut Context<'_, S, O>) -> Reply<'static> {
    let at = Clock::of(context).deadline(delay).map_or(context.now, NonZeroU64::get);
    if !context.store.flush(at) {
        return Reply::Error(ErrorKind::Client, b"flush_all not allowed");
    }
    context.store.count(Counter::CmdFlush, 1);
    Reply::Ok
}

fn cache_memlimit<S: Store, O>(megabytes: u64, context: &mut Context<'_, S, O>) -> Reply<'static> {
    if context.store.resize(megabytes.saturating_mul(1 << 20)) {
        Reply::Ok
    } else {
        Reply::Error(ErrorKind::Server, b"cannot set the memory limit to that")
    }
}

/// Writes the statistics, and returns the final line.
fn stats<S: Store, O: Sink>(kind: &[u8], context: &mut Context<'_, S, O>) -> Reply<'static> {
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
