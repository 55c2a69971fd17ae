//! The vectors next to the documents are what the documents give, and documents agree.

use memwire_conformance::{dialect::DIALECTS, vectors::Suite};

use crate::paths::read;

#[test]
fn the_json_is_what_the_document_gives() {
    for dialect in DIALECTS {
        let (name, document) = (dialect.name, format!("{}.md", dialect.name));
        let suite = Suite::from_document(name, &document, &read(&format!("spec/{document}")));
        let json = suite.expect("the document is in its notation").to_json();
        assert!(
            json == read(&format!("spec/{name}.json")),
            "spec/{name}.json is stale: run `cargo run -- vectors generate spec/{name}.md`"
        );
    }
}

/// The README of the core's package is for where the repository is not; its example is the same.
#[test]
fn the_readmes_have_the_same_example() {
    let example = |document: &str| {
        let text = read(document);
        let (_, rest) = text.split_once("```rust\n").expect("an example");
        rest.split_once("```").expect("its end").0.to_owned()
    };
    assert_eq!(example("src/README.md"), example("README.md"));
}
