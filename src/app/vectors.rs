use std::{fs, path::PathBuf};

use clap::Subcommand;

use super::Failure;
use crate::vectors::Suite;

/// Turn dialect documents into conformance vectors
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the vectors of each document to a JSON file next to it
    ///
    /// The dialect is the file's name without its ending.
    Generate {
        /// Such as spec/simple.md
        #[arg(required = true)]
        documents: Vec<PathBuf>,
    },
}

pub(super) fn execute(args: Args) -> Result<(), Failure> {
    let Command::Generate { documents } = args.command;
    for path in documents {
        let shown = path.display();
        let markdown = fs::read_to_string(&path)
            .map_err(|error| Failure::io(format!("cannot read {shown}: {error}")))?;
        let name = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        let suite =
            Suite::from_document(&name(path.file_stem()), &name(path.file_name()), &markdown)
                .map_err(|error| Failure::wrong(format!("{shown}, {error}")))?;
        let json = path.with_extension("json");
        fs::write(&json, suite.to_json())
            .map_err(|error| Failure::io(format!("cannot write {}: {error}", json.display())))?;
        eprintln!(
            "{}: {} clauses, {} vectors",
            json.display(),
            suite.clauses.len(),
            suite.vectors.len()
        );
    }
    Ok(())
}
