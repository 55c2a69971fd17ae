//! `memwire run`: a filter that answers the requests on standard input on standard output.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind, Read, Write},
};

use memwire::{
    Limits, Progress, Session, Truncated,
    dialect::{classic, simple},
    session::Service,
};
use memwire_server::{memcached, unix_time};

use crate::{
    dialect::DialectName,
    failure::{EXIT_CODES, Failure},
};
use store::FilterStore;

mod store;

/// The size of a read, in bytes.
const CHUNK: usize = 65_536;

/// Read requests from standard input, and write the replies to standard output
///
/// The store is empty at the start.
///
/// Replies are written as soon as they are decided. Input that ends inside a request is an error:
/// the requests before it are answered, and standard error reports where the incomplete request
/// begins, and what is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// The dialect of the requests
    #[arg(long, value_enum, default_value = "simple")]
    dialect: DialectName,
}

/// Serves standard input to its end.
///
/// # Errors
///
/// It ends inside a request, or standard input or output fails.
pub fn execute(args: &Args) -> Result<(), Failure> {
    let (input, output) = (&mut io::stdin().lock(), &mut io::stdout().lock());
    let result = match args.dialect {
        DialectName::Simple => run::<simple::Requests>(Limits::default(), input, output),
        DialectName::Classic => run::<classic::Requests>(memcached::LIMITS, input, output),
    };
    match result {
        Ok(()) => Ok(()),
        Err(error @ RunError::Truncated(_)) => Err(Failure::wrong(error.to_string())),
        // The reader has closed the pipe: no message.
        Err(RunError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Err(Failure::io(String::new()))
        }
        Err(error) => Err(Failure::io(error.to_string())),
    }
}

/// Why [`run`] did not reach the end of its input, or reached it inside a request.
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
            Self::Read(error) => write!(f, "cannot read standard input: {error}"),
            Self::Write(error) => write!(f, "cannot write standard output: {error}"),
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
/// soon as they are decided. It ends with the input, or at `quit`.
///
/// Apart from the store it holds one chunk of input, the pending request, and little more output
/// than [`HIGH_WATER_MARK`](memwire::session::HIGH_WATER_MARK) or one value.
///
/// # Errors
///
/// See [`RunError`].
pub fn run<G: Service>(
    limits: Limits,
    input: &mut impl Read,
    output: &mut impl Write,
) -> Result<(), RunError> {
    let mut store = FilterStore::default();
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

#[cfg(test)]
mod tests {
    use memwire_conformance::{
        dialect::SIMPLE,
        vectors::{End, Suite},
    };
    use memwire_testing::laws;

    use super::*;

    /// An input whose reads end at the offsets of a split.
    struct Chunks<'s>(std::vec::IntoIter<&'s [u8]>);

    impl Read for Chunks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(chunk) = self.0.next() else { return Ok(0) };
            let (now, later) = chunk.split_at(chunk.len().min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            if !later.is_empty() {
                let rest: Vec<_> = [later].into_iter().chain(self.0.by_ref()).collect();
                self.0 = rest.into_iter();
            }
            Ok(now.len())
        }
    }

    #[test]
    fn run_agrees_with_the_vectors_under_every_split() {
        let limits = Limits::DEFAULT;
        let suite = Suite::from_json(SIMPLE.suite).expect("the vectors can be read");
        for vector in suite.vectors.iter().filter(|vector| vector.level.is_some()) {
            let id = &vector.id;
            let truncated = match vector.end {
                End::Clean => None,
                End::Truncated(start) => Some(start),
            };
            let stream = vector.sent();
            for split in laws::splits::<simple::Requests>(limits, &stream) {
                let mut input = Chunks(laws::chunks(&stream, &split).into_iter());
                let mut output = Vec::new();
                let end = match run::<simple::Requests>(limits, &mut input, &mut output) {
                    Ok(()) => None,
                    Err(RunError::Truncated(truncated)) => Some(truncated.start),
                    Err(error) => panic!("{id}: {error}"),
                };
                assert!(vector.expected().matches(&output), "{id} split at {split:?}");
                assert_eq!(end, truncated, "{id}");
            }
        }
    }
}
