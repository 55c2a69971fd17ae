//! The progress of a run, if standard error is a terminal.

use std::sync::{Arc, OnceLock};

use indicatif::{ProgressBar, ProgressStyle};
use memwire_conformance::Event;

/// A progress bar, which appears when the run starts.
#[derive(Clone, Default)]
pub struct Progress(Arc<OnceLock<ProgressBar>>);

impl Progress {
    pub fn show(&self, event: &Event<'_>) {
        match event {
            Event::Started { vectors } => {
                self.0.get_or_init(|| bar(*vectors as u64));
            }
            Event::Finished(result) => {
                let Some(bar) = self.0.get() else { return };
                if result.verdict.is_failure() {
                    bar.println(format!("{} {}", result.verdict, result.id));
                }
                bar.set_message(result.id.clone());
                bar.inc(1);
            }
            _ => {}
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}
