//! The servers in `examples/servers`, models for users, as targets of the suite: right ones pass, the
//! beginner's and altered ones do not.
//!
//! Most splits are left to `.ci/run`, which has the time.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{
    paths::{path, read, root},
    process::{PROGRAM, text},
};

/// Runs `memwire conform` at the top of the repository: its exit code, standard output and standard
/// error.
fn conform(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(PROGRAM);
    command.arg("conform").args(arguments).current_dir(root());
    let output = command.output().expect("memwire runs");
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

/// Whether a tool is there; it must be in CI.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    assert!(found || env::var_os("CI").is_none(), "CI has {tool}");
    if !found {
        eprintln!("skipped: there is no {tool}");
    }
    found
}

fn passes(command: &str, level: &str) {
    let ways = ["whole", "lines", "random:3,1", "pipelined", "together", "conversation"];
    let mut arguments = vec!["--spawn", command, "--level", level];
    for way in ways {
        arguments.extend(["--split", way]);
    }
    let (code, out, err) = conform(&arguments);
    assert_eq!(code, 0, "{command}:\n{out}{err}");
}

#[test]
fn the_python_server_passes() {
    if has("python3") {
        passes("python3 examples/servers/server.py {port}", "should");
    }
}

#[test]
fn the_javascript_server_passes() {
    if has("node") {
        passes("node examples/servers/server.mjs {port}", "should");
    }
}

#[test]
fn the_c_server_passes() {
    if !has("cc") {
        return;
    }
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("server-c");
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    cc.arg(path("examples/servers/server.c"));
    assert!(cc.status().expect("cc runs").success());
    passes(&format!("{} {{port}}", program.display()), "should");
}

/// What `docs/find-the-bug.md` shows.
#[test]
fn the_tutorial_is_right() {
    if !has("python3") {
        return;
    }
    passes("python3 examples/servers/mended.py {port}", "must");
    let beginner = "python3 examples/servers/beginner.py {port}";
    for (only, hint) in [
        ("set/and-get", "the server treats the bytes of one read as one complete command"),
        ("line/get", "a command line that arrives in two pieces is lost or taken for two"),
    ] {
        let (code, out, _) = conform(&["--spawn", beginner, "--only", only, "--timeout", "0.5"]);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains(hint), "{out}");
    }
}

/// A copy of one of the examples with something else in it.
fn altered(example: &str, name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = read(&format!("examples/servers/{example}"));
    for (old, new) in changes {
        assert!(text.contains(old), "{example} has {old}");
        text = text.replace(old, new);
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("example_servers");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{name}.py"));
    fs::write(&path, text).expect("it is written");
    path
}

/// The origin asks for no more than this, and Part 1 of it for less.
#[test]
fn solutions_pass() {
    if !has("python3") {
        return;
    }
    let (code, out, _) = conform(&[
        "--stdio",
        "python3 examples/servers/solution.py",
        "--split",
        "whole",
        "--split",
        "random:1,1",
        "--split",
        "pipelined",
    ]);
    assert_eq!(code, 0, "{out}");
    let one_key = [("for key in words:", "for key in words[:1]:")];
    let part_1 = altered("solution.py", "part_1", &one_key);
    let command = format!("python3 {}", part_1.display());
    let (code, out, _) = conform(&["--stdio", &command, "--split", "whole"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("get/many-in-request-order"), "{out}");
    assert!(out.contains("only the first key of a get is answered"), "{out}");
    let (code, out, _) =
        conform(&["--stdio", &command, "--split", "whole", "--without", "multiget"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains(" unsupported"), "{out}");
}

/// A server that serves one client after the other is right, too.
#[test]
fn one_client_at_a_time_is_enough() {
    if !has("python3") {
        return;
    }
    let changes = [("ThreadingTCPServer", "TCPServer"), ("    daemon_threads = True\n", "")];
    let server = altered("mended.py", "one_client", &changes);
    let command = format!("python3 {} {{port}}", server.display());
    let (code, out, err) =
        conform(&["--spawn", &command, "--only", "get/*", "--split", "whole", "--split", "lines"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn a_server_that_dies_has_crashed() {
    if !has("python3") {
        return;
    }
    let change = [("store[words[1]] = value", "__import__('os')._exit(9)")];
    let server = altered("mended.py", "dies", &change);
    let command = format!("python3 {} {{port}}", server.display());
    let (code, out, _) =
        conform(&["--spawn", &command, "--only", "set/and-get", "--split", "whole"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("crashed") && out.contains("exit status: 9"), "{out}");
}
