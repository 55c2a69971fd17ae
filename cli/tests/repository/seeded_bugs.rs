//! Seeded bugs: patches that break the core, to measure what each layer of checks detects.
//!
//! `cargo test -p memwire-cli --test repository seeded_bugs -- --ignored --nocapture` breaks a copy of
//! the code in each of these ways, runs each layer, and prints which one detects it, and how fast. It
//! takes more than half an hour; `BUG=<part of a name>` takes only some.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::paths::{path, read, root};

/// Each begins with a line that says what is wrong.
fn patches() -> Vec<PathBuf> {
    let entries = fs::read_dir(path("testing/seeded-bugs")).expect("the patches");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn name(patch: &Path) -> String {
    patch.file_stem().expect("a name").to_string_lossy().into_owned()
}

fn apply(tree: &Path, patch: &Path, flags: &[&str]) -> bool {
    let mut git = Command::new("git");
    // `target` is inside a repository; without this, the patches would be applied at its root.
    git.env("GIT_CEILING_DIRECTORIES", tree.parent().expect("a parent"));
    git.current_dir(tree).arg("apply").args(flags).arg(patch);
    git.status().expect("git runs").success()
}

#[test]
fn every_seeded_bug_applies() {
    let patches = patches();
    assert!(patches.len() >= 67, "only {}", patches.len());
    for patch in patches {
        let text = fs::read_to_string(&patch).expect("a patch");
        let story = text.lines().next().unwrap_or_default();
        assert!(story.ends_with('.') && story.len() > 20, "{} has no story", patch.display());
        assert!(apply(root(), &patch, &["--check"]), "{} does not apply", patch.display());
    }
}

/// A layer of checks: some tests of one binary.
#[derive(Debug)]
struct Layer {
    name: &'static str,
    package: &'static str,
    /// The test binary of the package.
    binary: &'static str,
    /// Which of its tests.
    arguments: &'static [&'static str],
}

