//! Where values are kept: the trait [`Store`], its items, and a plain map.
//!
//! | request | a session calls |
//! |---|---|
//! | `get`, `gets` | [`Store::get`] for each key |
//! | `set` | [`Store::change`] |
//! | any other request with a key | [`Store::update`] |
//! | `flush_all` | [`Store::flush`] |
//! | `cache_memlimit` | [`Store::resize`] |
//! | `stats`, `version`, and to count | the methods of [`Telemetry`](crate::telemetry::Telemetry) |
//!
//! A classic session calls [`Store::generation`] before it executes a request with a key, and
//! treats items that have expired, or are of another generation, as absent. So a store needs no
//! timer, and reads no clock. It may evict any item at any time.
//!
//! [`Map`] is for one thread. A store for several threads implements [`Store`] for a shared
//! reference, as the `Cache` of the package `memwire-server` does; or put a [`Map`] in a mutex,
//! as `examples/blocking.rs` does.

mod item;
mod map;
mod traits;

pub use item::{Item, Meta};
pub use map::Map;
pub use traits::{Change, Store};
