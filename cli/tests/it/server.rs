//! `memwire serve` in real use, and with hostile clients, with its memory measured.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::process::{Folder, Server, ask, kill, output, text, until};

const MIB: usize = 1 << 20;

/// A `set` of this key to a value of this size.
fn set(key: &str, size: usize) -> Vec<u8> {
    [format!("set {key} {size}\n").as_bytes(), &vec![b'v'; size], b"\n"].concat()
}

/// Whether it is served, and not rejected as over the limit.
fn is_served(client: &mut TcpStream) -> bool {
    let mut reply = [0; 3];
    client.write_all(b"get k\n").is_ok()
        && client.read_exact(&mut reply).is_ok()
        && &reply == b"END"
}

#[test]
fn listens_on_several_addresses_and_a_socket() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let args = ["-p", "0", "-l", "127.0.0.1,127.0.0.2", "-l", "127.0.0.3:0", "-s", &path];
    let mut server = Server::start_on(&args, 4);
    assert_eq!(server.addresses[3], path);
    let mut unix = UnixStream::connect(&path).expect("it accepts");
    ask(&mut unix, &set("k", 3), b"STORED\n");
    for (address, host) in server.addresses[..3].iter().zip(["127.0.0.1", "127.0.0.2", "127.0.0.3"])
    {
        assert!(address.starts_with(&format!("{host}:")), "{address}");
        let mut tcp = TcpStream::connect(address).expect("it accepts");
        ask(&mut tcp, b"get k\n", b"VALUE k 3\nvvv\nEND\n");
    }
    server.signal("-TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(!fs::exists(&path).expect("the folder is there"), "the socket stays");
}

#[test]
fn listens_on_a_socket_alone() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = Server::start_on(&["-s", &path], 1);
    assert_eq!(server.addresses, [path.as_str()]);
    // A socket in use is not taken over.
    let second = output(&["serve", "-s", &path], b"");
    let message = format!("memwire: cannot listen on {path}: another server is listening there\n");
    assert_eq!((second.status.code(), text(&second.stderr)), (Some(3), message));
    let mut unix = UnixStream::connect(&path).expect("it accepts");
    ask(&mut unix, b"get k\n", b"END\n");
}

#[test]
fn a_stale_socket_is_replaced_and_a_file_is_not() {
    let folder = Folder::new();
    let path = folder.file("socket");
    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(fs::exists(&path).expect("the folder is there"));
    drop(Server::start_on(&["-s", &path], 1));

    let path = folder.file("file");
    fs::write(&path, "precious").expect("a file");
    let rejected = output(&["serve", "-s", &path], b"");
    let message = format!("memwire: cannot listen on {path}: the file there is not a socket\n");
    assert_eq!((rejected.status.code(), text(&rejected.stderr)), (Some(3), message));
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "precious");

    let path = folder.file("missing/socket");
    let rejected = output(&["serve", "-s", &path], b"");
    let message = text(&rejected.stderr);
    assert_eq!((rejected.status.code(), message.lines().count()), (Some(3), 1), "{message}");
}

#[test]
fn startup_errors_are_one_line() {
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["-m", "4", "-I", "1m"],
            2,
            "-m 4 is too small for values of 1048576 bytes: expected at least -m ",
        ),
        (&["-m", "1"], 2, "-m 1 is too small for values of 1024 bytes: expected at least -m 2"),
        (&["-I", "100m"], 2, "is too small for values of 104857600 bytes"),
        (&["-I", "0"], 2, "expected a size from 1 to 1024m"),
        (&["-I", "1g"], 2, "expected a size from 1 to 1024m"),
        (&["-c", "900000000"], 3, "these connections (-c) need 900000064 file descriptors"),
        (&["-l", "192.0.2.1"], 3, "cannot listen on 192.0.2.1:0: "),
    ];
    for (args, code, message) in cases {
        let rejected = output(&[&["serve", "-p", "0"], args].concat(), b"");
        let stderr = text(&rejected.stderr);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
        assert_eq!(rejected.status.code(), Some(code), "{stderr}");
    }
}

