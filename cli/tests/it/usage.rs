//! Wrong usages, with the exit code and the message of each: what is wrong, what was given, and what
//! is allowed.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::process::{Folder, memwire, text};

/// The files that the table names, and their contents.
const FILES: [(&str, &str); 4] = [
    ("notjson", "x\n"),
    ("unknown.txt", "# known\nget/none\n"),
    ("foo.md", "x\n"),
    ("simple.md", "# A\n\n### `a/b` MUST\n\nText.\n"),
];

/// Arguments, as in a shell; the exit code; and the message, without what follows its first
/// paragraph. `…` stands for texts of the system, and for ports.
#[rustfmt::skip]
const USAGES: &[(&str, i32, &str)] = &[
    // run, and no command
    ("frob", 2, "error: unrecognized subcommand 'frob'"),
    ("run x", 2, "error: unexpected argument 'x' found"),
    ("run --dialect meta", 2, "error: invalid value 'meta' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("run --dialect", 2, "error: a value is required for '--dialect <DIALECT>' but none was supplied [possible values: simple, classic]"),
    // serve
    ("serve -p 70000", 2, "error: invalid value '70000' for '--port <PORT>': expected a whole number from 0 to 65535"),
    ("serve -p -1", 2, "error: invalid value '-1' for '--port <PORT>': expected a whole number from 0 to 65535"),
    ("serve -p", 2, "error: a value is required for '--port <PORT>' but none was supplied"),
    ("serve -p x", 2, "error: invalid value 'x' for '--port <PORT>': expected a whole number from 0 to 65535"),
    ("serve -l localhost", 2, "error: invalid value 'localhost' for '--listen <ADDR>': expected an IP address, with or without :PORT, such as 127.0.0.1 or [::1]:11211; host names are not looked up"),
    ("serve -l 127.0.0.1:99999", 2, "error: invalid value '127.0.0.1:99999' for '--listen <ADDR>': expected an IP address, with or without :PORT, such as 127.0.0.1 or [::1]:11211; host names are not looked up"),
    ("serve -t 0", 2, "error: invalid value '0' for '--threads <N>': expected a whole number from 1 to 1024"),
    ("serve -t 20000", 2, "error: invalid value '20000' for '--threads <N>': expected a whole number from 1 to 1024"),
    ("serve -t -1", 2, "error: invalid value '-1' for '--threads <N>': expected a whole number from 1 to 1024"),
    ("serve -t 1.5", 2, "error: invalid value '1.5' for '--threads <N>': expected a whole number from 1 to 1024"),
    ("serve -m 0", 2, "error: invalid value '0' for '--memory-limit <MB>': expected a whole number from 1 to 100000000"),
    ("serve -m 64m", 2, "error: invalid value '64m' for '--memory-limit <MB>': expected a whole number from 1 to 100000000"),
    ("serve -m 17592186044416", 2, "error: invalid value '17592186044416' for '--memory-limit <MB>': expected a whole number from 1 to 100000000"),
    ("serve -c 0", 2, "error: invalid value '0' for '--conn-limit <N>': expected a whole number from 1 to 1000000000"),
    ("serve -c 4000000000", 2, "error: invalid value '4000000000' for '--conn-limit <N>': expected a whole number from 1 to 1000000000"),
    ("serve -b -1", 2, "error: invalid value '-1' for '--listen-backlog <N>': expected a whole number from 0 to 1000000"),
    ("serve -b 99999999", 2, "error: invalid value '99999999' for '--listen-backlog <N>': expected a whole number from 0 to 1000000"),
    ("serve -I 0", 2, "error: invalid value '0' for '--max-item-size <SIZE>': expected a size from 1 to 1024m, such as 1048576, 1024k or 1m"),
    ("serve -I 2g", 2, "error: invalid value '2g' for '--max-item-size <SIZE>': expected a size from 1 to 1024m, such as 1048576, 1024k or 1m"),
    ("serve -I -5", 2, "error: invalid value '-5' for '--max-item-size <SIZE>': expected a size from 1 to 1024m, such as 1048576, 1024k or 1m"),
    ("serve -m 4 -I 1m -p 0", 2, "memwire: -m 4 is too small for values of 1048576 bytes: expected at least -m 6, or a smaller -I"),
    ("serve --idle-timeout 0.5", 2, "error: invalid value '0.5' for '--idle-timeout <SECONDS>': expected a whole number from 0 to 1000000000"),
    ("serve --idle-timeout -1", 2, "error: invalid value '-1' for '--idle-timeout <SECONDS>': expected a whole number from 0 to 1000000000"),
    ("serve -a 888", 2, "error: invalid value '888' for '--unix-mask <MODE>': expected permissions in octal, from 0 to 777, such as 700 or 770"),
    ("serve -U 11211", 2, "error: invalid value '11211' for '--udp-port <PORT>': UDP is not served: only 0 is accepted"),
    ("serve -B binary", 2, "error: invalid value 'binary' for '--protocol <NAME>': the binary protocol is not served: only ascii is accepted"),
    ("serve -A", 2, "memwire: -A (--enable-shutdown) is not supported: the command `shutdown` is not served; send SIGTERM"),
    ("serve -D :", 2, "memwire: -D (--stat-delimiter) is not supported: there are no statistics by key prefix"),
    ("serve -e file", 2, "memwire: -e (--memory-file) is not supported: items are kept in memory only"),
    ("serve -k", 2, "memwire: -k (--lock-memory) is not supported: memory cannot be locked; disable swap instead"),
    ("serve -M", 2, "memwire: -M (--disable-evictions) is not supported: when memory is full, the least used items are always evicted"),
    ("serve -r", 2, "memwire: -r (--enable-coredumps) is not supported: the system limits the size of core files; use `ulimit -c`"),
    ("serve -S", 2, "memwire: -S (--enable-sasl) is not supported: there is no authentication; bind to a trusted interface"),
    ("serve -V", 2, "memwire: -V (--version) is not supported: use `memwire --version`"),
    ("serve -Y file", 2, "memwire: -Y (--auth-file) is not supported: there is no authentication; bind to a trusted interface"),
    ("serve -Z", 2, "memwire: -Z (--enable-ssl) is not supported: there is no TLS; put a proxy in front"),
    ("serve -o ext_path=x", 2, "error: invalid value 'ext_path=x' for '--extended <NAMES>': this option is not supported: idle_timeout=SECONDS is, and those that tune memcached's memory, threads and buffers are accepted and ignored"),
    ("serve -o idle_timeout=soon", 2, "error: invalid value 'idle_timeout=soon' for '--extended <NAMES>': expected idle_timeout=SECONDS, from 0 to 1000000000"),
    ("serve -p 0 -P missing/pid", 3, "memwire: cannot write missing/pid: …"),
    ("serve -s missing/socket", 3, "memwire: cannot listen on missing/socket: …"),
    ("serve -l 192.0.2.1", 3, "memwire: cannot listen on 192.0.2.1:11211: …"),
    ("serve --dialect binary", 2, "error: invalid value 'binary' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("serve --frob", 2, "error: unexpected argument '--frob' found"),
    ("serve extra", 2, "error: unexpected argument 'extra' found"),
    // load
    ("load", 2, "error: the following required arguments were not provided: <--tcp <HOST:PORT>|--unix <PATH>>"),
    ("load --tcp 127.0.0.1", 2, "error: invalid value '127.0.0.1' for '--tcp <HOST:PORT>': expected HOST:PORT, such as 127.0.0.1:11211 or [::1]:11211"),
    ("load --tcp 127.0.0.1:0", 2, "error: invalid value '127.0.0.1:0' for '--tcp <HOST:PORT>': expected HOST:PORT, such as 127.0.0.1:11211 or [::1]:11211"),
    ("load --tcp :11211", 2, "error: invalid value ':11211' for '--tcp <HOST:PORT>': expected HOST:PORT, such as 127.0.0.1:11211 or [::1]:11211"),
    ("load --tcp", 2, "error: a value is required for '--tcp <HOST:PORT>' but none was supplied"),
    ("load --tcp 127.0.0.1:1", 3, "memwire: cannot connect to 127.0.0.1:1: …"),
    ("load --unix missing/socket", 3, "memwire: cannot connect to missing/socket: …"),
    ("load --tcp 127.0.0.1:1 --unix x", 2, "error: the argument '--tcp <HOST:PORT>' cannot be used with '--unix <PATH>'"),
    ("load --tcp 127.0.0.1:1 --dialect meta", 2, "error: invalid value 'meta' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("load --tcp 127.0.0.1:1 -c 0", 2, "error: invalid value '0' for '--connections <N>': expected a whole number from 1 to 1000000"),
    ("load --tcp 127.0.0.1:1 -c -1", 2, "error: invalid value '-1' for '--connections <N>': expected a whole number from 1 to 1000000"),
    ("load --tcp 127.0.0.1:1 -c 2000000", 2, "error: invalid value '2000000' for '--connections <N>': expected a whole number from 1 to 1000000"),
    ("load --tcp 127.0.0.1:1 -t 0", 2, "error: invalid value '0' for '--threads <N>': expected a whole number from 1 to 1024"),
    ("load --tcp 127.0.0.1:1 -t 3 -c 2", 2, "memwire: -t 3 is more than -c 2: each thread needs a connection"),
    ("load --tcp 127.0.0.1:1 --pipeline 0", 2, "error: invalid value '0' for '--pipeline <N>': expected a whole number from 1 to 1000000"),
    ("load --tcp 127.0.0.1:1 --mix 0:0", 2, "error: invalid value '0:0' for '--mix <GETS:SETS>': expected GETS:SETS, two whole numbers from 0 to 1000000, not both 0, such as 90:10"),
    ("load --tcp 127.0.0.1:1 --mix 90", 2, "error: invalid value '90' for '--mix <GETS:SETS>': expected GETS:SETS, two whole numbers from 0 to 1000000, not both 0, such as 90:10"),
    ("load --tcp 127.0.0.1:1 --keys-per-get 0", 2, "error: invalid value '0' for '--keys-per-get <N>': expected a whole number from 1 to 1000000"),
    ("load --tcp 127.0.0.1:1 --keys 0", 2, "error: invalid value '0' for '--keys <N>': expected a whole number from 1 to 4294967295"),
    ("load --tcp 127.0.0.1:1 --keys 5000000000", 2, "error: invalid value '5000000000' for '--keys <N>': expected a whole number from 1 to 4294967295"),
    ("load --tcp 127.0.0.1:1 --key-size 7", 2, "memwire: --key-size 7 is too small for --keys 10000: expected at least 8"),
    ("load --tcp 127.0.0.1:1 --key-size 251", 2, "error: invalid value '251' for '--key-size <BYTES>': expected a whole number from 1 to 250"),
    ("load --tcp 127.0.0.1:1 -d 0", 2, "error: invalid value '0' for '--value-size <SIZE[-SIZE]>': expected a size from 1 to 1024m, or a range of them, such as 100 or 100-4k"),
    ("load --tcp 127.0.0.1:1 -d 10-5", 2, "error: invalid value '10-5' for '--value-size <SIZE[-SIZE]>': expected a size from 1 to 1024m, or a range of them, such as 100 or 100-4k"),
    ("load --tcp 127.0.0.1:1 -d 2g", 2, "error: invalid value '2g' for '--value-size <SIZE[-SIZE]>': expected a size from 1 to 1024m, or a range of them, such as 100 or 100-4k"),
    ("load --tcp 127.0.0.1:1 --popularity zipf", 2, "error: invalid value 'zipf' for '--popularity <HOW>': expected uniform or zipf:THETA, THETA from 0.01 to 10, such as zipf:0.99"),
    ("load --tcp 127.0.0.1:1 --popularity zipf:0", 2, "error: invalid value 'zipf:0' for '--popularity <HOW>': expected uniform or zipf:THETA, THETA from 0.01 to 10, such as zipf:0.99"),
    ("load --tcp 127.0.0.1:1 --seconds 0", 2, "error: invalid value '0' for '--seconds <SECONDS>': expected seconds from 0.01 to 1000000000, such as 10 or 0.5"),
    ("load --tcp 127.0.0.1:1 --seconds -1", 2, "error: invalid value '-1' for '--seconds <SECONDS>': expected seconds from 0.01 to 1000000000, such as 10 or 0.5"),
    ("load --tcp 127.0.0.1:1 --seconds x", 2, "error: invalid value 'x' for '--seconds <SECONDS>': expected seconds from 0.01 to 1000000000, such as 10 or 0.5"),
    ("load --tcp 127.0.0.1:1 --warm-up x", 2, "error: invalid value 'x' for '--warm-up <SECONDS>': expected seconds from 0 to 1000000000, such as 2 or 0.5"),
    ("load --tcp 127.0.0.1:1 --timeout 0", 2, "error: invalid value '0' for '--timeout <SECONDS>': expected seconds from 0.01 to 1000000000, such as 10 or 0.5"),
    ("load --tcp 127.0.0.1:1 -n 0", 2, "error: invalid value '0' for '--requests <N>': expected a whole number from 1 to 1000000000000"),
    ("load --tcp 127.0.0.1:1 -n 5 --seconds 1", 2, "error: the argument '--requests <N>' cannot be used with '--seconds <SECONDS>'"),
    ("load --tcp 127.0.0.1:1 --seed -1", 2, "error: invalid value '-1' for '--seed <N>': expected a whole number from 0 to 18446744073709551615"),
    // conform
    ("conform", 2, "error: the following required arguments were not provided: <--tcp <HOST:PORT>|--spawn <COMMAND>|--stdio <COMMAND>>"),
    ("conform --tcp 127.0.0.1", 2, "error: invalid value '127.0.0.1' for '--tcp <HOST:PORT>': expected HOST:PORT, such as 127.0.0.1:11211 or [::1]:11211"),
    ("conform --tcp 127.0.0.1:1", 3, "memwire: cannot connect to 127.0.0.1:1: …"),
    ("conform --tcp 127.0.0.1:1 --stdio cat", 2, "error: the argument '--tcp <HOST:PORT>' cannot be used with '--stdio <COMMAND>'"),
    ("conform --spawn 'sleep 9'", 2, "memwire: --spawn: the command must contain {port}, where the server's port goes"),
    ("conform --spawn 'exit 7 # {port}'", 3, "memwire: `exit 7 # …` exited before it listened on 127.0.0.1:…, with exit status: 7"),
    ("conform --spawn 'missing {port}'", 3, "memwire: `missing …` exited before it listened on 127.0.0.1:…, with exit status: 127; its last output: …"),
    ("conform --stdio missing", 3, "memwire: cannot run `missing`: exit status: 127; its last output: …"),
    ("conform --stdio cat --dialect meta", 2, "error: invalid value 'meta' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("conform --stdio cat --level most", 2, "error: invalid value 'most' for '--level <LEVEL>' [possible values: must, should, may]"),
    ("conform --stdio cat --without wings", 2, "memwire: there is no capability `wings`: expected one of errors, lenient, limits, multiget"),
    ("conform --stdio cat --flush", 2, "memwire: --flush needs --tcp: with --spawn and --stdio, nothing is shared"),
    ("conform --stdio cat --only 'nothing/*'", 2, "memwire: nothing is selected: no vector's id, nor that of its clauses, matches; `memwire vectors list` lists them"),
    ("conform --stdio cat --only a[", 2, "memwire: invalid glob `a[`: unclosed character class; missing ']'"),
    ("conform --stdio cat --only limits/*", 2, "memwire: nothing is selected: 27 vectors match, but only at a lower --level"),
    ("conform --stdio cat --only get/many --without multiget", 2, "memwire: nothing is selected: 8 vectors match, and require what the target is without"),
    ("conform --stdio cat --split halves", 2, "error: invalid value 'halves' for '--split <WAY>': expected one of whole, each, lines, bytes, pipelined, together, conversation, random, random:RUNS, random:RUNS,SEED"),
    ("conform --stdio cat --split random:0", 2, "error: invalid value 'random:0' for '--split <WAY>': expected one of whole, each, lines, bytes, pipelined, together, conversation, random, random:RUNS, random:RUNS,SEED"),
    ("conform --stdio cat --known-failures missing", 3, "memwire: cannot read missing: …"),
    ("conform --stdio cat --known-failures unknown.txt", 2, "memwire: unknown.txt, line 2: there is no vector `get/none`"),
    ("conform --stdio cat --report xml", 2, "error: invalid value 'xml' for '--report <FORM>': expected human, tap, json:FILE, junit:FILE or html:FILE; the file - is standard output"),
    ("conform --stdio cat --report json:", 2, "error: invalid value 'json:' for '--report <FORM>': expected human, tap, json:FILE, junit:FILE or html:FILE; the file - is standard output"),
    ("conform --stdio cat --report human:file", 2, "error: invalid value 'human:file' for '--report <FORM>': expected human, tap, json:FILE, junit:FILE or html:FILE; the file - is standard output"),
    ("conform --stdio cat -j 0", 2, "error: invalid value '0' for '--jobs <N>': expected a whole number from 1 to 256"),
    ("conform --stdio cat -j 257", 2, "error: invalid value '257' for '--jobs <N>': expected a whole number from 1 to 256"),
    ("conform --stdio cat --timeout 0", 2, "error: invalid value '0' for '--timeout <SECONDS>': expected seconds from 0.01 to 3600, such as 2 or 0.5"),
    ("conform --stdio cat --timeout x", 2, "error: invalid value 'x' for '--timeout <SECONDS>': expected seconds from 0.01 to 3600, such as 2 or 0.5"),
    // compare, vectors, manual, completions
    ("compare", 2, "error: the following required arguments were not provided: <RESULT.json>..."),
    ("compare missing.json", 3, "memwire: cannot read missing.json: …"),
    ("compare notjson", 1, "memwire: notjson is not a result of `conform --report json`: …"),
    ("vectors frob", 2, "error: unrecognized subcommand 'frob'"),
    ("vectors list --dialect meta", 2, "error: invalid value 'meta' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("vectors list --only 'nothing/*'", 2, "memwire: no vector of the simple dialect matches --only and --skip"),
    ("vectors list --only a[", 2, "memwire: invalid glob `a[`: unclosed character class; missing ']'"),
    ("vectors show", 2, "error: the following required arguments were not provided: <ID>"),
    ("vectors show a/b", 2, "memwire: the simple dialect has no vector `a/b`: `memwire vectors list --dialect simple` lists them"),
    ("vectors export --dialect meta", 2, "error: invalid value 'meta' for '--dialect <DIALECT>' [possible values: simple, classic]"),
    ("vectors generate", 2, "error: the following required arguments were not provided: <DOCUMENTS>..."),
    ("vectors generate missing.md", 3, "memwire: cannot read missing.md: …"),
    ("vectors generate foo.md", 1, "memwire: foo.md, line 1: the file's name must be that of a dialect: expected one of simple.md, classic.md"),
    ("vectors generate simple.md", 1, "memwire: simple.md, line 3: no vector shows the clause `a/b`"),
    ("manual", 2, "error: the following required arguments were not provided: <FOLDER>"),
    ("manual notjson/folder", 3, "memwire: cannot write to notjson/folder: …"),
    ("completions", 2, "error: the following required arguments were not provided: <SHELL>"),
    ("completions tcsh", 2, "error: invalid value 'tcsh' for '<SHELL>' [possible values: bash, elvish, fish, powershell, zsh]"),
];

/// The words of a command line, in which single quotes join words.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().expect("there is one").push(letter),
        }
    }
    words
}

/// Whether a message is as expected.
fn fits(message: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = message.strip_prefix(first) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || expected.ends_with('…')
}

#[test]
fn wrong_usages_are_explained() {
    let folder = Folder::new();
    for (name, content) in FILES {
        fs::write(folder.file(name), content).expect("it is written");
    }
    let mut wrong = vec![];
    for (line, code, expected) in USAGES {
        let words = words(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let output = memwire(&words).current_dir(&folder.0).output().expect("it starts");
        let stderr = text(&output.stderr);
        let paragraph = stderr.split("\n\n").next().unwrap_or_default();
        let message = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let got = output.status.code();
        if got != Some(*code) || !fits(&message, expected) {
            wrong.push(format!("{line}\n  {code}: {expected}\n  {got:?}: {message}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without any retry: the process runs, so another port would not help.
#[test]
fn a_server_that_never_listens_is_reported_after_ten_seconds() {
    let start = Instant::now();
    let args = ["conform", "--spawn", "sleep 300 # {port}"];
    let output = memwire(&args).output().expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    let expected = "memwire: `sleep 300 # …` does not listen on 127.0.0.1:… after 10 s\n";
    assert!(fits(&text(&output.stderr), expected), "{}", text(&output.stderr));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
