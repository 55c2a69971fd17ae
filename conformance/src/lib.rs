//! A conformance suite for implementations of the memcached text protocol.
//!
//! ```text
//!  spec/simple.md ──► vectors::Suite ──► run ──► results::Results ──► report
//!    (documents)       (and as JSON)      ▲                        human, TAP, JSON, JUnit, HTML
//!                                         │
//!                  Config: a Target, its Dialect, which vectors, how to deliver them
//! ```
//!
//! The clauses of a [dialect](dialect::Dialect) are in a document, each with examples. A
//! [`Suite`](vectors::Suite) is that document as data: every example is a
//! [`Vector`](vectors::Vector): what a client sends and expects.
//!
//! [`run`] delivers the vectors to a [`Target`] in several ways: whole, split in two at every
//! offset, byte by byte, one after the other on one connection, and so on (see [`Delivery`]). A
//! vector passes if it passes in all of them. If it does not, the [`Failure`](results::Failure)
//! shows the smallest split that fails, what is probably wrong, and a command that sends the same
//! bytes.
//!
//! ```no_run
//! use memwire_conformance::{Config, Interrupt, Target, dialect::CLASSIC, report, run};
//!
//! let target = Target::Spawn("./my-server --port {port}".to_owned());
//! let config = Config::new(target, &CLASSIC).with_skip(["stats/*"]);
//! let results = run(&config, |_| (), &Interrupt::new())?;
//! assert!(results.passed(), "{}", report::human(&results));
//! # Ok::<_, memwire_conformance::RunError>(())
//! ```
//!
//! # Modules
//!
//! Each module knows only those that are listed before it:
//!
//! - [`text`]: bytes as text.
//! - `framing`, [`dialect`]: streams, parsed by memwire's machine; what the suite knows of each
//!   dialect.
//! - [`vectors`]: clauses and vectors; their documents and their JSON.
//! - `delivery`, [`results`]: the ways to deliver a vector; what came of it.
//! - `target`: processes, ports, connections.
//! - `config`, `selection`, `known_failures`: what is to be run.
//! - `script`, `splits`: what is sent on one connection and what is expected; where it is split.
//! - `exchange`: one script, sent and compared with the replies.
//! - `failure`: failures, described for people.
//! - `runner`: all deliveries of all vectors.
//! - `run`: a run from beginning to end.
//! - [`report`](mod@report): reports, made from the results.

mod config;
mod delivery;
pub mod dialect;
mod exchange;
mod failure;
mod framing;
mod known_failures;
pub mod report;
pub mod results;
mod run;
mod runner;
mod script;
mod selection;
mod splits;
mod target;
pub mod text;
pub mod vectors;

pub use config::Config;
pub use delivery::{Delivery, Split, SplitError};
pub use known_failures::KnownFailuresError;
pub use run::{Event, Interrupt, RunError, run};
pub use selection::SelectionError;
pub use target::Target;
