//! `memwire load`: what it counts with right servers, and what it reports of wrong ones.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::process::{Folder, PATIENCE, Server, ask, memwire, output, text, until};

/// The exit code and the report of a run.
struct Ended {
    code: Option<i32>,
    json: Value,
}

impl Ended {
    fn count(&self, name: &str) -> u64 {
        self.json[name].as_u64().unwrap_or_else(|| panic!("{name}: {}", self.json))
    }

    fn faults(&self) -> &[Value] {
        self.json["faults"].as_array().expect("faults")
    }

    /// Checks that the counts are consistent, and that the JSON fits its schema.
    fn adds_up(self) -> Self {
        // A copy of docs/load.schema.json.
        let schema = include_str!("schemas/load.schema.json");
        let schema = serde_json::from_str(schema).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is one");
        let errors: Vec<_> = validator.iter_errors(&self.json).map(|e| e.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", self.json);
        let count = |name| self.count(name);
        assert_eq!(count("requests"), count("gets") + count("sets"));
        let ended = count("replies") + count("refused") + count("unanswered");
        assert_eq!(count("requests"), ended, "{}", self.json);
        assert_eq!(self.json["latency_ns"]["count"].as_u64(), Some(count("replies")));
        let faults = count("refused") + count("wrong") + count("lost");
        assert_eq!(self.faults().len() as u64, faults.min(10));
        assert_eq!(self.json["passed"].as_bool(), Some(faults == 0));
        assert_eq!(self.code, Some(i32::from(faults > 0)), "{}", self.json);
        self
    }

    /// Checks that every request was answered, with a hit or a miss for each key.
    fn all_right(self) -> Self {
        let ended = self.adds_up();
        let settings = &ended.json["settings"];
        let keys = settings["keys_per_get"].as_u64().expect("a count");
        assert_eq!(ended.json["passed"], true, "{}", ended.json);
        assert_eq!(ended.json["phase"], "measure");
        assert_eq!(ended.count("requests"), ended.count("replies"));
        assert_eq!(ended.count("hits") + ended.count("misses"), keys * ended.count("gets"));
        let latency = &ended.json["latency_ns"];
        let quantiles = ["p50", "p90", "p99", "p99_9", "max"];
        let quantiles = quantiles.map(|name| latency[name].as_u64().expect("a time"));
        assert!(quantiles.is_sorted() && quantiles[0] > 0, "{latency}");
        ended
    }
}

fn load(args: &[&str]) -> Ended {
    let child = memwire(&[&["load", "--json", "-"], args].concat()).spawn();
    end(child.expect("the program starts"))
}

/// Waits for the end.
fn end(mut child: Child) -> Ended {
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let read = thread::spawn(move || {
        let (mut out, mut err) = (String::new(), String::new());
        stdout.as_mut().expect("a pipe").read_to_string(&mut out).expect("text");
        stderr.as_mut().expect("a pipe").read_to_string(&mut err).expect("text");
        (out, err)
    });
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("its status") {
            break status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("it is there");
            panic!("the run hangs");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let (out, err) = read.join().expect("all is read");
    assert_eq!(err, "", "nothing on standard error");
    let json = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    Ended { code, json }
}

/// One number of a server's `stats`.
fn stat(stream: &mut (impl std::io::Read + std::io::Write), name: &str) -> u64 {
    stream.write_all(b"stats\r\n").expect("the server reads");
    let mut found = None;
    for line in BufReader::new(stream).lines() {
        let line = line.expect("a line");
        if line == "END" {
            break;
        }
        if let Some(value) = line.strip_prefix(&format!("STAT {name} ")) {
            found = Some(value.trim().parse().expect("a number"));
        }
    }
    found.expect("the server reports it")
}

#[test]
fn a_server_of_the_simple_dialect() {
    let server = Server::start(&[]);
    let address = server.address().to_string();
    let args = ["--tcp", &address, "-c", "7", "-t", "2", "-n", "20001", "--keys", "100"];
    // Nothing is there yet.
    let ended = load(&[&args[..], &["--mix", "1:0"]].concat()).all_right();
    assert_eq!((ended.count("gets"), ended.count("misses")), (20_001, 20_001));
    let ended = load(&[&args[..], &["--fill"]].concat()).all_right();
    assert_eq!((ended.count("requests"), ended.count("misses")), (20_001, 0));
    // 90:10, within six standard deviations.
    assert!((1746..2255).contains(&ended.count("sets")), "{}", ended.json);
    // What an earlier run left is known.
    let ended = load(&[&args[..], &["--mix", "1:0", "--pipeline", "50"]].concat()).all_right();
    assert_eq!(ended.count("hits"), 20_001);
    // A key, a space, a count of three digits and two ends of lines.
    let ended = load(&[&args[..], &["--mix", "0:1"]].concat()).all_right();
    assert_eq!(ended.count("bytes_sent"), 20_001 * (4 + 16 + 4 + 1 + 100 + 1));
    assert_eq!(ended.count("bytes_received"), 20_001 * 7);
}

#[test]
fn counts_agree_with_the_server() {
    let server = Server::start(&["--dialect", "classic"]);
    compare_counts(&server.address().to_string(), &mut server.connect());
}

/// Whether there is a memcached to load; there must be in CI.
fn memcached_is_there() -> bool {
    let version = Command::new("memcached").arg("-V").output();
    assert!(version.is_ok() || env::var_os("CI").is_none(), "CI has memcached");
    if version.is_err() {
        eprintln!("skipped: there is no memcached");
    }
    version.is_ok()
}

/// A memcached on a Unix socket, ended with the test.
struct Memcached(Child);

impl Memcached {
    fn start(path: &str) -> Self {
        let mut command = Command::new("memcached");
        command.args(["-u", "root", "-s", path, "-a", "700", "-U", "0", "-m", "64", "-t", "1"]);
        let child = command.stderr(Stdio::null()).spawn().expect("it starts");
        until("memcached listens", || UnixStream::connect(path).is_ok());
        Self(child)
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn counts_agree_with_a_real_memcached() {
    if memcached_is_there() {
        let folder = Folder::new();
        let path = folder.file("socket");
        let _memcached = Memcached::start(&path);
        compare_counts(&path, &mut UnixStream::connect(&path).expect("it accepts"));
    }
}

/// Compares the counts in the report with those of the server's `stats`.
fn compare_counts(target: &str, stream: &mut (impl std::io::Read + std::io::Write)) {
    let by = if target.starts_with('/') { "--unix" } else { "--tcp" };
    let args = [by, target, "--dialect", "classic", "-c", "5", "-n", "5000", "--keys", "1000"];
    let ended = load(&[&args[..], &["--fill", "-d", "1-5000", "--pipeline", "20"]].concat());
    let ended = ended.all_right();
    assert_eq!(ended.count("misses"), 0);
    assert_eq!(stat(stream, "cmd_set"), 1000 + ended.count("sets"));
    assert_eq!(stat(stream, "get_hits"), ended.count("hits"));

    ask(stream, b"flush_all\r\n", b"OK\r\n");
    let many = ["--keys-per-get", "30", "--popularity", "zipf:0.99"];
    let hits = stat(stream, "get_hits");
    let ended = load(&[&args[..], &many].concat()).all_right();
    assert!(ended.count("hits") > 1000 && ended.count("misses") > 1000, "{}", ended.json);
    assert_eq!(stat(stream, "get_hits") - hits, ended.count("hits"));
    // Past what is filled, warmed up or measured, nothing is sent.
    let args = [by, target, "--dialect", "classic", "--keys-per-get", "7"];
    let ended = load(&[&args[..], &["--seconds", "0.3", "--warm-up", "0.1"]].concat()).all_right();
    assert!(ended.count("requests") > 0);
    let seconds = ended.json["seconds"].as_f64().expect("a time");
    assert!((0.3..5.0).contains(&seconds), "{seconds}");
}

#[test]
fn large_values_and_small_ones() {
    let server = Server::start(&["-m", "64"]);
    let address = server.address().to_string();
    let args = ["--tcp", &address, "--keys", "20", "--fill", "-c", "3", "--mix", "1:1"];
    // More in a batch than the system takes at once, both ways.
    let large = ["-d", "1-1m", "--pipeline", "30", "-n", "300", "--timeout", "60"];
    let ended = load(&[&args[..], &large].concat()).all_right();
    assert_eq!(ended.count("misses"), 0);
    assert!(ended.count("bytes_sent") > 50 << 20, "{}", ended.json);
    let ended = load(&[&args[..], &["-d", "1", "-n", "3000", "--key-size", "250"]].concat());
    assert_eq!(ended.all_right().count("misses"), 0);
}

/// Evicted items are misses, and right; values that the server cannot store are not.
#[test]
fn evicted_items_are_misses_and_refused_values_are_faults() {
    let server = Server::start(&["-m", "2", "-I", "10k"]);
    let address = server.address().to_string();
    let args = ["--tcp", &address, "--keys", "3000", "-c", "3", "-d", "1000", "-n", "3000"];
    let ended = load(&[&args[..], &["--fill", "--mix", "1:0"]].concat()).all_right();
    assert!(ended.count("misses") > 100 && ended.count("hits") > 100, "{}", ended.json);
    let ended = load(&["--tcp", &address, "-d", "1-20k", "-n", "500", "--mix", "0:1"]).adds_up();
    let (refused, replies) = (ended.count("refused"), ended.count("replies"));
    assert!(refused > 100 && replies > 100, "{}", ended.json);
    assert_eq!((refused + replies, ended.count("wrong"), ended.count("lost")), (500, 0, 0));
    assert_eq!(ended.faults()[0]["kind"], "refused");
    let reply = ended.faults()[0]["reply"].as_str().expect("text");
    assert_eq!(reply, "SERVER_ERROR object too large for cache\\n");
}

/// The tool sets no flags, and expects none.
#[test]
fn flags_are_part_of_a_reply() {
    let server = Server::start(&["--dialect", "classic"]);
    let address = server.address().to_string();
    let args = ["--tcp", &address, "--dialect", "classic", "--keys", "1", "-d", "9", "-c", "1"];
    load(&[&args[..], &["--fill", "-n", "10"]].concat()).all_right();
    let mut client = server.connect();
    let (key, header) = ("key-000000000000", "VALUE key-000000000000 0 9\r\n");
    client.write_all(format!("get {key}\r\n").as_bytes()).expect("the server reads");
    let mut reply = vec![0; header.len() + 9 + "\r\nEND\r\n".len()];
    client.read_exact(&mut reply).expect("the server answers");
    let value = &reply[header.len()..][..9 + 2];
    ask(&mut client, &[format!("set {key} 5 0 9\r\n").as_bytes(), value].concat(), b"STORED\r\n");
    let ended = load(&[&args[..], &["-n", "10", "--mix", "1:0"]].concat()).adds_up();
    assert_eq!(ended.faults()[0]["what"], "this is no reply to the request");
}

/// A server of the simple dialect that changes one reply. It ends with the test.
struct Target {
    address: SocketAddr,
    /// What came on each connection.
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

/// Makes something else of a reply; `None` closes the connection.
type Fault = fn(Vec<u8>, &TcpStream) -> Option<Vec<u8>>;

impl Target {
    /// The request with this number, from 0 on, is answered by what the fault makes of it.
    fn start(number: u64, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(Mutex::new(vec![]));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopping) = (Arc::clone(&received), Arc::clone(&stop));
        let accepting = thread::spawn(move || {
            let store = Mutex::new(HashMap::new());
            let left = AtomicU64::new(number);
            thread::scope(|scope| {
                while let Ok((stream, _)) = listener.accept() {
                    if stopping.load(Ordering::Relaxed) {
                        return;
                    }
                    let (store, left, shared) = (&store, &left, &shared);
                    scope.spawn(move || {
                        let bytes = serve(&stream, store, left, fault);
                        shared.lock().expect("no panic").push(bytes);
                    });
                }
            });
        });
        Self { address, received, stop, accepting: Some(accepting) }
    }

    fn right() -> Self {
        Self::start(u64::MAX, |reply, _| Some(reply))
    }

    /// What came, in an order that does not depend on which connection was first.
    fn received(self) -> Vec<Vec<u8>> {
        let shared = Arc::clone(&self.received);
        drop(self);
        let mut received = std::mem::take(&mut *shared.lock().expect("no panic"));
        received.sort();
        received
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for one more.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Serves one connection until either side closes it; returns what was received.
fn serve(
    stream: &TcpStream,
    store: &Mutex<HashMap<String, Vec<u8>>>,
    left: &AtomicU64,
    fault: Fault,
) -> Vec<u8> {
    let mut received = vec![];
    let mut input = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return received;
        }
        received.extend(line.bytes());
        let words: Vec<_> = line.split_whitespace().collect();
        let mut reply = vec![];
        match words[..] {
            ["set", key, count] => {
                let mut value = vec![0; count.parse::<usize>().expect("a count") + 1];
                if input.read_exact(&mut value).is_err() {
                    return received;
                }
                received.extend(&value);
                store.lock().expect("no panic").insert(key.to_owned(), value);
                reply.extend(b"STORED\n");
            }
            ["get", ref keys @ ..] => {
                for key in keys {
                    if let Some(value) = store.lock().expect("no panic").get(*key) {
                        reply.extend(format!("VALUE {key} {}\n", value.len() - 1).bytes());
                        reply.extend(value);
                    }
                }
                reply.extend(b"END\n");
            }
            _ => panic!("this is no request: {line:?}"),
        }
        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
            match fault(reply, stream) {
                Some(other) => reply = other,
                None => return received,
            }
        }
        if (&*stream).write_all(&reply).is_err() {
            return received;
        }
    }
}

fn replaced(reply: &[u8], from: &str, to: &str) -> Vec<u8> {
    let place = reply.windows(from.len()).position(|part| part == from.as_bytes());
    let place = place.unwrap_or_else(|| panic!("{from} in {}", reply.escape_ascii()));
    [&reply[..place], to.as_bytes(), &reply[place + from.len()..]].concat()
}

/// The reply's last value with one bit turned over.
fn damaged(mut reply: Vec<u8>) -> Vec<u8> {
    let place = reply.len() - 20;
    reply[place] ^= 1;
    reply
}

/// Gets of three keys, after a thousand sets that fill.
const GETS: [&str; 12] = [
    "--fill",
    "--keys",
    "1000",
    "-c",
    "1",
    "-n",
    "100",
    "--mix",
    "1:0",
    "--keys-per-get",
    "3",
    "-d",
];

#[test]
fn a_right_target_passes() {
    let target = Target::right();
    let address = target.address.to_string();
    let ended = load(&[&["--tcp", &address], &GETS[..], &["50-60"]].concat()).all_right();
    assert_eq!(ended.count("hits"), 300);
}

#[test]
fn wrong_replies_are_reported() {
    let cases: [(Fault, &str); 12] = [
        (|reply, _| Some(damaged(reply)), "the value was never stored under this key"),
        // Another key's value.
        (|reply, _| Some(swapped(&reply)), "the value was never stored under this key"),
        (
            |reply, _| Some(replaced(&reply, "VALUE key-", "VALUE kex-")),
            "this key was not requested",
        ),
        (|reply, _| Some([&reply[..77], &reply[..]].concat()), "this key was not requested"),
        (|reply, _| Some(replaced(&reply, " 50\n", " 49\n")), "does not end where it should"),
        (|reply, _| Some(replaced(&reply, " 50\n", " 050\n")), "the line is not a reply of this"),
        (|_, _| Some(b"STORED\n".to_vec()), "this is no reply to the request"),
        (|_, _| Some(b"ERROR\n".to_vec()), "this is no reply to the request"),
        (|reply, _| Some([&reply[..], b"END\n"].concat()), "more bytes came than the replies"),
        (|reply, _| Some([&reply[..], b"x"].concat()), "more bytes came than the replies"),
        (|_, _| Some(b"hello\n".to_vec()), "the line is not a reply of this dialect"),
        (|_, _| Some(vec![b'x'; 300_000]), "the reply's line is too long"),
    ];
    for (number, (fault, message)) in cases.into_iter().enumerate() {
        let target = Target::start(1032, fault);
        let address = target.address.to_string();
        let ended = load(&[&["--tcp", &address], &GETS[..], &["50"]].concat()).adds_up();
        let shown = || format!("case {number}: {}", ended.json);
        assert_eq!((ended.count("wrong"), ended.count("lost")), (1, 0), "{}", shown());
        let fault = &ended.faults()[0];
        assert!(fault["what"].as_str().expect("text").contains(message), "{}", shown());
        let request = fault["request"].as_str().expect("text");
        assert!(request.starts_with("get key-0"), "{}", shown());
        assert_eq!(request.matches(" key-").count(), 3, "{}", shown());
        assert_ne!(fault["reply"], "", "{}", shown());
        // What stands before it was right.
        let extra = message.starts_with("more bytes came");
        assert_eq!(ended.count("replies"), 32 + u64::from(extra), "{}", shown());
    }
}

/// The reply with its first two blocks in each other's place.
fn swapped(reply: &[u8]) -> Vec<u8> {
    let header = "VALUE key-000000000000 50\n".len();
    let block = header + 51;
    let (first, second) = (&reply[header..block], &reply[block + header..2 * block]);
    assert_ne!(first, second, "two keys that are the same are another case");
    [&reply[..header], second, &reply[block..block + header], first, &reply[2 * block..]].concat()
}

#[test]
fn after_a_wrong_reply_the_other_connections_go_on() {
    let cases: [(Fault, &str); 3] = [
        (|_, _| Some(b"END\n".to_vec()), "this is no reply to the request"),
        (
            |_, _| Some(b"STORED\nSTORED\n".to_vec()),
            "more bytes came than the replies to the requests",
        ),
        (|_, _| Some(b"NOT_STORED\n".to_vec()), "the line is not a reply of this dialect"),
    ];
    for (fault, message) in cases {
        let target = Target::start(50, fault);
        let address = target.address.to_string();
        let ended = load(&["--tcp", &address, "-c", "4", "-n", "400", "--mix", "0:1"]).adds_up();
        assert_eq!((ended.count("wrong"), ended.count("lost")), (1, 0), "{}", ended.json);
        let fault = &ended.faults()[0];
        assert_eq!(fault["what"], message);
        let request = fault["request"].as_str().expect("text");
        assert!(request.starts_with("set key-") && request.ends_with(" 100\\n…"), "{request}");
        assert!(ended.count("replies") >= 300, "three connections go on: {}", ended.json);
    }
}

#[test]
fn closed_connections_and_timeouts_are_reported() {
    let slow: Fault = |reply, _| {
        thread::sleep(Duration::from_secs(2));
        Some(reply)
    };
    let closed: Fault = |reply, mut stream| {
        stream.write_all(&reply[..reply.len() - 2]).expect("there is room");
        None
    };
    let cases: [(Fault, &str); 4] = [
        (|_, _| None, "the server closed the connection"),
        // Half a reply, and the end, perhaps in one event.
        (closed, "the server closed the connection"),
        // Half a reply, and nothing more.
        (|reply, _| Some(reply[..reply.len() - 2].to_vec()), "no complete reply within 0.5 s"),
        (slow, "no complete reply within 0.5 s"),
    ];
    for (fault, message) in cases {
        let target = Target::start(1032, fault);
        let address = target.address.to_string();
        let args = [&["--tcp", &address, "--timeout", "0.5"], &GETS[..], &["50"]].concat();
        let ended = load(&args).adds_up();
        assert_eq!((ended.count("wrong"), ended.count("lost")), (0, 1), "{}", ended.json);
        assert_eq!(ended.faults()[0]["what"], message);
        assert_eq!(ended.count("replies"), 32, "{}", ended.json);
    }
    // A server that accepts and answers nothing; and an address without a server.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let ended = load(&["--tcp", &address, "-c", "3", "--pipeline", "5", "--timeout", "0.2"]);
    let ended = ended.adds_up();
    assert_eq!((ended.count("lost"), ended.count("unanswered")), (3, 15));
    drop(listener);
    let run = output(&["load", "--tcp", &address], b"");
    assert_eq!(run.status.code(), Some(3));
    let message = text(&run.stderr);
    let start = format!("memwire: cannot connect to {address}: ");
    assert!(message.starts_with(&start) && message.lines().count() == 1, "{message}");
}

/// A fault while it is filled ends the run: what follows would be of another kind.
#[test]
fn a_fault_ends_its_phase() {
    let target = Target::start(5, |_, _| Some(b"END\n".to_vec()));
    let address = target.address.to_string();
    let ended = load(&[&["--tcp", &address], &GETS[..], &["50"]].concat()).adds_up();
    assert_eq!((ended.json["phase"].as_str(), ended.count("gets")), (Some("fill"), 0));
    let target = Target::right();
    let address = target.address.to_string();
    drop(target);
    assert_eq!(output(&["load", "--tcp", &address], b"").status.code(), Some(3));
}

#[test]
fn the_wrong_dialect_is_reported() {
    for (served, asked) in [("classic", "simple"), ("simple", "classic")] {
        let server = Server::start(&["--dialect", served]);
        let address = server.address().to_string();
        let args = ["load", "--tcp", &address, "--dialect", asked, "-c", "5", "--seconds", "5"];
        let run = output(&args, b"");
        assert_eq!(run.status.code(), Some(1));
        let report = text(&run.stdout);
        assert!(
            report.contains(&format!("is {asked} the server's dialect (--dialect)?")),
            "{report}"
        );
        assert!(report.contains("\nand 2 more faults\n"), "{report}");
    }
}

#[test]
fn a_seed_gives_the_same_requests() {
    let requests = |more: &[&str]| {
        let target = Target::right();
        let address = target.address.to_string();
        let args = ["--tcp", &address, "-c", "3", "-n", "100", "--pipeline", "7", "--mix", "1:1"];
        let ended = load(&[&args[..], &["-d", "5-9"], more].concat()).all_right();
        let received = target.received();
        let bytes: usize = received.iter().map(Vec::len).sum();
        assert_eq!(ended.count("bytes_sent"), bytes as u64);
        received
    };
    let first = requests(&["--seed", "7"]);
    assert_eq!(first, requests(&["--seed", "7"]));
    assert_eq!(first, requests(&["--seed", "7", "-t", "2"]));
    assert!(first[0] != first[1] && first[1] != first[2], "connections have streams of their own");
    assert_ne!(first, requests(&["--seed", "8"]));
}

#[test]
fn an_interrupt_ends_early_with_a_report() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let server = Server::start(&[]);
        let address = server.address().to_string();
        let args = ["load", "--json", "-", "--tcp", &address, "--seconds", "300", "--keys", "10"];
        let child = memwire(&args).spawn().expect("the program starts");
        until("it sets something", || {
            let mut client = server.connect();
            let mut reply = [0; 3];
            client.write_all(b"get key-000000000001\n").expect("the server reads");
            client.read_exact(&mut reply).expect("the server answers");
            &reply == b"VAL"
        });
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("a signal");
        let ended = end(child).all_right();
        assert_eq!(ended.json["interrupted"], true);
        assert!(ended.count("requests") > 0);
    }
}

#[test]
fn a_second_interrupt_exits_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let args = ["load", "--tcp", &address, "-c", "1", "--timeout", "300"];
    let mut child = memwire(&args).spawn().expect("the program starts");
    let (mut client, _) = listener.accept().expect("it connects");
    client.read_exact(&mut [0; 4]).expect("it asks");
    let id = Pid::from_raw(child.id().cast_signed());
    kill(id, Signal::SIGINT).expect("a signal");
    // Two pending signals are one.
    until("it ends", || {
        kill(id, Signal::SIGINT).expect("a signal");
        child.try_wait().expect("its status").is_some()
    });
    assert_eq!(child.wait().expect("it has ended").code(), Some(130));
}

