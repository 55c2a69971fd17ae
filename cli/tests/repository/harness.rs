//! `spec/harness.py`, which runs the vectors without Rust, with a right function and a wrong one.

use std::{env, process::Command};

use crate::paths::{path, read};

/// The exit code and the output; `None` where there is no Python.
fn harness(solution: &str, arguments: &[&str]) -> Option<(i32, String)> {
    let mut command = Command::new("python3");
    command.args([path("spec/harness.py"), path("spec/simple.json"), path(solution)]);
    match command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.code()?, String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "CI needs python3: {error}");
            eprintln!("skipped: there is no python3: {error}");
            None
        }
    }
}

#[test]
fn the_harness_is_short() {
    assert!(read("spec/harness.py").lines().count() <= 50);
}

#[test]
fn a_right_function_passes_every_must() {
    for capabilities in [&["MUST"][..], &["MUST", "multiget"]] {
        let Some((code, output)) = harness("examples/servers/solution.py", capabilities) else {
            return;
        };
        assert_eq!(code, 0, "{output}");
        assert!(output.contains("vectors passed"), "{output}");
    }
}

#[test]
fn a_wrong_function_fails_where_it_is_wrong() {
    let wrong = "cli/tests/repository/solutions/splits_values_at_newlines.py";
    let Some((code, output)) = harness(wrong, &["MUST", "multiget"]) else { return };
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("FAILED set/newline (simple.md:"), "{output}");
    assert!(!output.contains("FAILED set/and-get "), "{output}");
}

/// It relies on well-formed requests, and raises an exception on others.
#[test]
fn a_crash_is_distinguished_from_a_wrong_answer() {
    let levels = ["SHOULD", "multiget", "errors"];
    let Some((code, output)) = harness("examples/servers/solution.py", &levels) else { return };
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("CRASHED with ValueError"), "{output}");
    assert!(output.contains("errors/count-of-letters (simple.md:"), "{output}");
}
