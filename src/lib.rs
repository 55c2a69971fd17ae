//! The memcached text protocol as an explicit, resumable state machine, without I/O.
//!
//! ```text
//!             bytes, in any chunks                         bytes, to be sent
//!                     │                                            ▲
//!   ┌─ Session ───────┼────────────────────────────────────────────┼───────┐
//!   │   ┌─ Machine ───▼──────────────┐   messages,   ┌─────────────┴─────┐ │
//!   │   │ lines, data blocks,        │   errors      │ what the requests │ │
//!   │   │ skipping, recovery         ├──────────────►│ do, and replies   │ │
//!   │   │  ┌─ Grammar ─────────────┐ │               └────────┬──────────┘ │
//!   │   │  │ parses a line         │ │                        │            │
//!   │   └──┴───────────────────────┴─┘                        ▼            │
//!   └──────────────────────────────────────────────────── Store ───────────┘
//! ```
//!
//! # The tour
//!
//! A [`Machine`] reads one stream. Feed it what each read delivers; [`Machine::step`] consumes the
//! input from its front, and returns a message, an error, or asks for more. `cargo run --example
//! by_hand` runs this, and prints each state:
//!
//! ```
#![doc = include_str!("../examples/by_hand.rs")]
//! ```
//!
//! The lines are parsed by a [`Grammar`](grammar::Grammar). Each [dialect] has two: one of
//! requests, for servers, and one of replies, for clients. The same machine reads both:
//!
//! ```
//! use memwire::{Limits, Machine, Step, dialect::simple::{Replies, Reply}};
//!
//! let mut machine = Machine::<Replies>::new(Limits::default().for_replies());
//! let mut chunk = &b"VALUE k 5\nhello\nEND\n"[..];
//! let Step::Dispatch(Reply::Value { key, value }) = machine.step(&mut chunk) else {
//!     panic!("the value is complete");
//! };
//! assert_eq!((key.as_bytes(), &value[..]), (&b"k"[..], &b"hello"[..]));
//! ```
//!
//! A [`Session`] connects a machine of requests to a [store], and writes replies to a buffer of the
//! caller's. It still has no transport:
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
//! # Where to read on
//!
//! | for | read |
//! |---|---|
//! | which calls to make, and when | [`machine`] for a stream, [`session`] for a connection |
//! | requests, replies and errors | [`dialect::simple`], [`dialect::classic`] |
//! | a store of your own | [`store`], [`telemetry`] |
//! | a dialect of your own | [`grammar`], [`text`], and the package `memwire-testing` for its laws |
//!
//! Each of these runs as `cargo run --example NAME`:
//!
//! | example | shows |
//! |---|---|
//! | `by_hand` | a machine without a transport |
//! | `expiry` | a classic session without a transport, while time passes |
//! | `client` | a client: requests are encoded, replies are read |
//! | `blocking`, `tokio`, `mio` | a server on each of these transports |
//!
//! # The laws
//!
//! - *Split*: any two splits of a stream give the same messages and errors, at the same offsets,
//!   and the same replies.
//! - *Oracle*: they equal those of the oracle in `memwire-testing`, which shares no code with the
//!   machine and interprets the whole stream at once.
//! - *Prompt*: a message or an error is returned as soon as it is determined; no further byte is
//!   needed.
//! - *Linear*: work is linear in the stream's length for every split: a byte is examined at most
//!   three times, and copied at most twice.
//! - *Bounded*: memory is at most the larger of [`machine::RETAINED_BUFFER`] and twice what arrived
//!   of the pending message.
//! - *Resume*: a saved machine continues elsewhere as if nothing had happened.
//! - *Recover*: after an error the machine is back in its initial state at a defined offset.
//! - *Total*: every byte string has a specified outcome, and nothing panics.
//!
//! # Features
//!
//! - `std` (the default): faster searches, and conversions into `std::io::Error`. Without it the
//!   crate is `no_std` with `alloc`.
//! - `serde` (off by default): [`Snapshot`], [`SessionSnapshot`] and [`State`] can be serialised.
//!
//! There are no others. The oldest Rust is 1.88.
//!
//! Targets without atomic pointers have the machine and the dialects, but no session and no store.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

extern crate alloc;

pub mod dialect;
pub mod grammar;
mod limits;
pub mod machine;
mod output;
#[cfg(target_has_atomic = "ptr")]
pub mod session;
#[cfg(target_has_atomic = "ptr")]
mod simulate;
#[cfg(target_has_atomic = "ptr")]
pub mod store;
pub mod telemetry;
pub mod text;

pub use limits::Limits;
pub use machine::{Machine, RestoreError, Snapshot, State, Step, Truncated};
pub use output::Output;
#[cfg(target_has_atomic = "ptr")]
pub use session::{Progress, Session, SessionRestoreError, SessionSnapshot};
#[cfg(target_has_atomic = "ptr")]
pub use simulate::{simulate, simulate_to};

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
struct Readme;
