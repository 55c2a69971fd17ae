//! The arguments of `memwire conform`.

use std::{fs, path::PathBuf, time::Duration};

use clap::ValueEnum;
use memwire_conformance::{
    Config, Split, Target,
    dialect::Dialect,
    vectors::{Level, Suite},
};

use super::form::Form;
use crate::{failure::Failure, units::seconds};

const EXIT_CODES: &str = "\
Exit codes:
  0  everything at the level asked for passed
  1  something failed, or is listed as a known failure and did not, or nothing was run
  2  the arguments are wrong, or select nothing
  3  the subject cannot be started or reached, or a file cannot be read or written

docs/conformance.md tells how to read what it prints, and how to use it in CI.";

/// Check a server, in any language, against a dialect's vectors
///
/// Each vector is a conversation. It is delivered in every way that --split names, and passes when
/// it passes in all of them: whole, cut in two at each place, line by line, byte by byte, in one
/// chunk with its neighbour, with others on one connection, and in one long conversation. One that
/// lets time pass is delivered once.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
#[command(group = clap::ArgGroup::new("subject").required(true))]
pub struct Args {
    /// A server that is running; keys are given names of their own, nothing is flushed
    #[arg(long, value_name = "HOST:PORT", group = "subject")]
    tcp: Option<String>,

    /// A command that starts a server on {port}; each vector gets a fresh one
    #[arg(long, value_name = "COMMAND", group = "subject")]
    spawn: Option<String>,

    /// A command that reads requests and writes replies; each conversation starts it anew
    #[arg(long, value_name = "COMMAND", group = "subject")]
    stdio: Option<String>,

    /// Which dialect it speaks
    #[arg(long, default_value = "simple")]
    dialect: String,

    /// Run what binds at least so much; `may` also records what nobody specifies
    #[arg(long, value_enum, default_value = "must")]
    level: LeastLevel,

    /// A capability that the subject does not claim, such as multiget
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    without: Vec<String>,

    /// Let vectors take everything away that a running server (--tcp) holds
    #[arg(long, requires = "tcp")]
    flush: bool,

    /// Only vectors whose id, or a clause's, is like this
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,

    /// No vectors whose id, or a clause's, is like this
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,

    /// How to deliver: whole, each, lines, bytes, pipelined, together, conversation, random:RUNS,SEED
    /// [default: all but random; with --stdio whole, lines, bytes, random:8,1, pipelined, together,
    /// conversation]
    #[arg(long, value_name = "WAY")]
    split: Vec<Split>,

    /// A file with the ids of vectors that fail, a line each; one that passes is a failure
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,

    /// human, tap, json:FILE, junit:FILE or html:FILE; more than one may be asked for
    #[arg(long, value_name = "FORM", default_value = "human")]
    pub report: Vec<Form>,

    /// What the subject is called in reports
    #[arg(long)]
    name: Option<String>,

    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,

    /// How many vectors to run at a time [default: 16, with --stdio twice the cores; 1 if the
    /// subject serves one client at a time]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// How long to wait for what is awaited; what takes longer is tried again alone, four times as
    /// long
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds(0.01..=3600.0, TIMEOUT))]
    timeout: Duration,
}

/// The timeouts that are accepted.
const TIMEOUT: &str = "expected seconds, from 0.01 to 3600";

/// The least level of the vectors that are run.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LeastLevel {
    Must,
    Should,
    May,
}

impl LeastLevel {
    /// `None`: also vectors without a level.
    fn level(self) -> Option<Level> {
        match self {
            Self::Must => Some(Level::Must),
            Self::Should => Some(Level::Should),
            Self::May => None,
        }
    }
}

impl Args {
    /// What they ask the suite to run.
    pub fn config(&self) -> Result<Config, Failure> {
        let dialect =
            Dialect::named(&self.dialect).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Config::new(self.target(), dialect)
            .with_known_failures(self.known_failures(dialect)?)
            .with_level(self.level.level())
            .with_only(&self.only)
            .with_skip(&self.skip)
            .without(&self.without)
            .with_flush(self.flush)
            .with_splits(self.split.iter().copied())
            .with_name(self.name.clone())
            .with_fail_fast(self.fail_fast)
            .with_jobs(self.jobs.map(usize::from))
            .with_timeout(self.timeout))
    }

    fn target(&self) -> Target {
        match (&self.tcp, &self.spawn, &self.stdio) {
            (Some(address), ..) => Target::Tcp(address.clone()),
            (_, Some(command), _) => Target::Spawn(command.clone()),
            // One of them is required.
            (.., command) => Target::Stdio(command.clone().unwrap_or_default()),
        }
    }

    fn known_failures(&self, dialect: &Dialect) -> Result<Vec<String>, Failure> {
        let Some(path) = &self.known_failures else { return Ok(vec![]) };
        let shown = path.display();
        let list = fs::read_to_string(path)
            .map_err(|error| Failure::io(format!("cannot read {shown}: {error}")))?;
        let suite =
            Suite::from_json(dialect.suite).map_err(|error| Failure::io(error.to_string()))?;
        suite.known_failures(&list).map_err(|error| Failure::usage(format!("{shown}, {error}")))
    }
}

#[cfg(test)]
mod tests {
    use memwire_conformance::dialect::DIALECTS;

    use super::*;
    use crate::dialect::DialectName;

    #[test]
    fn every_command_knows_the_dialects_of_the_suite() {
        let names: Vec<_> = DialectName::value_variants().iter().map(|name| name.name()).collect();
        let suites: Vec<_> = DIALECTS.iter().map(|dialect| dialect.name).collect();
        assert_eq!(names, suites);
    }
}
