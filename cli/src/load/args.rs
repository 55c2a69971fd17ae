//! The arguments of `memwire load`, and what they mean together.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use memwire::{dialect::classic, text::KeySyntax as _};

use super::{
    dataset::Dataset,
    stream::Target,
    workload::{Popularity, Profile},
};
use crate::{
    dialect::DialectName,
    failure::Failure,
    units::{Size, seconds},
};

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
pub struct Args {
    /// The server's address
    #[arg(long, value_name = "HOST:PORT", group = "target")]
    pub tcp: Option<String>,

    /// The server's Unix socket
    #[arg(long, value_name = "PATH", group = "target")]
    pub unix: Option<PathBuf>,

    /// Which dialect it speaks; classic is memcached's
    #[arg(long, value_enum, default_value = "simple")]
    pub dialect: DialectName,

    /// Connections in all
    #[arg(short, long, value_name = "N", default_value = "50")]
    pub connections: NonZeroUsize,

    /// Threads that share them
    #[arg(short, long, value_name = "N", default_value = "1")]
    pub threads: NonZeroUsize,

    /// Requests in a batch, which is sent in one write
    #[arg(long, value_name = "N", default_value = "1")]
    pub pipeline: NonZeroUsize,

    /// How many gets for how many sets
    #[arg(long, value_name = "GETS:SETS", default_value = "90:10")]
    pub mix: Mix,

    /// Keys in each get
    #[arg(long, value_name = "N", default_value = "1")]
    pub keys_per_get: NonZeroU32,

    /// How many keys there are
    #[arg(long, value_name = "N", default_value = "10000")]
    pub keys: NonZeroU32,

    /// Size of a key, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 16)]
    pub key_size: usize,

    /// Size of a value, or the smallest and the largest, of which all between are as likely; in
    /// bytes, or with k or m behind the number
    #[arg(short = 'd', long, value_name = "SIZE[-SIZE]", default_value = "100")]
    pub value_size: Sizes,

    /// How often each key is asked for: uniform; or zipf:THETA, key number k in proportion to
    /// 1 / k^THETA
    #[arg(long, value_name = "HOW", default_value = "uniform")]
    pub popularity: Popularity,

    /// Set every key before the run, so that gets find something
    #[arg(long)]
    pub fill: bool,

    /// Run for so long before what is measured
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = duration())]
    pub warm_up: Duration,

    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = duration())]
    pub seconds: Duration,

    /// Measure so many requests in all, however long they take
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "seconds")]
    pub requests: Option<NonZeroU64>,

    /// The same seed, and the same other arguments, give the same requests on each connection
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How long the replies to a batch may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = duration())]
    pub timeout: Duration,

    /// Write the result as JSON, too; to - only that, on standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// The parser of times that a run takes.
fn duration() -> impl Fn(&str) -> Result<Duration, &'static str> + Clone + Send + Sync + 'static {
    seconds(0.0..=1e9, "expected seconds, such as 10 or 0.5")
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
            _ => Err("expected two numbers up to 1000000, not both 0, such as 90:10"),
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
            _ => Err("expected a size from 1 to 1024m or two, such as 100 or 100-4k"),
        }
    }
}

impl Args {
    /// The keys of the run.
    ///
    /// # Errors
    ///
    /// No key of this size is valid, or it is too small for that many keys.
    pub fn dataset(&self) -> Result<Dataset, Failure> {
        let (keys, size) = (self.keys.get(), self.key_size);
        let (least, most) = (Dataset::least_size(keys), classic::Requests::LONGEST_KEY);
        if size > most {
            let message = format!("--key-size {size} is too large, at most {most}");
            return Err(Failure::usage(message));
        }
        Dataset::new(keys, size).ok_or_else(|| {
            let message =
                format!("--key-size {size} is too little for {keys} keys: expected {least}");
            Failure::usage(message)
        })
    }

    /// What requests are chosen from.
    pub fn profile(&self) -> Profile {
        Profile {
            mix: (self.mix.gets, self.mix.sets),
            keys: self.keys.get(),
            popularity: self.popularity,
            sizes: (self.value_size.least, self.value_size.most),
        }
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// Its name cannot be looked up.
    pub fn target(&self) -> Result<Target, Failure> {
        match (&self.tcp, &self.unix) {
            (Some(name), _) => Target::tcp(name)
                .map_err(|error| Failure::io(format!("cannot find out where {name} is: {error}"))),
            (_, path) => Ok(Target::Unix(path.clone().unwrap_or_default())),
        }
    }
}
