//! Counters of connections.

use crate::counters::StripedCounters;

/// An event or a quantity that is counted on connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionCounter {
    /// Bytes received from clients.
    BytesRead,
    /// Bytes of replies.
    BytesWritten,
    /// How often a connection with more requests yielded to others.
    ConnYields,
    /// Connections that were closed because they were idle for too long.
    IdleKicks,
}

impl ConnectionCounter {
    /// All of them, in the order in which `stats` reports them.
    pub const ALL: &'static [Self] =
        &[Self::BytesRead, Self::BytesWritten, Self::ConnYields, Self::IdleKicks];

    /// The name in `stats`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BytesRead => "bytes_read",
            Self::BytesWritten => "bytes_written",
            Self::ConnYields => "conn_yields",
            Self::IdleKicks => "idle_kicks",
        }
    }
}

/// The counters of all connections of a server. Counting takes no lock.
#[derive(Debug, Default)]
pub struct ConnectionCounters(StripedCounters<{ ConnectionCounter::ALL.len() }>);

impl ConnectionCounters {
    /// All are 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter's value since the last [reset](Self::reset).
    #[must_use]
    pub fn get(&self, counter: ConnectionCounter) -> u64 {
        self.0.sum(counter as usize)
    }

    /// Sets all to 0.
    pub fn reset(&self) {
        self.0.reset();
    }

    pub(crate) fn count(&self, counter: ConnectionCounter, times: u64) {
        self.0.add(counter as usize, times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_its_index_in_all() {
        for (index, counter) in ConnectionCounter::ALL.iter().enumerate() {
            assert_eq!(*counter as usize, index);
        }
    }
}
