//! Tests of the core and its laws: examples, exhaustive sweeps, a model checker and random streams.

mod closure;
mod errors;
mod exhaustion;
mod items;
mod linear;
mod machine;
mod model;
mod properties;
mod session;
mod simulate;
mod store;
mod streams;
mod text;
