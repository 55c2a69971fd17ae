//! Helpers: the program as a process, run to its end, or serving until the test ends.
#![allow(dead_code, reason = "two test binaries use different parts")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    mem,
    net::{Shutdown, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Long enough for a loaded machine; only failures take this long.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_memwire");

pub fn memwire(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end with this input.
pub fn output(args: &[&str], input: &[u8]) -> Output {
    let mut child = memwire(args).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        // The program may end before it has read all.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("the program ends")
    })
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until it is true.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what}: not so after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process. Returns whether there is one.
pub fn kill(signal: &str, pid: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([signal, pid]).stderr(Stdio::null()).status().expect("kill is there").success()
}

/// A temporary folder, removed when the test ends.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("memwire-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed stays.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server on a port of the system's choice, ended with the test.
pub struct Server {
    child: Child,
    /// The addresses it printed.
    pub addresses: Vec<String>,
    /// What else it printed before that.
    pub notes: Vec<String>,
    /// What it printed after that.
    log: Arc<Mutex<String>>,
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        Self::start_on(&[&["-p", "0"], args].concat(), 1)
    }

    /// Waits until it has printed this many addresses.
    pub fn start_on(args: &[&str], listeners: usize) -> Self {
        let mut child = memwire(&[&["serve"], args].concat()).spawn().expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (mut addresses, mut notes) = (Vec::new(), Vec::new());
        while addresses.len() < listeners {
            let mut line = String::new();
            let length = stderr.read_line(&mut line).expect("it prints its address");
            assert!(length > 0, "it ends: {notes:?}");
            let line = line.trim_end();
            match line.strip_prefix("memwire: listening on ") {
                Some(rest) => {
                    let (address, dialect) = rest.rsplit_once(", ").expect("a dialect");
                    assert!(dialect.ends_with(" dialect"), "{line}");
                    addresses.push(address.to_owned());
                }
                None => notes.push(line.to_owned()),
            }
        }
        // So that it never blocks on a full pipe.
        let log = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&log);
        thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
                lines.lock().expect("no panic").push_str(&mem::take(&mut line));
            }
        });
        Self { child, addresses, notes, log }
    }

    /// What it has printed since it listens.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses[0].parse().expect("an address")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("it accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// Sends these pieces and reads until the server closes.
    pub fn exchange(&self, pieces: &[&[u8]]) -> Vec<u8> {
        let stream = self.connect();
        let mut replies = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                for piece in pieces {
                    (&stream).write_all(piece).expect("the server reads");
                }
                stream.shutdown(Shutdown::Write).expect("the stream ends");
            });
            (&stream).read_to_end(&mut replies).expect("the server answers, and closes");
        });
        replies
    }

    pub fn signal(&self, signal: &str) {
        assert!(kill(signal, &self.child.id().to_string()));
    }

    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("the server ends", || {
            status = self.child.try_wait().expect("its status");
            status.is_some()
        });
        status.expect("it has ended")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory, in bytes.
    pub fn resident(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("its size");
        let kilobytes = line.split_whitespace().nth(1).expect("a number");
        kilobytes.parse::<usize>().expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request, and expects this reply.
pub fn ask(stream: &mut (impl std::io::Read + std::io::Write), request: &[u8], reply: &[u8]) {
    stream.write_all(request).expect("the server reads");
    let mut got = vec![0; reply.len()];
    stream.read_exact(&mut got).expect("the server answers");
    assert_eq!(text(&got), text(reply), "{:?}", text(request));
}
