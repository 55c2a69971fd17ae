//! The laws as functions: each panics, with the name of the law and the stream that breaks it, if
//! the law does not hold.
//!
//! A *split* divides a stream into chunks: it is a list of ascending offsets.
//!
//! | law | functions | holds for |
//! |---|---|---|
//! | *Split* | [`split`], [`session`] | any [`LoggedGrammar`] |
//! | *Oracle* | [`oracle`](oracle()), [`session`] | an [`OracleGrammar`] |
//! | *Prompt* | [`prompt`]; [`feed`] checks that a step that needs more has consumed its input | an [`OracleGrammar`] |
//! | *Linear* | `counting::linear` | any [`Grammar`](memwire::grammar::Grammar) |
//! | *Bounded* | [`bounded`], `counting::linear` | any [`Grammar`](memwire::grammar::Grammar) |
//! | *Resume* | [`resume`], [`reachable`] | any [`LoggedGrammar`] |
//! | *Recover* | [`recover`] | an [`OracleGrammar`] |
//! | *Total* | [`total`] | any [`LoggedGrammar`] |
//!
//! [`all`] and [`all_without_oracle`] check the laws of the machine together.

mod all;
mod bounded;
#[cfg(feature = "counting")]
pub mod counting;
mod feeding;
mod log;
mod oracle;
mod prompt;
mod recover;
mod resume;
mod session;
mod split;
mod splits;
mod total;

pub use all::{all, all_without_oracle};
pub use bounded::bounded;
pub use feeding::{feed, record};
pub use log::{Expected, Log, LoggedGrammar, OracleGrammar};
pub use oracle::oracle;
pub use prompt::prompt;
pub use recover::recover;
pub use resume::{reachable, resume};
pub use session::{exchange, exchange_with, session};
pub use split::split;
pub use splits::{chunks, split_points, splits};
pub use total::total;
