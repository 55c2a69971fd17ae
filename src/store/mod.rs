//! Where values are kept: the trait [`Store`], its items, and a plain map.

mod item;
mod map;
mod traits;

pub use item::{Item, Meta};
pub use map::Map;
pub use traits::{Change, Store};
