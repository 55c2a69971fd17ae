//! The server: listeners, the bound on connections, and an orderly end.

use std::{
    fmt, io,
    net::Ipv4Addr,
    num::NonZeroUsize,
    path::PathBuf,
    pin::Pin,
    str::FromStr,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    runtime, select,
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tracing::{Level, debug, info, warn};

use super::{DialectName, Failure};
use crate::{
    Limits,
    dialect::{Lexis, classic, simple},
    session::Serve,
    store::Cache,
};
use familiar::{Extended, Familiar};
use listener::{Accepted, Address, Bound, Listener};
use process::{PidFile, become_user, go_to_background};
use stats::{Observed, Settings};

mod connection;
mod familiar;
mod listener;
mod outbox;
mod process;
mod stats;

pub(super) use connection::unix_time;
pub use connection::{ConverseError, Options, converse};
pub(super) use process::allow_files;

/// After the first signal, clients have this long to take what they asked for.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long to wait for whatever is missing to accept a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The largest item, in bytes, if nothing is said of it, ...
const ITEM_SIZE: usize = 1 << 20;

/// ... and at least this, if there is little memory.
const LEAST_ITEM_SIZE: usize = 1024;

/// So many clients that are one too many are told so with care; more, without.
const REFUSED_AT_ONCE: usize = 64;

/// How long such a client has to end its stream before it is cut off.
const REFUSAL: Duration = Duration::from_secs(1);

/// File descriptors beside those of clients: listeners, standard streams, the runtime's own.
const OTHER_FILES: u64 = 64;

const AFTER_HELP: &str = "\
Prints each address to standard error when it is ready. The first SIGTERM or SIGINT ends it in
order: what was received is answered, within 5 seconds. A second one ends it at once.

Exit codes: 0 in order, 2 the arguments are wrong, 3 something cannot be bound or started.";

/// Serve clients over TCP and Unix sockets, all from one bounded store
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Addresses to listen on, each with :PORT or not [default: 127.0.0.1]
    #[arg(short, long, value_name = "ADDR", value_delimiter = ',')]
    listen: Vec<Address>,

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
    threads: NonZeroUsize,

    /// Memory for items, in megabytes
    #[arg(short, long, value_name = "MB", default_value = "64")]
    memory_limit: NonZeroUsize,

    /// Clients at a time
    #[arg(short, long, value_name = "N", default_value = "1024")]
    conn_limit: NonZeroUsize,

    /// Largest value, in bytes or with k or m behind it [default: 1m, or what -m has room for]
    #[arg(short = 'I', long, value_name = "SIZE")]
    max_item_size: Option<Size>,

    /// User to become when started by root
    #[arg(short, long, value_name = "NAME")]
    user: Option<String>,

    /// Go on in the background as soon as it listens
    #[arg(short, long)]
    daemon: bool,

    /// File that holds the process id while it serves
    #[arg(short = 'P', long, value_name = "PATH")]
    pidfile: Option<PathBuf>,

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
    verbose: u8,

    /// memcached's extended options
    #[arg(short = 'o', long, value_name = "NAMES", hide = true, value_delimiter = ',')]
    extended: Vec<Extended>,

    #[command(flatten)]
    familiar: Familiar,
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

/// A number of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) usize);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(['k', 'K', 'm', 'M']);
        let unit = match &text[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "m" | "M" => 1 << 20,
            _ => 0,
        };
        match digits.parse::<usize>().ok().and_then(|count| count.checked_mul(unit)) {
            Some(size @ 1..=0x4000_0000) => Ok(Self(size)),
            _ => Err("expected a size from 1 to 1024m, such as 1048576, 1024k or 1m"),
        }
    }
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    if let Some(why) = args.familiar.refusal() {
        return Err(Failure::usage(why.to_owned()));
    }
    for note in args.familiar.notes() {
        eprintln!("memwire: {note}");
    }
    for option in &args.extended {
        if let Extended::Needless(name) = option {
            eprintln!("memwire: -o {name} has no effect: there is nothing of the kind to set");
        }
    }
    if args.protocol.as_deref() == Some("auto") {
        eprintln!("memwire: the binary protocol is not served");
    }
    let level = [Level::WARN, Level::INFO, Level::DEBUG][usize::from(args.verbose.min(2))];
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false)
        .init();
    match args.dialect {
        DialectName::Simple => start::<simple::Requests>(args, Limits::DEFAULT, 0),
        DialectName::Classic => {
            start::<classic::Requests>(args, classic::LIMITS, classic::ITEM_HEADER)
        }
    }
}

