//! Implements the traits of the laws for the grammars in [`memwire::dialect`]: how their messages
//! are logged, and what their oracles expect. And a grammar for tests.

mod classic;
mod simple;
mod tiny;

pub use tiny::{Tiny, TinyError};
