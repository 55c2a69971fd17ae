//! `memwire conform` and `memwire compare`: the conformance suite on the command line.

mod args;
mod compare;
mod form;
mod progress;

use std::sync::{Arc, OnceLock};

use memwire_conformance::{Interrupt, RunError, Target, run};

use crate::{
    failure::Failure,
    signals::{self, Signal},
};
use progress::Progress;

pub use args::Args;
pub use compare::{CompareArgs, compare};

/// Runs the vectors against a target, and writes the reports.
pub fn execute(args: &Args) -> Result<(), Failure> {
    let config = args.config()?;
    let interrupt = Interrupt::new();
    let signal = interrupt_on_signal(&interrupt)?;
    let progress = Progress::default();
    let shown = progress.clone();
    let results = run(&config, move |event| shown.show(&event), &interrupt)
        .map_err(|error| failure(&error, signal.get().copied()))?;
    progress.clear();
    for form in &args.report {
        form.write(&results)?;
    }
    if results.passed() { Ok(()) } else { Err(Failure::wrong(String::new())) }
}

/// Interrupts the run at the first signal, which is then in the cell that is returned.
fn interrupt_on_signal(interrupt: &Interrupt) -> Result<Arc<OnceLock<Signal>>, Failure> {
    let received = Arc::new(OnceLock::new());
    let (interrupt, first) = (interrupt.clone(), Arc::clone(&received));
    let on_signal = move |signal| {
        // Fails if it is not the first.
        let _ = first.set(signal);
        interrupt.interrupt();
    };
    signals::on_stop_or_hangup(on_signal)
        .map_err(|error| Failure::io(format!("cannot wait for signals: {error}")))?;
    Ok(received)
}

fn failure(error: &RunError, signal: Option<Signal>) -> Failure {
    match (error, signal) {
        (RunError::Interrupted, Some(signal)) => {
            Failure { code: signal.exit_code(), message: error.to_string() }
        }
        (RunError::Selection(_), _) => Failure::usage(error.to_string()),
        (RunError::NoPort, _) => {
            let port = Target::PORT;
            let message =
                format!("--spawn: the command must contain {port}, where the server's port goes");
            Failure::usage(message)
        }
        _ => Failure::io(error.to_string()),
    }
}
