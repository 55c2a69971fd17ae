//! What the benchmarks run: streams of requests, and the readers that are measured.

use std::{collections::HashMap, hint::black_box};

use foldhash::fast::RandomState;
use memwire::{
    Limits, Machine, Progress, Session, Step,
    dialect::{classic, simple},
    grammar::Grammar,
    session::Service,
    store::Store,
};
use memwire_server::Cache;

/// A dialect: how its streams are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Simple,
    Classic,
}

pub const DIALECTS: [Dialect; 2] = [Dialect::Simple, Dialect::Classic];

impl Dialect {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Classic => "classic",
        }
    }

    fn end(self) -> &'static [u8] {
        match self {
            Self::Simple => b"\n",
            Self::Classic => b"\r\n",
        }
    }

    fn set(self, key: &str, value: &[u8], stream: &mut Vec<u8>) {
        let head = match self {
            Self::Simple => format!("set {key} {}", value.len()),
            Self::Classic => format!("set {key} 0 0 {}", value.len()),
        };
        for part in [head.as_bytes(), self.end(), value, self.end()] {
            stream.extend_from_slice(part);
        }
    }

    fn get(self, keys: impl Iterator<Item = String>, stream: &mut Vec<u8>) {
        stream.extend_from_slice(b"get");
        for key in keys {
            stream.push(b' ');
            stream.extend_from_slice(key.as_bytes());
        }
        stream.extend_from_slice(self.end());
    }
}

/// A stream in one chunk.
pub const WHOLE: usize = usize::MAX;

/// The part of a benchmark's name that states the chunk size; empty for an unsplit stream.
#[must_use]
pub fn by(chunk: usize) -> String {
    if chunk == WHOLE { String::new() } else { format!(", by {chunk}") }
}

/// Large enough for the longest lines and the largest values here.
const LIMITS: Limits = Limits::DEFAULT.with_line(2 << 20).with_value(2 << 20);

/// The number of keys.
pub const KEYS: usize = 10_000;

/// Key number `i`, of 20 bytes. Their order defeats a prefetcher.
fn key(i: usize) -> String {
    format!("key_{:016}", i * 7919 % KEYS)
}

/// The requests of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Gets, each of this many keys.
    Get(usize),
    /// Sets, with values of this many bytes.
    Set(usize),
    /// Nine gets of one key for each set of 32 bytes.
    Mix,
}

impl Workload {
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Get(1) => "get, 1 key".into(),
            Self::Get(keys) => format!("get, {keys} keys"),
            Self::Set(size) if size < 1024 => format!("set {size} B"),
            Self::Set(size) if size < 1 << 20 => format!("set {} KiB", size >> 10),
            Self::Set(size) => format!("set {} MiB", size >> 20),
            Self::Mix => "90 % get, 10 % set".into(),
        }
    }

    /// The number of units in a stream: of requests, or, for gets of several keys, of keys.
    #[must_use]
    pub fn units(self) -> usize {
        match self {
            Self::Get(keys) => 10_000_usize.next_multiple_of(keys),
            Self::Set(size) => (262_144 / (size + 30)).max(1),
            Self::Mix => 10_000,
        }
    }

    /// The number of command lines in a stream.
    #[must_use]
    pub fn lines(self) -> usize {
        match self {
            Self::Get(keys) => self.units() / keys,
            Self::Set(_) | Self::Mix => self.units(),
        }
    }

    #[must_use]
    pub fn stream(self, dialect: Dialect) -> Vec<u8> {
        self.stream_from(dialect, 0)
    }

    /// The same stream, starting with another key.
    #[must_use]
    pub fn stream_from(self, dialect: Dialect, first: usize) -> Vec<u8> {
        let key = |i| key(first + i);
        let mut stream = vec![];
        match self {
            Self::Get(keys) => {
                for line in 0..self.units() / keys {
                    dialect.get((0..keys).map(|i| key(line * keys + i)), &mut stream);
                }
            }
            Self::Set(size) => {
                for i in 0..self.units() {
                    dialect.set(&key(i), &vec![b'v'; size], &mut stream);
                }
            }
            Self::Mix => {
                for i in 0..self.units() {
                    if i % 10 == 9 {
                        dialect.set(&key(i), &[b'v'; 32], &mut stream);
                    } else {
                        dialect.get([key(i)].into_iter(), &mut stream);
                    }
                }
            }
        }
        stream
    }
}

