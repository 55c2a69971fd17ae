//! The classic dialect: memcached's text protocol, without the meta commands. Its specification is
//! `spec/classic.md`; the comments name the clauses that define each item.

mod error;
mod reply;
mod request;
mod scan;

pub use error::{RequestError, RequestErrorKind};
#[cfg(target_has_atomic = "ptr")]
pub(crate) use reply::value_line_tail;
pub use reply::{Replies, Reply, ReplyHead, put_value_line};
pub use request::{Command, Key, Keys, ReplyMode, Request, Requests, StoreMode};
pub use scan::{RequestHead, RequestReject};

pub use super::{ErrorKind, ReplyError};
