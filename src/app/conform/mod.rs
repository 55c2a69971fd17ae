//! `memwire conform`: the vectors, said to an implementation.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize},
    },
    thread,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use globset::{Glob, GlobSet, GlobSetBuilder};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    runtime, select,
    signal::unix::{SignalKind, signal},
    sync::RwLock,
};

use super::Failure;
use crate::vectors::{Dialect, Level, Suite, Vector};
use check::Checker;
use converse::Pace;
use cuts::{HEAVY, Split};
use report::{html, human, junit, tap};
use result::{ClauseResult, Results, SubjectName, VectorResult};
use subject::Subject;

mod check;
mod converse;
mod cuts;
mod hints;
mod report;
mod result;
mod script;
mod subject;

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
pub(super) struct Args {
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
    level: AskedLevel,

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
    report: Vec<Form>,

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
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> =
        text.parse().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0.01 to 3600".to_owned())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AskedLevel {
    Must,
    Should,
    May,
}

/// A form of report, and where it goes; `None` is the standard output.
#[derive(Clone, Debug)]
enum Form {
    Human,
    Tap(Option<PathBuf>),
    Json(Option<PathBuf>),
    Junit(Option<PathBuf>),
    Html(Option<PathBuf>),
}

impl FromStr for Form {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (form, file) = text.split_once(':').unwrap_or((text, "-"));
        let file = if file == "-" { None } else { Some(PathBuf::from(file)) };
        match (form, &file) {
            ("human", None) => Ok(Self::Human),
            ("tap", _) => Ok(Self::Tap(file)),
            ("json", _) => Ok(Self::Json(file)),
            ("junit", _) => Ok(Self::Junit(file)),
            ("html", _) => Ok(Self::Html(file)),
            _ => {
                Err("expected human, tap, json:FILE, junit:FILE or html:FILE; - is standard output")
            }
        }
    }
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let dialect = dialect(&args.dialect)?;
    let suite = Suite::from_json(dialect.suite).map_err(|error| Failure::io(error.to_string()))?;
    let known = match &args.known_failures {
        Some(path) => known_failures(path, &suite)?,
        None => vec![],
    };
    let selected = select(args, &suite)?;
    let subject = match (&args.tcp, &args.spawn, &args.stdio) {
        (Some(address), ..) => Subject::Tcp(address.clone()),
        (_, Some(command), _) if !command.contains("{port}") => {
            let message = "--spawn needs a command with {port} in it, where the port is to stand";
            return Err(Failure::usage(message.to_owned()));
        }
        (_, Some(command), _) => Subject::Spawn(command.clone()),
        (.., command) => Subject::Stdio(command.clone().unwrap_or_default()),
    };
    let since = Instant::now();
    let splits = splits(args, &subject);
    let split = splits.iter().map(ToString::to_string).collect();
    let checker = checker(args, subject, dialect, splits, &selected);
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io(format!("cannot start: {error}")))?;
    let vectors = runtime.block_on(async {
        select! {
            result = run(checker, &selected, args) => result.map_err(Failure::io),
            code = interrupted() => {
                Err(Failure { code, message: "interrupted; nothing is left behind".to_owned() })
            }
        }
    });
    // Whatever was started ends here.
    drop(runtime);
    let mut results = results(args, split, &suite, vectors?);
    results.seconds = since.elapsed().as_secs_f64();
    for result in &mut results.vectors {
        result.known = known.contains(&result.id);
    }
    for form in &args.report {
        tell(form, &results)?;
    }
    if results.passed() { Ok(()) } else { Err(Failure::wrong(String::new())) }
}

pub(super) fn dialect(name: &str) -> Result<&'static Dialect, Failure> {
    Dialect::by_name(name).ok_or_else(|| {
        let names: Vec<_> = crate::vectors::DIALECTS.iter().map(|dialect| dialect.name).collect();
        Failure::usage(format!("there is no dialect `{name}`, only {}", names.join(", ")))
    })
}

fn checker(
    args: &Args,
    subject: Subject,
    dialect: &'static Dialect,
    splits: Vec<Split>,
    selected: &[Vector],
) -> Checker {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Seeded by the system, so that no two runs have the same.
    let token: String = (0..4).map(|_| fastrand::lowercase()).collect();
    // Most of the time goes into waiting, unless each conversation starts a process.
    let jobs = if subject.is_filter() { 2 * cores } else { 16 };
    Checker {
        renamed_alike: renamed_alike(&subject, dialect, selected),
        subject,
        dialect,
        splits,
        pace: Pace { pause: Duration::from_millis(1), patience: args.timeout, curious: true },
        jobs: args.jobs.map_or(jobs, usize::from),
        fail_fast: args.fail_fast,
        token,
        names: AtomicU64::new(0),
        alone: RwLock::new(()),
        passed: AtomicUsize::new(0),
        slow: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        gone: AtomicBool::new(false),
    }
}

