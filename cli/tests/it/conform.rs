//! `memwire conform`, `compare` and `vectors` as their users run them, with targets that do anything.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use memwire::{
    Limits, Progress, Session,
    dialect::{classic, simple::Requests},
    store::{Change, Item, Map, Store},
    telemetry::Telemetry,
};
use memwire_conformance::dialect::{CLASSIC, SIMPLE};

use crate::faulty::Server;

fn memwire(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memwire"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("it runs")
}

fn conform(arguments: &[&str]) -> (i32, String, String) {
    let output = memwire(&[&["conform"], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// A folder of this test's own.
fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conform").join(name);
    fs::create_dir_all(&path).expect("a folder");
    path
}

const RIGHT: &str = env!("CARGO_BIN_EXE_memwire");

fn right() -> String {
    format!("{RIGHT} run")
}

#[test]
fn a_right_target_passes_however_it_is_reached() {
    let (code, out, _) =
        conform(&["--stdio", &right(), "--level", "may", "--only", "*/*", "--split", "whole"]);
    assert_eq!(code, 0, "{out}");
    let spawn = format!("{RIGHT} serve -l 127.0.0.1 -p {{port}} -t 1");
    let (code, out, _) = conform(&["--spawn", &spawn, "--only", "set/*"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("0 fail"), "{out}");
}

#[test]
fn exit_codes_and_messages() {
    let right = right();
    let stdio: &[&str] = &["--stdio", &right];
    for (arguments, code, message) in [
        (&["--only", "nothing/*"][..], 2, "nothing is selected: no vector's id"),
        (&["--only", "limits/*"], 2, "but only at a lower --level"),
        (&["--only", "get/many", "--without", "multiget"], 2, "require what the target is without"),
        (&["--without", "wings"], 2, "no capability `wings`: expected one of errors, lenient"),
        (&["--only", "["], 2, "["),
        (&["--dialect", "classical"], 2, "[possible values: simple, classic]"),
        (&["--split", "halves"], 2, "expected one of whole, each, lines"),
        (&["--split", "random:0,1"], 2, "expected one of whole"),
        (&["--report", "pdf:x"], 2, "expected human, tap"),
        (&["--timeout", "0"], 2, "from 0.01 to 3600"),
        (&["--known-failures", "no-such-file"], 3, "cannot read no-such-file"),
        (
            &["--report", "json:no/such/folder", "--only", "get/twice", "--split", "whole"],
            3,
            "cannot write",
        ),
        (&["--tcp", "127.0.0.1:1"], 2, "cannot be used with"),
    ] {
        let (got, _, stderr) = conform(&[stdio, arguments].concat());
        assert_eq!(got, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
    for (arguments, code, message) in [
        (&["--tcp", "127.0.0.1:1"][..], 3, "cannot connect to 127.0.0.1:1"),
        (&["--spawn", "sleep 1"], 2, "{port}"),
        (&["--spawn", "echo oh no {port} >&2; exit 7"], 3, "its last output: oh no"),
        (&[], 2, "--tcp"),
    ] {
        let (got, _, stderr) = conform(arguments);
        assert_eq!(got, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
}

#[test]
fn known_failures_may_fail_and_must() {
    let server = Server::start("keys-sorted");
    let address = server.address.to_string();
    let file = scratch("known").join("known.txt");
    let run = |known: &str, more: &[&str]| {
        fs::write(&file, known).expect("it is written");
        let path = file.display().to_string();
        let only = ["--only", "get/many-in-request-order", "--only", "get/[ft]*"];
        let arguments = ["--tcp", &address, "--split", "whole", "--known-failures", &path];
        conform(&[&arguments[..], &only, more].concat())
    };
    let sorted = "# the keys\nget/many-in-request-order\nget/fifty-keys # and these\n\n";
    let (code, out, _) = run(sorted, &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("2 fail and are known"), "{out}");
    let (code, out, _) =
        run(&format!("{sorted}get/twice\n"), &["--report", "tap", "--report", "human"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("get/twice passes, but is listed"), "{out}");
    assert!(out.contains("not ok") && out.contains("# TODO a known failure"), "{out}");
    let (code, _, stderr) = run("get/many-in-request-order\n\nget/none\n", &[]);
    assert_eq!(
        (code, stderr.contains("line 3: there is no vector `get/none`")),
        (2, true),
        "{stderr}"
    );
}

/// A server that gives each connection to `behave`.
fn target(behave: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || behave(stream));
        }
    });
    address
}

#[test]
fn no_target_makes_it_hang() {
    type Case = (&'static str, fn(TcpStream), &'static str);
    let cases: [Case; 7] = [
        ("says nothing", |mut stream| drop(stream.read_to_end(&mut vec![])), "timed out"),
        ("closes at once", drop, "closed early"),
        ("floods", |mut stream| while stream.write_all(&[b'x'; 4096]).is_ok() {}, "wrong"),
        (
            "floods with text that might be right",
            |mut stream| {
                let _ = stream.write_all(b"CLIENT_ERROR ");
                while stream.write_all(&[b'x'; 4096]).is_ok() {}
            },
            "fail",
        ),
        (
            "says a byte now and then",
            |mut stream| {
                for byte in b"END\n".repeat(20) {
                    thread::sleep(Duration::from_millis(400));
                    if stream.write_all(&[byte]).is_err() {
                        return;
                    }
                }
            },
            "timed out",
        ),
        (
            "reads nothing",
            |stream| {
                thread::sleep(Duration::from_mins(1));
                drop(stream);
            },
            "timed out",
        ),
        (
            "reads, and resets",
            |mut stream| {
                let mut byte = [0];
                let _ = stream.read(&mut byte);
            },
            "closed early",
        ),
    ];
    thread::scope(|scope| {
        for (name, behave, verdict) in cases {
            scope.spawn(move || {
                let address = target(behave).to_string();
                let since = Instant::now();
                let (code, out, stderr) = conform(&[
                    "--tcp",
                    &address,
                    "--level",
                    "should",
                    "--timeout",
                    "0.3",
                    "--only",
                    "get/*",
                    "--only",
                    "reply/*",
                    "--only",
                    "limits/value-at",
                ]);
                assert_eq!(code, 1, "{name}: {out}{stderr}");
                assert!(out.contains(verdict), "{name}: {out}");
                assert!(since.elapsed() < Duration::from_mins(1), "{name}: {:?}", since.elapsed());
            });
        }
    });
}

/// A store whose lookups fail once in a given number.
struct Forgetful<'m>(&'m mut Map, &'static AtomicUsize, usize);

impl Telemetry for Forgetful<'_> {}

impl Store for Forgetful<'_> {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        let lost = (self.1.fetch_add(1, Relaxed) + 1).is_multiple_of(self.2);
        if lost { None } else { self.0.get(key, read) }
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        self.0.update(key, decide)
    }

    fn generation(&mut self, now: u64) -> u32 {
        self.0.generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        self.0.flush(at)
    }
}

fn forget(mut stream: TcpStream, looked: &'static AtomicUsize, each: usize) {
    let mut session = Session::<Requests>::new(Limits::default());
    let (mut map, mut buffer, mut replies) = (Map::new(), [0; 4096], vec![]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let mut chunk = &buffer[..length];
        loop {
            let mut store = Forgetful(&mut map, looked, each);
            let progress = session.advance(&mut store, 0, &mut chunk, &mut replies);
            let _ = stream.write_all(&replies);
            replies.clear();
            if progress == Progress::NeedInput {
                break;
            }
        }
    }
}

/// A full store evicts an item now and then; one that does so often is wrong.
#[test]
fn an_item_that_is_missing_once_is_odd_and_more_often_wrong() {
    static RARELY: AtomicUsize = AtomicUsize::new(0);
    static OFTEN: AtomicUsize = AtomicUsize::new(0);
    let run = |behave| {
        let address = target(behave).to_string();
        conform(&["--tcp", &address, "--only", "set/[a-n]*", "--split", "each"])
    };
    let (code, out, _) = run(|stream| forget(stream, &RARELY, 3000));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("odd set/") && out.contains("it was present 8 times"), "{out}");
    let (code, out, _) = run(|stream| forget(stream, &OFTEN, 7));
    assert_eq!(code, 1, "{out}");
}

/// A server of `classic` with a store for each connection.
fn speak_classic(mut stream: TcpStream, seconds: fn(Instant) -> u64) {
    let since = Instant::now();
    let mut session =
        Session::<classic::Requests>::with_high_water_mark(CLASSIC.limits, usize::MAX);
    let (mut map, mut buffer, mut replies) = (Map::new(), [0; 4096], vec![]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        session.advance(
            &mut map,
            1_700_000_000 + seconds(since),
            &mut &buffer[..length],
            &mut replies,
        );
        let _ = stream.write_all(&replies);
        replies.clear();
    }
}

#[test]
fn time_passes_where_a_vector_says_so() {
    const WAITING: [&str; 4] = ["*s-the-exptime", "*later", "*/*-over", "*/over-for-*"];
    let run = |behave, only: &[&str], more: &[&str]| {
        let address = target(behave).to_string();
        let only = only.iter().flat_map(|glob| ["--only", glob]);
        let arguments = ["--dialect", "classic", "--tcp", &address];
        conform(&arguments.into_iter().chain(only).chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let right = |stream| speak_classic(stream, |since| since.elapsed().as_secs());
    let (code, out, _) = run(right, &WAITING, &["--flush"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains(" 12 conversations"), "{out}");
    let (code, out, _) = run(right, &["gat*/*later"], &["--jobs=1", "--split=bytes"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains(" 2 conversations"), "{out}");
    // And not where it does not, or all of these would pass.
    let (code, out, _) = run(|stream| speak_classic(stream, |_| 0), &WAITING, &[]);
    assert_eq!(code, 1, "{out}");
    // One of them checks what must not happen in that time.
    assert!(out.contains("failed: 1 vectors pass, 10 fail, 1 unsupported"), "{out}");
    assert!(out.contains("sent in one chunk, with a wait of 4 seconds after byte "), "{out}");
    assert!(out.contains("; sleep 4; printf 'get "), "{out}");
}

#[test]
fn what_was_not_run_did_not_pass() {
    let address = target(|stream| speak_classic(stream, |_| 0)).to_string();
    let run = |more: &[&str]| {
        let (code, out, stderr) =
            conform(&[&["--dialect", "classic", "--tcp", &address], more].concat());
        (code, format!("{out}{stderr}"))
    };
    let (code, out) = run(&["--only", "*later", "--split", "together"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("failed: 0 vectors pass, 0 fail, 3 not run"), "{out}");
    assert!(out.contains("nothing was run: no delivery that --split names applies"), "{out}");
    // The last one has no neighbour after it, but is one itself.
    let two = ["--only", "stream/pipelined", "--only", "stream/one-after-the-other"];
    let (code, out) = run(&[&two[..], &["--split", "pipelined"]].concat());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("passed: 2 vectors pass, 0 fail\n"), "{out}");
    let command = format!("{RIGHT} run --dialect classic");
    let arguments = ["--dialect", "classic", "--only", "*later", "--stdio", &command];
    let (code, out, _) = conform(&arguments);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("nothing was run: it waits; with --stdio, all requests are sent first"),
        "{out}"
    );
}

#[test]
fn a_filter_that_dies_has_crashed() {
    let command = "read line; echo \"$line\"; echo no, not this >&2; kill -SEGV $$";
    let (code, out, _) =
        conform(&["--stdio", command, "--only", "set/and-get", "--split", "whole"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("wrong") || out.contains("crashed"), "{out}");
    let command = "cat >/dev/null; echo no, not this >&2; kill -SEGV $$";
    let (code, out, _) =
        conform(&["--stdio", command, "--only", "set/and-get", "--split", "whole"]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("crashed") && out.contains("SIGSEGV") && out.contains("not this"),
        "{out}"
    );
}

/// Neither the shell nor what it started, although both ignore SIGTERM.
#[test]
fn an_interrupt_leaves_no_child_behind() {
    let mark = format!("9{}.25", std::process::id());
    let stubborn = format!("trap '' TERM INT; sleep {mark} & sleep {mark}; : {{port}}");
    for kind in ["--spawn", "--stdio"] {
        let mut child = Command::new(RIGHT)
            .args(["conform", kind, &stubborn, "--timeout", "60"])
            .spawn()
            .expect("it runs");
        let since = Instant::now();
        while count_of(&mark) < 3 && since.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(20));
        }
        assert!(count_of(&mark) >= 3, "the target was started");
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        let since = Instant::now();
        while count_of(&mark) > 0 && since.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(count_of(&mark), 0, "{kind}");
    }
}

/// How many processes, except memwire, have this in their command line.
fn count_of(mark: &str) -> usize {
    let of = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).unwrap_or_default();
    let processes = fs::read_dir("/proc").expect("there are processes");
    let lines = processes.flatten().map(of).map(|line| String::from_utf8_lossy(&line).into_owned());
    lines.filter(|line| line.contains(mark) && !line.contains("conform")).count()
}

#[test]
fn reports_agree_in_every_form() {
    let server = Server::start("value-of-a-line");
    let folder = scratch("reports");
    let at = |name: &str| folder.join(name).display().to_string();
    let forms = [
        format!("json:{}", at("r.json")),
        format!("junit:{}", at("r.xml")),
        format!("tap:{}", at("r.tap")),
        format!("html:{}", at("r.html")),
    ];
    let address = server.address.to_string();
    let mut arguments =
        vec!["--tcp", &address, "--name", "one <line>", "--only", "set/*", "--split", "whole"];
    arguments.extend(["--report", "human"]);
    for form in &forms {
        arguments.extend(["--report", form]);
    }
    let (code, human, _) = conform(&arguments);
    assert_eq!(code, 1, "{human}");
    for part in [
        "wrong set/newline: a value with a newline in it",
        "set/counted MUST (simple.md:",
        "\\na\\nb\\nget ",
        "expected STORED\\nVALUE ",
        "hint     the value is split at its newline",
        "| nc 127.0.0.1 ",
    ] {
        assert!(human.contains(part), "{part}\n{human}");
    }
    assert!(!human.contains('\u{1b}'), "no colours in a pipe");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a report");
    let json: serde_json::Value = serde_json::from_str(&read("r.json")).expect("JSON");
    // A copy of spec/result.schema.json.
    let schema = include_str!("schemas/result.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let vectors = json["vectors"].as_array().expect("vectors");
    let failed: Vec<_> =
        vectors.iter().filter(|vector| vector["verdict"] != "pass").map(|v| &v["id"]).collect();
    assert!(failed.len() >= 3, "{failed:?}");
    let (xml, tap, html) = (read("r.xml"), read("r.tap"), read("r.html"));
    assert_eq!(xml.matches("<failure").count() + xml.matches("<error").count(), failed.len());
    assert_eq!(xml.matches("<testcase").count(), vectors.len());
    assert_eq!(tap.lines().filter(|line| line.starts_with("not ok ")).count(), failed.len());
    assert!(tap.starts_with(&format!("TAP version 14\n1..{}\n", vectors.len())), "{tap}");
    assert!(html.contains("set/newline") && !html.contains("\"RESULTS\""));
    assert!(html.contains("one \\u003cline>") && !html.contains("http"), "self-contained");
    let (left, right) = (at("r.json"), at("r.json"));
    let page = at("both.html");
    let output = memwire(&["compare", &left, &right, "--html", &page]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && text.contains("the same verdict everywhere"), "{text}");
    assert!(read("both.html").matches("one \\u003cline>").count() == 2);
    fs::write(folder.join("other.json"), "{}").expect("it is written");
    let output = memwire(&["compare", &at("other.json")]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn vectors_are_listed_shown_exported_and_counted() {
    let text = |arguments: &[&str]| {
        let output = memwire(&[&["vectors"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, list) = text(&["list", "--only", "get/*", "--skip", "get/fifty-keys"]);
    assert_eq!(code, Some(0));
    assert!(list.contains("get/twice  ") && !list.contains("get/fifty-keys  "), "{list}");
    let (_, shown) = text(&["show", "reply/errors"]);
    for part in ["(simple.md:", "< CLIENT_ERROR {text}\n", "> "] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (_, shown) = text(&["show", "--dialect", "classic", "expiry/relative-over"]);
    assert!(shown.contains("< END\nwait: 4\n> get a b\n"), "{shown}");
    let (_, json) = text(&["export"]);
    assert_eq!(json, SIMPLE.suite);
    let (code, counts) = text(&["coverage"]);
    assert_eq!(code, Some(0));
    assert!(counts.contains("set/counted") && counts.contains(" clauses\n"), "{counts}");
    assert_eq!(text(&["show", "no/such"]).0, Some(2));
    assert_eq!(text(&["list", "--only", "no/such"]).0, Some(2));
}
