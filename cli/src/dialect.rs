//! The dialects, as values of `--dialect`.

use clap::ValueEnum;

/// Which dialect is spoken: `simple` is set and get with lines that end with LF, `classic` what
/// memcached's clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    Simple,
    Classic,
}

impl DialectName {
    /// As it is written in arguments and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Classic => "classic",
        }
    }
}