#[test]
fn values_are_limited_to_the_item_size() {
    let server = Server::start(&["-I", "2k", "-m", "64"]);
    let mut client = server.connect();
    ask(&mut client, &set("k", 2048), b"STORED\n");
    ask(&mut client, &set("k", 2049), b"SERVER_ERROR object too large for cache\n");
    // What -m has room for.
    let server = Server::start(&["--dialect", "classic", "-m", "3"]);
    let mut client = server.connect();
    for (size, reply) in
        [(786_070, "STORED\r\n"), (786_071, "SERVER_ERROR object too large for cache\r\n")]
    {
        let request = format!("set k 0 0 {size}\r\n{}\r\n", "v".repeat(size));
        ask(&mut client, request.as_bytes(), reply.as_bytes());
    }
    let server = Server::start(&["-I", "8m"]);
    let mut client = server.connect();
    ask(&mut client, &set("k", 8 * MIB), b"STORED\n");
    let value = vec![b'v'; 8 * MIB];
    let reply = [format!("VALUE k {}\n", 8 * MIB).as_bytes(), &value, b"\nEND\n"].concat();
    ask(&mut client, b"get k\n", &reply);
}

#[test]
fn memcached_flags_without_effect_are_reported() {
    let server = Server::start(&[
        "--dialect=classic",
        "-CR1",
        "--slab-growth-factor=1.1",
        "-ono_modern,idle_timeout=2,hashpower=20",
        "-b16",
        "-Bauto",
        "--memory-limit=3",
    ]);
    assert_eq!(
        server.notes,
        [
            "memwire: -C has no effect: CAS uniques take no extra memory",
            "memwire: -f has no effect: there are no slabs",
            "memwire: -R has no effect: connections always take turns",
            "memwire: -o no_modern has no effect: it does not apply to memwire",
            "memwire: -o hashpower has no effect: it does not apply to memwire",
            "memwire: -B auto: only the text protocol is served",
            "memwire: with -m 3, values may have up to 786130 bytes: less than the usual 1m",
        ]
    );
    // Requests of tools that expect slabs.
    let requests =
        b"stats cachedump 1 100\r\nstats cachedump\r\ncache_memlimit 5\r\ncache_memlimit 3\r\n\
                  cache_memlimit 1\r\n";
    let replies =
        "END\r\nERROR\r\nOK\r\nOK\r\nSERVER_ERROR cannot set the memory limit to that\r\n";
    assert_eq!(text(&server.exchange(&[requests])), replies);
    let settings = text(&server.exchange(&[b"stats settings\r\n"]));
    for line in ["tcp_backlog 16", "idle_timeout 2", "item_size_max 786130", "maxbytes 3145728"] {
        assert!(settings.contains(&format!("STAT {line}\r\n")), "{line}: {settings}");
    }
}

/// Ends a process that this test started, but that is not its child.
struct Background(String);

impl Drop for Background {
    fn drop(&mut self) {
        // Fails if it has ended.
        kill("-KILL", &self.0);
    }
}

#[test]
fn serves_in_the_background() {
    let folder = Folder::new();
    let (socket, pidfile) = (folder.file("socket"), folder.file("pid"));
    let args = ["serve", "-d", "-P", &pidfile, "-s", &socket, "--dialect", "classic"];
    let started = output(&args, b"");
    assert_eq!(started.status.code(), Some(0), "{}", text(&started.stderr));
    assert_eq!(text(&started.stderr), format!("memwire: listening on {socket}, classic dialect\n"));
    let mut pid = String::new();
    until("it writes its id", || {
        pid = fs::read_to_string(&pidfile).expect("a file");
        pid.ends_with('\n')
    });
    let server = Background(pid.trim_end().to_owned());
    let mut client = UnixStream::connect(&socket).expect("it accepts");
    ask(&mut client, b"stats\r\n", format!("STAT pid {pid}", pid = server.0).as_bytes());
    // A second one cannot have the socket, reports it, and leaves the file alone.
    let second = output(&args, b"");
    assert_eq!(second.status.code(), Some(3));
    assert!(text(&second.stderr).contains("another server"), "{}", text(&second.stderr));
    assert_eq!(fs::read_to_string(&pidfile).expect("a file"), pid);
    assert!(kill("-TERM", &server.0));
    until("its files are gone", || {
        [&socket, &pidfile].iter().all(|path| !fs::exists(path).expect("the folder is there"))
    });

    let nowhere = folder.file("no/pid");
    let failed = output(&["serve", "-d", "-P", &nowhere, "-s", &socket], b"");
    assert_eq!(failed.status.code(), Some(3));
    assert!(text(&failed.stderr).contains(&nowhere), "{}", text(&failed.stderr));
}

