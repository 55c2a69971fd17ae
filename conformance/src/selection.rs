//! Which vectors of a suite run: by id, by level, and by what the target supports.

use std::{error::Error, fmt};

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::{
    config::Config,
    vectors::{Suite, Vector},
};

impl Suite {
    /// The vectors whose id, or a clause's, matches one of the globs `only`, if there are any, and
    /// none of the globs `skip`.
    ///
    /// # Errors
    ///
    /// [`SelectionError::Glob`].
    pub fn matching(
        &self,
        only: &[String],
        skip: &[String],
    ) -> Result<Vec<Vector>, SelectionError> {
        let (wanted, unwanted) = (glob_set(only)?, glob_set(skip)?);
        let is_in = |set: &GlobSet, vector: &Vector| {
            set.is_match(&vector.id) || vector.clauses.iter().any(|clause| set.is_match(clause))
        };
        let vectors = self.vectors.iter();
        let vectors = vectors.filter(|vector| only.is_empty() || is_in(&wanted, vector));
        Ok(vectors.filter(|vector| !is_in(&unwanted, vector)).cloned().collect())
    }
}

fn glob_set(globs: &[String]) -> Result<GlobSet, SelectionError> {
    let wrong = |error: globset::Error| SelectionError::Glob {
        message: format!("invalid glob `{}`: {}", error.glob().unwrap_or_default(), error.kind()),
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}

/// The vectors of `suite` that `config` selects, including those that the target does not support.
pub fn select(config: &Config, suite: &Suite) -> Result<Vec<Vector>, SelectionError> {
    let without = &config.without;
    let mut known: Vec<&str> =
        suite.clauses.iter().flat_map(|clause| &clause.requires).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    if let Some(name) = without.iter().find(|name| !known.contains(&name.as_str())) {
        let (name, known) = (name.clone(), known.join(", "));
        return Err(SelectionError::Capability { name, known });
    }
    let mut vectors = suite.matching(&config.only, &config.skip)?;
    let matched = vectors.len();
    vectors.retain(|vector| vector.level >= config.level);
    let supported = |vector: &Vector| !vector.requires.iter().any(|name| without.contains(name));
    if vectors.iter().any(supported) {
        return Ok(vectors);
    }
    Err(if matched == 0 {
        SelectionError::NoMatch
    } else if vectors.is_empty() {
        SelectionError::NoneOfLevel { matched }
    } else {
        SelectionError::NoneSupported { matched: vectors.len() }
    })
}

/// Why a selected vector cannot be run, if so.
pub fn why_unsupported(config: &Config, vector: &Vector) -> Option<String> {
    let (target, mut requires) = (&config.target, vector.requires.iter());
    if let Some(name) = requires.clone().find(|name| config.without.contains(name)) {
        return Some(format!("it requires {name}"));
    }
    if target.is_filter() && vector.is_interactive() {
        let why = if vector.takes_time() { "it waits" } else { "its requests depend on replies" };
        return Some(format!("{why}; with --stdio, all requests are sent first"));
    }
    let disturbs = |name: &String| config.dialect.disturbs == Some(name.as_str());
    if target.is_shared() && !config.flush && requires.any(disturbs) {
        return Some("it invalidates every item of the server; --flush allows it".to_owned());
    }
    None
}

/// The selection is wrong, or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectionError {
    /// A glob is wrong.
    Glob {
        /// What is wrong with it.
        message: String,
    },
    /// No clause requires a capability of this name.
    Capability {
        /// The name.
        name: String,
        /// The known names.
        known: String,
    },
    /// No vector's id, nor its clauses', matches.
    NoMatch,
    /// This many vectors match, and none of them is of the level.
    NoneOfLevel {
        /// How many.
        matched: usize,
    },
    /// This many vectors match, and all of them need capabilities that the target does not claim.
    NoneSupported {
        /// How many.
        matched: usize,
    },
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nothing = "nothing is selected";
        match self {
            Self::Glob { message } => f.write_str(message),
            Self::Capability { name, known } => {
                write!(f, "there is no capability `{name}`: expected one of {known}")
            }
            Self::NoMatch => write!(
                f,
                "{nothing}: no vector's id, nor that of its clauses, matches; `memwire vectors list` \
                 lists them"
            ),
            Self::NoneOfLevel { matched } => {
                write!(f, "{nothing}: {matched} vectors match, but only at a lower --level")
            }
            Self::NoneSupported { matched } => {
                write!(
                    f,
                    "{nothing}: {matched} vectors match, and require what the target is without"
                )
            }
        }
    }
}

impl Error for SelectionError {}
