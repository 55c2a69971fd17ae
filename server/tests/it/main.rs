//! The tests of memwire-server that need no program.

mod server;
mod store;
