use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    runtime::Runtime,
    select,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::Failure;
use crate::{Limits, Progress, Session, Truncated, dialect::simple::Requests, store::SharedMap};

/// The size of a read, in bytes.
const CHUNK: usize = 16_384;

/// How long to wait for file descriptors, or whatever else is missing to accept a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Serve clients over TCP, all from one store
///
/// Prints the address to standard error when it is ready, and runs until SIGTERM or SIGINT.
#[derive(Debug, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Args {
    /// The address to listen on
    #[arg(short, long, value_name = "ADDR", default_value_t = Ipv4Addr::LOCALHOST.into())]
    listen: IpAddr,

    /// The TCP port; 0 lets the system choose
    #[arg(short, long, value_name = "PORT", default_value_t = 11211)]
    port: u16,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::io(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let address = (args.listen, args.port);
        let fail = |error| {
            Failure::io(format!("cannot listen on {} port {}: {error}", args.listen, args.port))
        };
        let listener = TcpListener::bind(address).await.map_err(fail)?;
        let local = listener.local_addr().map_err(fail)?;
        let fail = |error| Failure::io(format!("cannot wait for signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
        eprintln!("memwire: listening on {local}");
        let stop = async {
            select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(&listener, stop).await;
        Ok(())
    })
}

/// Serves each client that connects, all from one store that starts empty, until `stop` is ready.
pub async fn serve(listener: &TcpListener, stop: impl Future<Output = ()>) {
    let store = Arc::new(SharedMap::new());
    let accept = async {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                // Fails only if Nagle's algorithm stays on: slower, but right.
                let _ = stream.set_nodelay(true);
                // The client is gone, or stopped inside a request: nobody is left to be told.
                let _ = converse(&mut stream, &store, Limits::default()).await;
            });
        }
    };
    select! {
        () = stop => {}
        () = accept => {}
    }
}

/// Serves one client until it closes its side, over anything that can be read and written.
///
/// # Errors
///
/// An error of the stream; or of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), holding a
/// [`Truncated`], if the client's stream ends inside a request.
pub async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    mut store: &SharedMap,
    limits: Limits,
) -> io::Result<()> {
    let mut session = Session::<Requests>::new(limits);
    let mut chunk = vec![0; CHUNK];
    let mut replies = Vec::new();
    loop {
        let length = stream.read(&mut chunk).await?;
        if length == 0 {
            let truncated =
                |truncated: Truncated| io::Error::new(io::ErrorKind::UnexpectedEof, truncated);
            return session.finish().map_err(truncated);
        }
        let mut requests = &chunk[..length];
        loop {
            let progress = session.advance(&mut store, 0, &mut requests, &mut replies);
            stream.write_all(&replies).await?;
            replies.clear();
            if progress == Progress::NeedInput {
                break;
            }
        }
    }
}