#[test]
fn flush_all_can_be_disabled() {
    let server = Server::start(&["-F", "--dialect", "classic"]);
    let requests = b"set k 0 0 1\r\nv\r\nflush_all\r\nflush_all 0 noreply\r\nget k\r\n";
    let replies = "STORED\r\nCLIENT_ERROR flush_all not allowed\r\nVALUE k 0 1\r\nv\r\nEND\r\n";
    assert_eq!(text(&server.exchange(&[requests])), replies);
    let settings = text(&server.exchange(&[b"stats settings\r\n"]));
    assert!(settings.contains("STAT flush_enabled no\r\n"), "{settings}");
}

#[test]
fn clients_over_the_limit_are_rejected() {
    let server = Server::start(&["-c", "2"]);
    let mut one = server.connect();
    let mut two = server.connect();
    ask(&mut one, b"get k\n", b"END\n");
    ask(&mut two, b"get k\n", b"END\n");
    // Also one that sends before it reads.
    let mut three = server.connect();
    three.write_all(b"get k\n").expect("it connects");
    let mut message = String::new();
    three.read_to_string(&mut message).expect("it is closed in order");
    assert_eq!(message, "SERVER_ERROR too many open connections\n");
    let classic = Server::start(&["-c", "1", "--dialect", "classic"]);
    let mut first = classic.connect();
    ask(&mut first, b"get k\r\n", b"END\r\n");
    let mut message = String::new();
    classic.connect().read_to_string(&mut message).expect("it is closed in order");
    assert_eq!(message, "ERROR Too many open connections\r\n");
    ask(&mut one, b"get k\n", b"END\n");
    drop(two);
    until("there is room again", || {
        let mut four = server.connect();
        let mut reply = [0; 3];
        four.write_all(b"get k\n").is_ok()
            && four.read_exact(&mut reply).is_ok()
            && &reply == b"END"
    });
}

/// memcached's clients wait for ever for replies of the simple dialect.
#[test]
fn lines_that_end_with_cr_lf_are_warned_about_once_in_simple() {
    let warning = "a client ends its lines with CR LF, as memcached's clients do; start with \
                   --dialect classic to serve them";
    for (args, first_line, warnings) in [
        (&[][..], "get k\r\n", 1),
        (&[], "get k\n", 0),
        (&["--dialect", "classic"], "get k\r\n", 0),
    ] {
        let server = Server::start(args);
        let last = if args.is_empty() { "\nget k\n" } else { "get k\r\n" };
        for _ in 0..3 {
            let pieces: Vec<_> = first_line.as_bytes().chunks(1).chain([last.as_bytes()]).collect();
            assert!(text(&server.exchange(&pieces)).contains("END"), "{first_line:?}");
        }
        if warnings > 0 {
            until("it warns", || server.log().contains(warning));
        }
        let log = server.log();
        assert_eq!(log.matches(warning).count(), warnings, "{args:?} {first_line:?}: {log}");
        assert_eq!(log.lines().count(), warnings, "{log}");
    }
}

#[test]
fn connections_are_logged_with_the_clients_address() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = Server::start_on(&["-vv", "-p", "0", "-s", &path, "-c", "1"], 2);
    let mut client = server.connect();
    let address = client.local_addr().expect("its address");
    ask(&mut client, b"get k\nget", b"END\n");
    let other = server.connect();
    let rejected = format!(
        "connection limit reached; client rejected: {}",
        other.local_addr().expect("its address")
    );
    until("it rejects the other", || server.log().contains(&rejected));
    drop(client);
    let opened = format!("INFO connection from {address} opened");
    let why = format!("DEBUG connection from {address}: input ends at byte 9");
    let closed = format!("INFO connection from {address} closed");
    until("it closes", || server.log().contains(&closed));
    assert!(server.log().contains(&opened) && server.log().contains(&why), "{}", server.log());
    until("there is room", || {
        let mut client = UnixStream::connect(&path).expect("it accepts");
        client.write_all(b"get k\n").is_ok() && client.read_exact(&mut [0; 4]).is_ok()
    });
    until("it is logged", || server.log().contains("connection from a Unix socket opened"));
}