/// `header` is what counts as part of an item beside its value, in bytes.
fn start<G: Serve + Lexis + Send + 'static>(
    args: &Args,
    limits: Limits,
    header: usize,
) -> Result<(), Failure> {
    let key = G::LONGEST_KEY.min(limits.line);
    let memory = args.memory_limit.get();
    let bytes = memory.saturating_mul(1 << 20);
    let room = Cache::largest_item(bytes).saturating_sub(key) + header;
    let item_size =
        args.max_item_size.map_or(ITEM_SIZE.min(room.max(LEAST_ITEM_SIZE)), |size| size.0);
    let value = item_size.saturating_sub(header);
    let least = Cache::least_capacity(value + key).div_ceil(1 << 20);
    if memory < least {
        return Err(Failure::usage(format!(
            "-m {memory} is too little for values of {item_size} bytes: expected at least \
             -m {least}, or a smaller -I"
        )));
    }
    if args.max_item_size.is_none() && item_size < ITEM_SIZE {
        eprintln!("memwire: -m {memory} has room for values of up to {item_size} bytes");
    }
    allow_files(args.conn_limit.get() as u64 + OTHER_FILES)?;
    let listeners = bind(args)?;
    if let Some(name) = &args.user {
        become_user(name)?;
    }
    let pidfile = args.pidfile.as_deref().map(PidFile::create).transpose()?;
    if args.daemon {
        tell(&listeners);
        // Before there are threads, which would not come along.
        go_to_background(args.verbose > 0)?;
    }
    if let Some(file) = &pidfile {
        file.write()?;
    }
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(args.threads.get())
        .enable_all()
        .build()
        .map_err(|error| Failure::io(format!("cannot start: {error}")))?;
    let store = Cache::new(bytes, value + key);
    runtime.block_on(listen::<G>(args, listeners, Limits { value, ..limits }, item_size, store))
}

/// All that is to be listened on.
fn bind(args: &Args) -> Result<Vec<Bound>, Failure> {
    let mut addresses = args.listen.clone();
    if addresses.is_empty() && (args.port.is_some() || args.unix_socket.is_none()) {
        addresses.push(Address(Ipv4Addr::LOCALHOST.into(), None));
    }
    let mut listeners = Vec::new();
    for Address(address, named) in addresses {
        let address = (address, named.or(args.port).unwrap_or(11211)).into();
        listeners.push(Bound::tcp(address, args.listen_backlog)?);
    }
    if let Some(path) = &args.unix_socket {
        listeners.push(Bound::unix(path, args.unix_mask)?);
    }
    Ok(listeners)
}

fn tell(listeners: &[Bound]) {
    for listener in listeners {
        eprintln!("memwire: listening on {listener}");
    }
}

