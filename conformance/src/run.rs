//! A run of the suite from beginning to end.

use std::{error::Error, fmt, io, sync::Arc, time::Instant};

use tokio::{runtime, select, sync::Notify};

use crate::{
    config::Config,
    results::{self, ClauseResult, Results, TargetInfo, VectorResult},
    runner::Runner,
    selection::{SelectionError, select, why_unsupported},
    target::Target,
    vectors::{Suite, SuiteError, Vector},
};

/// Runs the suite against a target, and blocks until it has ended.
///
/// `on_event` is called from several threads. Everything that was started for the target has ended
/// when this returns. It must not be called from within an asynchronous runtime.
///
/// ```no_run
/// use memwire_conformance::{Config, Interrupt, Target, dialect::SIMPLE, report, run};
///
/// let config = Config::new(Target::Tcp("127.0.0.1:11211".to_owned()), &SIMPLE);
/// let results = run(&config, |_| (), &Interrupt::new())?;
/// assert!(results.passed(), "{}", report::human(&results));
/// # Ok::<_, memwire_conformance::RunError>(())
/// ```
///
/// # Errors
///
/// [`RunError`], if nothing was run, or not everything. Vectors that fail are no error: see
/// [`Results::passed`].
pub fn run(
    config: &Config,
    on_event: impl Fn(Event<'_>) + Send + Sync + 'static,
    interrupt: &Interrupt,
) -> Result<Results, RunError> {
    let suite = Suite::from_json(config.dialect.suite).map_err(RunError::Suite)?;
    let selected = select(config, &suite).map_err(RunError::Selection)?;
    if let Target::Spawn(command) = &config.target
        && !command.contains(Target::PORT)
    {
        return Err(RunError::NoPort);
    }
    let since = Instant::now();
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().map_err(RunError::Start)?;
    let vectors = runtime.block_on(async {
        select! {
            vectors = run_selected(config, &selected, on_event) => vectors,
            () = interrupt.0.notified() => Err(RunError::Interrupted),
        }
    });
    // All processes and connections of the run end here.
    drop(runtime);
    Ok(collect(config, &suite, vectors?, since))
}

async fn run_selected(
    config: &Config,
    selected: &[Vector],
    on_event: impl Fn(Event<'_>) + Send + Sync + 'static,
) -> Result<Vec<VectorResult>, RunError> {
    let mut runner = Runner::new(config, selected);
    runner.calibrate().await.map_err(RunError::Target)?;
    let unsupported: Vec<_> =
        selected.iter().map(|vector| why_unsupported(config, vector)).collect();
    let supported: Vec<_> = selected
        .iter()
        .zip(&unsupported)
        .filter(|(_, why)| why.is_none())
        .map(|(vector, _)| vector.clone())
        .collect();
    on_event(Event::Started { vectors: supported.len() });
    let done = move |result: &VectorResult| on_event(Event::Finished(result));
    let mut results = Arc::new(runner).run(&Arc::new(supported), done).await.into_iter();
    let results = selected.iter().zip(unsupported).filter_map(|(vector, why)| match why {
        Some(why) => Some(VectorResult::unsupported(vector, why)),
        None => results.next(),
    });
    Ok(results.collect())
}

fn collect(
    config: &Config,
    suite: &Suite,
    mut vectors: Vec<VectorResult>,
    since: Instant,
) -> Results {
    for result in &mut vectors {
        result.known = config.known_failures.contains(&result.id);
    }
    let is_shown = |id: &String| vectors.iter().any(|vector| vector.clauses.contains(id));
    let clauses = suite.clauses.iter().filter(|clause| is_shown(&clause.id));
    let clauses = clauses.map(|clause| ClauseResult {
        id: clause.id.clone(),
        level: clause.level,
        text: clause.text.clone(),
        line: clause.line,
    });
    let location = config.target.location();
    Results {
        format: results::FORMAT,
        memwire: env!("CARGO_PKG_VERSION").to_owned(),
        dialect: suite.dialect.clone(),
        document: suite.document.clone(),
        target: TargetInfo {
            name: config.name.clone().unwrap_or_else(|| location.to_owned()),
            kind: config.target.kind().to_owned(),
            location: location.to_owned(),
        },
        level: config.level,
        without: config.without.clone(),
        split: config.deliveries().iter().map(ToString::to_string).collect(),
        seconds: since.elapsed().as_secs_f64(),
        clauses: clauses.collect(),
        vectors,
    }
}

/// What happens during a run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'r> {
    /// The target was reached.
    Started {
        /// How many vectors will be run.
        vectors: usize,
    },
    /// A vector was run by itself; it may still fail together with others.
    Finished(&'r VectorResult),
}

/// Ends a run early, from another thread.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Notify>);

impl Interrupt {
    /// An interrupt for one run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run that has this interrupt, now or as soon as it starts.
    pub fn interrupt(&self) {
        self.0.notify_one();
    }
}

/// Why a run did not end by itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The vectors cannot be read.
    Suite(SuiteError),
    /// No vector is selected.
    Selection(SelectionError),
    /// The command of [`Target::Spawn`] has no `{port}`.
    NoPort,
    /// The threads of the run cannot be started.
    Start(io::Error),
    /// The target cannot be started or reached.
    Target(String),
    /// The run was interrupted. Its processes and connections have ended.
    Interrupted,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suite(error) => error.fmt(f),
            Self::Selection(error) => error.fmt(f),
            Self::NoPort => {
                f.write_str("the command must contain {port}, where the server's port goes")
            }
            Self::Start(error) => write!(f, "cannot start the run: {error}"),
            Self::Target(message) => f.write_str(message),
            Self::Interrupted => {
                f.write_str("interrupted; all processes and connections of the run have ended")
            }
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Suite(error) => Some(error),
            Self::Selection(error) => Some(error),
            Self::Start(error) => Some(error),
            Self::NoPort | Self::Target(_) | Self::Interrupted => None,
        }
    }
}
