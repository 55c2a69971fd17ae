//! Hosts of a target, and connections to them.

use std::{process::Stdio, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    port::Port,
    process::{Process, Reader, Writer},
};

/// How long a server may take to listen after it was started.
const START: Duration = Duration::from_secs(10);

/// How long a connection may take to be accepted: a server under load lets some wait, and the
/// system tries again after seconds.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a shell may take to find out that it cannot run a command.
const RUN: Duration = Duration::from_secs(1);

/// How long connections may be rejected.
const REJECTED: Duration = Duration::from_secs(2);

/// A server, or a command that is started for each connection.
#[derive(Clone, Debug)]
pub enum Host {
    /// The server at this address; its process, if it was started for it.
    Address(String, Option<Arc<Process>>),
    /// A command that reads requests and writes replies.
    Command(String),
}

/// Why a server did not start, as a message.
pub enum SpawnError {
    /// It exited. If its port was taken, another one may work.
    Exited(String),
    /// It runs, but does not listen.
    Silent(String),
}

impl SpawnError {
    pub fn into_message(self) -> String {
        match self {
            Self::Exited(message) | Self::Silent(message) => message,
        }
    }
}

/// A stream to a host, and one from it.
pub struct Link {
    pub reader: Reader,
    /// Dropped at the end of the stream, where the host sees that.
    pub writer: Option<Writer>,
    /// The process at the other end, if it is this connection's own.
    pub process: Option<Process>,
}

impl Host {
    /// Starts the server of a command, in which `placeholder` stands for the port, and waits until
    /// it listens.
    pub async fn spawn(command: &str, placeholder: &str) -> Result<Self, SpawnError> {
        let port = Port::choose()
            .map_err(|error| SpawnError::Exited(format!("cannot find a free port: {error}")))?;
        let command = command.replace(placeholder, &port.number.to_string());
        let (process, _, _) =
            Process::start(&command, Some(port), Stdio::null()).map_err(SpawnError::Exited)?;
        let address = format!("127.0.0.1:{}", process.port());
        let since = Instant::now();
        loop {
            let connected = TcpStream::connect(&address).await;
            if let Some(status) = process.ended() {
                let output = process.last_output().await;
                return Err(SpawnError::Exited(format!(
                    "`{command}` exited before it listened on {address}, with {status}{output}"
                )));
            }
            if connected.is_ok() {
                return Ok(Self::Address(address, Some(Arc::new(process))));
            }
            if since.elapsed() > START {
                let output = process.last_output().await;
                let seconds = START.as_secs();
                return Err(SpawnError::Silent(format!(
                    "`{command}` does not listen on {address} after {seconds} s{output}"
                )));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Connects, or starts a process of its own.
    pub async fn link(&self) -> Result<Link, String> {
        match self {
            Self::Command(command) => {
                let (process, writer, reader) = Process::start(command, None, Stdio::piped())?;
                let reader = reader.ok_or("no standard output")?;
                Ok(Link { reader, writer, process: Some(process) })
            }
            Self::Address(address, _) => {
                let since = Instant::now();
                loop {
                    let error = match timeout(CONNECT, TcpStream::connect(address)).await {
                        Ok(Ok(stream)) => {
                            let _ = stream.set_nodelay(true);
                            let (reader, writer) = stream.into_split();
                            let (reader, writer) = (Box::new(reader), Box::new(writer));
                            return Ok(Link { reader, writer: Some(writer), process: None });
                        }
                        Ok(Err(error)) => error.to_string(),
                        Err(_) => "the connection is not accepted".to_owned(),
                    };
                    if since.elapsed() > REJECTED {
                        return Err(format!("cannot connect to {address}: {error}"));
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Checks that a command can be run: starts it once, with no input.
    pub async fn check_command(command: &str) -> Result<(), String> {
        let (process, _, _) = Process::start(command, None, Stdio::null())?;
        match process.end(RUN).await {
            Some(status) if status.is_not_runnable() => {
                let output = process.last_output().await;
                Err(format!("cannot run `{command}`: {status}{output}"))
            }
            _ => Ok(()),
        }
    }

    /// The server's last output, to be appended to a message.
    pub async fn last_output(&self) -> String {
        match self {
            Self::Address(_, Some(process)) => process.last_output().await,
            Self::Address(_, None) | Self::Command(_) => String::new(),
        }
    }

    /// How the server ended, if it has.
    pub async fn crashed(&self) -> Option<String> {
        match self {
            Self::Address(_, Some(process)) => {
                let status = process.end(Duration::from_millis(100)).await?;
                Some(format!("the server exited, with {status}{}", process.last_output().await))
            }
            Self::Address(address, None) => {
                let connecting = timeout(REJECTED, TcpStream::connect(address)).await;
                // A server that does not accept in time may still run.
                matches!(connecting, Ok(Err(_)))
                    .then(|| format!("connections to {address} are rejected"))
            }
            Self::Command(_) => None,
        }
    }
}
