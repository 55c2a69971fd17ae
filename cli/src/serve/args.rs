//! The arguments of `memwire serve`, and the configuration that they stand for.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use memwire_server::{Config, Dialect};

use super::memcached_flags::{ExtendedOption, MOST_SECONDS, MemcachedFlags};
use crate::{
    dialect::DialectName,
    units::{Size, number},
};

/// The TCP port, unless one is named.
const PORT: u16 = 11211;

/// More megabytes than a machine has; as bytes they fit into 64 bits.
const MOST_MEGABYTES: usize = if usize::BITS < 64 { 4095 } else { 100_000_000 };

const AFTER_HELP: &str = "\
When the server is ready, it prints each address to standard error. The first SIGTERM or SIGINT shuts
it down gracefully: requests that were received are answered, within 5 seconds. A second one ends it
at once.

Exit codes:
  0  graceful shutdown
  2  the arguments are wrong
  3  an address cannot be bound, or something cannot be started or written

docs/operations.md describes limits, memory use, and how memcached's other flags are treated.";

/// Serve clients over TCP and Unix sockets, from one bounded in-memory store
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// IP addresses to listen on, each with or without :PORT [default: 127.0.0.1]
    #[arg(short, long, value_name = "ADDR", value_delimiter = ',')]
    listen: Vec<ListenAddress>,

    /// TCP port of addresses without :PORT; 0 lets the system choose [default: 11211]
    #[arg(short, long, value_name = "PORT", value_parser = number(0..=u16::MAX))]
    port: Option<u16>,

    /// Unix socket to listen on; without -l and -p, no TCP port is opened
    #[arg(short = 's', long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,

    /// Permissions of the Unix socket, in octal
    #[arg(short = 'a', long, value_name = "MODE", default_value = "700", value_parser = mode)]
    unix_mask: u32,

    /// The dialect of the protocol; classic is memcached's text protocol
    #[arg(long, value_enum, default_value = "simple")]
    pub dialect: DialectName,

    /// Worker threads
    #[arg(short, long, value_name = "N", default_value = "4", value_parser = number(1..=1024_usize))]
    pub threads: usize,

    /// Memory for items, in megabytes
    #[arg(short, long, value_name = "MB", default_value = "64", value_parser = number(1..=MOST_MEGABYTES))]
    pub memory_limit: usize,

    /// Limit of simultaneous connections
    #[arg(short, long, value_name = "N", default_value = "1024", value_parser = number(1..=1_000_000_000_usize))]
    pub conn_limit: usize,

    /// Largest value, in bytes, or with a suffix k or m [default: 1m, or what -m has room for]
    #[arg(short = 'I', long, value_name = "SIZE")]
    max_item_size: Option<Size>,

    /// User to switch to when started by root
    #[arg(short, long, value_name = "NAME")]
    pub user: Option<String>,

    /// Continue in the background once the server listens
    #[arg(short, long)]
    pub daemon: bool,

    /// File that holds the process id while the server runs
    #[arg(short = 'P', long, value_name = "PATH")]
    pub pidfile: Option<PathBuf>,

    /// Reject `flush_all`
    #[arg(short = 'F', long)]
    disable_flush_all: bool,

    /// Only 0 is accepted: UDP is not served
    #[arg(short = 'U', long, value_name = "PORT", default_value = "0", value_parser = no_udp)]
    udp_port: u16,

    /// Length of the queue of connections to accept
    #[arg(short = 'b', long, value_name = "N", default_value = "4096", value_parser = number(0..=1_000_000_u32))]
    listen_backlog: u32,

    /// Only ascii is accepted: the binary protocol is not served
    #[arg(short = 'B', long, value_name = "NAME", hide = true, value_parser = ascii)]
    protocol: Option<String>,

    /// Close a connection that has been idle for this long; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = number(0..=MOST_SECONDS))]
    idle_timeout: u64,

    /// Log connections that open and close; -vv also logs why they were closed
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// memcached's extended options
    #[arg(short = 'o', long, value_name = "NAMES", hide = true, value_delimiter = ',')]
    extended: Vec<ExtendedOption>,

    #[command(flatten)]
    memcached_flags: MemcachedFlags,
}

impl Args {
    /// Why a flag of memcached is rejected, if one is.
    pub fn rejection(&self) -> Option<&str> {
        self.memcached_flags.rejection()
    }

    /// A warning for each argument that has no effect.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.memcached_flags.warnings().to_vec();
        for option in &self.extended {
            if let ExtendedOption::Ignored(name) = option {
                warnings.push(format!("-o {name} has no effect: it does not apply to memwire"));
            }
        }
        if self.protocol.as_deref() == Some("auto") {
            warnings.push("-B auto: only the text protocol is served".to_owned());
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
            .with_connection_limit(self.conn_limit)
            .with_idle_timeout(idle_timeout)
            .with_memory(self.memory_limit << 20)
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

    /// In seconds. The last one of `-o` takes precedence over that of `--idle-timeout`.
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
            Err(_) => Err("expected an IP address, with or without :PORT, such as 127.0.0.1 or \
                           [::1]:11211; host names are not looked up"),
        }
    }
}

fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or("expected permissions in octal, from 0 to 777, such as 700 or 770")
}

fn no_udp(text: &str) -> Result<u16, &'static str> {
    if text == "0" { Ok(0) } else { Err("UDP is not served: only 0 is accepted") }
}

fn ascii(text: &str) -> Result<String, &'static str> {
    match text {
        "ascii" | "auto" => Ok(text.to_owned()),
        _ => Err("the binary protocol is not served: only ascii is accepted"),
    }
}
