//! `memwire load`: many clients that ask, check every reply, and measure how long each took.

use std::{
    io::Write as _,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    process,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use nix::sys::{
    resource::{UsageWho, getrusage},
    signal::{SigSet, Signal},
    time::TimeValLike as _,
};

use super::{
    DialectName, Failure,
    serve::{Size, allow_files},
};
use crate::dialect::{Lexis as _, classic, simple};
use client::Client;
use connection::{Connection, Task};
use draws::{Chances, Draws, Popularity};
use items::Items;
use report::Report;
use stream::Target;
use tally::Tally;
use worker::{Live, Phase, Worker};

mod client;
mod connection;
mod draws;
mod items;
mod report;
mod stream;
mod tally;
mod worker;

/// File descriptors beside those of connections: standard streams, and what waits for events.
const OTHER_FILES: u64 = 64;

const AFTER_HELP: &str = "\
Every reply is checked: that it answers its request, that its keys were asked for, in this order,
that its values are some that are stored under them, and that nothing else comes. Values follow from
their keys, so those of an earlier run are known, too. A key that holds nothing is a miss, and right.
After a wrong reply, a connection is closed and the others go on.

The latency of a request is the time from just before the first byte of its batch is sent to when the
read returns that brings the end of its reply. The next batch is sent when all of the last one is
answered: the load is a closed loop, and a slow server is asked less.

The first SIGINT (Ctrl-C) or SIGTERM ends the run early, with its report; a second one ends it at
once.

Exit codes:
  0  every reply was the one expected
  1  a reply was wrong, a request was refused, or a connection was lost
  2  the arguments are wrong, or do not go together
  3  the server cannot be reached, or a file cannot be written

Example: ten seconds of 90 gets for 10 sets on a memcached, over 50 connections, all keys set before:
  memwire load --tcp 127.0.0.1:11211 --dialect classic --fill

docs/load.md tells more, and what the JSON holds.";

/// Put load on a server, check every reply, and measure
///
/// Any server that speaks one of the dialects will do. For those who know memtier's benchmark: -c and
/// -n are totals here, and --mix is its --ratio the other way round.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[command(group = clap::ArgGroup::new("target").required(true))]
pub(super) struct Args {
    /// The server's address
    #[arg(long, value_name = "HOST:PORT", group = "target")]
    tcp: Option<String>,

    /// The server's Unix socket
    #[arg(long, value_name = "PATH", group = "target")]
    unix: Option<PathBuf>,

    /// Which dialect it speaks; classic is memcached's
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,

    /// Connections in all
    #[arg(short, long, value_name = "N", default_value = "50")]
    connections: NonZeroUsize,

    /// Threads that share them
    #[arg(short, long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,

    /// Requests in a batch, which is sent in one write
    #[arg(long, value_name = "N", default_value = "1")]
    pipeline: NonZeroUsize,

    /// How many gets for how many sets
    #[arg(long, value_name = "GETS:SETS", default_value = "90:10")]
    mix: Mix,

    /// Keys in each get
    #[arg(long, value_name = "N", default_value = "1")]
    keys_per_get: NonZeroU32,

    /// How many keys there are
    #[arg(long, value_name = "N", default_value = "10000")]
    keys: NonZeroU32,

    /// Size of a key, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 16)]
    key_size: usize,

    /// Size of a value, or the smallest and the largest, of which all between are as likely; in
    /// bytes, or with k or m behind the number
    #[arg(short = 'd', long, value_name = "SIZE[-SIZE]", default_value = "100")]
    value_size: Sizes,

    /// How often each key is asked for: uniform; or zipf:THETA, key number k in proportion to
    /// 1 / k^THETA
    #[arg(long, value_name = "HOW", default_value = "uniform")]
    popularity: Popularity,

    /// Set every key before the run, so that gets find something
    #[arg(long)]
    fill: bool,

    /// Run for so long before what is measured
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    warm_up: Duration,

    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    seconds: Duration,

    /// Measure so many requests in all, however long they take
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "seconds")]
    requests: Option<NonZeroU64>,

    /// The same seed, and the same other arguments, give the same requests on each connection
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How long the replies to a batch may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,

    /// Write the result as JSON, too; to - only that, on standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, such as 10 or 0.5".to_owned())
}

#[derive(Clone, Copy, Debug)]
struct Mix(u32, u32);

impl FromStr for Mix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |text: &str| text.parse::<u32>().ok().filter(|part| *part <= 1_000_000);
        match text.split_once(':').map(|(gets, sets)| (part(gets), part(sets))) {
            Some((Some(gets), Some(sets))) if gets + sets > 0 => Ok(Self(gets, sets)),
            _ => Err("expected two numbers up to 1000000, not both 0, such as 90:10"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Sizes(u32, u32);

impl FromStr for Sizes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let size = |text: &str| u32::try_from(text.parse::<Size>().ok()?.0).ok();
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        match (size(least), size(most)) {
            (Some(least), Some(most)) if least <= most => Ok(Self(least, most)),
            _ => Err("expected a size from 1 to 1024m or two, such as 100 or 100-4k"),
        }
    }
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    match args.dialect {
        DialectName::Simple => load::<simple::Replies>(args),
        DialectName::Classic => load::<classic::Replies>(args),
    }
}

