//! Bugs on purpose, as patches: what each layer of checks is worth.
//!
//! `cargo test --test bugs -- --ignored --nocapture` breaks the code in each of these ways, runs each
//! layer, and prints which one saw it, and how fast. It takes half an hour; `BUG=<part
//! of a name>` takes only some.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each begins with a line that says what is wrong.
fn patches() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/bugs")).expect("the patches");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn apply(tree: &Path, patch: &Path, flags: &[&str]) -> bool {
    let mut git = Command::new("git");
    // `target` lies in a repository, in which patches are from the root.
    git.env("GIT_CEILING_DIRECTORIES", tree.parent().expect("a parent"));
    git.current_dir(tree).arg("apply").args(flags).arg(patch);
    git.status().expect("git runs").success()
}

#[test]
fn every_bug_still_applies() {
    let patches = patches();
    assert!(patches.len() >= 50, "only {}", patches.len());
    for patch in patches {
        let text = fs::read_to_string(&patch).expect("a patch");
        let story = text.lines().next().unwrap_or_default();
        assert!(story.ends_with('.') && story.len() > 20, "{} has no story", patch.display());
        assert!(apply(root(), &patch, &["--check"]), "{} does not apply", patch.display());
    }
}

/// What a layer is called here, its test binary, and what it is told: by default nothing.
type Layer = (&'static str, &'static str, &'static [&'static str]);

const SIMPLE: [Layer; 7] = [
    ("by hand", "machine", &[]),
    ("seeds", "corpus", &["keep"]),
    ("counted", "linear", &[]),
    ("edges", "exhaustion", &["--ignored", "four"]),
    ("closure", "closure", &[]),
    ("model", "model", &["--skip", "classic"]),
    ("quickcheck", "properties", &[]),
];

/// For the patches whose names begin with `classic-`.
const CLASSIC: [Layer; 7] = [
    ("vectors", "classic", &["sessions"]),
    ("by hand", "classic", &["--skip", "sessions", "--skip", "laws"]),
    ("random streams", "classic", &["random"]),
    ("seeds", "corpus", &["keep"]),
    ("edges", "exhaustion", &["--ignored", "three"]),
    ("model", "model", &["classic"]),
    ("memcached", "corpus", &["alike"]),
];

/// Longer than any layer takes if nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
#[ignore = "takes half an hour: cargo test --test bugs -- --ignored --nocapture"]
fn which_layer_catches_which() {
    let tree = root().join("target/bugs/tree");
    let _ = fs::remove_dir_all(&tree);
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "src",
        "tests",
        "spec",
        "corpus",
        "examples",
        "fuzz/src",
        "fuzz/fuzz_targets",
        "fuzz/simple.dict",
        "fuzz/classic.dict",
        "fuzz/differential.dict",
    ] {
        copy(&root().join(name), &tree.join(name));
    }
    let only = env::var("BUG").unwrap_or_default();
    let (classic, simple): (Vec<_>, Vec<_>) = patches()
        .into_iter()
        .filter(|patch| name(patch).contains(&only))
        .partition(|patch| name(patch).starts_with("classic-"));
    let weak = [table(&tree, &simple, &SIMPLE), table(&tree, &classic, &CLASSIC)].concat();
    assert!(weak.is_empty(), "caught by fewer than two layers: {weak:?}");
}

fn name(patch: &Path) -> String {
    patch.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// Prints who catches what, and returns what fewer than two do.
fn table(tree: &Path, patches: &[PathBuf], layers: &[Layer]) -> Vec<String> {
    if patches.is_empty() {
        return vec![];
    }
    print!("| bug |");
    for (layer, ..) in layers {
        print!(" {layer} |");
    }
    println!("\n|---|{}", "---|".repeat(layers.len()));
    let whole = caught(tree, layers);
    assert!(whole.iter().all(Option::is_none), "a layer fails without a bug: {whole:?}");
    let mut weak = vec![];
    for patch in patches {
        let name = name(patch);
        assert!(apply(tree, patch, &[]), "{name} does not apply");
        let caught = caught(tree, layers);
        assert!(apply(tree, patch, &["-R"]), "{name} cannot be taken back");
        print!("| {name} |");
        for time in &caught {
            match time {
                Some(time) if *time >= PATIENCE => print!(" hangs |"),
                Some(time) => print!(" {:.1} s |", time.as_secs_f32()),
                None => print!(" |"),
            }
        }
        println!();
        if caught.iter().flatten().count() < 2 {
            weak.push(name);
        }
    }
    weak
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

/// How long each layer took to fail, if it did.
fn caught(tree: &Path, layers: &[Layer]) -> Vec<Option<Duration>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(tree).args(["test", "--quiet", "--no-run", "--message-format=json"]);
    cargo.args(["--no-default-features", "--features=vectors"]);
    for (_, test, _) in layers {
        cargo.args(["--test", test]);
    }
    cargo.env("CARGO_TARGET_DIR", root().join("target/bugs/target"));
    let built = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(
        built.status.success(),
        "it does not build: {}",
        String::from_utf8_lossy(&built.stdout)
    );
    let messages = String::from_utf8(built.stdout).expect("text");
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let messages: Vec<serde_json::Value> = messages.collect();
    let run = |(_, test, arguments): &Layer| {
        let built = messages.iter().find(|message| message["target"]["name"] == *test);
        let program = built.and_then(|message| message["executable"].as_str()).expect("a program");
        let mut program = Command::new(program);
        program.args(*arguments).current_dir(tree).env("RUST_BACKTRACE", "0");
        let mut child =
            program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let begin = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                return (!status.success()).then(|| begin.elapsed());
            }
            if begin.elapsed() > PATIENCE {
                child.kill().expect("it can be ended");
                child.wait().expect("it has ended");
                return Some(PATIENCE);
            }
            thread::sleep(Duration::from_millis(20));
        }
    };
    layers.iter().map(run).collect()
}
