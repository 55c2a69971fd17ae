//! References between clauses and vectors, and what follows from them: a vector's level,
//! capabilities, and isolation.

use std::collections::HashSet;

use super::error::{Result, fail};
use crate::{
    dialect::Dialect,
    framing::Framing,
    vectors::{
        suite::{Clause, Suite},
        vector::{MAX_SHARED, Step, Vector},
    },
};

/// Checks the references between clauses and vectors, and fills in what follows from them.
pub fn complete(suite: &mut Suite, dialect: &Dialect) -> Result<()> {
    let mut seen = HashSet::new();
    for clause in &suite.clauses {
        if !seen.insert(clause.id.as_str()) {
            return fail(clause.line, format!("the clause `{}` is defined twice", clause.id));
        }
    }
    let mut seen = HashSet::new();
    for vector in &mut suite.vectors {
        if !seen.insert(vector.id.clone()) {
            return fail(vector.line, format!("the vector `{}` is defined twice", vector.id));
        }
        let mut requires = vec![];
        for id in &vector.clauses {
            let Some(clause) = suite.clauses.iter().find(|clause| clause.id == *id) else {
                return fail(vector.line, format!("there is no clause `{id}`"));
            };
            vector.level = vector.level.min(clause.level);
            requires.extend_from_slice(&clause.requires);
        }
        requires.sort();
        requires.dedup();
        vector.requires = requires;
        vector.isolated = is_isolated(dialect, vector);
        let expects = vector.steps.iter().any(|step| matches!(step, Step::Expect(_)));
        if vector.level.is_none() && expects {
            let id = &vector.id;
            let message = format!("the vector `{id}` shows an OPEN clause, and expects something");
            return fail(vector.line, message);
        }
    }
    for Clause { id, line, .. } in &suite.clauses {
        if !suite.vectors.iter().any(|vector| vector.clauses.contains(id)) {
            return fail(*line, format!("no vector shows the clause `{id}`"));
        }
    }
    Ok(())
}

/// See [`Vector::isolated`].
fn is_isolated(dialect: &Dialect, vector: &Vector) -> bool {
    let sent = vector.sent();
    let mut expected = vec![];
    vector.expected().expand(&mut expected);
    let is_clean = |framing: Framing, length: usize| {
        framing.rest == length && !framing.messages.iter().any(|message| message.rejected)
    };
    sent.len() > MAX_SHARED
        || !vector.expected().is_literal()
        || !is_clean((dialect.requests)(&sent), sent.len())
        || !is_clean((dialect.replies)(&expected), expected.len())
}
