//! Flags of memcached that this server does without: those that have no effect, and those that are
//! rejected, each with a reason.

use std::str::FromStr;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// A flag, and why it has no effect or is rejected.
struct Flag {
    short: &'static str,
    long: &'static str,
    /// Whether a value follows it.
    value: bool,
    reason: &'static str,
}

const fn flag(short: &'static str, long: &'static str, value: bool, reason: &'static str) -> Flag {
    Flag { short, long, value, reason }
}

/// Accepted without effect: what they ask for is so anyway, or they tune what this server does not
/// have.
const IGNORED: [Flag; 7] = [
    flag("C", "disable-cas", false, "it takes no more memory to have cas"),
    flag("f", "slab-growth-factor", true, "there are no slabs, so nothing grows by a factor"),
    flag("L", "enable-largepages", false, "large pages are the system's to give"),
    flag("n", "slab-min-size", true, "there are no slabs, so an item takes what it needs"),
    flag("R", "max-reqs-per-event", true, "connections take turns by themselves"),
    flag("W", "disable-watch", false, "nothing can be watched"),
    flag("X", "disable-dumping", false, "nothing can be dumped"),
];

/// Rejected: this server does not have what they ask for.
const REJECTED: [Flag; 10] = [
    flag("A", "enable-shutdown", false, "the command `shutdown` is not served: send SIGTERM"),
    flag("D", "stat-delimiter", true, "there are no statistics by prefix"),
    flag("e", "memory-file", true, "items are in memory only"),
    flag("k", "lock-memory", false, "memory cannot be locked: let the system have no swap"),
    flag("M", "disable-evictions", false, "when memory is full, what was used least always goes"),
    flag(
        "r",
        "enable-coredumps",
        false,
        "the size of core files is the system's to limit: `ulimit -c`",
    ),
    flag(
        "S",
        "enable-sasl",
        false,
        "there is no authentication: listen where only friends connect",
    ),
    flag("V", "version", false, "the version is told by `memwire --version`"),
    flag("Y", "auth-file", true, "there is no authentication: listen where only friends connect"),
    flag("Z", "enable-ssl", false, "there is no TLS: put a proxy in front"),
];

/// Those of these flags that were given.
#[derive(Clone, Debug)]
pub struct MemcachedFlags {
    warnings: Vec<String>,
    rejection: Option<&'static str>,
}

impl MemcachedFlags {
    /// Why the first rejected flag is rejected, if there is one.
    pub fn rejection(&self) -> Option<&'static str> {
        self.rejection
    }

    /// A sentence for each flag that has no effect.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Args for MemcachedFlags {
    fn augment_args(command: Command) -> Command {
        IGNORED.iter().chain(&REJECTED).fold(command, |command, flag| {
            let action = if flag.value { ArgAction::Set } else { ArgAction::SetTrue };
            let arg = Arg::new(flag.short)
                .short(flag.short.chars().next())
                .long(flag.long)
                .action(action)
                .hide(true);
            command.arg(if flag.value { arg.allow_hyphen_values(true) } else { arg })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for MemcachedFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |flag: &&Flag| {
            if flag.value {
                matches.get_one::<String>(flag.short).is_some()
            } else {
                matches.get_flag(flag.short)
            }
        };
        let warning = |flag: &Flag| format!("-{} has no effect: {}", flag.short, flag.reason);
        Ok(Self {
            warnings: IGNORED.iter().filter(given).map(warning).collect(),
            rejection: REJECTED.iter().find(given).map(|flag| flag.reason),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// One of memcached's extended options, the values of `-o`.
#[derive(Clone, Debug)]
pub enum ExtendedOption {
    /// As `--idle-timeout`, in seconds.
    IdleTimeout(u64),
    /// One of this name, which has no effect.
    Ignored(String),
}

/// The names of options without effect: without a `no_` before them, and a `=` and value after
/// them.
const IGNORED_OPTIONS: [&str; 27] = [
    "drop_privileges",
    "hash_algorithm",
    "hashexpand",
    "hashpower",
    "hot_lru_pct",
    "hot_max_factor",
    "inline_ascii_resp",
    "lru_crawler",
    "lru_crawler_sleep",
    "lru_crawler_tocrawl",
    "lru_maintainer",
    "maxconns_fast",
    "modern",
    "read_buf_mem_limit",
    "relaxed_privileges",
    "resp_obj_mem_limit",
    "slab_automove",
    "slab_automove_ratio",
    "slab_automove_window",
    "slab_chunk_max",
    "slab_reassign",
    "tail_repair_time",
    "temporary_ttl",
    "track_sizes",
    "warm_lru_pct",
    "warm_max_factor",
    "watcher_logbuf_size",
];

impl FromStr for ExtendedOption {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        if name == "idle_timeout" {
            let seconds = value.parse().map_err(|_| "expected idle_timeout=SECONDS")?;
            return Ok(Self::IdleTimeout(seconds));
        }
        if IGNORED_OPTIONS.contains(&name.strip_prefix("no_").unwrap_or(name)) {
            return Ok(Self::Ignored(name.to_owned()));
        }
        Err("not served; of memcached's extended options idle_timeout=SECONDS works, and those \
             that tune its memory, threads and buffers are accepted")
    }
}