fn load<C: Client>(args: &Args) -> Result<(), Failure> {
    let items = items(args)?;
    if args.threads > args.connections {
        let message = format!("-t {} needs as many connections (-c)", args.threads);
        return Err(Failure::usage(message));
    }
    allow_files(args.connections.get() as u64 + OTHER_FILES)?;
    let stop = end_by_signal()?;
    let target = target(args)?;
    let mut workers = workers::<C>(args, &target)?;
    let run = Run { args, items: &items, stop: &stop };
    let outcome = run.run(&mut workers).map_err(Failure::io)?;
    let report = Report::new(args, &target, &outcome, stop.load(Ordering::Relaxed));
    tell(args, &report)?;
    if outcome.tally.is_right() { Ok(()) } else { Err(Failure::wrong(String::new())) }
}

fn items(args: &Args) -> Result<Items, Failure> {
    let (keys, size) = (args.keys.get(), args.key_size);
    let (least, most) = (Items::least_size(keys), classic::Requests::LONGEST_KEY);
    if size > most {
        let message = format!("--key-size {size} is too large, at most {most}");
        return Err(Failure::usage(message));
    }
    Items::new(keys, size).ok_or_else(|| {
        let message = format!("--key-size {size} is too little for {keys} keys: expected {least}");
        Failure::usage(message)
    })
}

/// The first signal sets what is returned, a second one ends the process.
fn end_by_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    // Threads that are started from here on have them blocked, too.
    signals
        .thread_block()
        .map_err(|error| Failure::io(format!("cannot wait for signals: {error}")))?;
    let stopping = Arc::clone(&stop);
    thread::spawn(move || {
        while let Ok(signal) = signals.wait() {
            if stopping.swap(true, Ordering::Relaxed) {
                process::exit(128 + signal as i32);
            }
        }
    });
    Ok(stop)
}

fn target(args: &Args) -> Result<Target, Failure> {
    match (&args.tcp, &args.unix) {
        (Some(name), _) => Target::tcp(name)
            .map_err(|error| Failure::io(format!("cannot find out where {name} is: {error}"))),
        (_, path) => Ok(Target::Unix(path.clone().unwrap_or_default())),
    }
}

/// All connections, in turn among the threads.
fn workers<C: Client>(args: &Args, target: &Target) -> Result<Vec<Worker<C>>, Failure> {
    let chances = Chances {
        mix: (args.mix.0, args.mix.1),
        keys: args.keys.get(),
        popularity: args.popularity,
        sizes: (args.value_size.0, args.value_size.1),
    };
    let mut threads: Vec<_> = (0..args.threads.get()).map(|_| vec![]).collect();
    for index in 0..args.connections.get() {
        let stream = target
            .connect(args.timeout)
            .map_err(|error| Failure::io(format!("cannot connect to {target}: {error}")))?;
        let draws = Draws::new(&chances, args.seed, index as u64)
            .ok_or_else(|| Failure::usage("there is nothing to draw from".to_owned()))?;
        threads[index % args.threads].push(Connection::new(stream, draws));
    }
    threads.into_iter().map(|all| Worker::new(all).map_err(Failure::io)).collect()
}

/// What a phase is called in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Stage {
    Fill,
    WarmUp,
    Measure,
}

/// What came of the last phase that ran.
struct Outcome {
    stage: Stage,
    tally: Tally,
    seconds: f64,
    /// Processor time of this process.
    busy_seconds: f64,
}

struct Run<'r> {
    args: &'r Args,
    items: &'r Items,
    stop: &'r AtomicBool,
}

