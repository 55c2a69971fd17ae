//! `memwire run` and `memwire serve` with the vectors, errors of the command line, manual pages.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    process::{ChildStdin, Output},
    thread,
};

use memwire_conformance::{
    dialect::SIMPLE,
    vectors::{End, Suite, Vector},
};

use crate::process::{Folder, Server, ask, memwire, output, text};

fn vectors() -> Vec<Vector> {
    let mut vectors = Suite::from_json(SIMPLE.suite).expect("the vectors can be read").vectors;
    // The others expect nothing.
    vectors.retain(|vector| vector.level.is_some());
    vectors
}

#[test]
fn run_answers_every_vector() {
    for vector in vectors() {
        let Output { status, stdout, stderr } = output(&["run"], &vector.sent());
        assert!(vector.expected().matches(&stdout), "{}: {}", vector.id, stdout.escape_ascii());
        match vector.end {
            End::Clean => assert_eq!((status.code(), text(&stderr)), (Some(0), String::new())),
            End::Truncated(start) => {
                let message = text(&stderr);
                let place = format!("inside what begins at byte {start}: ");
                assert!(message.starts_with("memwire: input ends at byte "), "{message}");
                assert!(message.contains(&place), "{}: {message}", vector.id);
                assert_eq!((status.code(), message.lines().count()), (Some(1), 1));
            }
        }
    }
}

#[test]
fn run_replies_before_eof() {
    let mut child = memwire(&["run"]).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    for (request, reply) in [
        ("get a\nse", "END\n"),
        ("t a 1\nA\n", "STORED\n"),
        ("set b 3\nabcd", "CLIENT_ERROR bad data chunk\n"),
        ("\nset c 99999999999\n", "SERVER_ERROR object too large for cache\n"),
    ] {
        stdin.write_all(request.as_bytes()).expect("the program reads");
        let mut got = vec![0; reply.len()];
        stdout.read_exact(&mut got).expect("the program answers");
        assert_eq!(text(&got), reply);
    }
    drop(stdin);
    assert_eq!(child.wait().expect("the program ends").code(), Some(1));
}

