//! The fuzz corpus, on stable: each seed is run by the function that its target runs.
//!
//! `MEMWIRE_BLESS=1 cargo test -p memwire-cli --test repository corpus` writes the seeds that are made
//! from vectors, and the dictionaries.

use std::{collections::BTreeSet, env, fmt::Write as _, fs};

use memwire::{
    Limits, Session,
    dialect::{
        ErrorKind,
        simple::{Reply, Request, Requests},
    },
    grammar::Data,
    store::Map,
    text::{Key, Keys},
};
use memwire_conformance::{
    dialect::{CLASSIC, SIMPLE},
    vectors::{Captures, Part, Step, Suite, Vector},
};

use crate::paths::{path, read};

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use targets::{
    TARGETS,
    differential::{FIRST, LAST, OTHER, PREFIX},
};

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let name = |entry: fs::DirEntry| {
        let path = entry.path();
        path.file_stem().expect("a name").to_string_lossy().into_owned()
    };
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

fn suite(target: &str) -> Suite {
    let is_classic = target.starts_with("classic_") || target == "differential";
    let dialect = if is_classic { &CLASSIC } else { &SIMPLE };
    Suite::from_json(dialect.suite).expect("the vectors can be read")
}

/// What a vector is to a target; `None`, if the target's inputs cannot be written down.
fn seed(target: &str, vector: &Vector) -> Option<Vec<u8>> {
    let mut stream = vector.sent();
    if target == "classic_replies" {
        stream.clear();
        vector.expected().expand(&mut stream);
    }
    if target == "differential" {
        stream = with_marks(vector);
    }
    let (head, tail) = stream.split_at(stream.len() / 2);
    match target {
        "commands" | "encodings" => None,
        // A session in the middle of the stream, and the rest of it.
        "snapshots" => {
            let mut session = Session::<Requests>::with_high_water_mark(Limits::DEFAULT, 20);
            session.advance(&mut Map::new(), 0, &mut &*head, &mut Vec::new());
            let json = serde_json::to_vec(&session.save()).expect("a snapshot is data");
            Some([&json, &b"\n"[..], tail].concat())
        }
        // A suite of one vector, wherever it stands: a line more above it changes no seed.
        "vectors" => {
            let mut suite = suite(target);
            suite.clauses.retain(|clause| vector.clauses.contains(&clause.id));
            suite.clauses.iter_mut().for_each(|clause| clause.line = 1);
            suite.vectors = vec![Vector { line: 1, ..vector.clone() }];
            Some(suite.to_json().into_bytes())
        }
        _ => Some([head, &[targets::SPLIT], tail].concat()),
    }
}

/// What is sent, with marks in place of the CAS uniques that a server is to return first.
fn with_marks(vector: &Vector) -> Vec<u8> {
    let sent = vector.steps.iter().filter_map(|step| match step {
        Step::Send(pattern) => Some(pattern),
        Step::Expect(_) | Step::Wait(_) => None,
    });
    let mut marks = Captures::new();
    let mut stream = Vec::new();
    for pattern in sent {
        for part in pattern.parts() {
            if let Part::Same(name) = part {
                let mark = if marks.is_empty() { FIRST } else { LAST };
                marks.entry(name.clone()).or_insert_with(|| mark.to_vec());
            }
        }
        pattern.fill(&marks, &mut stream);
    }
    stream
}

#[test]
fn every_target_has_a_replay_and_a_corpus() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz/fuzz_targets"), targets);
    let mut folders = targets;
    folders.insert("regressions".to_owned());
    assert_eq!(names("corpus"), folders);
    for (name, _) in TARGETS {
        let line =
            format!("libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::{name}(data));");
        let text = read(&format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(text.contains(&line), "{name} runs something else");
    }
}

/// Longer vectors would need other limits than the targets have.
const LONGEST: usize = 80;

#[test]
fn every_short_vector_is_a_seed() {
    for (target, _) in TARGETS {
        let mut vectors = suite(target).vectors;
        // Inputs of targets cannot wait.
        vectors.retain(|vector| vector.sent().len() <= LONGEST && !vector.takes_time());
        for vector in &vectors {
            let Some(seed) = seed(target, vector) else { continue };
            let path = path(&format!("corpus/{target}/{}", vector.id.replace('/', "-")));
            if env::var_os("MEMWIRE_BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(&path, &seed).expect("a seed");
            }
            assert!(fs::read(&path).ok() == Some(seed), "{} is stale", path.display());
        }
    }
}

