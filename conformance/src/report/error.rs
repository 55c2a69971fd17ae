//! Why a report cannot be made.

use std::{error::Error, fmt};

/// A report cannot be written in its format.
#[derive(Debug)]
pub struct ReportError(Box<dyn Error + Send + Sync>);

impl ReportError {
    pub(crate) fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