/// The ids of vectors that leave so much in a server's store that it has to find them there the
/// next time, lest it be full. What they answer must be the same when they are said again.
fn renamed_alike(subject: &Subject, dialect: &Dialect, vectors: &[Vector]) -> BTreeSet<String> {
    let alike = |vector: &&Vector| {
        let stream = vector.sent();
        stream.len() >= HEAVY && {
            let answer = (dialect.answer)(&stream);
            (dialect.answer)(&stream.repeat(2)) == answer.repeat(2)
        }
    };
    if !subject.is_shared() {
        return BTreeSet::new();
    }
    vectors.iter().filter(alike).map(|vector| vector.id.clone()).collect()
}

fn splits(args: &Args, subject: &Subject) -> Vec<Split> {
    if !args.split.is_empty() {
        return args.split.clone();
    }
    let plain = cuts::DEFAULT.map(Split::Plain);
    if !subject.is_filter() {
        return plain.to_vec();
    }
    // Each conversation is a process, and most filters see no splits.
    let random = Split::Random { runs: 8, seed: 1 };
    plain
        .into_iter()
        .map(|split| if split == Split::Plain(result::Way::Each) { random } else { split })
        .collect()
}

/// The exit code that shells give to what a signal ends.
async fn interrupted() -> u8 {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [Ok(mut int), Ok(mut term), Ok(mut hup)] = signals.map(signal) else {
        return std::future::pending().await;
    };
    select! {
        _ = int.recv() => 130,
        _ = term.recv() => 143,
        _ = hup.recv() => 129,
    }
}

async fn run(
    mut checker: Checker,
    selected: &[Vector],
    args: &Args,
) -> Result<Vec<VectorResult>, String> {
    checker.calibrate().await?;
    let (subject, disturbs) = (&checker.subject, checker.dialect.disturbs);
    let (is_filter, is_shared) = (subject.is_filter(), subject.is_shared());
    let lacks = |vector: &Vector| {
        let mut requires = vector.requires.iter();
        if let Some(name) = requires.clone().find(|name| args.without.contains(name)) {
            return Some(format!("it needs {name}"));
        }
        if is_filter && vector.is_interactive() {
            let why =
                if vector.takes_time() { "it lets time pass" } else { "it sends what replies say" };
            return Some(format!("{why}; --stdio sends all first"));
        }
        if is_shared && !args.flush && requires.any(|name| disturbs == Some(name.as_str())) {
            return Some("it takes everything away from the server; --flush allows it".to_owned());
        }
        None
    };
    let supported: Vec<_> =
        selected.iter().filter(|vector| lacks(vector).is_none()).cloned().collect();
    let bar = ProgressBar::new(supported.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let told = bar.clone();
    let checker = Arc::new(checker);
    let results = checker
        .run(&Arc::new(supported), move |result| {
            if result.verdict.is_failure() {
                told.println(format!("{} {}", result.verdict, result.id));
            }
            told.set_message(result.id.clone());
            told.inc(1);
        })
        .await;
    bar.finish_and_clear();
    let mut results = results.into_iter();
    let results = selected.iter().filter_map(|vector| match lacks(vector) {
        Some(why) => Some(VectorResult::unsupported(vector, why)),
        None => results.next(),
    });
    Ok(results.collect())
}

fn results(args: &Args, split: Vec<String>, suite: &Suite, vectors: Vec<VectorResult>) -> Results {
    let shown = |id: &String| vectors.iter().any(|vector| vector.clauses.contains(id));
    let clauses = suite.clauses.iter().filter(|clause| shown(&clause.id));
    let clauses = clauses.map(|clause| ClauseResult {
        id: clause.id.clone(),
        level: clause.level,
        text: clause.text.clone(),
        line: clause.line,
    });
    let (kind, target) = match (&args.tcp, &args.spawn, &args.stdio) {
        (Some(address), ..) => ("tcp", address),
        (_, Some(command), _) => ("spawn", command),
        (.., Some(command)) => ("stdio", command),
        // One of them is required.
        _ => ("none", &args.dialect),
    };
    Results {
        format: result::FORMAT,
        memwire: env!("CARGO_PKG_VERSION").to_owned(),
        dialect: suite.dialect.clone(),
        document: suite.document.clone(),
        subject: SubjectName {
            name: args.name.clone().unwrap_or_else(|| target.clone()),
            kind: kind.to_owned(),
            target: target.clone(),
        },
        level: args.level.level(),
        without: args.without.clone(),
        split,
        seconds: 0.0,
        clauses: clauses.collect(),
        vectors,
    }
}

impl AskedLevel {
    fn level(self) -> Option<Level> {
        match self {
            Self::Must => Some(Level::Must),
            Self::Should => Some(Level::Should),
            Self::May => None,
        }
    }
}

/// Vectors of a suite by the globs of `--only` and `--skip`.
pub(super) fn matching(
    suite: &Suite,
    only: &[String],
    skip: &[String],
) -> Result<Vec<Vector>, Failure> {
    let set = |globs: &[String]| -> Result<GlobSet, Failure> {
        let usage = |error: globset::Error| Failure::usage(error.to_string());
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob).map_err(usage)?);
        }
        set.build().map_err(usage)
    };
    let (wanted, unwanted) = (set(only)?, set(skip)?);
    let is_in = |set: &GlobSet, vector: &Vector| {
        set.is_match(&vector.id) || vector.clauses.iter().any(|clause| set.is_match(clause))
    };
    let vectors = suite.vectors.iter();
    let vectors = vectors.filter(|vector| only.is_empty() || is_in(&wanted, vector));
    Ok(vectors.filter(|vector| !is_in(&unwanted, vector)).cloned().collect())
}

