//! Tests of the repository: its documents, examples and corpus are right, and its parts agree.
//!
//! They read files outside of this package, so they are not packed with it.

mod copies;
mod corpus;
mod documents;
mod example_servers;
mod examples;
mod harness;
mod layers;
mod links;
#[cfg(target_os = "linux")]
mod memcached;
mod paths;
#[path = "../it/process.rs"]
mod process;
mod readme;
mod seeded_bugs;
mod states;