/// Tests of the core.
const fn core(name: &'static str, arguments: &'static [&'static str]) -> Layer {
    Layer { name, package: "memwire-testing", binary: "it", arguments }
}

/// Tests of the core with the documents' vectors.
const fn vectors(name: &'static str, arguments: &'static [&'static str]) -> Layer {
    Layer { name, package: "memwire-conformance", binary: "it", arguments }
}

/// The fuzz corpus, by [`SEEDS`].
const fn seeds(name: &'static str, arguments: &'static [&'static str]) -> Layer {
    Layer { name, package: "seeds", binary: "corpus", arguments }
}

const SIMPLE: [Layer; 7] = [
    core("by hand", &["machine::"]),
    seeds("seeds", &["the_seeds_keep"]),
    core("counted", &["linear::"]),
    core("edges", &["--ignored", "exhaustion::four"]),
    core("closure", &["closure::"]),
    core("model", &["model::simple"]),
    core("quickcheck", &["properties::"]),
];

/// For the patches whose names begin with `classic-`.
const CLASSIC: [Layer; 7] = [
    vectors("vectors", &["classic::sessions::sessions_"]),
    vectors("by hand", &["classic::", "--skip", "sessions_", "--skip", "laws"]),
    vectors("random streams", &["classic::random"]),
    seeds("seeds", &["the_seeds_keep"]),
    core("edges", &["--ignored", "exhaustion::three"]),
    core("model", &["model::classic"]),
    seeds("memcached", &["answered_alike"]),
];

/// The test of the corpus as a package of its own: in this one, each bug would have to wait for the
/// server and the program to be built.
const SEEDS: [(&str, &str); 3] = [
    (
        "seeds/Cargo.toml",
        r#"[package]
name = "seeds"
version = "0.0.0"
edition = "2024"

[dependencies]
arbitrary = { version = "1.5", features = ["derive"] }
memwire = { workspace = true, features = ["serde"] }
memwire-conformance.workspace = true
memwire-testing = { workspace = true, features = ["arbitrary"] }
serde_json.workspace = true
"#,
    ),
    ("seeds/src/lib.rs", ""),
    (
        "seeds/tests/corpus.rs",
        r#"#[path = "../../cli/tests/repository/corpus.rs"]
mod corpus;
#[path = "../../cli/tests/repository/paths.rs"]
mod paths;
"#,
    ),
];

/// What is copied of the repository.
const COPIED: [&str; 13] = [
    "Cargo.lock",
    "README.md",
    "src",
    "examples",
    "testing",
    "conformance",
    "corpus",
    "cli/tests",
    "fuzz/src",
    "fuzz/fuzz_targets",
    "fuzz/simple.dict",
    "fuzz/classic.dict",
    "fuzz/differential.dict",
];

/// Longer than any layer takes if nothing is wrong.
const TIMEOUT: Duration = Duration::from_secs(90);

#[test]
#[ignore = "takes more than half an hour: cargo test -p memwire-cli --test repository seeded_bugs -- --ignored --nocapture"]
fn which_layer_detects_which_bug() {
    let tree = scratch_tree();
    let only = env::var("BUG").unwrap_or_default();
    let (classic, simple): (Vec<_>, Vec<_>) = patches()
        .into_iter()
        .filter(|patch| name(patch).contains(&only))
        .partition(|patch| name(patch).starts_with("classic-"));
    let weak = [table(&tree, &simple, &SIMPLE), table(&tree, &classic, &CLASSIC)].concat();
    assert!(weak.is_empty(), "detected by fewer than two layers: {weak:?}");
}

/// A copy of the code that may be broken: the packages that the layers need, as a workspace.
fn scratch_tree() -> PathBuf {
    let tree = path("target/seeded-bugs/tree");
    let _ = fs::remove_dir_all(&tree);
    for name in COPIED {
        copy(&path(name), &tree.join(name));
    }
    for (name, text) in SEEDS {
        fs::create_dir_all(tree.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(tree.join(name), text).expect("a file");
    }
    let members = r#"members = [".", "testing", "conformance", "seeds"]"#;
    let manifest = read("Cargo.toml");
    let manifest = manifest.lines().map(|line| match line.split_once(" = ") {
        Some(("members", _)) => members,
        Some(("default-members", _)) => "",
        _ => line,
    });
    let manifest = manifest.collect::<Vec<_>>().join("\n");
    assert!(manifest.contains(members));
    fs::write(tree.join("Cargo.toml"), manifest).expect("a file");
    tree
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(from, to).expect("a file");
    }
}

/// Prints which layer detects which bug. Returns the bugs that fewer than two do.
fn table(tree: &Path, patches: &[PathBuf], layers: &[Layer]) -> Vec<String> {
    if patches.is_empty() {
        return vec![];
    }
    print!("| bug |");
    for layer in layers {
        print!(" {} |", layer.name);
    }
    println!("\n|---|{}", "---|".repeat(layers.len()));
    let whole = run_layers(tree, layers);
    assert!(whole.iter().all(Option::is_none), "a layer fails without a bug: {whole:?}");
    let mut weak = vec![];
    for patch in patches {
        let name = name(patch);
        assert!(apply(tree, patch, &[]), "{name} does not apply");
        let times = run_layers(tree, layers);
        assert!(apply(tree, patch, &["-R"]), "{name} cannot be reverted");
        print!("| {name} |");
        for time in &times {
            match time {
                Some(time) if *time >= TIMEOUT => print!(" hangs |"),
                Some(time) => print!(" {:.1} s |", time.as_secs_f32()),
                None => print!(" |"),
            }
        }
        println!();
        if times.iter().flatten().count() < 2 {
            weak.push(name);
        }
    }
    weak
}

/// Builds the tree and runs each layer: how long it took to fail, if it did.
fn run_layers(tree: &Path, layers: &[Layer]) -> Vec<Option<Duration>> {
    let programs = build(tree, layers);
    let times = layers.iter().zip(&programs).map(|(layer, program)| {
        assert!(has_tests(tree, program, layer.arguments), "{} has no tests", layer.name);
        time_to_fail(tree, program, layer.arguments)
    });
    times.collect()
}

/// Builds the test binary of each layer. Returns their paths.
fn build(tree: &Path, layers: &[Layer]) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(tree).args(["test", "--quiet", "--no-run", "--message-format=json"]);
    for layer in layers {
        cargo.args(["-p", layer.package, "--test", layer.binary]);
    }
    cargo.env("CARGO_TARGET_DIR", path("target/seeded-bugs/target"));
    let built = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    let messages = String::from_utf8_lossy(&built.stdout);
    assert!(built.status.success(), "it does not build: {messages}");
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let messages: Vec<serde_json::Value> = messages.collect();
    let program = |layer: &Layer| {
        let manifest = format!("/{}/Cargo.toml", layer.package.trim_start_matches("memwire-"));
        let is_its_own = |message: &&serde_json::Value| {
            message["target"]["name"] == layer.binary
                && message["target"]["kind"][0] == "test"
                && message["manifest_path"].as_str().is_some_and(|path| path.ends_with(&manifest))
        };
        let message = messages.iter().find(is_its_own);
        message.and_then(|message| message["executable"].as_str()).expect("a program").to_owned()
    };
    layers.iter().map(program).collect()
}

/// Whether some tests match the arguments: others would pass whatever the bug.
fn has_tests(tree: &Path, program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).arg("--list").current_dir(tree).output();
    String::from_utf8_lossy(&output.expect("it runs").stdout).contains(": test\n")
}

/// How long a test binary took to fail, if it did; at most [`TIMEOUT`].
fn time_to_fail(tree: &Path, program: &str, arguments: &[&str]) -> Option<Duration> {
    let mut program = Command::new(program);
    program.args(arguments).current_dir(tree).env("RUST_BACKTRACE", "0");
    program.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().expect("it runs");
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return (!status.success()).then(|| start.elapsed());
        }
        if start.elapsed() > TIMEOUT {
            child.kill().expect("it can be ended");
            child.wait().expect("it has ended");
            return Some(TIMEOUT);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
