//! Colours of reports on a terminal. Callers strip them where they are not wanted.

use anstyle::{AnsiColor, Style};

/// Correct.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Neither.
pub const ODD: Style = AnsiColor::Yellow.on_default();
/// Less important.
pub const FAINT: Style = Style::new().dimmed();
/// What matters more.
pub const STRONG: Style = Style::new().bold();
