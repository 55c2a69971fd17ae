//! A real memcached, to compare with.

use std::{
    env,
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The version that the ledger is about.
const VERSION: &str = "memcached 1.6.18";

/// The timeout for a server to reply, and to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pause at each split, so that the server usually reads the parts separately.
const PAUSE: Duration = Duration::from_micros(20);

/// A longer stream is written by a thread while the replies are read: a server may stop reading
/// while its replies are not read.
const AT_ONCE: usize = 100_000;

/// Whether memcached is installed in the version of the ledger. In CI it must be installed.
pub fn is_there() -> bool {
    let version = Command::new("memcached").arg("-V").output();
    assert!(version.is_ok() || env::var_os("CI").is_none(), "CI has memcached");
    let Ok(version) = version else {
        eprintln!("skipped: there is no memcached");
        return false;
    };
    let version = String::from_utf8_lossy(&version.stdout);
    let known = version.trim() == VERSION;
    if !known {
        eprintln!("skipped: this is {}, not {VERSION}", version.trim());
    }
    known
}

/// A memcached. It is stopped when this is dropped, or when this process ends in any way: then a
/// pipe closes.
pub struct Memcached {
    child: Child,
    folder: PathBuf,
}

/// A shell script. Its arguments are a folder, which is removed at the end, and memcached's
/// arguments.
const START: &str = r#"memcached "$@" 2>/dev/null & read -r _; kill $!; wait; rm -r "$0""#;

impl Memcached {
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("memcached-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut command = Command::new("sh");
        command.args(["-c", START]).arg(&folder).arg("-s").arg(folder.join("socket"));
        command.args(["-u", "root", "-a", "700", "-U", "0", "-m", "64", "-t", "1"]);
        // The background threads sometimes hold a reference to an item, and then an incr or decr of
        // it does not pad the number.
        command.args(["-o", "no_lru_maintainer,no_lru_crawler"]);
        let child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let memcached = Self { child, folder };
        let start = Instant::now();
        while UnixStream::connect(memcached.path()).is_err() {
            assert!(start.elapsed() < PATIENCE, "memcached does not listen");
            thread::sleep(Duration::from_millis(1));
        }
        memcached
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("socket")
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Fails if it has exited.
        let _ = self.child.wait();
    }
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Sends these bytes to the server at this path, split at these offsets, and reads until it closes.
pub fn exchange(path: &Path, bytes: &[u8], splits: &[usize]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).expect("it accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let mut replies = Vec::new();
    let ended = thread::scope(|scope| {
        if bytes.len() > AT_ONCE {
            let writer = stream.try_clone().expect("a second handle");
            scope.spawn(move || send(&writer, bytes, splits));
        } else {
            send(&stream, bytes, splits);
        }
        stream.read_to_end(&mut replies)
    });
    match ended {
        Ok(_) => {}
        // It closed before it had read everything, as it may after a quit.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => replies.extend(format!("(not closed: {error})").bytes()),
    }
    replies
}

fn send(mut stream: &UnixStream, bytes: &[u8], splits: &[usize]) {
    let mut start = 0;
    for &split in splits {
        // Fails if the server has closed, which the reader detects.
        let _ = stream.write_all(&bytes[start..split]);
        thread::sleep(PAUSE);
        start = split;
    }
    let _ = stream.write_all(&bytes[start..]);
    let _ = stream.shutdown(Shutdown::Write);
}