#[test]
fn a_storm_of_connections_passes() {
    let server = Server::start(&["-c", "20"]);
    let mut client = server.connect();
    ask(&mut client, b"get k\n", b"END\n");
    let before = server.resident();
    for _ in 0..10 {
        let storm: Vec<_> = (0..300).map(|_| server.connect()).collect();
        ask(&mut client, b"get k\n", b"END\n");
        drop(storm);
    }
    until("others can connect", || is_served(&mut server.connect()));
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 4 * MIB, "{} KiB more than before", grown / 1024);
}

#[test]
fn idle_clients_time_out() {
    let server = Server::start(&["--idle-timeout", "2", "--dialect", "classic"]);
    let mut idle = server.connect();
    let mut busy = server.connect();
    ask(&mut idle, b"get k\r\nget", b"END\r\n");
    let mut rest = Vec::new();
    thread::scope(|scope| {
        let closed = scope.spawn(|| idle.read_to_end(&mut rest));
        for _ in 0..30 {
            ask(&mut busy, b"get k\r\n", b"END\r\n");
            thread::sleep(Duration::from_millis(100));
        }
        closed.join().expect("it is closed").expect("in order");
    });
    assert_eq!(text(&rest), "");
    // A pipeline of this length is not served in one turn.
    ask(&mut busy, &b"get k\r\n".repeat(1 << 16), &b"END\r\n".repeat(1 << 16));
    let stats = text(&server.exchange(&[b"stats\r\n"]));
    assert!(stats.contains("STAT idle_kicks 1\r\n"), "{stats}");
    assert!(!stats.contains("STAT conn_yields 0\r\n"), "{stats}");
}

/// A client that reads a reply is not idle, however slowly it reads; one that does not is.
#[test]
fn clients_that_read_nothing_are_idle() {
    let server = Server::start(&["--idle-timeout", "1", "-I", "64m", "-m", "1024"]);
    let size = 63 * MIB;
    ask(&mut server.connect(), &set("big", size), b"STORED\n");
    let [mut slow, mut deaf] = [server.connect(), server.connect()];
    for client in [&mut slow, &mut deaf] {
        client.write_all(b"get big\n").expect("the server reads");
    }
    let mut part = vec![0; 2 * MIB];
    for number in 0..size / part.len() {
        slow.read_exact(&mut part).unwrap_or_else(|error| panic!("part {number}: {error}"));
        thread::sleep(Duration::from_millis(100));
    }
    // What was sent before it was closed; to reset the connection is as good.
    let mut reply = Vec::new();
    let _ = deaf.take(size as u64).read_to_end(&mut reply);
    assert!(reply.len() < size, "{} bytes", reply.len());
}

/// The server's resident memory, once it has not changed for a while.
fn settled(server: &Server) -> usize {
    let (mut last, mut same) = (0, 0);
    until("its memory settles", || {
        thread::sleep(Duration::from_millis(20));
        let now = server.resident();
        same = if now == last { same + 1 } else { 0 };
        last = now;
        same >= 10
    });
    last
}

