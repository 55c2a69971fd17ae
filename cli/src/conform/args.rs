//! The arguments of `memwire conform`.

use std::{fs, path::PathBuf, time::Duration};

use clap::ValueEnum;
use memwire_conformance::{
    Config, Split, Target,
    dialect::Dialect,
    vectors::{Level, Suite},
};

use super::form::Form;
use crate::{
    dialect::DialectName,
    failure::Failure,
    units::{host_and_port, number, seconds},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  no vector failed, other than known failures
  1  a vector failed, a known failure passed, or nothing was run
  2  the arguments are wrong, or select nothing
  3  the target cannot be started or reached, or a file cannot be read or written

docs/conformance.md explains the reports, and the use in CI.";

/// Run a dialect's test vectors against a server in any language
///
/// Each vector is a conversation. It is delivered in every way that --split names, and passes if it
/// passes in all of them: in one chunk, split in two at every offset, line by line, byte by byte, in
/// one chunk with its neighbour, with others on one connection, and in one long conversation. A
/// vector that waits for time to pass is delivered once.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
#[command(group = clap::ArgGroup::new("subject").required(true))]
pub struct Args {
    /// A running server; keys get names that do not occur elsewhere, and nothing is flushed
    #[arg(long, value_name = "HOST:PORT", group = "subject", value_parser = host_and_port)]
    tcp: Option<String>,

    /// A command that starts a server on {port}; each vector gets a fresh server
    #[arg(long, value_name = "COMMAND", group = "subject")]
    spawn: Option<String>,

    /// A command that reads requests and writes replies; started once for each conversation
    #[arg(long, value_name = "COMMAND", group = "subject")]
    stdio: Option<String>,

    /// The target's dialect; classic is memcached's text protocol
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,

    /// Minimum requirement level of the vectors to run; `may` also records what is unspecified
    #[arg(long, value_enum, default_value = "must")]
    level: LeastLevel,

    /// A capability that the target does not claim; of simple: errors, lenient, limits, multiget;
    /// of classic: cas, errors, flush, lenient, limits, stats, touch
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    without: Vec<String>,

    /// Also run vectors that invalidate every item of a running server (--tcp)
    #[arg(long)]
    flush: bool,

    /// Only vectors whose id, or that of a clause, matches
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,

    /// No vectors whose id, or that of a clause, matches
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,

    /// How to deliver the vectors: whole, each, lines, bytes, pipelined, together, conversation,
    /// random:RUNS,SEED [default: all but random; with --stdio, random:8,1 instead of each]
    #[arg(long, value_name = "WAY")]
    split: Vec<Split>,

    /// A file with the ids of vectors that fail, one per line; one that passes is a failure
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,

    /// The form of the report: human, tap, json:FILE, junit:FILE or html:FILE; may be repeated
    #[arg(long, value_name = "FORM", default_value = "human")]
    pub report: Vec<Form>,

    /// The target's name in reports
    #[arg(long)]
    name: Option<String>,

    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,

    /// Vectors to run at a time [default: 16; with --stdio, twice the number of cores; 1 if the
    /// target serves one client at a time]
    #[arg(short, long, value_name = "N", value_parser = number(1..=256_u16))]
    jobs: Option<u16>,

    /// Reply timeout; a vector that exceeds it is retried alone, with four times the timeout
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds(0.01..=3600.0, TIMEOUT))]
    timeout: Duration,
}

/// The timeouts that are accepted.
const TIMEOUT: &str = "expected seconds from 0.01 to 3600, such as 2 or 0.5";

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
    /// The configuration of the run.
    pub fn config(&self) -> Result<Config, Failure> {
        // clap does not check `requires` within a group of which another argument is given.
        if self.flush && self.tcp.is_none() {
            let message = "--flush needs --tcp: with --spawn and --stdio, nothing is shared";
            return Err(Failure::usage(message.to_owned()));
        }
        let dialect = self.dialect.suite()?;
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
    use clap::{Args as _, Command};
    use memwire_conformance::dialect::DIALECTS;

    use super::*;

    #[test]
    fn every_command_knows_the_dialects_of_the_suite() {
        let names: Vec<_> = DialectName::value_variants().iter().map(|name| name.name()).collect();
        let suites: Vec<_> = DIALECTS.iter().map(|dialect| dialect.name).collect();
        assert_eq!(names, suites);
    }

    #[test]
    fn help_lists_every_capability() {
        let command = Args::augment_args(Command::new("conform"));
        let without = command.get_arguments().find(|arg| arg.get_id() == "without");
        let help = without.and_then(|arg| arg.get_help()).expect("help").to_string();
        for dialect in DIALECTS {
            let suite = Suite::from_json(dialect.suite).expect("the vectors can be read");
            let clauses = suite.clauses.iter();
            let mut names: Vec<_> = clauses.flat_map(|clause| clause.requires.clone()).collect();
            names.sort_unstable();
            names.dedup();
            let listed = format!("of {}: {}", dialect.name, names.join(", "));
            assert!(help.replace('\n', " ").contains(&listed), "{listed}: {help}");
        }
    }
}
