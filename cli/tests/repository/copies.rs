//! Files that packages have copies of are the same as the originals.

use std::fs;

use crate::paths::{path, read};

#[test]
fn the_suites_of_the_conformance_package_are_current() {
    let copies = fs::read_dir(path("conformance/spec")).expect("the copies");
    let mut count = 0;
    for copy in copies {
        let name = copy.expect("an entry").file_name().into_string().expect("text");
        let (copy, original) = (format!("conformance/spec/{name}"), format!("spec/{name}"));
        assert!(read(&copy) == read(&original), "{copy} is stale: cp {original} {copy}");
        count += 1;
    }
    assert!(count >= 4, "only {count} copies");
}

#[test]
fn the_schemas_in_the_tests_are_current() {
    for (name, original) in [
        ("load.schema.json", "docs/load.schema.json"),
        ("result.schema.json", "spec/result.schema.json"),
    ] {
        let copy = format!("cli/tests/it/schemas/{name}");
        assert!(read(&copy) == read(original), "{copy} is stale: cp {original} {copy}");
    }
}

/// They are links, which packing follows.
#[test]
fn every_package_has_the_licences() {
    for package in ["testing", "conformance", "server", "cli"] {
        for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let copy = format!("{package}/{name}");
            assert!(read(&copy) == read(name), "{copy} is stale: ln -sf ../{name} {copy}");
        }
    }
}
