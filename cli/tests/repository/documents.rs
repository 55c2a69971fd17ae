//! The vectors next to the documents are what the documents give.

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
