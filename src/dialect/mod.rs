//! The dialects. Each has two [grammars](crate::grammar), `Requests` for servers and `Replies` for
//! clients, and encoders for both directions.
//!
//! ```
//! use memwire::{Limits, Machine, Step, dialect::classic::{Command, Key, Replies, Reply, Request}};
//!
//! // A client encodes a request …
//! let mut sent = Vec::new();
//! Request::new(Command::Incr(Key::try_from("hits")?, 1)).encode(&mut sent);
//! assert_eq!(sent, b"incr hits 1\r\n");
//!
//! // … and reads the reply.
//! let mut machine = Machine::<Replies>::new(Limits::default().for_replies());
//! assert!(matches!(machine.step(&mut &b"42\r\n"[..]), Step::Dispatch(Reply::Number(42))));
//! # Ok::<(), memwire::text::KeyError>(())
//! ```

pub mod classic;
mod error_kind;
mod reply_error;
pub mod simple;

pub use error_kind::ErrorKind;
pub use reply_error::ReplyError;
