//! A memcached and a memwire beside each other, and what they say, made comparable.

use std::{
    collections::BTreeMap,
    env,
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    ops::Range,
    os::unix::net::UnixStream,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::process::{Folder, Server, text, until};

/// The version whose ways the ledger tells.
const VERSION: &str = "memcached 1.6.18";

/// After so long a server is taken to have forgotten to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// So that what comes before a cut is mostly read before what comes behind it.
const PAUSE: Duration = Duration::from_micros(20);

/// More than this is written while replies are read: no server must read on while nobody takes
/// what it answers.
const AT_ONCE: usize = 100_000;

/// Whether there is a memcached to compare with; there must be in CI.
pub fn is_there() -> bool {
    let said = Command::new("memcached").arg("-V").output();
    assert!(said.is_ok() || env::var_os("CI").is_none(), "CI has memcached");
    match said {
        Err(_) => eprintln!("skipped: there is no memcached"),
        Ok(said) if text(&said.stdout).trim() != VERSION => {
            eprintln!("skipped: this is {}, not {VERSION}", text(&said.stdout).trim());
        }
        Ok(_) => return true,
    }
    false
}

/// Two servers, ended with the test.
pub struct Pair {
    child: Child,
    memcached: String,
    _server: Server,
    memwire: String,
    _folder: Folder,
}

#[derive(Clone, Copy)]
pub enum Side {
    Memcached,
    Memwire,
}

impl Pair {
    pub fn start() -> Self {
        let folder = Folder::new();
        let (memcached, memwire) = (folder.file("memcached"), folder.file("memwire"));
        let mut command = Command::new("memcached");
        command.args(["-u", "root", "-s", &memcached, "-a", "700", "-U", "0", "-m", "64"]);
        // What tidies up in the background holds on to a value now and then, and an incr or decr
        // that meets it there does not pad.
        command.args(["-t", "1", "-o", "no_lru_maintainer,no_lru_crawler"]).stderr(Stdio::null());
        let child = command.spawn().expect("it starts");
        let args = ["--dialect", "classic", "-t", "1", "-s", &memwire];
        let server = Server::start_on(&args, 1);
        until("memcached listens", || UnixStream::connect(&memcached).is_ok());
        Self { child, memcached, _server: server, memwire, _folder: folder }
    }

    /// Sends all of it, in pieces that end at the cuts, and reads until the server closes.
    pub fn converse(&self, side: Side, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
        let path = match side {
            Side::Memcached => &self.memcached,
            Side::Memwire => &self.memwire,
        };
        let mut stream = UnixStream::connect(path).expect("it accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let mut replies = Vec::new();
        let ended = thread::scope(|scope| {
            if bytes.len() > AT_ONCE {
                let writer = stream.try_clone().expect("a second handle");
                scope.spawn(move || send(&writer, bytes, cuts));
            } else {
                send(&stream, bytes, cuts);
            }
            stream.read_to_end(&mut replies)
        });
        match ended {
            Ok(_) => {}
            // It closed before it had read all, as it may behind a quit.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => replies.extend(format!("(not closed: {error})").bytes()),
        }
        replies
    }
}

fn send(mut stream: &UnixStream, bytes: &[u8], cuts: &[usize]) {
    let mut start = 0;
    for &cut in cuts {
        // Fails if the server has closed, which the reader sees.
        let _ = stream.write_all(&bytes[start..cut]);
        thread::sleep(PAUSE);
        start = cut;
    }
    let _ = stream.write_all(&bytes[start..]);
    let _ = stream.shutdown(Shutdown::Write);
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stand in a `cas` for a number that each server gives itself. They are as long as what takes
/// their place, so that no count depends on it.
pub const LAST: &[u8; 20] = b"unique-of-last-gets!";
pub const FIRST: &[u8; 20] = b"unique-of-first-gets";
pub const OTHER: &[u8; 20] = b"unique-of-other-key!";

/// No item has this one.
const NOBODYS: u64 = 99_999_999_999_999;

/// The key of a `cas`, and the place of what should be its number.
pub fn unique_of_cas(request: &[u8]) -> Option<(&[u8], Range<usize>)> {
    let end = request.iter().position(|byte| *byte == b'\n').unwrap_or(request.len());
    let line = request[..end].strip_suffix(b"\r").unwrap_or(&request[..end]);
    let mut words = Vec::new();
    let mut start = 0;
    for word in line.split(|byte| *byte == b' ') {
        if !word.is_empty() {
            words.push(start..start + word.len());
        }
        start += word.len() + 1;
    }
    let [verb, key, _, _, _, unique, ..] = &words[..] else { return None };
    (&line[verb.clone()] == b"cas").then(|| (&line[key.clone()], unique.clone()))
}

/// The numbers that a server told, the first and the last of each key.
#[derive(Default)]
pub struct Uniques(BTreeMap<Vec<u8>, (u64, u64)>);

impl Uniques {
    /// The request with a number of this server's, if it is a `cas` that asks for one.
    pub fn fill(&self, request: &[u8]) -> Vec<u8> {
        let mut filled = request.to_vec();
        let Some((key, place)) = unique_of_cas(request) else { return filled };
        let told = self.0.get(key);
        let number = match &request[place.clone()] {
            mark if mark == LAST => told.map(|told| told.1),
            mark if mark == FIRST => told.map(|told| told.0),
            mark if mark == OTHER => self.0.iter().find(|told| told.0 != key).map(|told| told.1.1),
            _ => return filled,
        };
        let number = format!("{:020}", number.unwrap_or(NOBODYS));
        filled[place].copy_from_slice(number.as_bytes());
        filled
    }

    /// Replies without what servers are free to choose, whose numbers are remembered.
    pub fn learn(&mut self, replies: &[u8]) -> Vec<u8> {
        let mut normal = Vec::new();
        let mut rest = replies;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |lf| lf + 1);
            let (line, behind) = rest.split_at(end);
            rest = behind;
            let text = line.trim_ascii_end();
            let words: Vec<_> = text.split(|byte| *byte == b' ').collect();
            match words[..] {
                [b"VALUE", key, flags, count, ref unique @ ..] => {
                    normal.extend([b"VALUE", key, flags, count].join(&b' '));
                    if let Some(unique) = unique.first().and_then(|unique| number(unique)) {
                        normal.extend(b" #");
                        let told = self.0.entry(key.to_vec()).or_insert((unique, unique));
                        told.1 = unique;
                    }
                    normal.extend(&line[text.len()..]);
                    let size = number(count).and_then(|count| usize::try_from(count).ok());
                    let (block, behind) = rest.split_at(rest.len().min(size.unwrap_or(0) + 2));
                    normal.extend(block);
                    rest = behind;
                }
                [word @ (b"VERSION" | b"CLIENT_ERROR" | b"SERVER_ERROR"), _, ..] => {
                    normal.extend([word, b" #", &line[text.len()..]].concat());
                }
                _ => normal.extend(line),
            }
        }
        normal
    }
}

fn number(word: &[u8]) -> Option<u64> {
    str::from_utf8(word).ok()?.parse().ok()
}
