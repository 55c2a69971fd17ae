//! The arguments of `memwire load`, and what they mean together.

use std::{path::PathBuf, str::FromStr, time::Duration};

use memwire::{dialect::classic, text::KeySyntax as _};

use super::{
    dataset::Dataset,
    stream::Target,
    workload::{Popularity, Profile},
};
use crate::{
    dialect::DialectName,
    failure::Failure,
    units::{Size, host_and_port, number, seconds},
};

const AFTER_HELP: &str = "\
Every reply is checked: its kind, the keys and their order, the values, and that nothing else follows.
Values are functions of their keys, so values of earlier runs are recognised. A miss is correct. After
a wrong reply the connection is closed; the others continue.

The latency of a request is the time from just before the first byte of its batch is sent until the
read that returns the end of its reply. The load is a closed loop: a connection sends the next batch
when the last one is answered.

The first SIGINT (Ctrl-C) or SIGTERM ends the run early, with its report; a second one ends it at
once.

Exit codes:
  0  every reply was the one expected
  1  a reply was wrong or SERVER_ERROR, or a connection was lost
  2  the arguments are wrong, or conflict
  3  the server cannot be reached, or a file cannot be written

Example: ten seconds of 90 % gets and 10 % sets, on 50 connections, after every key was set:
  memwire load --tcp 127.0.0.1:11211 --dialect classic --fill

docs/load.md describes the measurement and the JSON.";

/// Generate load on a server, check every reply, and measure
///
/// It works with any server that speaks one of the dialects. Note for users of memtier: -c and -n are
/// totals, and --mix is its --ratio with gets first.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[command(group = clap::ArgGroup::new("target").required(true))]
pub struct Args {
    /// The server's address
    #[arg(long, value_name = "HOST:PORT", group = "target", value_parser = host_and_port)]
    pub tcp: Option<String>,

    /// The server's Unix socket
    #[arg(long, value_name = "PATH", group = "target")]
    pub unix: Option<PathBuf>,

    /// The server's dialect; classic is memcached's text protocol
    #[arg(long, value_enum, default_value = "simple")]
    pub dialect: DialectName,

    /// Connections in total
    #[arg(short, long, value_name = "N", default_value = "50", value_parser = number(1..=1_000_000_usize))]
    pub connections: usize,

    /// Threads that share the connections
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = number(1..=1024_usize))]
    pub threads: usize,

    /// Requests in a batch, which is sent in one write
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(1..=1_000_000_usize))]
    pub pipeline: usize,

    /// Ratio of gets to sets
    #[arg(long, value_name = "GETS:SETS", default_value = "90:10")]
    pub mix: Mix,

    /// Keys in each get
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(1..=1_000_000_u32))]
    pub keys_per_get: u32,

    /// Number of different keys
    #[arg(long, value_name = "N", default_value = "10000", value_parser = number(1..=u32::MAX))]
    pub keys: u32,

    /// Length of each key, in bytes
    #[arg(long, value_name = "BYTES", default_value = "16", value_parser = number(1..=classic::Requests::LONGEST_KEY))]
    pub key_size: usize,

    /// Size of each value, or a range with uniform distribution; in bytes, or with a suffix k or m
    #[arg(short = 'd', long, value_name = "SIZE[-SIZE]", default_value = "100")]
    pub value_size: Sizes,

    /// Distribution of keys: uniform, or zipf:THETA, where key number k is drawn in proportion to
    /// 1 / (k + 1)^THETA
    #[arg(long, value_name = "HOW", default_value = "uniform")]
    pub popularity: Popularity,

    /// Set every key once before the run
    #[arg(long)]
    pub fill: bool,

    /// Run this long before the measurement
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds(0.0..=1e9, "expected seconds from 0 to 1000000000, such as 2 or 0.5"))]
    pub warm_up: Duration,

    /// Duration of the measurement
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = duration())]
    pub seconds: Duration,

    /// Measure this number of requests in total instead, however long they take
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "seconds", value_parser = number(1..=1_000_000_000_000_u64))]
    pub requests: Option<u64>,

    /// Seed of the random requests: the same arguments give the same requests on each connection
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(0..=u64::MAX))]
    pub seed: u64,

    /// Time limit for the replies to a batch
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = duration())]
    pub timeout: Duration,

    /// Also write the result as JSON; - writes only JSON, to standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// The parser of times that must not be zero.
fn duration() -> impl Fn(&str) -> Result<Duration, &'static str> + Clone + Send + Sync + 'static {
    seconds(0.01..=1e9, "expected seconds from 0.01 to 1000000000, such as 10 or 0.5")
}

/// The proportion of gets to sets.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    pub gets: u32,
    pub sets: u32,
}

impl FromStr for Mix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |text: &str| text.parse::<u32>().ok().filter(|part| *part <= 1_000_000);
        match text.split_once(':').map(|(gets, sets)| (part(gets), part(sets))) {
            Some((Some(gets), Some(sets))) if gets + sets > 0 => Ok(Self { gets, sets }),
            _ => Err(
                "expected GETS:SETS, two whole numbers from 0 to 1000000, not both 0, such as 90:10",
            ),
        }
    }
}

/// The smallest and the largest size of values.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub least: u32,
    pub most: u32,
}

impl FromStr for Sizes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let size = |text: &str| u32::try_from(text.parse::<Size>().ok()?.0).ok();
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        match (size(least), size(most)) {
            (Some(least), Some(most)) if least <= most => Ok(Self { least, most }),
            _ => Err("expected a size from 1 to 1024m, or a range of them, such as 100 or 100-4k"),
        }
    }
}

impl Args {
    /// The keys of the run.
    ///
    /// # Errors
    ///
    /// The key size is too small for that many keys.
    pub fn dataset(&self) -> Result<Dataset, Failure> {
        let (keys, size) = (self.keys, self.key_size);
        Dataset::new(keys, size).ok_or_else(|| {
            let least = Dataset::least_size(keys);
            Failure::usage(format!(
                "--key-size {size} is too small for --keys {keys}: expected at least {least}"
            ))
        })
    }

    /// What requests are chosen from.
    pub fn profile(&self) -> Profile {
        Profile {
            mix: (self.mix.gets, self.mix.sets),
            keys: self.keys,
            popularity: self.popularity,
            sizes: (self.value_size.least, self.value_size.most),
        }
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// Its name cannot be resolved.
    pub fn target(&self) -> Result<Target, Failure> {
        match (&self.tcp, &self.unix) {
            (Some(name), _) => Target::tcp(name)
                .map_err(|error| Failure::io(format!("cannot resolve {name}: {error}"))),
            (_, path) => Ok(Target::Unix(path.clone().unwrap_or_default())),
        }
    }
}