/// Idle connections, those that declare large values, and slow ones, open in this process and
/// measured in the other.
#[test]
fn ten_thousand_clients_that_stay_idle() {
    const CLIENTS: usize = 10_000;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be asked");
    let wanted = hard.min(CLIENTS as u64 + 1000);
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).expect("the limit can be set");
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be asked");
    assert!(soft > CLIENTS as u64 + 100, "this test needs {CLIENTS} files, and may have {soft}");
    let server = Server::start(&["-c", "11000"]);
    let mut other = server.connect();
    ask(&mut other, b"get k\n", b"END\n");
    let before = server.resident();

    for round in 0..2 {
        let took = || (settled(&server) - before) / CLIENTS;
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| server.connect()).collect();
        for client in &mut clients {
            ask(client, b"get k\n", b"END\n");
        }
        let idle = took();
        for client in &mut clients {
            client.write_all(b"set key 1048576\n").expect("the server reads");
        }
        let declared = took();
        for client in &mut clients {
            client.write_all(b"x").expect("the server reads");
        }
        let begun = took();
        println!("a connection takes {idle} bytes; declared {declared}, begun {begun}");
        if round == 0 {
            assert!(idle <= 2048, "an idle connection takes {idle} bytes");
            assert!(declared <= 2048, "a declared megabyte takes {declared} bytes");
        }
        // In the second round too: what the first clients took is there for these.
        assert!(begun <= 2048 + 4096, "a value's first byte takes {begun} bytes");
        ask(&mut other, b"get k\n", b"END\n");
        drop(clients);
        until("all are closed", || {
            let mut client = server.connect();
            ask(&mut client, b"get k\n", b"END\n");
            fs::read_dir(format!("/proc/{}/fd", server.id())).expect("its files").count() < 100
        });
    }
}

#[test]
fn a_line_that_does_not_end() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    ask(&mut client, b"get k\n", b"END\n");
    let before = server.resident();
    for _ in 0..100 {
        client.write_all(&vec![b'x'; 1_000_000]).expect("the server reads");
    }
    ask(&mut client, b"\nget k\n", b"CLIENT_ERROR line too long\nEND\n");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 2 * MIB, "{} KiB more than before", grown / 1024);
}

/// Its requests are not read, it fills no memory, and it delays no other client.
#[test]
fn a_client_that_never_reads() {
    let server = Server::start(&["-t", "1"]);
    let mut other = server.connect();
    ask(&mut other, &set("big", MIB), b"STORED\n");
    ask(&mut other, &set("small", 10), b"STORED\n");
    let before = server.resident();
    let request = format!("get{}\n", " big small".repeat(10_000));
    let greedy: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for client in &greedy {
        client.set_nonblocking(true).expect("it can");
        let mut blocked = false;
        for _ in 0..1000 {
            match (&*client).write(request.as_bytes()) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => blocked = true,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(blocked, "100 MB of requests were taken");
    }
    for _ in 0..100 {
        ask(&mut other, b"get small\n", b"VALUE small 10\nvvvvvvvvvv\nEND\n");
    }
    let grown = server.resident().saturating_sub(before);
    println!("never reads: {} KiB a client", grown / 1024 / greedy.len());
    // The line, its pending keys, a chunk, and the write queue; the big value is shared.
    assert!(grown < greedy.len() * 700 * 1024, "{} KiB more than before", grown / 1024);
}

#[test]
fn an_endless_pipeline_leaves_room_for_others() {
    let server = Server::start(&["-t", "1"]);
    let mut other = server.connect();
    ask(&mut other, &set("k", 100), b"STORED\n");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let client = server.connect();
            let mut reader = client.try_clone().expect("a handle");
            scope.spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
            let done = &done;
            scope.spawn(move || {
                let requests = b"get k k k k k k k k\n".repeat(5000);
                while !done.load(Ordering::Relaxed) {
                    (&client).write_all(&requests).expect("the server reads");
                }
                client.shutdown(Shutdown::Both).expect("it ends");
            });
        }
        for _ in 0..200 {
            let reply = [b"VALUE k 100\n", &[b'v'; 100][..], b"\nEND\n"].concat();
            ask(&mut other, b"get k\n", &reply);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Bytes come one at a time from some, while others are served.
#[test]
fn clients_that_send_a_byte_at_a_time() {
    let server = Server::start(&["-t", "2"]);
    let request = set("slow", 30);
    thread::scope(|scope| {
        for _ in 0..20 {
            let (server, request) = (&server, &request);
            scope.spawn(move || {
                let mut client = server.connect();
                for byte in &request[..request.len() - 1] {
                    client.write_all(&[*byte]).expect("the server reads");
                    thread::sleep(Duration::from_millis(10));
                }
                ask(&mut client, b"\n", b"STORED\n");
            });
        }
        let mut other = server.connect();
        for _ in 0..1000 {
            ask(&mut other, b"get k\n", b"END\n");
        }
    });
}

/// Half-closed, reset and vanished, in the middle of whatever: nothing of them stays.
#[test]
fn clients_that_close_in_every_way() {
    let server = Server::start(&["-c", "30"]);
    let mut other = server.connect();
    ask(&mut other, &set("big", MIB), b"STORED\n");
    let leave = |round: usize| {
        let mut client = server.connect();
        let request: &[u8] = match round % 5 {
            0 => b"get k\nset k 100\nab",
            1 => b"ge",
            2 => b"get big big big big\n",
            3 => b"set k! 99999999\nabc",
            _ => b"",
        };
        // Rejected as over the limit, it may be closed already.
        let _ = client.write_all(request);
        match round % 3 {
            0 => drop(client.shutdown(Shutdown::Write)),
            // Closed with replies unread: a reset.
            1 => thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
    };
    (0..300).for_each(leave);
    let before = server.resident();
    (0..3000).for_each(leave);
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 4 * MIB, "{} KiB more than before", grown / 1024);
    until("all places are free", || {
        let mut clients: Vec<_> = (0..29).map(|_| server.connect()).collect();
        clients.iter_mut().all(is_served)
    });
}

/// What was received before the signal is answered; then the server ends.
#[test]
fn the_first_signal_shuts_down_gracefully() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let idle = server.connect();
        let mut client = server.connect();
        ask(&mut client, b"get k\n", b"END\n");
        client.write_all(&b"get k\n".repeat(10_000)).expect("the server reads");
        // In its receive buffer at the latest.
        thread::sleep(Duration::from_millis(100));
        server.signal(signal);
        let mut replies = Vec::new();
        client.read_to_end(&mut replies).expect("it is closed in order");
        assert_eq!(replies.len(), 40_000, "{signal}");
        assert_eq!(server.wait().code(), Some(0), "{signal}");
        assert_eq!((&idle).read(&mut [0]).expect("it is closed in order"), 0);
    }
}

