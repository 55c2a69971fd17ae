//! Saved machines, and the validation of snapshots, which may come from untrusted input.

use alloc::vec::Vec;
use core::{error::Error, fmt};

use super::state::{Phase, State};
use crate::{
    grammar::{Grammar, Line, is_line},
    limits::Limits,
};

/// A saved machine: all that another one needs to continue (law *Resume*).
///
/// With the feature `serde` it can be serialised. [`Machine::restore`](crate::Machine::restore)
/// validates it, so it may come from untrusted input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    state: State,
    line: Vec<u8>,
    value: Vec<u8>,
    start: u64,
    offset: u64,
}

/// Why a [`Snapshot`] cannot be restored: it was damaged or forged, or comes from a machine with
/// other limits.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestoreError {
    /// A machine is never saved in this state.
    State,
    /// The line is longer than the limit, or does not fit the state.
    Line,
    /// The value does not fit the declared length, or the number of bytes still to come.
    Value,
    /// The offsets do not fit the number of bytes in the snapshot.
    Offset,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "the snapshot's state cannot be resumed",
            Self::Line => "the snapshot's line passes the limit or does not fit its state",
            Self::Value => "the snapshot's value does not fit its line and state",
            Self::Offset => "the snapshot's offsets do not fit what it holds",
        })
    }
}

impl Error for RestoreError {}

/// The fields of a machine, from a valid snapshot.
pub struct Checked<H> {
    pub phase: Phase<H>,
    pub line: Vec<u8>,
    pub value: Vec<u8>,
    pub start: u64,
    pub offset: u64,
}

impl Snapshot {
    pub(crate) fn new(state: State, line: &[u8], value: &[u8], start: u64, offset: u64) -> Self {
        Self { state, line: line.to_vec(), value: value.to_vec(), start, offset }
    }

    /// Checks that a machine of `G` with these limits can have been saved like this.
    pub(crate) fn check<G: Grammar>(
        self,
        limits: &Limits,
    ) -> Result<Checked<G::Head>, RestoreError> {
        let Self { state, mut line, mut value, start, offset } = self;
        let end = G::BLOCK_END.len() as u64;
        // No stream is that long, and adding to an offset within this bound cannot overflow.
        if offset > u64::MAX / 2 {
            return Err(RestoreError::Offset);
        }
        let arrived = offset.checked_sub(start).ok_or(RestoreError::Offset)?;
        let (phase, taken) = match state {
            State::AwaitingLine => {
                if line.len() > limits.line || line.contains(&b'\n') {
                    return Err(RestoreError::Line);
                }
                (Phase::AwaitingLine, line.len() as u64)
            }
            State::AwaitingValue(left) => {
                if !is_line::<G>(&line, limits) {
                    return Err(RestoreError::Line);
                }
                let Line::WithData(head, size) = G::scan(&line, limits) else {
                    return Err(RestoreError::Line);
                };
                if left == 0 || left > (size as u64).saturating_add(end) {
                    return Err(RestoreError::State);
                }
                let missing = size.checked_sub(value.len()).ok_or(RestoreError::Value)? as u64;
                let ended = missing.saturating_add(end).checked_sub(left);
                let ended = ended.ok_or(RestoreError::Value)?;
                if missing > 0 && ended > 0 {
                    return Err(RestoreError::Value);
                }
                let taken = (line.len() + value.len()) as u64 + ended;
                let ended = usize::try_from(ended).map_err(|_| RestoreError::State)?;
                (Phase::AwaitingValue { head, size, ended }, taken)
            }
            State::SkippingBlock(left) if left > 0 && arrived > 0 => {
                (Phase::SkippingBlock(left), arrived)
            }
            State::SkippingLine if arrived > 0 => (Phase::SkippingLine, arrived),
            State::Dispatch | State::SkippingBlock(_) | State::SkippingLine => {
                return Err(RestoreError::State);
            }
        };
        if matches!(phase, Phase::SkippingBlock(_) | Phase::SkippingLine) && !line.is_empty() {
            return Err(RestoreError::Line);
        }
        if !matches!(phase, Phase::AwaitingValue { .. }) && !value.is_empty() {
            return Err(RestoreError::Value);
        }
        if arrived != taken {
            return Err(RestoreError::Offset);
        }
        line.shrink_to_fit();
        value.shrink_to_fit();
        Ok(Checked { phase, line, value, start, offset })
    }
}
