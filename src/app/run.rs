use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind, Read, Write},
};

use super::{DialectName, Failure};
use crate::{
    Limits, Progress, Session, Truncated,
    app::serve::unix_time,
    dialect::{classic, simple},
    session::Serve,
    store::Map,
};

/// The size of a read, in bytes.
const CHUNK: usize = 65_536;

/// Answer the requests on standard input, from an empty store, on standard output
///
/// Replies are written as soon as they are decided. Input that ends inside a request is an error:
/// after the replies to all requests before it, standard error tells where that request begins,
/// and what was awaited.
#[derive(Debug, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Args {
    /// Which dialect the requests are written in
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let (input, output) = (&mut io::stdin().lock(), &mut io::stdout().lock());
    let result = match args.dialect {
        DialectName::Simple => run::<simple::Requests>(Limits::default(), input, output),
        DialectName::Classic => run::<classic::Requests>(classic::LIMITS, input, output),
    };
    match result {
        Ok(()) => Ok(()),
        Err(error @ RunError::Truncated(_)) => Err(Failure::wrong(error.to_string())),
        // Whoever closed the pipe knows.
        Err(RunError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Err(Failure::io(String::new()))
        }
        Err(error) => Err(Failure::io(error.to_string())),
    }
}

/// Why [`run`] did not reach the end of its input, or found it in the wrong place.
#[derive(Debug)]
pub enum RunError {
    /// The input ended inside a request. Every reply before it was written.
    Truncated(Truncated),
    /// The input could not be read.
    Read(io::Error),
    /// The output could not be written.
    Write(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(truncated) => truncated.fmt(f),
            Self::Read(error) => write!(f, "cannot read the input: {error}"),
            Self::Write(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Truncated(truncated) => Some(truncated),
            Self::Read(error) | Self::Write(error) => Some(error),
        }
    }
}

/// Serves the requests of `input` from an empty store, and writes their replies to `output` as
/// soon as they are decided. It ends with the input, or when the client takes its leave.
///
/// Apart from the store it holds one chunk of input, the pending request, and little more output
/// than [`MARK`](crate::session::MARK) or one value.
///
/// # Errors
///
/// See [`RunError`].
pub fn run<G: Serve>(
    limits: Limits,
    input: &mut impl Read,
    output: &mut impl Write,
) -> Result<(), RunError> {
    let mut store = Map::new();
    let mut session = Session::<G>::new(limits);
    let mut chunk = vec![0; CHUNK];
    let mut replies = Vec::new();
    loop {
        let mut requests = match input.read(&mut chunk) {
            Ok(0) => return session.finish().map_err(RunError::Truncated),
            Ok(length) => &chunk[..length],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(RunError::Read(error)),
        };
        loop {
            let progress = session.advance(&mut store, unix_time(), &mut requests, &mut replies);
            output.write_all(&replies).map_err(RunError::Write)?;
            replies.clear();
            match progress {
                Progress::NeedInput => break,
                Progress::OutputFull => {}
                Progress::Close => return output.flush().map_err(RunError::Write),
            }
        }
        output.flush().map_err(RunError::Write)?;
    }
}
