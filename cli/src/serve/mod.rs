//! `memwire serve`: starts a server, and stops it at a signal.

use std::io;

use memwire_server::{Config, Server, StartError, memcached};
use tokio::{runtime, sync::oneshot};
use tracing::{Level, info};

use crate::{
    dialect::DialectName,
    failure::Failure,
    process::{PidFile, allow_files, become_user, go_to_background},
    signals,
};

mod args;
mod memcached_flags;

pub use args::Args;

/// File descriptors in addition to those of clients: listeners, standard streams, the runtime's.
const OTHER_FILES: u64 = 64;

/// Serves until a signal stops it.
///
/// # Errors
///
/// An argument is rejected, or the server cannot be started.
pub fn execute(args: &Args) -> Result<(), Failure> {
    if let Some(reason) = args.rejection() {
        return Err(Failure::usage(reason.to_owned()));
    }
    for warning in args.warnings() {
        eprintln!("memwire: {warning}");
    }
    start_logging(args.verbose);

    let config = args.config();
    check_item_size(&config, args)?;
    allow_files(args.conn_limit as u64 + OTHER_FILES)?;
    let server = Server::bind(config).map_err(|error| failure(&error, args))?;
    if let Some(name) = &args.user {
        become_user(name)?;
    }
    let pidfile = args.pidfile.as_deref().map(PidFile::create).transpose()?;
    if args.daemon {
        print_addresses(&server, args.dialect);
        // Before there are threads, which a child process would not inherit.
        go_to_background(args.verbose > 0)?;
    }
    if let Some(file) = &pidfile {
        file.write_id()?;
    }
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(args.threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::io(format!("cannot start the worker threads: {error}")))?;
    let stopped = stop_by_signals()?;
    if !args.daemon {
        print_addresses(&server, args.dialect);
    }
    let serving = server.serve(async {
        // The sender is dropped only after it was used.
        let _ = stopped.await;
    });
    runtime
        .block_on(serving)
        .map_err(|error| Failure::io(format!("cannot accept connections: {error}")))
}

/// Logs to standard error.
fn start_logging(verbosity: u8) {
    let level = [Level::WARN, Level::INFO, Level::DEBUG][usize::from(verbosity.min(2))];
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false)
        .init();
}

/// Checks that there is memory for items of the configured size. Without one, prints the largest
/// size if it is less than the usual default.
fn check_item_size(config: &Config, args: &Args) -> Result<(), Failure> {
    let size = config.effective_item_size().map_err(|error| failure(&error, args))?;
    if config.item_size.is_none() && size < memcached::ITEM_SIZE {
        eprintln!(
            "memwire: with -m {}, values may have up to {size} bytes: less than the usual 1m",
            args.memory_limit
        );
    }
    Ok(())
}

/// The error, in terms of the arguments.
fn failure(error: &StartError, args: &Args) -> Failure {
    match error {
        StartError::MemoryTooSmall { item_size, least, .. } => Failure::usage(format!(
            "-m {} is too small for values of {item_size} bytes: expected at least -m {}, or a \
             smaller -I",
            args.memory_limit,
            least.div_ceil(1 << 20)
        )),
        error => Failure::io(error.to_string()),
    }
}

fn print_addresses(server: &Server, dialect: DialectName) {
    for address in server.addresses() {
        eprintln!("memwire: listening on {address}, {} dialect", dialect.name());
    }
}

/// The first signal completes what is returned; the second one ends the process.
fn stop_by_signals() -> Result<oneshot::Receiver<()>, Failure> {
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let on_signal = move |signal: signals::Signal| match stop.take() {
        Some(stop) => {
            info!("{signal}: shutting down; requests that were received are answered");
            // Fails only if the server has ended by itself.
            let _ = stop.send(());
        }
        None => signal.exit(),
    };
    signals::on_stop(on_signal)
        .map_err(|error| Failure::io(format!("cannot wait for signals: {error}")))?;
    Ok(stopped)
}
