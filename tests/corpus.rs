//! The fuzz targets' seeds, on stable: each is run by the function that its target runs.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use memwire::vectors::Suite;

#[path = "../fuzz/src/lib.rs"]
mod targets;

type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 5] = [
    ("answers", targets::answers),
    ("oracle", targets::oracle),
    ("recover", targets::recover),
    ("resume", targets::resume),
    ("split", targets::split),
];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names(name: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let name = |entry: fs::DirEntry| {
        let path = entry.path();
        path.file_stem().expect("a name").to_string_lossy().into_owned()
    };
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

/// Long vectors would need other limits than the targets have.
const LONGEST: usize = 80;

/// A seed for each short vector: its stream, cut in the middle.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let json = fs::read_to_string(folder("spec/simple.json")).expect("the vectors");
    let vectors = Suite::from_json(&json).expect("the vectors can be read").vectors;
    let short = vectors.into_iter().filter(|vector| vector.sent().len() <= LONGEST);
    let seed = |stream: Vec<u8>| {
        let (head, tail) = stream.split_at(stream.len() / 2);
        [head, &[targets::CUT], tail].concat()
    };
    short.map(|vector| (vector.id.replace('/', "-"), seed(vector.sent()))).collect()
}

#[test]
fn every_target_has_a_replay_and_a_corpus() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz/fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
}

/// `MEMWIRE_BLESS=1 cargo test --test corpus` writes those that are missing.
#[test]
fn every_short_vector_is_a_seed() {
    for (target, _) in TARGETS {
        for (name, seed) in seeds() {
            let path = folder("corpus").join(target).join(name);
            if env::var_os("MEMWIRE_BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(&path, &seed).expect("a seed");
            }
            assert_eq!(fs::read(&path).ok(), Some(seed), "{} is stale", path.display());
        }
    }
}

#[test]
fn the_seeds_keep_the_laws() {
    for (target, check) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(folder("corpus").join(target)).expect("a corpus") {
            check(&fs::read(entry.expect("an entry").path()).expect("a seed"));
            count += 1;
        }
        assert!(count >= 80, "{target} has only {count} seeds");
    }
}