fn select(args: &Args, suite: &Suite) -> Result<Vec<Vector>, Failure> {
    let mut known: Vec<&str> =
        suite.clauses.iter().flat_map(|clause| &clause.requires).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    if let Some(name) = args.without.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        return Err(Failure::usage(format!("there is no capability `{name}`, only {known}")));
    }
    let mut vectors = matching(suite, &args.only, &args.skip)?;
    let matched = vectors.len();
    vectors.retain(|vector| vector.level >= args.level.level());
    let supported =
        |vector: &&Vector| !vector.requires.iter().any(|name| args.without.contains(name));
    if vectors.iter().filter(supported).count() > 0 {
        return Ok(vectors);
    }
    let mut message = "nothing is selected".to_owned();
    if matched == 0 {
        message.push_str(
            ": no vector's id, nor its clauses', is like that; see `memwire vectors list`",
        );
    } else if vectors.is_empty() {
        let _ = write!(message, ": {matched} vectors match, none of this level");
    } else {
        let _ = write!(message, ": {} vectors need what the subject is without", vectors.len());
    }
    Err(Failure::usage(message))
}

fn known_failures(path: &Path, suite: &Suite) -> Result<Vec<String>, Failure> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::io(format!("cannot read {shown}: {error}")))?;
    let mut ids = vec![];
    for (index, line) in text.lines().enumerate() {
        let id = line.split('#').next().unwrap_or_default().trim();
        if id.is_empty() {
            continue;
        }
        if !suite.vectors.iter().any(|vector| vector.id == id) {
            let line = index + 1;
            return Err(Failure::usage(format!("{shown}, line {line}: no vector `{id}`")));
        }
        ids.push(id.to_owned());
    }
    Ok(ids)
}

fn tell(form: &Form, results: &Results) -> Result<(), Failure> {
    let json = || {
        let mut json = serde_json::to_string_pretty(results).map_err(|error| error.to_string())?;
        json.push('\n');
        Ok(json)
    };
    let (text, path) = match form {
        Form::Human => {
            // Colours only where somebody sees them.
            let report = human::report(results);
            let written = write!(anstream::stdout(), "{report}");
            return written.map_err(|error| Failure::io(format!("cannot write: {error}")));
        }
        Form::Tap(path) => (Ok(tap::report(results)), path),
        Form::Json(path) => (json(), path),
        Form::Junit(path) => (junit::report(results), path),
        Form::Html(path) => (html::report(&[results]), path),
    };
    put(&text.map_err(Failure::io)?, path.as_deref())
}

fn put(text: &str, path: Option<&Path>) -> Result<(), Failure> {
    let (written, shown) = match path {
        Some(path) => (fs::write(path, text), path.display().to_string()),
        None => (io::stdout().write_all(text.as_bytes()), "the standard output".to_owned()),
    };
    written.map_err(|error| Failure::io(format!("cannot write {shown}: {error}")))
}

/// Compare results of conform, which were written with --report json:FILE
///
/// Prints the vectors on which they do not agree, and how many each passes.
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// Results, one of each implementation
    #[arg(required = true, value_name = "RESULT.json")]
    results: Vec<PathBuf>,

    /// Write a page with all of them, clause by clause
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let mut all = vec![];
    for path in &args.results {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::io(format!("cannot read {shown}: {error}")))?;
        let results: Results = serde_json::from_str(&text)
            .map_err(|error| Failure::wrong(format!("{shown} is no result of conform: {error}")))?;
        if results.format != result::FORMAT {
            let message =
                format!("{shown} is of format {}, expected {}", results.format, result::FORMAT);
            return Err(Failure::wrong(message));
        }
        all.push(results);
    }
    let all: Vec<&Results> = all.iter().collect();
    if let Some(path) = &args.html {
        put(&html::report(&all).map_err(Failure::io)?, Some(path))?;
    }
    put(&human::comparison(&all), None)
}
