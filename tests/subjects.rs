//! The servers in `examples/servers`, as models for users: each must pass, and the beginner's not.
//!
//! Most splits are left to `.ci/run`, which has the time.

use std::{
    env,
    path::PathBuf,
    process::{Command, Output},
};

fn conform(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memwire"));
    command.arg("conform").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().expect("memwire runs")
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
    let output = conform(&arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command}:\n{said}{:?}", output.stderr);
}

#[test]
fn python() {
    if has("python3") {
        passes("python3 examples/servers/server.py {port}", "should");
    }
}

#[test]
fn javascript() {
    if has("node") {
        passes("node examples/servers/server.mjs {port}", "should");
    }
}

#[test]
fn c() {
    if !has("cc") {
        return;
    }
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("server-c");
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    cc.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/servers/server.c"));
    assert!(cc.status().expect("cc runs").success());
    passes(&format!("{} {{port}}", program.display()), "should");
}

/// What `docs/find-the-bug.md` shows.
#[test]
fn the_tutorial() {
    if !has("python3") {
        return;
    }
    passes("python3 examples/servers/mended.py {port}", "must");
    let beginner = "python3 examples/servers/beginner.py {port}";
    for (only, hint) in [
        ("set/and-get", "the server takes what one read gives it for one whole command"),
        ("line/get", "a command line that comes in two pieces is lost or taken for two"),
    ] {
        let output = conform(&["--spawn", beginner, "--only", only, "--timeout", "0.5"]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(hint), "{said}");
    }
}