#[test]
fn the_report_is_text_and_the_file_is_json() {
    let server = Server::start(&[]);
    let (address, folder) = (server.address().to_string(), Folder::new());
    let file = folder.file("load.json");
    let args = ["load", "--tcp", &address, "--fill", "-n", "1234", "--json", &file];
    let run = output(&args, b"");
    assert_eq!((run.status.code(), text(&run.stderr)), (Some(0), String::new()));
    let report = text(&run.stdout);
    for part in ["passed: 1 234 requests in ", " hits, 0 misses\n", "p50 ", "p99.9 ", ", simple: "]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(!report.contains('\u{1b}'), "no colours in a pipe");
    let json = fs::read_to_string(&file).expect("the file");
    let json = serde_json::from_str(&json).expect("JSON");
    assert_eq!(Ended { code: Some(0), json }.all_right().count("requests"), 1234);
    let unwritable = folder.file("missing/load.json");
    let run = output(&["load", "--tcp", &address, "-n", "1", "--json", &unwritable], b"");
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));

    let page = folder.file("man1");
    assert!(output(&["manual", &page], b"").status.success());
    let page = fs::read_to_string(format!("{page}/memwire-load.1")).expect("a page");
    assert!(page.contains("keys\\-per\\-get"), "{page}");
}

#[test]
fn invalid_arguments_are_rejected() {
    for (args, message) in [
        (&[][..], "--tcp <HOST:PORT>|--unix <PATH>"),
        (&["--tcp", "127.0.0.1:1", "--unix", "x"], "cannot be used with"),
        (&["--tcp", "127.0.0.1:1", "--mix", "0:0"], "not both 0"),
        (&["--tcp", "127.0.0.1:1", "--mix", "90"], "such as 90:10"),
        (&["--tcp", "127.0.0.1:1", "-d", "10-5"], "such as 100 or 100-4k"),
        (&["--tcp", "127.0.0.1:1", "-d", "0"], "expected a size from 1 to 1024m"),
        (&["--tcp", "127.0.0.1:1", "-c", "0"], "expected a whole number from 1 to 1000000"),
        (&["--tcp", "127.0.0.1:1", "-t", "3", "-c", "2"], "-t 3 is more than -c 2"),
        (
            &["--tcp", "127.0.0.1:1", "--key-size", "7"],
            "--key-size 7 is too small for --keys 10000: expected at least 8",
        ),
        (&["--tcp", "127.0.0.1:1", "--key-size", "251"], "expected a whole number from 1 to 250"),
        (&["--tcp", "127.0.0.1:1", "--popularity", "zipf"], "such as zipf:0.99"),
        (&["--tcp", "127.0.0.1:1", "-n", "1", "--seconds", "1"], "cannot be used with"),
        (&["--tcp", "127.0.0.1:1", "--seconds", "x"], "expected seconds"),
    ] {
        let run = output(&[&["load"], args].concat(), b"");
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(text(&run.stderr).contains(message), "{args:?}: {}", text(&run.stderr));
    }
    let help = text(&output(&["load", "--help"], b"").stdout);
    for part in ["--tcp", "closed loop", "Exit codes:", "Example:", "latency of a request is"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
