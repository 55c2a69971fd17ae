//! The program `memwire`: its commands, and how it ends.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use failure::{EXIT_CODES, Failure};

mod conform;
mod dialect;
mod failure;
mod load;
mod manual;
mod process;
mod run;
mod serve;
mod signals;
mod units;
mod vectors;

/// The memcached text protocol as a filter, a server, and a conformance suite
#[derive(Debug, Parser)]
#[command(name = "memwire", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

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

/// The whole command line. `-1` is a value, so that the error for it says which ones are allowed.
fn command() -> clap::Command {
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| {
            let takes_value = arg.get_action().takes_values() && !arg.is_hide_set();
            if takes_value { arg.allow_negative_numbers(true) } else { arg }
        })
    })
}

fn main() -> ExitCode {
    let parsed = Cli::from_arg_matches(&command().get_matches());
    let result = match parsed.unwrap_or_else(|error| error.exit()).command {
        Command::Run(args) => run::execute(&args),
        Command::Serve(args) => serve::execute(&args),
        Command::Load(args) => load::execute(&args),
        Command::Conform(args) => conform::execute(&args),
        Command::Compare(args) => conform::compare(&args),
        Command::Vectors(args) => vectors::execute(args),
        Command::Manual(args) => manual::execute(&args, command()),
        Command::Completions(args) => manual::completions(&args, &command()),
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
