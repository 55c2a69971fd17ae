//! Conformance vectors: what a dialect's document says, as data.
//!
//! A document such as `spec/simple.md` holds clauses and examples; [`Suite::from_document`] turns
//! it into a [`Suite`], whose JSON form is next to the document, for test harnesses in any
//! language.

mod document;
mod level;
mod pattern;
mod pattern_json;
mod suite;
mod vector;

pub use document::DocumentError;
pub use level::Level;
pub use pattern::{Captures, MAX_EXPANDED, Part, Pattern};
pub use suite::{Clause, FORMAT, Suite, SuiteError};
pub use vector::{End, MAX_SHARED, Step, Vector};
