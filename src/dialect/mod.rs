//! The dialects. Each has two grammars, of requests and of replies, and their two encoders.

pub mod classic;
mod error_kind;
mod reply_error;
pub mod simple;

pub use error_kind::ErrorKind;
pub use reply_error::ReplyError;
