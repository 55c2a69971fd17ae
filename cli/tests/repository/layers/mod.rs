//! Arrows point one way: between packages, between the modules of the core, and between files.
//!
//! A module that is imported does not import in turn, directly or through others; a parent's
//! `mod child;` counts as an import of the child, so a child must not use what its parent defines.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use graph::Graph;

use crate::paths::{path, root};

mod graph;
mod imports;

/// The packages, and what each may depend on, tests included. Server and conformance do not know
/// each other.
const PACKAGES: [(&str, &[&str]); 5] = [
    ("memwire", &[]),
    ("memwire-testing", &["memwire"]),
    ("memwire-conformance", &["memwire", "memwire-testing"]),
    ("memwire-server", &["memwire", "memwire-testing"]),
    ("memwire-cli", &["memwire", "memwire-testing", "memwire-conformance", "memwire-server"]),
];

/// The folder of each package.
const FOLDERS: [&str; 5] = [".", "testing", "conformance", "server", "cli"];

/// The modules of the core, and what each may import: the parser does not know stores and sessions.
const CORE: [(&str, &[&str]); 10] = [
    ("limits", &[]),
    ("output", &[]),
    ("text", &["output"]),
    ("grammar", &["text", "limits", "output"]),
    ("machine", &["grammar", "text", "limits", "output"]),
    ("dialect", &["grammar", "text", "limits", "output"]),
    ("telemetry", &[]),
    ("store", &["telemetry", "grammar", "text", "limits", "output"]),
    (
        "session",
        &["store", "telemetry", "machine", "dialect", "grammar", "text", "limits", "output"],
    ),
    ("simulate", &["session", "store", "machine", "dialect", "limits", "output"]),
];

/// All files of a package, by their paths from its `src`.
fn sources(package: &str) -> BTreeMap<String, String> {
    fn read(folder: &Path, name: &str, sources: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let file = path.file_name().expect("a name").to_str().expect("text");
            let name = format!("{name}{file}");
            if path.is_dir() {
                read(&path, &format!("{name}/"), sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.insert(name, fs::read_to_string(path).expect("text"));
            }
        }
    }
    let mut sources = BTreeMap::new();
    read(&path(package).join("src"), "", &mut sources);
    sources
}

/// The top-level module that a file belongs to; `lib` is the root.
fn top(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// Imports of core modules that [`CORE`] does not allow.
fn core_violations(graph: &Graph) -> Vec<String> {
    let is_allowed = |from: &str, to: &str| {
        let entry = CORE.iter().find(|(module, _)| *module == from);
        from == to || from == "lib" || entry.is_some_and(|(_, allowed)| allowed.contains(&to))
    };
    graph
        .edges()
        .filter(|(from, to)| !is_allowed(top(from), top(to)))
        .map(|(from, to)| format!("{from} imports {to}"))
        .collect()
}

#[test]
fn no_two_modules_import_each_other() {
    let mut cycles = vec![];
    for folder in FOLDERS {
        let graph = Graph::new(&sources(folder));
        assert!(graph.edges().count() >= 5, "{folder} has few imports: are they found?");
        let unused = graph.unreachable();
        assert!(unused.is_empty(), "{folder}: no module declares {unused:?}");
        let shown = |cycle: Vec<&str>| format!("in {folder}/src: {}", cycle.join(" imports "));
        cycles.extend(graph.cycles().into_iter().map(shown));
    }
    assert!(cycles.is_empty(), "\n{}", cycles.join("\n"));
}

#[test]
fn the_parser_does_not_know_stores_and_sessions() {
    let graph = Graph::new(&sources("."));
    assert_eq!(core_violations(&graph), [""; 0]);
}

#[test]
fn packages_depend_on_lower_ones_only() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(root());
    let output = cargo.output().expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), PACKAGES.len(), "a package has no place in this test");
    for (name, allowed) in PACKAGES {
        let package = packages.iter().find(|package| package["name"] == name).expect(name);
        // Those for tests and builds are listed, too.
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dependency = dependency["name"].as_str().expect("a name");
            let is_ours = dependency.starts_with("memwire");
            assert!(!is_ours || allowed.contains(&dependency), "{name} depends on {dependency}");
        }
    }
}

fn graph(sources: &[(&str, &str)]) -> Graph {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Graph::new(&sources.iter().map(owned).collect())
}

#[test]
fn a_planted_cycle_is_found() {
    let lib = ("lib.rs", "mod a;\nmod b;\nmod c;\n");
    let right = graph(&[lib, ("a.rs", "use crate::b::B;"), ("b/mod.rs", ""), ("c.rs", "")]);
    assert_eq!(right.cycles(), [[""; 0]; 0]);
    let circle = [
        lib,
        ("a.rs", "use crate::b::B;"),
        ("b/mod.rs", "fn f() { let _ = super::c::C::new(); }"),
        ("c.rs", "use crate::{a::{self, A}};"),
    ];
    let circle = graph(&circle);
    let cycles = circle.cycles();
    assert_eq!(cycles, [["a.rs", "b/mod.rs", "c.rs", "a.rs"]]);
    // In a macro, and through a re-export.
    for hidden in ["fn f() { println!(\"{}\", crate::a::X) }", "use crate::A;"] {
        let lib = ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;");
        let files = [lib, ("a.rs", "use crate::b::B;"), ("b/mod.rs", hidden), ("c.rs", "")];
        assert_eq!(graph(&files).cycles(), [["a.rs", "b/mod.rs", "a.rs"]], "{hidden}");
    }
}

#[test]
fn an_import_of_a_parents_own_item_is_found() {
    let lib = ("lib.rs", "mod parent;");
    let parent = "mod child;\nmod sibling;\npub use child::Child;\npub struct Own;\nuse std::fmt;";
    for (child, is_upward) in [
        ("use super::Own;", true),
        ("use super::*;", true),
        ("fn f() -> crate::parent::Own { crate::parent::Own }", true),
        ("#[derive(Debug)]\npub struct Child(super::Own);", true),
        ("use super::sibling::Sibling;", false),
        ("use super::sibling;\nuse super::fmt;", false),
        ("use std::super_thing;\n// use super::Own;\nconst TEXT: &str = \"super::Own\";", false),
        ("/// See [`super::Own`].\npub struct Child;", false),
        ("#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::parent::Own;\n}", false),
        ("#[cfg(test)]\nuse super::Own;\npub(super) struct Child;", false),
        ("mod inline {\n    use super::super::Own;\n}", true),
        ("mod inline {\n    use super::Child;\n}\nstruct Child;", false),
    ] {
        let files =
            [lib, ("parent/mod.rs", parent), ("parent/child.rs", child), ("parent/sibling.rs", "")];
        assert_eq!(!graph(&files).cycles().is_empty(), is_upward, "{child}");
    }
}

#[test]
fn a_parser_that_knows_sessions_is_found() {
    let lib =
        ("lib.rs", "pub mod dialect;\npub mod session;\npub mod store;\npub use store::Item;");
    let violations = |dialect: &str| {
        let files = [
            lib,
            ("dialect/mod.rs", "mod simple;"),
            ("dialect/simple.rs", dialect),
            ("session.rs", ""),
            ("store/mod.rs", "pub struct Item;"),
        ];
        core_violations(&graph(&files))
    };
    assert_eq!(violations(""), [""; 0]);
    assert_eq!(violations("use crate::Item;"), ["dialect/simple.rs imports store/mod.rs"]);
    let session = "fn f(_: crate::session::Session) {}";
    assert_eq!(violations(session), ["dialect/simple.rs imports session.rs"]);
}
