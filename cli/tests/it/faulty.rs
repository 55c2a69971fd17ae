//! A fault-injecting server of the simple dialect, to measure the suite's detection rate: it has
//! one chosen fault.
//!
//! It shares no code with memwire. Without a fault it conforms, which is also tested.

use std::{
    collections::{BTreeSet, HashMap},
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// A fault: its name, what it does, the level at which the suite must find it, and part of the
/// expected hint, or empty if there is none.
pub struct Fault {
    pub name: &'static str,
    pub story: &'static str,
    pub level: &'static str,
    pub hint: &'static str,
}

const fn must(name: &'static str, story: &'static str, hint: &'static str) -> Fault {
    Fault { name, story, level: "must", hint }
}

const fn should(name: &'static str, story: &'static str) -> Fault {
    Fault { name, story, level: "should", hint: "" }
}

pub const FAULTS: [Fault; 69] = [
    // Splitting.
    must("one-read-one-command", "only the first command of each read is processed", "one read"),
    must("two-per-read", "at most two commands of each read are processed", ""),
    must("split-line-lost", "an incomplete line at the end of a read is discarded", "two pieces"),
    must(
        "split-line-taken",
        "an incomplete line at the end of a read is processed as a command",
        "two pieces",
    ),
    must(
        "split-block-lost",
        "a data block that does not come in one read is discarded",
        "as many reads",
    ),
    must(
        "split-end-lost",
        "the LF after a data block is ignored if it comes in a later read",
        "is complete with the",
    ),
    must(
        "split-end-dropped",
        "a value is discarded if its LF comes in a later read",
        "belongs to the block",
    ),
    must("split-byte-lost", "the first byte of a chunk of three bytes is lost", ""),
    must("carry-of-64", "only the last 64 bytes of an incomplete line are buffered", ""),
    must("value-of-one-read", "a value ends with the next read", ""),
    must("buffer-of-4096", "a value of more than 4096 bytes loses a byte", ""),
    must(
        "block-restarts",
        "the byte count of a data block restarts with each read",
        "as many reads",
    ),
    must("late-replies", "replies are sent at the next read", "buffer"),
    must("replies-at-the-end", "replies are sent when the client ends its stream", "buffer"),
    // Parsing.
    must("value-of-a-line", "a value ends with its first newline", "split at its newline"),
    must("value-of-lines", "values lose their newlines", "newline"),
    must("value-trimmed", "white space around a value is lost", "white space"),
    must("value-decoded", "a value is decoded as UTF-8 and encoded again", "character encoding"),
    must("value-c-string", "a value ends with its first NUL", ""),
    must("count-8-bit", "declared lengths are truncated to 8 bits", ""),
    must("count-16-bit", "declared lengths are truncated to 16 bits", ""),
    must("count-from-value", "VALUE lines declare the number of characters", "characters"),
    must("key-of-250", "keys of more than 250 bytes are rejected", ""),
    must("key-of-64", "keys are truncated to 64 bytes", ""),
    must("key-any-case", "keys are compared without case", "case"),
    must("key-by-prefix", "a get of a prefix of a key finds that key", ""),
    must("key-without-dash", "a key that ends with _- is rejected", ""),
    must("key-not-a-number", "a key that ends with - and digits is rejected", ""),
    must("key-not-a-command", "a key that ends with -set is rejected", ""),
    // Storing.
    must("set-once", "a second set of a key does not change the value", ""),
    must("set-appends", "a second set of a key appends to the value", ""),
    must("set-keeps-length", "a shorter value overwrites only the start of a longer one", ""),
    must("empty-is-missing", "a get of an empty value is a miss", ""),
    must("get-takes", "a get deletes the value", ""),
    must("value-with-newline", "the value is stored with the LF after it", ""),
    must("value-short", "the last byte of a value is lost", ""),
    must("value-of-1000", "at most 999 bytes of a value are stored", ""),
    // Replying.
    must("cr-lf", "replies end with CR LF", "CR LF"),
    must("silent-miss", "a miss gets no reply", ""),
    must("not-found", "the reply to a miss is NOT_FOUND", ""),
    must("no-newline-after-value", "no LF follows a value", "LF after the value is missing"),
    must("stored-twice", "STORED is sent twice", "twice"),
    must("lower-case", "the reply to a set is in lower case", ""),
    must("with-flags", "VALUE lines have flags, as in memcached", ""),
    must("trailing-space", "VALUE lines end with a space", ""),
    must("banner", "a greeting is sent when a client connects", ""),
    must(
        "early-stored",
        "STORED is sent before the data block has arrived",
        "before the request is complete",
    ),
    must("first-key", "only the first key of a get is answered", "first key"),
    must("keys-once", "a key that is requested twice is answered once", "answered once"),
    must("keys-sorted", "keys are answered in alphabetical order", "another order"),
    must("end-per-key", "each key gets an END", "END of its own"),
    must("keys-to-24", "at most 24 keys of a get are answered", ""),
    must("short-write", "at most 4096 bytes of replies are sent for each read", ""),
    must("after-200", "from the 200th request of a connection on, every tenth is lost", ""),
    // Recovering.
    should("silent-error", "an unknown command gets no reply"),
    should("error-closes", "an error closes the connection"),
    should("bad-key-not-skipped", "the data block of a set with a bad key is read as commands"),
    should("bad-key-partly", "keys before a bad one are answered"),
    should("minus-is-zero", "a negative declared length is read as 0"),
    should("bad-end-stored", "a data block with a bad end is stored"),
    should("bad-end-two-bytes", "after a bad end, only one byte is skipped"),
    should("bad-end-late", "the error for a bad end is sent at the next LF"),
    should("carriage-return-taken", "lines that end with CR LF are accepted"),
    should("large-not-skipped", "the data block of a value that is too large is read as commands"),
    should("value-limit-off-by-one", "a value of 1048577 bytes is accepted"),
    should("line-limit-off-by-one", "a line of 262145 bytes is accepted"),
    should("count-32-bit", "declared lengths are truncated to 32 bits"),
    should("end-completes", "a line without LF is processed at the end of the stream"),
    // Closing.
    must("one-command", "the connection is closed after each command", "closed after the first"),
];

const LINE: usize = 262_144;
const VALUE: u64 = 1_048_576;

type Store = Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>;

/// A server that runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// `fault` is one of [`FAULTS`], or empty.
    pub fn start(fault: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let store = Store::default();
        let accepting = thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Relaxed) {
                    return;
                }
                let Ok(stream) = client else { continue };
                let store = Arc::clone(&store);
                thread::spawn(move || {
                    // An error means that the client disconnected.
                    let _ = Connection::new(stream, fault, store).serve();
                });
            }
        });
        Self { address, stop, accepting: Some(accepting) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("it accepts to the end");
        }
    }
}