#[test]
fn the_seeds_keep_the_laws() {
    for (target, _) in TARGETS.iter().filter(|(target, _)| *target != "differential") {
        check_seeds(target);
    }
}

#[test]
fn the_seeds_of_the_differential_are_answered_alike() {
    check_seeds("differential");
}

fn check_seeds(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let seeds = names_of_files(&format!("corpus/{target}"));
    for seed in &seeds {
        check(&fs::read(path(&format!("corpus/{target}/{seed}"))).expect("a seed"));
    }
    assert!(seeds.len() >= 50, "{target} has only {} seeds", seeds.len());
}

/// Inputs that were once handled wrong are handled right, and each has its story.
#[test]
fn regressions() {
    let stories = read("corpus/regressions/README.md");
    let mut count = 0;
    for (target, check) in TARGETS {
        for seed in names_of_files(&format!("corpus/regressions/{target}")) {
            let story = format!("\n## `{target}/{seed}`\n");
            assert!(stories.contains(&story), "no story of {target}/{seed}");
            check(&fs::read(path(&format!("corpus/regressions/{target}/{seed}"))).expect("a seed"));
            count += 1;
        }
    }
    assert_eq!(stories.matches("\n## ").count(), count, "a story without its seed");
}

fn names_of_files(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path(folder)) else { return vec![] };
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
}

/// What the encoders of `simple` write.
fn simple_text() -> Vec<u8> {
    let key = Key::new(b"k").expect("a key");
    let value = || Data::Borrowed(b"v");
    let mut text = Vec::new();
    Request::Get(Keys::new(b"k").expect("a key")).encode(&mut text);
    Request::Set { key, value: value() }.encode(&mut text);
    Reply::Stored.encode(&mut text);
    Reply::Value { key, value: value() }.encode(&mut text);
    Reply::End.encode(&mut text);
    for kind in [ErrorKind::Unspecific, ErrorKind::Client, ErrorKind::Server] {
        Reply::Error(kind, b"").encode(&mut text);
        Reply::Error(kind, b"k").encode(&mut text);
    }
    text
}

/// The words of `classic`.
const CLASSIC_WORDS: &str = "get gets gat gats set add replace append prepend cas delete incr decr \
    touch flush_all version\nverbosity cache_memlimit stats\nquit\nnoreply\nVALUE STORED\nNOT_STORED\nEXISTS\n\
    NOT_FOUND\nDELETED\nTOUCHED\nOK\nRESET\nEND\nVERSION STAT ERROR\nCLIENT_ERROR \
    SERVER_ERROR ";

/// The words of a text, and the separators.
fn dictionary(text: Vec<u8>) -> String {
    let text = String::from_utf8(text).expect("text");
    let mut words: BTreeSet<_> = text.split([' ', '\n']).filter(|word| word.len() > 1).collect();
    words.extend([" ", "k", "1", "13", "18446744073709551616"]);
    let mut lines =
        "# Generated by cli/tests/repository/corpus.rs from the words of the dialect.\n".to_owned();
    for word in words {
        writeln!(lines, "\"{word}\"").expect("text grows");
        if text.contains(&format!("{word} ")) {
            writeln!(lines, "\"{word} \"").expect("text grows");
        }
        if text.contains(&format!("{word}\n")) {
            writeln!(lines, "\"{word}\\x0a\"").expect("text grows");
        }
    }
    lines + "\"\\x0a\"\n\"\\x0d\\x0a\"\n\"\\xff\"\n"
}

#[test]
fn the_dictionaries_are_current() {
    let [first, last, other] = [FIRST, LAST, OTHER].map(<[u8; 20]>::as_slice);
    let marks = [CLASSIC_WORDS.as_bytes(), PREFIX, b" ", first, b" ", last, b" ", other];
    let texts = [
        ("simple", simple_text()),
        ("classic", CLASSIC_WORDS.into()),
        ("differential", marks.concat()),
    ];
    for (name, text) in texts {
        let path = path(&format!("fuzz/{name}.dict"));
        let dictionary = dictionary(text);
        if env::var_os("MEMWIRE_BLESS").is_some() {
            fs::write(&path, &dictionary).expect("the dictionary");
        }
        assert!(fs::read_to_string(path).ok() == Some(dictionary), "fuzz/{name}.dict is stale");
    }
}
