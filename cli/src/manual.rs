//! Pages for `man`, and completions for shells, from what the command line is.

use std::{fs, io, path::PathBuf};

use clap::Command;
use clap_complete::Shell;

use crate::failure::Failure;

/// Write pages for man, one of each command
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to, such as a folder man1 of the manual's
    folder: PathBuf,
}

pub fn execute(args: &Args, command: Command) -> Result<(), Failure> {
    let shown = args.folder.display();
    fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(command, &args.folder))
        .map_err(|error| Failure::io(format!("cannot write to {shown}: {error}")))
}

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Which one
    #[arg(value_enum)]
    shell: Shell,
}

pub fn completions(args: &CompletionsArgs, command: &mut Command) -> Result<(), Failure> {
    let mut text = vec![];
    clap_complete::generate(args.shell, command, "memwire", &mut text);
    let written = io::Write::write_all(&mut io::stdout(), &text);
    written.map_err(|error| Failure::io(format!("cannot write: {error}")))
}
