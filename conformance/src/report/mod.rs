//! Reports: functions from results to text.

mod comparison;
mod error;
mod html;
mod human;
mod json;
mod junit;
pub mod style;
mod tap;

pub use comparison::comparison;
pub use error::ReportError;
pub use html::html;
pub use human::human;
pub use json::json;
pub use junit::junit;
pub use tap::tap;