impl Run<'_> {
    /// Runs one phase after the other, as long as all is right.
    fn run<C: Client>(&self, workers: &mut [Worker<C>]) -> Result<Outcome, String> {
        let args = self.args;
        let stages = [
            (Stage::Fill, args.fill),
            (Stage::WarmUp, !args.warm_up.is_zero()),
            (Stage::Measure, true),
        ];
        let mut outcome = None;
        for (stage, _) in stages.into_iter().filter(|(_, wanted)| *wanted) {
            let ended = self.phase(stage, workers)?;
            let is_last = !ended.tally.is_right() || self.stop.load(Ordering::Relaxed);
            outcome = Some(ended);
            if is_last {
                break;
            }
        }
        outcome.ok_or_else(|| "nothing was run".to_owned())
    }

    fn phase<C: Client>(&self, stage: Stage, workers: &mut [Worker<C>]) -> Result<Outcome, String> {
        let args = self.args;
        self.share(stage, workers);
        let start = Instant::now();
        let until = match (stage, args.requests) {
            (Stage::Fill, _) | (Stage::Measure, Some(_)) => None,
            (Stage::WarmUp, _) => Some(start + args.warm_up),
            (Stage::Measure, None) => Some(start + args.seconds),
        };
        let task = match stage {
            Stage::Fill => Task::Fill,
            Stage::WarmUp | Stage::Measure => {
                Task::Mix { pipeline: args.pipeline.get(), keys_per_get: args.keys_per_get.get() }
            }
        };
        let phase =
            Phase { task, items: self.items, until, timeout: args.timeout, stop: self.stop };
        let lives: Vec<_> = workers.iter().map(|_| Live::default()).collect();
        let busy = busy_time()?;
        let (ended, ends) = mpsc::channel();
        let results = thread::scope(|scope| {
            for (worker, live) in workers.iter_mut().zip(&lives) {
                let (ended, phase) = (ended.clone(), &phase);
                scope.spawn(move || {
                    // Fails only if the other end is gone, and with it the phase.
                    let _ = ended.send(worker.run(phase, live));
                });
            }
            drop(ended);
            show(stage, start, &lives, &ends)
        });
        let mut tally = Tally::new()?;
        let mut last = start;
        for result in results {
            let (counted, ended) = result?;
            tally.add(&counted)?;
            last = last.max(ended);
        }
        let seconds = (last - start).as_secs_f64();
        let busy_seconds = busy_time()?.saturating_sub(busy).as_secs_f64();
        Ok(Outcome { stage, tally, seconds, busy_seconds })
    }

    /// Gives each connection its share of what is to be asked.
    fn share<C: Client>(&self, stage: Stage, workers: &mut [Worker<C>]) {
        let args = self.args;
        let threads = workers.len();
        let all = args.connections.get() as u64;
        for (thread, worker) in workers.iter_mut().enumerate() {
            for (place, connection) in worker.connections().enumerate() {
                let index = (place * threads + thread) as u64;
                match (stage, args.requests) {
                    (Stage::Fill, _) => {
                        let first = |index| u64::from(args.keys.get()) * index / all;
                        let share = first(index + 1) - first(index);
                        connection.prepare(share, u32::try_from(first(index)).unwrap_or(u32::MAX));
                    }
                    (Stage::Measure, Some(requests)) => {
                        let requests = requests.get();
                        connection.prepare(requests / all + u64::from(index < requests % all), 0);
                    }
                    (Stage::WarmUp | Stage::Measure, _) => connection.prepare(u64::MAX, 0),
                }
            }
        }
    }
}

type Ended = Result<(Tally, Instant), String>;

/// Shows once a second how it goes, where somebody sees it, until all threads have ended.
fn show(stage: Stage, start: Instant, lives: &[Live], ends: &mpsc::Receiver<Ended>) -> Vec<Ended> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let what = match stage {
        Stage::Fill => "fill",
        Stage::WarmUp => "warm-up",
        Stage::Measure => "measure",
    };
    let mut results = vec![];
    let mut before = 0;
    let mut next = start;
    while results.len() < lives.len() {
        next += Duration::from_secs(1);
        loop {
            match ends.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(result) => results.push(result),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                // All have ended, perhaps in a panic, which the scope passes on.
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    bar.finish_and_clear();
                    return results;
                }
            }
        }
        let replies = lives.iter().map(|live| live.replies.load(Ordering::Relaxed)).sum::<u64>();
        let faults = lives.iter().map(|live| live.faults.load(Ordering::Relaxed)).sum::<u64>();
        let seconds = start.elapsed().as_secs();
        let rate = report::grouped(replies - before);
        bar.set_message(format!("{what} {seconds} s: {rate} requests/s, {faults} not right"));
        before = replies;
    }
    bar.finish_and_clear();
    results
}

/// The processor time of this process so far.
fn busy_time() -> Result<Duration, String> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)
        .map_err(|error| format!("cannot tell the processor time: {error}"))?;
    let all = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(all.num_microseconds()).unwrap_or(0)))
}

fn tell(args: &Args, report: &Report) -> Result<(), Failure> {
    let fail = |what: &dyn std::fmt::Display, error: std::io::Error| {
        Failure::io(format!("cannot write {what}: {error}"))
    };
    let to_stdout = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if let Some(path) = &args.json {
        let mut json =
            serde_json::to_string_pretty(report).map_err(|error| Failure::io(error.to_string()))?;
        json.push('\n');
        if to_stdout {
            let written = std::io::stdout().write_all(json.as_bytes());
            return written.map_err(|error| fail(&"the standard output", error));
        }
        std::fs::write(path, json).map_err(|error| fail(&path.display(), error))?;
    }
    // Colours only where somebody sees them.
    write!(anstream::stdout(), "{report}").map_err(|error| fail(&"the report", error))
}
