//! The dialects, as values of `--dialect`.

use clap::ValueEnum;
use memwire_conformance::dialect::Dialect;

use crate::failure::Failure;

/// A dialect of the protocol: `simple` is `set` and `get` in lines that end with LF, `classic` is
/// memcached's text protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    Simple,
    Classic,
}

impl DialectName {
    /// Its name in arguments and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Classic => "classic",
        }
    }

    /// The dialect of the conformance suite that has this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn suite(self) -> Result<&'static Dialect, Failure> {
        Dialect::named(self.name()).map_err(|error| Failure::usage(error.to_string()))
    }
}
