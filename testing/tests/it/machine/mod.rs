//! The machine alone: memory, states, snapshots, limits, and grammars unlike `simple`'s.

mod buffers;
mod grammars;
mod limits;
mod snapshots;
mod states;
