//! Processes that are started for a target, and the processes that they start.

use std::{
    fmt,
    process::{self, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::port::Port;

/// At most this much, in bytes, is kept of the last output: standard error, and the standard output
/// of a server.
const LAST_OUTPUT: usize = 2048;

pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct ExitStatus(process::ExitStatus);

impl ExitStatus {
    /// Whether it ended with exit code 0.
    pub fn is_success(self) -> bool {
        self.0.success()
    }

    /// Whether the shell could not run the command: it was not found, or cannot be executed.
    pub fn is_not_runnable(self) -> bool {
        matches!(self.0.code(), Some(126 | 127))
    }

    /// Whether it ended with an exit code of its own, and not by a signal, which a shell that runs
    /// it reports as 128 or more.
    pub fn is_exit(self) -> bool {
        self.0.code().is_some_and(|code| code < 128)
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process group, which is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    group: Option<Pid>,
    output: Arc<Mutex<Vec<u8>>>,
    port: Option<Port>,
}

impl Process {
    /// Starts a command of a shell: a server if it has a port, else a filter.
    pub fn start(
        command: &str,
        port: Option<Port>,
        stdin: Stdio,
    ) -> Result<(Self, Option<Writer>, Option<Reader>), String> {
        let is_filter = port.is_none();
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start a shell for `{command}`: {error}"))?;
        let group = child.id().and_then(|id| Some(Pid::from_raw(id.try_into().ok()?)));
        let output = Arc::new(Mutex::new(vec![]));
        if let Some(stderr) = child.stderr.take() {
            keep_last(stderr, &output);
        }
        let mut reader = None;
        if let Some(stdout) = child.stdout.take() {
            if is_filter {
                reader = Some(Box::new(stdout) as Reader);
            } else {
                keep_last(stdout, &output);
            }
        }
        let writer = child.stdin.take().map(|stdin| Box::new(stdin) as Writer);
        Ok((Self { child: Mutex::new(child), group, output, port }, writer, reader))
    }

    /// The port of a server; 0 for a filter.
    pub fn port(&self) -> u16 {
        self.port.as_ref().map_or(0, |port| port.number)
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.try_wait().ok().flatten().map(ExitStatus)
    }

    /// How it ends, if it does so in time.
    pub async fn end(&self, timeout: Duration) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() {
                return ended;
            }
            if since.elapsed() > timeout {
                return None;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its last output, to be appended to a message.
    pub async fn last_output(&self) -> String {
        // It may not have arrived yet.
        sleep(Duration::from_millis(20)).await;
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let output = String::from_utf8_lossy(&output);
        let output = output.trim();
        if output.is_empty() { String::new() } else { format!("; its last output: {output}") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It fails if all of the group have ended.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Reads to the end, so that the process never waits for room in a pipe, and keeps the last of it.
fn keep_last(mut from: impl AsyncRead + Send + Unpin + 'static, output: &Arc<Mutex<Vec<u8>>>) {
    let output = Arc::clone(output);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.extend_from_slice(&buffer[..length]);
            let old = output.len().saturating_sub(LAST_OUTPUT);
            output.drain(..old);
        }
    });
}