/// The work of a reader, so that the compiler cannot remove it: the number of sets and requested
/// keys, and of bytes in values.
pub type Work = (usize, usize);

/// The machine, as a server uses it: keys are iterated over, and values are moved or copied out.
#[must_use]
pub fn memwire(dialect: Dialect, stream: &[u8], chunk: usize) -> Work {
    match dialect {
        Dialect::Simple => simple(stream, chunk),
        Dialect::Classic => classic(stream, chunk),
    }
}

/// The machine alone: messages are only borrowed. Returns the number of requests.
#[must_use]
pub fn machine(dialect: Dialect, stream: &[u8], chunk: usize) -> usize {
    match dialect {
        Dialect::Simple => borrowed::<simple::Requests>(stream, chunk),
        Dialect::Classic => borrowed::<classic::Requests>(stream, chunk),
    }
}

/// Calls `see` with every request of a valid stream.
#[inline]
fn each<G: Grammar>(stream: &[u8], chunk: usize, mut see: impl FnMut(G::Message<'_>)) {
    let mut machine = Machine::<G>::new(LIMITS);
    for mut chunk in stream.chunks(chunk) {
        loop {
            match machine.step(&mut chunk) {
                Step::NeedMore => break,
                Step::Dispatch(request) => see(request),
                Step::Reject(error) => panic!("all requests are valid: {error}"),
            }
        }
    }
}

#[inline(never)]
fn borrowed<G: Grammar>(stream: &[u8], chunk: usize) -> usize {
    let mut dispatched = 0;
    each::<G>(stream, chunk, |request| {
        black_box(&request);
        dispatched += 1;
    });
    dispatched
}

#[inline(never)]
fn simple(stream: &[u8], chunk: usize) -> Work {
    let mut work = (0, 0);
    each::<simple::Requests>(stream, chunk, |request| match request {
        simple::Request::Get(keys) => work.0 += keys.count(),
        simple::Request::Set { value, .. } => {
            work = (work.0 + 1, work.1 + own(value.into_vec()));
        }
        other => panic!("{other:?}"),
    });
    work
}

#[inline(never)]
fn classic(stream: &[u8], chunk: usize) -> Work {
    let mut work = (0, 0);
    each::<classic::Requests>(stream, chunk, |request| match request.command {
        classic::Command::Get { keys, .. } => work.0 += keys.count(),
        classic::Command::Store { value, .. } => {
            work = (work.0 + 1, work.1 + own(value.into_vec()));
        }
        other => panic!("{other:?}"),
    });
    work
}

fn own(value: Vec<u8>) -> usize {
    black_box(value).len()
}

/// A lower bound for any reader: find the ends of lines.
#[must_use]
pub fn line_ends(stream: &[u8]) -> usize {
    // Each end is visited: counting alone would be faster.
    memchr::memchr_iter(b'\n', stream).map(black_box).map(|_| 1).sum()
}

/// A lower bound for storing values: allocate, and copy each value.
#[must_use]
pub fn copies(stream: &[u8], size: usize, count: usize) -> Work {
    let mut work = (0, 0);
    for at in 0..count {
        let from = at * (stream.len() / count);
        work = (work.0 + 1, work.1 + own(stream[from..from + size].to_vec()));
    }
    work
}

#[cfg(feature = "time")]
/// `memcache-proto`. It has no buffer: it gets the unread bytes with the next chunk appended.
#[must_use]
pub fn memcache_proto(stream: &[u8], chunk: usize) -> Work {
    use memcache_proto::{Command, ParseError, ParseOptions};
    let options = ParseOptions::new().max_value_len(1 << 20).max_keys(usize::MAX);
    let mut work = (0, 0);
    let mut read = |mut unread: &[u8]| {
        let all = unread.len();
        loop {
            match Command::parse_with_options(unread, &options) {
                Ok((command, length)) => {
                    match command {
                        Command::Get { .. } => work.0 += 1,
                        Command::Gets { keys } => work.0 += keys.len(),
                        Command::Set { data, .. } => {
                            work = (work.0 + 1, work.1 + own(data.to_vec()));
                        }
                        _ => panic!("another command"),
                    }
                    unread = &unread[length..];
                }
                Err(ParseError::Incomplete) => return all - unread.len(),
                Err(error) => panic!("{error}"),
            }
        }
    };
    if chunk >= stream.len() {
        read(stream);
        return work;
    }
    let mut buffer = vec![];
    for chunk in stream.chunks(chunk) {
        buffer.extend_from_slice(chunk);
        let taken = read(&buffer);
        buffer.drain(..taken);
    }
    work
}

#[cfg(feature = "time")]
/// `memcached-protocal`, which reads from a buffered reader.
#[must_use]
pub fn memcached_protocal(mut stream: &[u8]) -> Work {
    use memcached_protocal::Command;
    let mut work = (0, 0);
    while !stream.is_empty() {
        match memcached_protocal::parse(&mut stream) {
            Ok(Command::Retrieval(get)) => work.0 += get.keys.len(),
            Ok(Command::Store(set)) => work = (work.0 + 1, work.1 + own(set.data_block)),
            _ => panic!("another command"),
        }
    }
    work
}

/// A cache with all keys, and values of this size.
#[must_use]
pub fn cache(dialect: Dialect, size: usize) -> Cache {
    let cache = Cache::new(256 << 20, 1 << 20);
    let mut stream = vec![];
    for i in 0..KEYS {
        dialect.set(&key(i), &vec![b'v'; size], &mut stream);
    }
    serve(dialect, &cache, &stream);
    cache
}

/// Machine, session and store. Replies go to a buffer that is cleared when it is full. Returns
/// their length.
pub fn serve(dialect: Dialect, store: impl Store, stream: &[u8]) -> usize {
    match dialect {
        Dialect::Simple => exchange::<simple::Requests>(store, stream),
        Dialect::Classic => exchange::<classic::Requests>(store, stream),
    }
}

#[inline(never)]
fn exchange<G: Service>(mut store: impl Store, mut stream: &[u8]) -> usize {
    let mut session = Session::<G>::new(LIMITS);
    let mut out = Vec::with_capacity(256 * 1024);
    let mut answered = 0;
    loop {
        let progress = session.advance(&mut store, 0, &mut stream, &mut out);
        answered += black_box(&out).len();
        out.clear();
        match progress {
            Progress::OutputFull => {}
            Progress::NeedInput | Progress::Close => return answered,
        }
    }
}

/// A lower bound for hits: look up each key, and copy the value.
#[derive(Debug)]
pub struct Table(Vec<Vec<u8>>, HashMap<Vec<u8>, Vec<u8>, RandomState>);

impl Table {
    /// A table with all keys, and values of this size.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let keys: Vec<_> = (0..KEYS).map(|i| key(i).into_bytes()).collect();
        let mut map = HashMap::default();
        map.extend(keys.iter().map(|key| (key.clone(), vec![b'v'; size])));
        Self(keys, map)
    }

    /// Looks up all keys. Returns the number of bytes copied.
    #[must_use]
    pub fn look_up(&self) -> usize {
        let mut out = Vec::with_capacity(256 * 1024);
        let mut copied = 0;
        for key in &self.0 {
            out.extend_from_slice(&self.1[key]);
            if out.len() > 65_536 {
                copied += black_box(&out).len();
                out.clear();
            }
        }
        copied + out.len()
    }
}
