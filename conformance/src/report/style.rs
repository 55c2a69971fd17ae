//! How reports look on a terminal. Whoever prints them strips the colours where they are not
//! wanted.

use anstyle::{AnsiColor, Style};

/// What is right.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is neither.
pub const ODD: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// What matters more.
pub const STRONG: Style = Style::new().bold();
