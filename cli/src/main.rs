//! The program `memwire`: its commands, and how it ends.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

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

fn main() -> ExitCode {
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
