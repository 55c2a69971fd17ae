//! `spec/harness.py`, the suite's use without Rust, against a right function and a wrong one.

use std::{env, fs, path::PathBuf, process::Command};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The exit code and the output; `None` where there is no Python.
fn harness(solution: &str, arguments: &[&str]) -> Option<(i32, String)> {
    let mut command = Command::new("python3");
    command.args([file("spec/harness.py"), file("spec/simple.json"), file(solution)]);
    match command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").output() {
        Ok(output) => {
            let told = [output.stdout, output.stderr].concat();
            Some((output.status.code()?, String::from_utf8_lossy(&told).into_owned()))
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
    let text = fs::read_to_string(file("spec/harness.py")).expect("the harness");
    assert!(text.lines().count() <= 50);
}

#[test]
fn a_function_that_does_what_the_origin_says_passes_every_must() {
    for capabilities in [&["MUST"][..], &["MUST", "multiget"]] {
        let Some((code, told)) = harness("examples/servers/solution.py", capabilities) else {
            return;
        };
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("vectors passed"), "{told}");
    }
}

#[test]
fn a_wrong_function_fails_where_it_is_wrong() {
    let wrong = "tests/solutions/splits_values_at_newlines.py";
    let Some((code, told)) = harness(wrong, &["MUST", "multiget"]) else { return };
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("FAILED set/newline (simple.md:"), "{told}");
    assert!(!told.contains("FAILED set/and-get "), "{told}");
}

/// It relies on well-formed requests, and raises an exception on others.
#[test]
fn a_crash_is_told_from_a_wrong_answer() {
    let levels = ["SHOULD", "multiget", "errors"];
    let Some((code, told)) = harness("examples/servers/solution.py", &levels) else { return };
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("CRASHED with ValueError"), "{told}");
    assert!(told.contains("errors/count-of-letters (simple.md:"), "{told}");
}