/// What the connection is reading.
enum Reading {
    Line,
    /// A data block of this many bytes: the value of this key, or skipped if there is no key.
    Block(Option<Vec<u8>>, u64),
    /// The rest of a line that is skipped, and whether the error was already sent.
    Rest(bool),
}

struct Connection {
    stream: TcpStream,
    fault: &'static str,
    store: Store,
    input: Vec<u8>,
    out: Vec<u8>,
    reading: Reading,
    requests: usize,
    closing: bool,
}

impl Connection {
    fn new(stream: TcpStream, fault: &'static str, store: Store) -> Self {
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        Self {
            stream,
            fault,
            store,
            input: vec![],
            out: vec![],
            reading: Reading::Line,
            requests: 0,
            closing: false,
        }
    }

    fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }

    fn serve(mut self) -> std::io::Result<()> {
        let mut buffer = vec![0; 65_536];
        if self.is("banner") {
            self.stream.write_all(b"READY\n")?;
        }
        loop {
            let length = match self.stream.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if length == 0 {
                if self.is("end-completes") && !self.input.is_empty() {
                    self.input.push(b'\n');
                    self.process();
                }
                self.flush()?;
                return self.stream.shutdown(Shutdown::Both);
            }
            if self.is("late-replies") {
                self.flush()?;
            }
            let chunk = &buffer[..length];
            let lost =
                usize::from(self.is("split-byte-lost") && length == 3 && !self.input.is_empty());
            self.input.extend_from_slice(&chunk[lost..]);
            self.process();
            if !self.is("late-replies") && !self.is("replies-at-the-end") {
                self.flush()?;
            }
            if self.closing {
                return self.stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let mut out = std::mem::take(&mut self.out);
        if self.is("short-write") {
            out.truncate(4096);
        }
        if self.is("cr-lf") {
            out = out.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        }
        self.stream.write_all(&out)
    }

    /// Processes all complete requests.
    fn process(&mut self) {
        let mut answered = 0;
        while !self.closing {
            let before = self.input.len();
            if !self.advance() {
                break;
            }
            if matches!(self.reading, Reading::Line) && self.input.len() < before {
                answered += 1;
                if self.is("one-read-one-command") {
                    self.input.clear();
                }
                if self.is("two-per-read") && answered == 2 {
                    break;
                }
                if self.is("one-command") {
                    self.closing = true;
                }
            }
        }
    }

    /// Takes one step. Returns whether it made progress.
    fn advance(&mut self) -> bool {
        match std::mem::replace(&mut self.reading, Reading::Line) {
            Reading::Line => self.line(),
            Reading::Block(key, count) => self.block(key, count),
            Reading::Rest(reported) => {
                let Some(end) = self.input.iter().position(|byte| *byte == b'\n') else {
                    self.input.clear();
                    self.reading = Reading::Rest(reported);
                    return false;
                };
                self.input.drain(..=end);
                if !reported {
                    self.out.extend_from_slice(b"CLIENT_ERROR bad data chunk\n");
                }
                true
            }
        }
    }

    fn line(&mut self) -> bool {
        let limit = if self.is("line-limit-off-by-one") { LINE + 1 } else { LINE };
        let window = &self.input[..self.input.len().min(limit + 1)];
        let mut end = window.iter().position(|byte| *byte == b'\n');
        if end.is_none() && self.input.len() > limit {
            self.input.drain(..=limit);
            self.error("CLIENT_ERROR line too long");
            self.reading = Reading::Rest(true);
            return true;
        }
        if end.is_none() && !self.input.is_empty() {
            if self.is("split-line-lost") {
                self.input.clear();
            }
            if self.is("split-line-taken") {
                self.input.push(b'\n');
                end = Some(self.input.len() - 1);
            }
            let old = self.input.len().saturating_sub(64);
            if self.is("carry-of-64") && self.input.len() < 60_000 {
                self.input.drain(..old);
            }
        }
        let Some(end) = end else { return false };
        let mut line: Vec<u8> = self.input.drain(..=end).collect();
        line.pop();
        self.requests += 1;
        if self.is("after-200") && self.requests >= 200 && self.requests.is_multiple_of(10) {
            return true;
        }
        self.command(&line);
        true
    }

    fn error(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
        if self.is("error-closes") {
            self.closing = true;
        }
    }

    fn command(&mut self, line: &[u8]) {
        let mut line = line.to_vec();
        let mut carriage = false;
        if line.last() == Some(&b'\r') {
            line.pop();
            carriage = !self.is("carriage-return-taken");
        }
        let words: Vec<Vec<u8>> = line
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        if carriage {
            self.error("CLIENT_ERROR line ends with CR LF");
            if let [set, _, count] = &words[..]
                && set == b"set"
                && let Some(count) = self.count(count)
            {
                self.reading = Reading::Block(None, count);
            }
            return;
        }
        match words.first().map(Vec::as_slice) {
            Some(b"get") if words.len() > 1 => self.get(&words[1..]),
            Some(b"set") if words.len() == 3 => self.set(&words[1], &words[2]),
            _ if self.is("silent-error") => {}
            _ => self.error("ERROR"),
        }
    }

    fn is_key(&self, key: &[u8]) -> bool {
        let good = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || *byte == b'_'
                || (*byte == b'-' && !(self.is("key-without-dash") && key.ends_with(b"_-")))
        };
        let number = key.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
        let number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
        key.iter().all(good)
            && !(self.is("key-of-250") && key.len() > 250)
            && !(self.is("key-not-a-number") && number)
            && !(self.is("key-not-a-command") && key.ends_with(b"-set"))
    }

    /// The name under which a value is kept.
    fn name(&self, key: &[u8]) -> Vec<u8> {
        let mut name = key.to_vec();
        if self.is("key-of-64") {
            name.truncate(64);
        }
        if self.is("key-any-case") {
            name.make_ascii_lowercase();
        }
        name
    }

    fn count(&self, digits: &[u8]) -> Option<u64> {
        if self.is("minus-is-zero") && digits.starts_with(b"-") {
            return Some(0);
        }
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let digit = |count: u64, digit: &u8| {
            count.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        };
        let count = digits.iter().fold(0, digit);
        Some(match self.fault {
            "count-8-bit" => count % (1 << 8),
            "count-16-bit" => count % (1 << 16),
            "count-32-bit" => count % (1 << 32),
            _ => count,
        })
    }

    fn set(&mut self, key: &[u8], count: &[u8]) {
        let Some(count) = self.count(count) else {
            return self.error("CLIENT_ERROR bad count");
        };
        let limit = if self.is("value-limit-off-by-one") { VALUE + 1 } else { VALUE };
        if count > limit {
            self.error("SERVER_ERROR object too large for cache");
            if !self.is("large-not-skipped") {
                self.reading = Reading::Block(None, count);
            }
            return;
        }
        if !self.is_key(key) {
            self.error("CLIENT_ERROR bad key");
            if !self.is("bad-key-not-skipped") {
                self.reading = Reading::Block(None, count);
            }
            return;
        }
        if self.is("early-stored") {
            self.out.extend_from_slice(b"STORED\n");
        }
        self.reading = Reading::Block(Some(key.to_vec()), count);
    }

    fn block(&mut self, key: Option<Vec<u8>>, count: u64) -> bool {
        let arrived = self.input.len() as u64;
        if self.is("value-of-a-line") && key.is_some() {
            let Some(end) = self.input.iter().position(|byte| *byte == b'\n') else {
                self.reading = Reading::Block(key, count);
                return false;
            };
            let value: Vec<u8> = self.input.drain(..=end).take(end).collect();
            self.store(key, value);
            return true;
        }
        if self.is("split-end-lost") && arrived == count {
            let value = self.input.drain(..).collect();
            self.store(key, value);
            return true;
        }
        if self.is("split-end-dropped") && arrived == count && key.is_some() {
            self.input.clear();
            return false;
        }
        if self.is("value-of-one-read") && arrived > 0 && arrived <= count && key.is_some() {
            let value = self.input.drain(..).collect();
            self.store(key, value);
            return true;
        }
        if arrived <= count {
            if key.is_none() {
                self.input.clear();
                self.reading = Reading::Block(None, count - arrived);
                return false;
            }
            if self.is("split-block-lost") && arrived > 0 {
                self.input.clear();
                return false;
            }
            if self.is("block-restarts") && arrived > 0 {
                self.input.clear();
            }
            self.reading = Reading::Block(key, count);
            return false;
        }
        let count = usize::try_from(count).expect("it has come");
        let value: Vec<u8> = self.input.drain(..count).collect();
        if self.input[0] != b'\n' && key.is_some() {
            if self.is("bad-end-two-bytes") {
                self.input.remove(0);
                self.error("CLIENT_ERROR bad data chunk");
                return true;
            }
            if self.is("bad-end-stored") {
                self.store(key, value);
                self.reading = Reading::Rest(true);
                return true;
            }
            let reported = !self.is("bad-end-late");
            if reported {
                self.error("CLIENT_ERROR bad data chunk");
            }
            self.reading = Reading::Rest(reported);
            return true;
        }
        if self.input[0] != b'\n' {
            self.reading = Reading::Rest(true);
            return true;
        }
        self.input.remove(0);
        self.store(key, value);
        true
    }

    fn store(&mut self, key: Option<Vec<u8>>, mut value: Vec<u8>) {
        let Some(key) = key else { return };
        match self.fault {
            "value-of-lines" => value.retain(|byte| *byte != b'\n'),
            "value-trimmed" => value = value.trim_ascii().to_vec(),
            "value-decoded" => value = String::from_utf8_lossy(&value).into_owned().into_bytes(),
            "value-c-string" => {
                let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
                value.truncate(end);
            }
            "value-with-newline" => value.push(b'\n'),
            "value-short" => drop(value.pop()),
            "value-of-1000" => value.truncate(999),
            "buffer-of-4096" if value.len() > 4096 => drop(value.remove(4096)),
            _ => {}
        }
        let name = self.name(&key);
        let mut store = self.store.lock().expect("no other client failed");
        match (self.fault, store.get_mut(&name)) {
            ("set-once", Some(_)) => {}
            ("set-appends", Some(old)) => old.extend_from_slice(&value),
            ("set-keeps-length", Some(old)) if old.len() > value.len() => {
                old[..value.len()].copy_from_slice(&value);
            }
            _ => drop(store.insert(name, value)),
        }
        drop(store);
        match self.fault {
            "early-stored" => {}
            "stored-twice" => self.out.extend_from_slice(b"STORED\nSTORED\n"),
            "lower-case" => self.out.extend_from_slice(b"stored\n"),
            _ => self.out.extend_from_slice(b"STORED\n"),
        }
    }

    fn get(&mut self, keys: &[Vec<u8>]) {
        let mut keys = keys.to_vec();
        let bad = keys.iter().position(|key| !self.is_key(key));
        if let Some(bad) = bad {
            if !self.is("bad-key-partly") {
                return self.error("CLIENT_ERROR bad key");
            }
            keys.truncate(bad);
        }
        match self.fault {
            "first-key" => keys.truncate(1),
            "keys-to-24" => keys.truncate(24),
            "keys-sorted" => keys.sort(),
            "keys-once" => {
                let mut seen = BTreeSet::new();
                keys.retain(|key| seen.insert(key.clone()));
            }
            _ => {}
        }
        let mut hits = 0;
        for key in &keys {
            let name = self.name(key);
            let mut store = self.store.lock().expect("no other client failed");
            let mut value = store.get(&name).cloned();
            if self.is("key-by-prefix") && value.is_none() {
                let longer = store.iter().find(|(other, _)| other.starts_with(&name));
                value = longer.map(|(_, value)| value.clone());
            }
            if self.is("get-takes") {
                store.remove(&name);
            }
            drop(store);
            let value = value.filter(|value| !(self.is("empty-is-missing") && value.is_empty()));
            if let Some(value) = value {
                hits += 1;
                self.hit(key, &value);
            }
            if self.is("end-per-key") {
                self.out.extend_from_slice(b"END\n");
            }
        }
        match self.fault {
            _ if bad.is_some() => self.error("CLIENT_ERROR bad key"),
            "end-per-key" => {}
            "silent-miss" if hits == 0 => {}
            "not-found" if hits == 0 => self.out.extend_from_slice(b"NOT_FOUND\n"),
            _ => self.out.extend_from_slice(b"END\n"),
        }
    }

    fn hit(&mut self, key: &[u8], value: &[u8]) {
        let mut length = value.len();
        if self.is("count-from-value") {
            length = String::from_utf8_lossy(value).chars().count();
            length -= usize::from(!value.is_ascii());
        }
        let key = String::from_utf8_lossy(key);
        let line = match self.fault {
            "with-flags" => format!("VALUE {key} 0 {length}\n"),
            "trailing-space" => format!("VALUE {key} {length} \n"),
            _ => format!("VALUE {key} {length}\n"),
        };
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(value);
        if !self.is("no-newline-after-value") {
            self.out.push(b'\n');
        }
    }
}
