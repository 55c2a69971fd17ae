//! The oracle and the laws: checks for dialects of the memcached text protocol, those of
//! [`memwire`] and your own.
//!
//! - [`oracle`]: interprets a whole stream by slicing it. It shares no code with the machine, so
//!   that the two can be compared.
//! - [`laws`]: the guarantees of a [`Machine`](memwire::Machine) or [`Session`](memwire::Session),
//!   as functions that panic, with the name of the law, if it does not hold for a stream and a
//!   split.
//! - [`grammars`]: the traits of the laws for the grammars in [`memwire::dialect`], and a
//!   [tiny grammar](grammars::Tiny) as an example.
//! - [`stores`]: what every [`Store`](memwire::store::Store) does, as a function that panics.
//! - `streams`: streams built from the bytes that a fuzzer mutates.
//!
//! # A grammar of your own
//!
//! Implement [`LoggedGrammar`](laws::LoggedGrammar) for it, which takes one function: it writes a
//! message to a log. Then [`all_without_oracle`](laws::all_without_oracle) checks a stream under
//! a split, and [`splits`](laws::splits) gives many splits of it:
//!
//! ```
//! use memwire::{Limits, grammar::{Data, Grammar, Line}};
//! use memwire_testing::laws::{self, LoggedGrammar};
//!
//! /// `+<n>` is followed by a data block of n bytes; any other line is a message without one.
//! enum Plus {}
//!
//! #[derive(Clone, Copy, Debug)]
//! struct PlusError(&'static str);
//!
//! impl std::fmt::Display for PlusError {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str(self.0)
//!     }
//! }
//!
//! impl std::error::Error for PlusError {}
//!
//! impl Grammar for Plus {
//!     type Head = ();
//!     type Reject = PlusError;
//!     type Message<'m> = (&'m [u8], Data<'m>);
//!     type Error<'m> = PlusError;
//!
//!     const BLOCK_END: &'static [u8] = b"\n";
//!     const RESYNC: bool = true;
//!     const LINE_TOO_LONG: PlusError = PlusError("line too long");
//!
//!     fn bad_block((): ()) -> PlusError {
//!         PlusError("bad block end")
//!     }
//!
//!     fn scan(line: &[u8], limits: &Limits) -> Line<(), PlusError> {
//!         let Some(number) = line.strip_prefix(b"+") else { return Line::Complete(()) };
//!         match str::from_utf8(number).ok().and_then(|text| text.trim_end().parse().ok()) {
//!             None => Line::Rejected(PlusError("bad length"), None),
//!             Some(size) if size > limits.value => {
//!                 Line::Rejected(PlusError("value too large"), Some(size as u64))
//!             }
//!             Some(size) => Line::WithData((), size),
//!         }
//!     }
//!
//!     fn message<'m>((): (), line: &'m [u8], data: Data<'m>) -> Self::Message<'m> {
//!         (line, data)
//!     }
//!
//!     fn error(reject: PlusError, _line: &[u8]) -> PlusError {
//!         reject
//!     }
//! }
//!
//! impl LoggedGrammar for Plus {
//!     fn log_message((line, data): &Self::Message<'_>, log: &mut Vec<u8>) {
//!         log.extend([line, &data[..]].concat());
//!     }
//! }
//!
//! let limits = Limits::DEFAULT.with_line(8).with_value(4);
//! let stream = b"+3\na\nb\n+9\nnine byte\nline\n+x\n+1\nno\n";
//! for split in laws::splits::<Plus>(limits, stream) {
//!     laws::all_without_oracle::<Plus>(limits, stream, &split);
//! }
//! ```
//!
//! That finds results that depend on the split. It does not find a stream that is parsed wrong in
//! the same way under every split. For that, write an oracle: a function from a whole stream to an
//! [`oracle::Transcript`], in code that shares nothing with the grammar, and implement
//! [`OracleGrammar`](laws::OracleGrammar). Then [`all`](laws::all) checks all laws.
//!
//! # Features
//!
//! - `counting` (the default): `laws::counting`, which checks the laws *Linear* and *Bounded* with
//!   a counting allocator. It installs a global allocator: a program that has one of its own needs
//!   `default-features = false`.
//! - `arbitrary`: `streams`, whose types implement the trait of the crate `arbitrary`.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod grammars;
pub mod laws;
pub mod oracle;
pub mod stores;
#[cfg(feature = "arbitrary")]
pub mod streams;
