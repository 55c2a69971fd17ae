//! Flags of memcached's that this server does without: each is answered by a sentence.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// The flag, whether a value follows it, and why there is no need for it, or no way.
const FLAGS: [(&str, bool, &str); 21] = [
    ("A", false, "the command `shutdown` is not served: send SIGTERM"),
    ("b", true, "the backlog of connections cannot be chosen: it is 4096"),
    ("B", true, "the dialect is chosen with --dialect; the binary protocol is not served"),
    ("C", false, "cas cannot be turned off: it takes no more memory to have it"),
    ("d", false, "it stays in the foreground: a service manager, or `&`, puts it where it belongs"),
    ("D", true, "there are no statistics by prefix"),
    ("e", true, "items are in memory only"),
    ("f", true, "there are no slabs, so nothing grows by a factor"),
    ("F", false, "flush_all cannot be turned off"),
    ("k", false, "memory cannot be locked: let the system have no swap"),
    ("L", false, "large pages are the system's to give"),
    ("M", false, "when memory is full, what was used least always goes"),
    ("n", true, "there are no slabs, so an item takes what it needs"),
    ("o", true, "there are no further options"),
    ("P", true, "no file with its process id is written: a service manager knows it"),
    ("r", false, "the size of core files is the system's to limit: `ulimit -c`"),
    ("R", true, "connections take turns by themselves: there is no number of requests to choose"),
    ("S", false, "there is no authentication: listen where only friends connect"),
    ("V", false, "the version is told by `memwire --version`"),
    ("Y", true, "there is no authentication: listen where only friends connect"),
    ("Z", false, "there is no TLS: put a proxy in front"),
];

/// Those that were given.
#[derive(Clone, Debug)]
pub(super) struct Familiar(Vec<&'static str>);

impl Familiar {
    /// What to tell of the first one, if there is one.
    pub fn refusal(&self) -> Option<&'static str> {
        self.0.first().copied()
    }
}

impl Args for Familiar {
    fn augment_args(command: Command) -> Command {
        FLAGS.into_iter().fold(command, |command, (flag, value, _)| {
            let action = if value { ArgAction::Set } else { ArgAction::SetTrue };
            let arg = Arg::new(flag).short(flag.chars().next()).action(action).hide(true);
            command.arg(if value { arg.allow_hyphen_values(true) } else { arg })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Familiar {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = FLAGS.into_iter().filter(|(flag, value, _)| {
            if *value { matches.get_one::<String>(flag).is_some() } else { matches.get_flag(flag) }
        });
        Ok(Self(given.map(|(_, _, why)| why).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