async fn listen<G: Serve + 'static>(
    args: &Args,
    listeners: Vec<Bound>,
    limits: Limits,
    item_size: usize,
    store: Cache,
) -> Result<(), Failure> {
    let fail = |error| Failure::io(format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    if !args.daemon {
        tell(&listeners);
    }
    let idle_timeout =
        args.extended.iter().fold(args.idle_timeout, |seconds, option| match option {
            Extended::IdleTimeout(seconds) => *seconds,
            Extended::Needless(_) => seconds,
        });
    let idle = (idle_timeout > 0).then(|| Duration::from_secs(idle_timeout));
    let clients = args.conn_limit.get().min(Semaphore::MAX_PERMITS);
    let settings = Settings {
        connections: clients,
        threads: args.threads.get(),
        item_size,
        verbosity: args.verbose,
        idle_timeout,
        flush: !args.disable_flush_all,
        backlog: args.listen_backlog,
        tcp_port: listeners.iter().rev().find_map(Bound::port).unwrap_or(0),
        socket: args.unix_socket.clone(),
    };
    let server = Arc::new(Server {
        store: Observed::new(store, settings),
        options: Options { limits, idle },
        clients: Arc::new(Semaphore::new(clients)),
        refused: Arc::new(Semaphore::new(REFUSED_AT_ONCE)),
        too_many: match args.dialect {
            DialectName::Simple => b"SERVER_ERROR too many open connections\n",
            // In memcached's words.
            DialectName::Classic => b"ERROR Too many open connections\r\n",
        },
    });
    let all = server.clients.available_permits();
    let (stop, stopped) = watch::channel(false);
    let mut accepting = Vec::new();
    for listener in listeners {
        let listener = listener
            .into_listener()
            .map_err(|error| Failure::io(format!("cannot accept clients: {error}")))?;
        accepting.push(tokio::spawn(Arc::clone(&server).accept::<G>(listener, stopped.clone())));
    }
    drop(stopped);

    let first = next_signal(&mut terminate, &mut interrupt).await;
    info!("{first}: no more clients; answering what was received");
    // Fails only if nobody listens any more.
    let _ = stop.send(true);
    let farewell = async {
        for task in accepting {
            // It does not panic.
            let _ = task.await;
        }
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        let _ = server.clients.acquire_many(all).await;
    };
    select! {
        () = farewell => {}
        () = sleep(FAREWELL) => {
            let left = all - server.clients.available_permits();
            warn!("{left} clients did not take their replies in time");
        }
        second = next_signal(&mut terminate, &mut interrupt) => std::process::exit(second.exit_code()),
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    Terminate,
    Interrupt,
}

impl Stop {
    /// What a shell reports of a process that such a signal ended.
    fn exit_code(self) -> i32 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> Stop {
    select! {
        _ = terminate.recv() => Stop::Terminate,
        _ = interrupt.recv() => Stop::Interrupt,
    }
}

struct Server {
    store: Observed,
    options: Options,
    /// A permit for each client there may be.
    clients: Arc<Semaphore>,
    refused: Arc<Semaphore>,
    /// What a client is told that is one too many.
    too_many: &'static [u8],
}

impl Server {
    /// Serves each client that connects, until it is told to stop.
    async fn accept<G: Serve + 'static>(
        self: Arc<Self>,
        listener: Listener,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let accepted = select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match accepted {
                Ok(Accepted::Tcp(stream)) => self.admit::<G, _>(stream, &stop),
                Ok(Accepted::Unix(stream)) => self.admit::<G, _>(stream, &stop),
                Err(error) => {
                    warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn admit<G, T>(self: &Arc<Self>, mut stream: T, stop: &watch::Receiver<bool>)
    where
        G: Serve + 'static,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if let Ok(permit) = Arc::clone(&self.clients).try_acquire_owned() {
            let (server, stop) = (Arc::clone(self), stop.clone());
            tokio::spawn(async move {
                info!("a client connects");
                let seen = server.store.connected();
                match converse::<G, _>(stream, &server.store, server.options, stop).await {
                    Ok(()) => info!("a client leaves"),
                    Err(error) => {
                        info!("a client leaves");
                        debug!("it left because: {error}");
                    }
                }
                drop((seen, permit));
            });
            return;
        }
        info!("a client is one too many");
        self.store.rejected();
        // There is room for one line in a new connection.
        let context = &mut Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut stream).poll_write(context, self.too_many);
        let Ok(permit) = Arc::clone(&self.refused).try_acquire_owned() else { return };
        // Closed with bytes unread, the connection would be reset, and the line perhaps be lost.
        tokio::spawn(async move {
            let reading = async {
                stream.shutdown().await?;
                let mut rest = [0; 512];
                while stream.read(&mut rest).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = timeout(REFUSAL, reading).await;
            drop(permit);
        });
    }
}
