//! The core under its laws: by hand, exhaustively, by a model checker and at random.

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
