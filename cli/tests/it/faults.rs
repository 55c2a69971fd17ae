//! The detection rate of the conformance suite: it is run against servers with one fault each.
//!
//! `cargo test -p memwire-cli --test it faults::every -- --ignored --nocapture` prints which vector
//! finds which fault, and how.

use std::{
    collections::BTreeMap,
    env,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::faulty::{FAULTS, Fault, Server};

fn conform(server: &Server, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_memwire"))
        .args(["conform", "--tcp", &server.address.to_string(), "--report", "json:-"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("memwire runs");
    serde_json::from_slice(&output.stdout).expect("a result")
}

fn failures(results: &Value) -> Vec<&Value> {
    let vectors = results["vectors"].as_array().expect("vectors");
    let quiet = ["pass", "not-run", "unsupported", "recorded"];
    vectors.iter().filter(|vector| !quiet.contains(&vector["verdict"].as_str().unwrap())).collect()
}

#[test]
fn without_a_fault_nothing_fails() {
    let server = Server::start("");
    let ways = ["--split=whole", "--split=random:2,1", "--split=pipelined", "--split=conversation"];
    let results = conform(&server, &[&["--level", "should"][..], &ways].concat());
    assert_eq!(failures(&results), Vec::<&Value>::new());
}

/// A few of each kind.
#[test]
fn some_faults_are_found() {
    find(&["one-read", "split-line-lost", "value-of-a-line", "cr-lf", "early", "error-closes"]);
}

/// The mutation score of the suite.
#[test]
#[ignore = "takes a minute: cargo test -p memwire-cli --test it faults::every -- --ignored"]
fn every_fault_is_found() {
    find(&[&env::var("FAULT").unwrap_or_default()]);
}

/// Those whose names begin so.
fn find(names: &[&str]) {
    let wanted = |fault: &&Fault| names.iter().any(|name| fault.name.starts_with(name));
    let faults: Vec<&Fault> = FAULTS.iter().filter(wanted).collect();
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(BTreeMap::new());
    let wrong = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Relaxed)) {
                    let (line, fine) = check(fault);
                    lines.lock().unwrap().insert(fault.name, line.clone());
                    if !fine {
                        wrong.lock().unwrap().push(line);
                    }
                }
            });
        }
    });
    println!("| fault | what it does | found by | how | hint | time |\n|---|---|---|---|---|---|");
    for fault in faults {
        println!("{}", lines.lock().unwrap()[fault.name]);
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "not found, or with another hint:\n{}", wrong.join("\n"));
}

fn check(fault: &Fault) -> (String, bool) {
    let Fault { name, story, level, hint } = fault;
    let server = Server::start(name);
    let arguments = ["--level", level, "--timeout", "0.5"];
    // Most are found without any split; what is not needs the rest.
    let quick = ["--fail-fast", "--split=whole", "--split=pipelined"];
    let mut results = conform(&server, &[&arguments[..], &quick].concat());
    let hints_in = |results: &Value| -> Vec<String> {
        let hint = |vector: &Value| Some(vector["failure"]["hint"].as_str()?.to_owned());
        failures(results).into_iter().filter_map(hint).collect()
    };
    let has_hint = |hints: &[String]| hint.is_empty() || hints.iter().any(|h| h.contains(hint));
    if failures(&results).is_empty() {
        results = conform(&server, &[&arguments[..], &["--fail-fast"]].concat());
    }
    if !has_hint(&hints_in(&results)) {
        results = conform(&server, &arguments);
    }
    let failures = failures(&results);
    let hints = hints_in(&results);
    let hinted = hints.iter().find(|h| !hint.is_empty() && h.contains(hint));
    let fine = !failures.is_empty() && (hint.is_empty() || hinted.is_some());
    let first = failures.first();
    let id = first.map_or("nothing", |vector| vector["id"].as_str().unwrap());
    let split = first.is_some_and(|vector| vector["failure"]["only_when_split"] == true);
    let how = first.map_or("", |vector| vector["verdict"].as_str().unwrap());
    let how = if split { format!("{how} when split") } else { how.to_owned() };
    let shown = hinted.or(hints.first()).map_or("", |hint| &**hint);
    let shown = shown.split([':', '.']).next().unwrap();
    let count = failures.len();
    let seconds = results["seconds"].as_f64().unwrap_or_default();
    (format!("| `{name}` | {story} | {count}: `{id}` | {how} | {shown} | {seconds:.1} s |"), fine)
}

/// For trying one by hand: `FAULT=cr-lf cargo test -p memwire-cli --test it faults::serve -- --ignored
/// --nocapture`.
#[test]
#[ignore = "it serves for an hour"]
fn serve() {
    let name = env::var("FAULT").unwrap_or_default();
    let fault = FAULTS.iter().find(|fault| fault.name == name).map_or("", |fault| fault.name);
    let server = Server::start(fault);
    println!("{} {fault}", server.address);
    thread::sleep(Duration::from_hours(1));
}
