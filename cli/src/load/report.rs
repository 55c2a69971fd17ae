//! The report of a run, as text and as JSON (docs/load.schema.json).

use std::fmt;

use memwire_conformance::report::style::{BAD, FAINT, GOOD, STRONG};
use serde::Serialize;

use super::{
    args::Args,
    numbers::{grouped, rounded},
    phase::Stage,
    run::Outcome,
    stats::{Fault, FaultKind, Stats},
    stream::Target,
    workload::Popularity,
};

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// How many faults the text report shows.
const SHOWN: usize = 3;

#[derive(Debug, Serialize)]
pub struct Report {
    format: u32,
    memwire: &'static str,
    target: String,
    settings: Settings,
    passed: bool,
    interrupted: bool,
    /// The last phase that ran. All fields after this one are about it.
    phase: Stage,
    seconds: f64,
    busy_seconds: f64,
    requests: u64,
    requests_per_second: f64,
    gets: u64,
    sets: u64,
    hits: u64,
    misses: u64,
    replies: u64,
    refused: u64,
    unanswered: u64,
    wrong: u64,
    lost: u64,
    bytes_sent: u64,
    bytes_received: u64,
    latency_ns: Latency,
    faults: Vec<Fault>,
}

#[derive(Debug, Serialize)]
struct Settings {
    dialect: &'static str,
    connections: usize,
    threads: usize,
    pipeline: usize,
    mix: [u32; 2],
    keys_per_get: u32,
    keys: u32,
    key_size: usize,
    value_size: [u32; 2],
    popularity: String,
    fill: bool,
    warm_up_seconds: f64,
    seed: u64,
}

#[derive(Debug, Serialize)]
struct Latency {
    count: u64,
    mean: f64,
    p50: u64,
    p90: u64,
    p99: u64,
    p99_9: u64,
    max: u64,
}

impl Report {
    pub fn new(args: &Args, target: &Target, outcome: &Outcome, interrupted: bool) -> Self {
        let Outcome { stage, stats, seconds, busy_seconds } = outcome;
        let settings = Settings {
            dialect: args.dialect.name(),
            connections: args.connections,
            threads: args.threads,
            pipeline: args.pipeline,
            mix: [args.mix.gets, args.mix.sets],
            keys_per_get: args.keys_per_get,
            keys: args.keys,
            key_size: args.key_size,
            value_size: [args.value_size.least, args.value_size.most],
            popularity: match args.popularity {
                Popularity::Uniform => "uniform".to_owned(),
                Popularity::Zipf(theta) => format!("zipf:{theta}"),
            },
            fill: args.fill,
            warm_up_seconds: args.warm_up.as_secs_f64(),
            seed: args.seed,
        };
        let &Stats { gets, sets, hits, misses, replies, refused, unanswered, .. } = stats;
        let &Stats { wrong, lost, bytes_sent, bytes_received, .. } = stats;
        let quantile = |quantile| stats.latency.value_at_quantile(quantile);
        #[expect(clippy::cast_precision_loss, reason = "sixteen digits are enough")]
        let requests_per_second = if *seconds > 0.0 { replies as f64 / seconds } else { 0.0 };
        Self {
            format: FORMAT,
            memwire: env!("CARGO_PKG_VERSION"),
            target: target.to_string(),
            settings,
            passed: stats.is_clean(),
            interrupted,
            phase: *stage,
            seconds: *seconds,
            busy_seconds: *busy_seconds,
            requests: gets + sets,
            requests_per_second,
            gets,
            sets,
            hits,
            misses,
            replies,
            refused,
            unanswered,
            wrong,
            lost,
            bytes_sent,
            bytes_received,
            latency_ns: Latency {
                count: stats.latency.len(),
                mean: stats.latency.mean(),
                p50: quantile(0.5),
                p90: quantile(0.9),
                p99: quantile(0.99),
                p99_9: quantile(0.999),
                max: stats.latency.max(),
            },
            faults: stats.first_faults.clone(),
        }
    }

    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Fault { kind, what, request, reply } in self.faults.iter().take(SHOWN) {
            let word = match kind {
                FaultKind::Refused => "refused",
                FaultKind::Wrong => "wrong",
                FaultKind::Lost => "lost",
            };
            writeln!(f, "{BAD}{word}{BAD:#}: {what}")?;
            writeln!(f, "  {FAINT}request{FAINT:#} {request}")?;
            writeln!(f, "  {FAINT}reply  {FAINT:#} {reply}")?;
        }
        let shown = self.faults.len().min(SHOWN) as u64;
        let all = self.refused + self.wrong + self.lost;
        if all > shown {
            writeln!(f, "and {} more faults", grouped(all - shown))?;
        }
        if all > 0 && self.replies + self.refused == 0 {
            let dialect = self.settings.dialect;
            writeln!(f, "no reply was correct: is {dialect} the server's dialect (--dialect)?")?;
        }
        Ok(())
    }

    fn write_latency(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { count, p50, p90, p99, p99_9, max, .. } = self.latency_ns;
        if count == 0 {
            return writeln!(f, "latency   not measured: no reply was correct");
        }
        writeln!(
            f,
            "latency   p50 {:?}, p90 {:?}, p99 {:?}, p99.9 {:?}, max {:?}",
            rounded(p50),
            rounded(p90),
            rounded(p99),
            rounded(p99_9),
            rounded(max)
        )
    }
}

/// With colours as escape sequences, which the caller strips where they are not wanted.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_faults(f)?;
        let (style, word) = if self.passed { (GOOD, "passed") } else { (BAD, "failed") };
        write!(f, "{style}{word}{style:#}")?;
        match self.phase {
            Stage::Fill => write!(f, " during --fill")?,
            Stage::WarmUp => write!(f, " during --warm-up")?,
            Stage::Measure => {}
        }
        if self.interrupted {
            write!(f, ", ended early")?;
        }
        let rate = self.requests_per_second;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let shown = grouped(rate.round() as u64);
        let requests = grouped(self.requests);
        writeln!(
            f,
            ": {requests} requests in {:.1} s, {STRONG}{shown}{STRONG:#} per second",
            self.seconds
        )?;
        let found = self.hits + self.misses;
        writeln!(
            f,
            "gets      {}: {} keys, {} hits, {} misses",
            grouped(self.gets),
            grouped(found),
            grouped(self.hits),
            grouped(self.misses)
        )?;
        writeln!(f, "sets      {}", grouped(self.sets))?;
        if !self.passed {
            writeln!(
                f,
                "faults    {} refused, {} unanswered; connections: {} closed after a wrong reply, {} lost",
                grouped(self.refused),
                grouped(self.unanswered),
                grouped(self.wrong),
                grouped(self.lost)
            )?;
        }
        writeln!(
            f,
            "bytes     {} sent, {} received",
            grouped(self.bytes_sent),
            grouped(self.bytes_received)
        )?;
        self.write_latency(f)?;
        let Settings { connections, threads, pipeline, .. } = self.settings;
        writeln!(
            f,
            "{FAINT}{}, {}: -c {connections} -t {threads} --pipeline {pipeline}; memwire load used \
             {:.0} % of a processor{FAINT:#}",
            self.target,
            self.settings.dialect,
            100.0 * self.busy_seconds / self.seconds.max(1e-9)
        )
    }
}
