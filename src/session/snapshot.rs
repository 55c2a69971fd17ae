//! Saved sessions, and why they may be rejected.

use alloc::vec::Vec;
use core::{error::Error, fmt};

use crate::machine::{RestoreError, Snapshot};

/// A saved session: its machine, the reply in progress, and whether it is closed.
///
/// With the feature `serde` it can be serialised. [`Session::restore`](super::Session::restore)
/// validates it, so it may come from untrusted input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SessionSnapshot {
    pub(crate) machine: Snapshot,
    pub(crate) continuation: Option<Vec<u8>>,
    pub(crate) closed: bool,
}

/// Why a [`SessionSnapshot`] cannot be restored: it was damaged or forged, or comes from a session
/// with other limits.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionRestoreError {
    /// Its machine cannot be restored.
    Machine(RestoreError),
    /// Its reply in progress is invalid, or contradicts the rest of it.
    Continuation,
}

impl fmt::Display for SessionRestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(error) => fmt::Display::fmt(error, f),
            Self::Continuation => f.write_str("the snapshot contains an invalid pending request"),
        }
    }
}

impl Error for SessionRestoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Machine(error) => Some(error),
            Self::Continuation => None,
        }
    }
}
