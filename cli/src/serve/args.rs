//! The arguments of `memwire serve`, and the configuration that they stand for.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use memwire_server::{Config, Dialect};

use super::memcached_flags::{ExtendedOption, MemcachedFlags};
use crate::{dialect::DialectName, units::Size};

/// The TCP port, unless one is named.
const PORT: u16 = 11211;

const AFTER_HELP: &str = "\
Prints each address to standard error when it is ready. The first SIGTERM or SIGINT ends it in
order: what was received is answered, within 5 seconds. A second one ends it at once.

Exit codes: 0 in order, 2 the arguments are wrong, 3 something cannot be bound or started.";

/// Serve clients over TCP and Unix sockets, all from one bounded store
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Addresses to listen on, each with :PORT or not [default: 127.0.0.1]
    #[arg(short, long, value_name = "ADDR", value_delimiter = ',')]
    listen: Vec<ListenAddress>,

    /// TCP port where none is named; 0 lets the system choose [default: 11211]
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,

    /// Unix socket; without -l and -p, nothing else is listened on
    #[arg(short = 's', long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,

    /// Who may use the Unix socket, in octal
    #[arg(short = 'a', long, value_name = "MODE", default_value = "700", value_parser = mode)]
    unix_mask: u32,

    /// Which dialect is spoken; classic is memcached's
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,

    /// Threads that serve
    #[arg(short, long, value_name = "N", default_value = "4")]
    pub threads: NonZeroUsize,

    /// Memory for items, in megabytes
    #[arg(short, long, value_name = "MB", default_value = "64")]
    pub memory_limit: NonZeroUsize,

    /// Clients at a time
    #[arg(short, long, value_name = "N", default_value = "1024")]
    pub conn_limit: NonZeroUsize,

    /// Largest value, in bytes or with k or m behind it [default: 1m, or what -m has room for]
    #[arg(short = 'I', long, value_name = "SIZE")]
    max_item_size: Option<Size>,

    /// User to become when started by root
    #[arg(short, long, value_name = "NAME")]
    pub user: Option<String>,

    /// Go on in the background as soon as it listens
    #[arg(short, long)]
    pub daemon: bool,

    /// File that holds the process id while it serves
    #[arg(short = 'P', long, value_name = "PATH")]
    pub pidfile: Option<PathBuf>,

    /// Refuse to flush all
    #[arg(short = 'F', long)]
    disable_flush_all: bool,

    /// Only 0, since UDP is not served
    #[arg(short = 'U', long, value_name = "PORT", default_value = "0", value_parser = no_udp)]
    udp_port: u16,

    /// Connections that may wait to be accepted
    #[arg(short = 'b', long, value_name = "N", default_value = "4096")]
    listen_backlog: u32,

    /// Only ascii: the binary protocol is not served
    #[arg(short = 'B', long, value_name = "NAME", hide = true, value_parser = ascii)]
    protocol: Option<String>,

    /// Close a connection on which nothing moves for so long; 0: never
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    idle_timeout: u64,

    /// Tell of connections; -vv, of what is wrong with them too
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// memcached's extended options
    #[arg(short = 'o', long, value_name = "NAMES", hide = true, value_delimiter = ',')]
    extended: Vec<ExtendedOption>,

    #[command(flatten)]
    memcached_flags: MemcachedFlags,
}

impl Args {
    /// Why an argument is rejected although it is well-formed.
    pub fn rejection(&self) -> Option<&'static str> {
        self.memcached_flags.rejection()
    }

    /// A sentence for each argument that has no effect.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.memcached_flags.warnings().to_vec();
        for option in &self.extended {
            if let ExtendedOption::Ignored(name) = option {
                warnings
                    .push(format!("-o {name} has no effect: there is nothing of the kind to set"));
            }
        }
        if self.protocol.as_deref() == Some("auto") {
            warnings.push("the binary protocol is not served".to_owned());
        }
        warnings
    }

    /// The server's configuration.
    pub fn config(&self) -> Config {
        let dialect = match self.dialect {
            DialectName::Simple => Dialect::Simple,
            DialectName::Classic => Dialect::Classic,
        };
        let idle_timeout = match self.idle_timeout() {
            0 => None,
            seconds => Some(Duration::from_secs(seconds)),
        };
        let mut config = Config::new(dialect)
            .with_backlog(self.listen_backlog)
            .with_connection_limit(self.conn_limit.get())
            .with_idle_timeout(idle_timeout)
            .with_memory(self.memory_limit.get().saturating_mul(1 << 20))
            .with_item_size(self.max_item_size.map(|size| size.0))
            .with_flush_all(!self.disable_flush_all)
            .with_verbosity(self.verbose);
        for address in self.addresses() {
            config = config.with_address(address);
        }
        match &self.unix_socket {
            Some(path) => config.with_unix_socket(path, self.unix_mask),
            None => config,
        }
    }

    /// In seconds, the last one that was given with `-o` before that of `--idle-timeout`.
    fn idle_timeout(&self) -> u64 {
        let extended = self.extended.iter().rev().find_map(|option| match option {
            ExtendedOption::IdleTimeout(seconds) => Some(*seconds),
            ExtendedOption::Ignored(_) => None,
        });
        extended.unwrap_or(self.idle_timeout)
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let port = self.port.unwrap_or(PORT);
        if self.listen.is_empty() && (self.port.is_some() || self.unix_socket.is_none()) {
            return vec![(Ipv4Addr::LOCALHOST, port).into()];
        }
        let address = |listen: &ListenAddress| (listen.ip, listen.port.unwrap_or(port)).into();
        self.listen.iter().map(address).collect()
    }
}

/// An IP address, with a port or without.
#[derive(Clone, Copy, Debug)]
struct ListenAddress {
    ip: IpAddr,
    port: Option<u16>,
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { ip: address.ip(), port: Some(address.port()) });
        }
        match text.parse() {
            Ok(ip) => Ok(Self { ip, port: None }),
            Err(_) => Err("expected an IP address, with :PORT behind it or not"),
        }
    }
}

fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or("expected a mode in octal, such as 700 or 770")
}

fn no_udp(text: &str) -> Result<u16, &'static str> {
    if text == "0" { Ok(0) } else { Err("UDP is not served, only -U 0 is accepted") }
}

fn ascii(text: &str) -> Result<String, &'static str> {
    match text {
        "ascii" | "auto" => Ok(text.to_owned()),
        _ => Err("the binary protocol is not served, only -B ascii is accepted"),
    }
}
