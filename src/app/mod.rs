//! The program: what `memwire` does on the command line.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

mod conform;
mod load;
mod manual;
mod run;
mod serve;
mod style;
mod vectors;

pub use run::{RunError, run};
pub use serve::{ConverseError, Options, converse};

/// The memcached text protocol as a filter, a server, and a conformance suite
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  what was given is wrong: run's input ends inside a request, a document is not in its notation,
     a subject of conform fails, or what load asks is not answered right
  2  the arguments are wrong
  3  something cannot be read, written, bound or started";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Serve(serve::Args),
    Load(Box<load::Args>),
    Conform(conform::Args),
    Compare(conform::CompareArgs),
    Vectors(vectors::Args),
    Manual(manual::Args),
    Completions(manual::CompletionsArgs),
}

/// Which dialect is spoken: `simple` is set and get with lines that end with LF, `classic` what
/// memcached's clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectName {
    Simple,
    Classic,
}

/// Why the program ends with an exit code other than 0.
struct Failure {
    code: u8,
    /// Nothing is printed if it is empty.
    message: String,
}

impl Failure {
    fn wrong(message: String) -> Self {
        Self { code: 1, message }
    }

    fn usage(message: String) -> Self {
        Self { code: 2, message }
    }

    fn io(message: String) -> Self {
        Self { code: 3, message }
    }
}

/// Runs the program with the process's arguments. The exit codes are those in its help.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::execute(&args),
        Command::Serve(args) => serve::execute(&args),
        Command::Load(args) => load::execute(&args),
        Command::Conform(args) => conform::execute(&args),
        Command::Compare(args) => conform::compare(&args),
        Command::Vectors(args) => vectors::execute(args),
        Command::Manual(args) => manual::execute(&args, Cli::command()),
        Command::Completions(args) => manual::completions(&args, &mut Cli::command()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                eprintln!("memwire: {message}");
            }
            ExitCode::from(code)
        }
    }
}
