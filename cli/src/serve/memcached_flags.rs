//! Flags of memcached that this server does not support: those that are ignored, and those that are
//! rejected, each with a reason.

use std::str::FromStr;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// A flag, and why it has no effect or is rejected.
struct Flag {
    short: &'static str,
    long: &'static str,
    /// Whether it takes a value.
    value: bool,
    reason: &'static str,
}

const fn flag(short: &'static str, long: &'static str, value: bool, reason: &'static str) -> Flag {
    Flag { short, long, value, reason }
}

/// Accepted and ignored: they do not apply to this server, or ask for what it does anyway.
const IGNORED: [Flag; 7] = [
    flag("C", "disable-cas", false, "CAS uniques take no extra memory"),
    flag("f", "slab-growth-factor", true, "there are no slabs"),
    flag("L", "enable-largepages", false, "the system decides about large pages"),
    flag("n", "slab-min-size", true, "there are no slabs"),
    flag("R", "max-reqs-per-event", true, "connections always take turns"),
    flag("W", "disable-watch", false, "the command `watch` is not served"),
    flag("X", "disable-dumping", false, "items cannot be dumped"),
];

/// Rejected: this server does not support what they ask for.
const REJECTED: [Flag; 10] = [
    flag("A", "enable-shutdown", false, "the command `shutdown` is not served; send SIGTERM"),
    flag("D", "stat-delimiter", true, "there are no statistics by key prefix"),
    flag("e", "memory-file", true, "items are kept in memory only"),
    flag("k", "lock-memory", false, "memory cannot be locked; disable swap instead"),
    flag(
        "M",
        "disable-evictions",
        false,
        "when memory is full, the least used items are always evicted",
    ),
    flag(
        "r",
        "enable-coredumps",
        false,
        "the system limits the size of core files; use `ulimit -c`",
    ),
    flag("S", "enable-sasl", false, NO_AUTHENTICATION),
    flag("V", "version", false, "use `memwire --version`"),
    flag("Y", "auth-file", true, NO_AUTHENTICATION),
    flag("Z", "enable-ssl", false, "there is no TLS; put a proxy in front"),
];

const NO_AUTHENTICATION: &str = "there is no authentication; bind to a trusted interface";

/// The longest idle timeout.
pub const MOST_SECONDS: u64 = 1_000_000_000;

/// Those of these flags that were given.
#[derive(Clone, Debug)]
pub struct MemcachedFlags {
    warnings: Vec<String>,
    rejection: Option<String>,
}

impl MemcachedFlags {
    /// Why the first rejected flag is rejected, if there is one.
    pub fn rejection(&self) -> Option<&str> {
        self.rejection.as_deref()
    }

    /// A warning for each flag that has no effect.
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
        let rejection = |flag: &Flag| {
            format!("-{} (--{}) is not supported: {}", flag.short, flag.long, flag.reason)
        };
        Ok(Self {
            warnings: IGNORED.iter().filter(given).map(warning).collect(),
            rejection: REJECTED.iter().find(given).map(rejection),
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
    /// Like `--idle-timeout`, in seconds.
    IdleTimeout(u64),
    /// One of this name, which has no effect.
    Ignored(String),
}

/// The names of options without effect, without a `no_` before and `=VALUE` after them.
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
            return match value.parse() {
                Ok(seconds @ 0..=MOST_SECONDS) => Ok(Self::IdleTimeout(seconds)),
                _ => Err("expected idle_timeout=SECONDS, from 0 to 1000000000"),
            };
        }
        if IGNORED_OPTIONS.contains(&name.strip_prefix("no_").unwrap_or(name)) {
            return Ok(Self::Ignored(name.to_owned()));
        }
        Err("this option is not supported: idle_timeout=SECONDS is, and those that tune \
             memcached's memory, threads and buffers are accepted and ignored")
    }
}