#[test]
fn run_ends_when_its_output_is_closed() {
    let mut child = memwire(&["run"]).spawn().expect("the program starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"get a\n").expect("the program reads");
    let Output { status, stderr, .. } = child.wait_with_output().expect("the program ends");
    assert_eq!((status.code(), text(&stderr)), (Some(3), String::new()));
}

#[test]
fn invalid_arguments_are_rejected() {
    for args in
        [&[][..], &["frob"], &["run", "--frob"], &["serve", "-p", "x"], &["serve", "-l", "x"]]
    {
        let Output { status, stderr, .. } = output(args, b"");
        assert_eq!(status.code(), Some(2), "{args:?}: {}", text(&stderr));
        assert!(text(&stderr).contains("--help"), "{}", text(&stderr));
    }
    for args in [&["--help"][..], &["run", "--help"], &["serve", "--help"]] {
        let Output { status, stdout, .. } = output(args, b"");
        assert_eq!(status.code(), Some(0));
        assert!(text(&stdout).contains("Exit codes:"), "{}", text(&stdout));
    }
    let Output { stdout, .. } = output(&["--version"], b"");
    assert_eq!(text(&stdout), concat!("memwire ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// Flags that users of memcached know: what is not supported is rejected in one sentence.
#[test]
fn unsupported_memcached_flags_are_rejected() {
    for (args, sentence) in [
        (&["-S"][..], "-S (--enable-sasl) is not supported: there is no authentication"),
        (&["--memory-file", "file"], "items are kept in memory only"),
        (&["-o", "modern,ext_path=file"], "idle_timeout=SECONDS is"),
        (&["-o", "idle_timeout=soon"], "expected idle_timeout=SECONDS"),
        (&["-B", "binary"], "only ascii is accepted"),
        (&["-e", "file"], "items are kept in memory only"),
        (&["-U", "11211"], "UDP is not served: only 0 is accepted"),
        (&["-a", "888"], "expected permissions in octal"),
        (&["-u", "no such user"], "user"),
    ] {
        let Output { status, stderr, .. } = output(&[&["serve", "-p", "0"], args].concat(), b"");
        assert_eq!(status.code(), Some(2), "{args:?}");
        assert!(text(&stderr).contains(sentence), "{args:?}: {}", text(&stderr));
    }
}

#[test]
fn manual_pages_and_completions_are_written() {
    let folder = Folder::new();
    let path = folder.0.join("man1");
    let written = output(&["manual", path.to_str().expect("text")], b"");
    assert!(written.status.success(), "{}", text(&written.stderr));
    let page = fs::read_to_string(path.join("memwire-serve.1")).expect("a page");
    assert!(page.contains(".TH") && page.contains("unix\\-mask"), "{page}");
    let completions = output(&["completions", "bash"], b"");
    let completions = text(&completions.stdout);
    assert!(completions.contains("complete -F _memwire") && completions.contains("--idle-timeout"));
    // Flags that are rejected or ignored are not offered.
    for flag in ["--disable-evictions", "--enable-ssl", "--slab-growth-factor"] {
        assert!(!completions.contains(flag), "{flag}");
    }
    assert_eq!(output(&["completions", "no-shell"], b"").status.code(), Some(2));
    let Output { status, .. } = output(&["manual", "/proc/no/such/folder"], b"");
    assert_eq!(status.code(), Some(3));
}

#[test]
fn document_errors_are_reported_with_their_line() {
    let folder = Folder::new();
    let path = folder.0.join("simple.md");
    let name = path.to_str().expect("text");
    fs::write(&path, "# A\n\n### `a/b` MUST\n\nText.\n").expect("a file");
    let Output { status, stderr, .. } = output(&["vectors", "generate", name], b"");
    assert_eq!(status.code(), Some(1));
    let message = format!("memwire: {name}, line 3: no vector shows the clause `a/b`\n");
    assert_eq!(text(&stderr), message);
    let missing = &folder.file("missing.md");
    let Output { status, stderr, .. } = output(&["vectors", "generate", missing], b"");
    assert_eq!(status.code(), Some(3));
    assert!(text(&stderr).starts_with(&format!("memwire: cannot read {missing}: ")));
}

/// Feeds `run` with the pieces and reads all replies. Returns their length, and the peak memory in
/// MiB.
#[cfg(target_os = "linux")]
fn peak(pieces: impl Iterator<Item = Vec<u8>> + Send) -> (u64, u64) {
    let mut child = memwire(&["run"]).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let pid = child.id();
    let (replies, peak) = thread::scope(|scope| {
        let reading = scope.spawn(move || io::copy(&mut stdout, &mut io::sink()).expect("replies"));
        let writing = scope.spawn(move || {
            for piece in pieces {
                stdin.write_all(&piece).expect("the program reads");
            }
            wait_until_read(&mut stdin);
            let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
            let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("its peak");
            peak.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number")
        });
        let peak = writing.join().expect("all is written");
        (reading.join().expect("all is read"), peak / 1024)
    });
    child.wait().expect("the program ends");
    (replies, peak)
}

/// Writes one more pipe full of empty lines: then all before them was read.
#[cfg(target_os = "linux")]
fn wait_until_read(stdin: &mut ChildStdin) {
    stdin.write_all(&vec![b'\n'; 1 << 17]).expect("the program reads");
}

#[test]
#[cfg(target_os = "linux")]
fn run_buffers_only_the_pending_request() {
    const MB: usize = 1_000_000;
    let times = |piece: Vec<u8>, count: usize| std::iter::repeat_n(piece, count);
    let line = |text: &str| std::iter::once(text.as_bytes().to_vec());
    // 100 MB without LF.
    let (_, endless) = peak(times(vec![b'x'; MB], 100));
    // A block of 100 MB that is rejected at once.
    let (_, rejected) = peak(line("set k 100000000\n").chain(times(vec![b'\n'; MB], 100)));
    // 100 values, each the largest, under one key.
    let set = [b"set k 1048576\n".to_vec(), vec![b'\n'; 1 << 20], b"\n".to_vec()].concat();
    let (_, sets) = peak(times(set.clone(), 100));
    // One request for 500 MiB.
    let gets = line(&format!("get{}\n", " k".repeat(500)));
    let (replies, gets) = peak(std::iter::once(set).chain(gets));
    assert!(replies > 500 << 20, "{replies}");
    for (what, peak) in
        [("endless", endless), ("rejected", rejected), ("sets", sets), ("gets", gets)]
    {
        assert!(peak <= 24, "{what}: {peak} MiB");
    }
}

#[test]
fn serve_answers_every_vector() {
    for vector in vectors() {
        let stream = vector.sent();
        let server = Server::start(&[]);
        let replies = server.exchange(&[&stream]);
        assert!(vector.expected().matches(&replies), "{}: {}", vector.id, replies.escape_ascii());
        if stream.len() < 1000 {
            let server = Server::start(&[]);
            let bytes: Vec<_> = stream.chunks(1).collect();
            let replies = server.exchange(&bytes);
            assert!(vector.expected().matches(&replies), "{}: {}", vector.id, text(&replies));
        }
    }
}

#[test]
fn clients_share_one_store_and_not_their_streams() {
    let server = Server::start(&[]);
    let (mut one, mut two) = (server.connect(), server.connect());
    ask(&mut one, b"set k 3\na", b"");
    ask(&mut two, b"get k\n", b"END\n");
    ask(&mut two, b"set k 1\nB\nget", b"STORED\n");
    ask(&mut one, b"bc\nget k\n", b"STORED\nVALUE k 3\nabc\nEND\n");
    ask(&mut two, b" k\n", b"VALUE k 3\nabc\nEND\n");
    drop(one);
    ask(&mut two, b"get k\n", b"VALUE k 3\nabc\nEND\n");
}

#[test]
fn a_hundred_clients_at_once() {
    let server = Server::start(&[]);
    thread::scope(|scope| {
        for client in 0..100 {
            let server = &server;
            scope.spawn(move || {
                let value = format!("{client}\n").repeat(1000);
                let request = format!("set k{client} {}\n{value}\nget k{client}\n", value.len());
                let pieces: Vec<_> = request.as_bytes().chunks(700).collect();
                let expected = format!("STORED\nVALUE k{client} {}\n{value}\nEND\n", value.len());
                assert_eq!(text(&server.exchange(&pieces)), expected);
            });
        }
    });
}

#[test]
fn an_address_in_use_is_reported() {
    let server = Server::start(&[]);
    let port = server.address().port().to_string();
    let Output { status, stderr, .. } = output(&["serve", "-p", &port], b"");
    assert_eq!(status.code(), Some(3));
    let message = text(&stderr);
    let start = format!("memwire: cannot listen on 127.0.0.1:{port}: ");
    assert!(message.starts_with(&start) && message.lines().count() == 1, "{message}");
}
