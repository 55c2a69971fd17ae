//! Manual pages and shell completions, generated from the command line's definition.

use std::{fs, io, path::PathBuf};

use clap::Command;
use clap_complete::Shell;

use crate::failure::Failure;

/// Write manual pages, one for each command
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to write to, which is created if necessary
    folder: PathBuf,
}

pub fn execute(args: &Args, command: Command) -> Result<(), Failure> {
    let shown = args.folder.display();
    fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(command, &args.folder))
        .map_err(|error| Failure::io(format!("cannot write to {shown}: {error}")))
}

/// Print shell completions
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn completions(args: &CompletionsArgs, command: &Command) -> Result<(), Failure> {
    let mut text = vec![];
    clap_complete::generate(args.shell, &mut without_hidden(command), "memwire", &mut text);
    match io::Write::write_all(&mut io::stdout(), &text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("cannot write the completions: {error}")))
        }
        _ => Ok(()),
    }
}

/// The command without its hidden arguments, which completions would offer.
fn without_hidden(command: &Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    // A command's name must be static. There are few, and the program is about to end.
    let name: &'static str = command.get_name().to_owned().leak();
    Command::new(name)
        .about(about)
        .args(command.get_arguments().filter(|arg| !arg.is_hide_set()))
        .subcommands(command.get_subcommands().map(without_hidden))
}
