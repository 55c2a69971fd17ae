//! Documents, vectors, the core under all vectors, and runs of the suite.

mod classic;
mod documents;
mod run;
mod simple;
mod suites;
