//! `memwire vectors`: lists, shows and exports the test vectors, and generates them from documents.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap::Subcommand;
use memwire_conformance::{
    dialect::Dialect,
    vectors::{End, Level, Pattern, Step, Suite, Vector},
};

use crate::{dialect::DialectName, failure::Failure};

/// List, show and export the test vectors, and generate them from documents
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the vectors: id, level, required capabilities, title
    List {
        #[command(flatten)]
        from: From,

        /// Only vectors whose id, or that of a clause, matches
        #[arg(long, value_name = "GLOB")]
        only: Vec<String>,

        /// No vectors whose id, or that of a clause, matches
        #[arg(long, value_name = "GLOB")]
        skip: Vec<String>,
    },
    /// Show one vector, with its clauses
    Show {
        #[command(flatten)]
        from: From,

        /// The vector's id, as `list` prints it
        id: String,
    },
    /// Write all vectors to standard output, as JSON
    Export {
        #[command(flatten)]
        from: From,
    },
    /// Print the number of vectors for each clause; a clause without one is an error
    Coverage {
        #[command(flatten)]
        from: From,
    },
    /// Write the vectors of each document to a JSON file next to it
    ///
    /// The file's name, without `.md`, is that of the dialect.
    Generate {
        /// Documents, such as spec/simple.md
        #[arg(required = true)]
        documents: Vec<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct From {
    /// The dialect of the vectors
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,
}

impl From {
    fn suite(&self) -> Result<Suite, Failure> {
        Suite::from_json(self.dialect.suite()?.suite)
            .map_err(|error| Failure::io(error.to_string()))
    }
}

/// Does what the subcommand says.
pub fn execute(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::List { from, only, skip } => {
            let vectors = from
                .suite()?
                .matching(&only, &skip)
                .map_err(|error| Failure::usage(error.to_string()))?;
            if vectors.is_empty() {
                let message = format!(
                    "no vector of the {} dialect matches --only and --skip",
                    from.dialect.name()
                );
                return Err(Failure::usage(message));
            }
            print(&list(&vectors))
        }
        Command::Show { from, id } => {
            let suite = from.suite()?;
            let vector = suite.vectors.iter().find(|vector| vector.id == id);
            let Some(vector) = vector else {
                let dialect = from.dialect.name();
                let message = format!(
                    "the {dialect} dialect has no vector `{id}`: `memwire vectors list --dialect \
                     {dialect}` lists them"
                );
                return Err(Failure::usage(message));
            };
            print(&show(&suite, vector))
        }
        Command::Export { from } => print(&from.suite()?.to_json()),
        Command::Coverage { from } => coverage(&from.suite()?),
        Command::Generate { documents } => generate(documents),
    }
}

/// Prints a text; a closed pipe is not an error.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("cannot write standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn level_name(level: Option<Level>) -> &'static str {
    level.map_or("-", Level::name)
}

fn list(vectors: &[Vector]) -> String {
    let width = vectors.iter().map(|vector| vector.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for Vector { id, level, requires, title, .. } in vectors {
        let level = level_name(*level);
        let requires = requires.join(",");
        // Writing to a string does not fail.
        let _ = writeln!(out, "{id:width$}  {level:6}  {requires:16}  {title}");
    }
    out
}

/// In the notation of the documents.
fn show(suite: &Suite, vector: &Vector) -> String {
    let mut out = String::new();
    let (document, line) = (&suite.document, vector.line);
    let _ = writeln!(out, "{} ({document}:{line})\n{}\n", vector.id, vector.title);
    for clause in suite.clauses.iter().filter(|clause| vector.clauses.contains(&clause.id)) {
        let (id, level) = (&clause.id, level_name(clause.level));
        let _ = writeln!(out, "{id} {level} ({document}:{})\n  {}", clause.line, clause.text);
    }
    out.push('\n');
    let newline = Dialect::by_name(&suite.dialect).map_or("\n", |dialect| dialect.newline);
    for step in &vector.steps {
        match step {
            Step::Send(pattern) => write_pattern(&mut out, '>', pattern, newline),
            Step::Expect(pattern) => write_pattern(&mut out, '<', pattern, newline),
            Step::Wait(seconds) => drop(writeln!(out, "wait: {seconds}")),
        }
    }
    if let End::Truncated(start) = vector.end {
        let _ = writeln!(out, "\nThe stream ends inside the request that begins at byte {start}.");
    }
    out
}

/// In the notation of the documents, with the `sign` of what is sent or expected.
fn write_pattern(out: &mut String, sign: char, pattern: &Pattern, newline: &str) {
    for line in pattern.notation(newline) {
        let _ = writeln!(out, "{sign} {line}");
    }
}

fn coverage(suite: &Suite) -> Result<(), Failure> {
    let mut out = String::new();
    let mut bare = vec![];
    for clause in &suite.clauses {
        let shown = suite.vectors.iter().filter(|vector| vector.clauses.contains(&clause.id));
        let own = shown.clone().filter(|vector| vector.level == clause.level).count();
        let (all, id, level) = (shown.count(), &clause.id, level_name(clause.level));
        let _ = writeln!(out, "{all:4}  {level:6}  {id}");
        if own == 0 {
            bare.push(id.as_str());
        }
    }
    let (clauses, vectors) = (suite.clauses.len(), suite.vectors.len());
    let _ = writeln!(out, "{vectors} vectors for {clauses} clauses");
    print(&out)?;
    if bare.is_empty() {
        return Ok(());
    }
    Err(Failure::wrong(format!("no vector of the clause's own level for {}", bare.join(", "))))
}

fn generate(documents: Vec<PathBuf>) -> Result<(), Failure> {
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