#[test]
fn a_client_that_never_reads_does_not_delay_shutdown() {
    let mut server = Server::start(&[]);
    let mut client = server.connect();
    ask(&mut client, &set("big", MIB), b"STORED\n");
    client.write_all(format!("get{}\n", " big".repeat(1000)).as_bytes()).expect("it reads");
    thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    let start = std::time::Instant::now();
    assert_eq!(server.wait().code(), Some(0));
    // The stated time, and a lot for a loaded machine.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn the_second_signal_exits_at_once() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut server = Server::start(&[]);
        let mut client = server.connect();
        ask(&mut client, &set("big", MIB), b"STORED\n");
        client.write_all(format!("get{}\n", " big".repeat(1000)).as_bytes()).expect("it reads");
        thread::sleep(Duration::from_millis(100));
        server.signal(signal);
        // Clients are rejected as soon as the first signal is handled.
        until("it stops accepting", || TcpStream::connect(server.address()).is_err());
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(code), "{signal}");
    }
}

/// Whatever the sizes, and when they change.
#[test]
fn resident_memory_stays_near_the_limit() {
    // Memory freed by large items fits small ones, but not the other way round.
    let mixed = &[MIB, 100, 10_000, 1000][..];
    let uniform = [1, 10, 100, 300, 1000, 5000, 100_000, MIB].map(|size| (vec![size], 100));
    for (sizes, most) in uniform.into_iter().chain([(mixed.to_vec(), 130)]) {
        let server = Server::start(&["-m", "64"]);
        let client = server.connect();
        let mut replies = client.try_clone().expect("a handle");
        let reading = thread::spawn(move || std::io::copy(&mut replies, &mut std::io::sink()));
        for size in &sizes {
            let mut written = 0;
            for i in 0.. {
                let request = set(&format!("user_{i}"), *size);
                (&client).write_all(&request).expect("the server reads");
                written += request.len() + 150;
                if written > 150 * MIB {
                    break;
                }
            }
        }
        client.shutdown(Shutdown::Write).expect("the stream ends");
        reading.join().expect("no panic").expect("the server answers");
        let resident = server.resident() / MIB;
        println!("-m 64, values of {sizes:?} bytes: {resident} MiB");
        assert!(resident <= most, "{sizes:?}: {resident} MiB");
    }
}
