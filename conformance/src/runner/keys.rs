//! Prefixes of keys, so that vectors, deliveries and runs do not find each other's items.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::{dialect::Dialect, splits::HEAVY, target::Target, vectors::Vector};

/// The prefixes of keys in one run.
pub struct KeyNames {
    /// The beginning of all prefixes; no other run has the same.
    token: String,
    /// How many prefixes were given.
    given: AtomicU64,
    /// The ids of vectors that have the same prefix each time.
    stable: BTreeSet<String>,
}

impl KeyNames {
    pub fn new(target: &Target, dialect: &Dialect, vectors: &[Vector]) -> Self {
        Self {
            // Seeded by the system.
            token: (0..4).map(|_| fastrand::lowercase()).collect(),
            given: AtomicU64::new(0),
            stable: stable(target, dialect, vectors),
        }
    }

    /// A prefix that was never used.
    pub fn unused(&self) -> String {
        // Of one length, so that splits stay where they are.
        format!("{}{:05x}-", self.token, self.given.fetch_add(1, Relaxed))
    }

    /// The prefix of a vector's keys, where the store is not its own.
    pub fn of(&self, vector: &Vector) -> String {
        if self.stable.contains(&vector.id) {
            // As long as any other.
            return format!("suite{:04x}-", vector.line);
        }
        self.unused()
    }
}

/// The ids of vectors that leave large values in a server's store. They overwrite these the next
/// time, so that the store does not run full, and must have the same replies when they do.
fn stable(target: &Target, dialect: &Dialect, vectors: &[Vector]) -> BTreeSet<String> {
    if !target.is_shared() {
        return BTreeSet::new();
    }
    let is_stable = |vector: &&Vector| {
        let stream = vector.sent();
        stream.len() >= HEAVY && {
            let answer = (dialect.answer)(&stream);
            (dialect.answer)(&stream.repeat(2)) == answer.repeat(2)
        }
    };
    vectors.iter().filter(is_stable).map(|vector| vector.id.clone()).collect()
}
