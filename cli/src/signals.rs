//! The signals that ask the program to stop: one design for all of its commands.

use std::{fmt, future, io, process, thread};

use tokio::{
    runtime, select,
    signal::unix::{self, SignalKind},
};

/// A signal that asks the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` sends if no signal is named.
    Terminate,
    /// The terminal is gone.
    Hangup,
}

impl Signal {
    /// The exit code with which shells report a process that this signal ended.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 128 + 1,
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
        }
    }

    /// Ends the process at once, as if the signal had.
    pub fn exit(self) -> ! {
        process::exit(self.exit_code().into())
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Hangup => "SIGHUP",
        })
    }
}

/// Calls `callback` for every SIGINT and SIGTERM from now on, which no longer end the process by
/// themselves.
///
/// The callback runs on a thread of its own, so a process that goes to the background must have
/// done so before. No signal is blocked, so child processes are ended by them as usual.
///
/// # Errors
///
/// The system cannot start the thread, or does not report the signals.
pub fn on_stop(callback: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    watch(false, callback)
}

/// Like [`on_stop`], and for every SIGHUP, too.
///
/// # Errors
///
/// As with [`on_stop`].
pub fn on_stop_or_hangup(callback: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    watch(true, callback)
}

fn watch(with_hangup: bool, mut callback: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    // Before the thread runs, so that no signal after this function is missed.
    let entered = runtime.enter();
    let mut interrupt = unix::signal(SignalKind::interrupt())?;
    let mut terminate = unix::signal(SignalKind::terminate())?;
    let mut hangup = with_hangup.then(|| unix::signal(SignalKind::hangup())).transpose()?;
    drop(entered);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        loop {
            let signal = runtime.block_on(async {
                select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    () = next(hangup.as_mut()) => Signal::Hangup,
                }
            });
            callback(signal);
        }
    })?;
    Ok(())
}

/// Waits for a signal; forever, if it is not listened to.
async fn next(signal: Option<&mut unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => future::pending().await,
    }
}
