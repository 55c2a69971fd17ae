//! `memwire load`: a closed-loop load generator that checks every reply and measures latencies.
//!
//! A [`run`] has phases; in each, every thread's [`worker`] drives its [`connection`]s. A connection
//! sends a [`batch`] of requests from its [`workload`], and checks the replies: what a key may hold
//! follows from the [`dataset`].

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use memwire::dialect::{classic, simple};

use crate::{dialect::DialectName, failure::Failure, process::allow_files, signals};
use client::Client;
use connection::Connection;
use report::Report;
use run::Run;
use stream::Target;
use worker::Worker;
use workload::Workload;

mod args;
mod batch;
mod client;
mod connection;
mod dataset;
mod encoder;
mod numbers;
mod phase;
mod progress;
mod report;
mod run;
mod stats;
mod stream;
mod worker;
mod workload;

pub use args::Args;

/// File descriptors other than those of connections: standard streams, and the event loops' own.
const OTHER_FILES: u64 = 64;

pub fn execute(args: &Args) -> Result<(), Failure> {
    match args.dialect {
        DialectName::Simple => load::<simple::Replies>(args),
        DialectName::Classic => load::<classic::Replies>(args),
    }
}

fn load<C: Client>(args: &Args) -> Result<(), Failure> {
    let dataset = args.dataset()?;
    if args.threads > args.connections {
        let (threads, connections) = (args.threads, args.connections);
        return Err(Failure::usage(format!(
            "-t {threads} is more than -c {connections}: each thread needs a connection"
        )));
    }
    allow_files(args.connections as u64 + OTHER_FILES)?;
    let stop = stop_on_signal()?;
    let target = args.target()?;
    let mut workers = workers::<C>(args, &target)?;
    let run = Run { args, dataset: &dataset, stop: &stop };
    let outcome = run.phases(&mut workers).map_err(Failure::io)?;
    let report = Report::new(args, &target, &outcome, stop.load(Ordering::Relaxed));
    print(args, &report)?;
    if outcome.stats.is_clean() { Ok(()) } else { Err(Failure::wrong(String::new())) }
}

/// The first signal sets the flag that is returned, a second one ends the process.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    signals::on_stop(move |signal| {
        if stopping.swap(true, Ordering::Relaxed) {
            signal.exit();
        }
    })
    .map_err(|error| Failure::io(format!("cannot wait for signals: {error}")))?;
    Ok(stop)
}

/// All connections, in turn among the threads.
fn workers<C: Client>(args: &Args, target: &Target) -> Result<Vec<Worker<C>>, Failure> {
    let profile = args.profile();
    let mut threads: Vec<_> = (0..args.threads).map(|_| vec![]).collect();
    for index in 0..args.connections {
        let stream = target
            .connect(args.timeout)
            .map_err(|error| Failure::io(format!("cannot connect to {target}: {error}")))?;
        let workload = Workload::new(&profile, args.seed, index as u64).ok_or_else(|| {
            Failure::usage("no requests can be drawn from these arguments".to_owned())
        })?;
        threads[index % args.threads].push(Connection::new(stream, workload));
    }
    threads.into_iter().map(|all| Worker::new(all).map_err(Failure::io)).collect()
}

fn print(args: &Args, report: &Report) -> Result<(), Failure> {
    let fail =
        |what: &dyn Display, error: io::Error| Failure::io(format!("cannot write {what}: {error}"));
    let to_stdout = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if let Some(path) = &args.json {
        let mut json =
            serde_json::to_string_pretty(report).map_err(|error| Failure::io(error.to_string()))?;
        json.push('\n');
        if to_stdout {
            let written = io::stdout().write_all(json.as_bytes());
            return written.map_err(|error| fail(&"standard output", error));
        }
        fs::write(path, json).map_err(|error| fail(&path.display(), error))?;
    }
    // This stream removes colours if standard output is not a terminal.
    write!(anstream::stdout(), "{report}").map_err(|error| fail(&"the report", error))
}
