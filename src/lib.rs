//! The memcached text protocol as an explicit, resumable state machine.
//!
//! ```text
//!             bytes, in any chunks                         bytes, to be sent
//!                     │                                            ▲
//!   ┌─ Session ───────┼────────────────────────────────────────────┼───────┐
//!   │   ┌─ Machine ───▼──────────────┐   messages,   ┌─────────────┴─────┐ │
//!   │   │ lines, data blocks,        │   refusals    │ what the requests │ │
//!   │   │ skipping, recovery         ├──────────────►│ do, and replies   │ │
//!   │   │  ┌─ Grammar ─────────────┐ │               └────────┬──────────┘ │
//!   │   │  │ what a line says      │ │                        │            │
//!   │   └──┴───────────────────────┴─┘                        ▼            │
//!   └──────────────────────────────────────────────────── Store ───────────┘
//! ```
//!
//! # The tour
//!
//! A [`Machine`] reads one stream. Feed it what each read delivers; [`Machine::step`] takes what it
//! uses off the front, and gives a message, a refusal, or asks for more. `cargo run --example
//! by_hand` runs this, and shows each state:
//!
//! ```
#![doc = include_str!("../examples/by_hand.rs")]
//! ```
//!
//! It goes by a [`Grammar`](dialect::Grammar), of which each [dialect] has two: one of requests,
//! for servers, and one of replies, for clients. The same machine reads both:
//!
//! ```
//! use memwire::{Limits, Machine, Step, dialect::simple::{Replies, Reply}};
//!
//! let mut machine = Machine::<Replies>::new(Limits::default().of_replies());
//! let mut chunk = &b"VALUE k 5\nhello\nEND\n"[..];
//! let Step::Dispatch(Reply::Value { key, value }) = machine.step(&mut chunk) else {
//!     panic!("the value is whole");
//! };
//! assert_eq!((key.as_bytes(), &value[..]), (&b"k"[..], &b"hello"[..]));
//! ```
//!
//! A [`Session`] puts a [store] behind a machine of requests, and writes replies to a buffer of the
//! caller's. It is still without a transport:
//!
//! ```
//! use memwire::{Limits, Progress, Session, dialect::simple::Requests, store::Map};
//!
//! let mut store = Map::new();
//! let mut session = Session::<Requests>::new(Limits::default());
//! let mut replies = Vec::new();
//! for mut chunk in [&b"set k 5\nhe"[..], b"llo\nget k!\nget k\n"] {
//!     while session.advance(&mut store, 0, &mut chunk, &mut replies) == Progress::OutputFull {
//!         // Send `replies`, clear them, and call again.
//!     }
//! }
//! let expected = "STORED\nCLIENT_ERROR bad key, expected A-Z a-z 0-9 _ -\nVALUE k 5\nhello\nEND\n";
//! assert_eq!(replies, expected.as_bytes());
//! ```
//!
//! [`simulate`] is all of that as a function from requests to replies.
//!
//! # The laws
//!
//! - *Split*: any two splits of a stream give the same messages and refusals, at the same offsets,
//!   and the same replies.
//! - *Oracle*: they are what the [oracle], which shares no code with the machine, says of the whole
//!   stream.
//! - *Prompt*: what is decided is given at once.
//! - *Linear*: work is linear in the stream's length for every split: a byte is examined at most
//!   three times, and copied at most twice.
//! - *Bounded*: memory is at most the larger of [`machine::SMALL`] and twice what arrived.
//! - *Resume*: a saved machine goes on elsewhere as if nothing had happened.
//! - *Recover*: after a refusal there is an offset at which the machine is as new.
//! - *Total*: every byte string has a specified outcome, and nothing panics.
//!
//! # Features
//!
//! - none: the machine, the dialects, the session, the plain map and the oracle; `no_std` with
//!   `alloc`.
//! - `std`: faster searches.
//! - `serde`: snapshots can be serialised.
//! - `vectors`: conformance vectors, from JSON and from the documents.
//! - `app` (the default): all of these, the program, and its bounded store.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

extern crate alloc;

#[cfg(feature = "app")]
pub mod app;
pub mod dialect;
mod limits;
pub mod machine;
pub mod oracle;
mod output;
pub mod session;
mod simulate;
pub mod store;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use limits::Limits;
pub use machine::{BadSnapshot, Machine, Snapshot, State, Step, Truncated};
pub use output::Output;
pub use session::{BadSessionSnapshot, Progress, Session, SessionSnapshot};
pub use simulate::{simulate, simulate_to};

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
