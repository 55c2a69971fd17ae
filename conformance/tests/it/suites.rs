//! The suites: their JSON fits its schema, and they show every clause, and the origin's examples.

use memwire::{Limits, simulate};
use memwire_conformance::{
    dialect::{DIALECTS, SIMPLE},
    vectors::{Clause, End, Level, Suite},
};
use memwire_testing::oracle::simple;

fn simple_suite() -> Suite {
    Suite::from_json(SIMPLE.suite).expect("the vectors can be read")
}

#[test]
fn the_json_fits_its_schema() {
    let schema = include_str!("../../spec/vector.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut json = serde_json::Value::Null;
    for dialect in DIALECTS {
        json = serde_json::from_str(dialect.suite).expect("the vectors are JSON");
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", dialect.name);
    }
    // The schema is not one that everything fits.
    let wrong: [fn(&mut serde_json::Value); 6] = [
        |json| json["format"] = 2.into(),
        |json| json["more"] = 1.into(),
        |json| json["clauses"][0]["level"] = "MUSTN'T".into(),
        |json| json["vectors"][0]["id"] = "Not An Id".into(),
        |json| json["vectors"][0]["steps"][0] = serde_json::json!({ "send": "\u{100}" }),
        |json| json["vectors"][0]["end"] = "open".into(),
    ];
    for change in wrong {
        let good = json.clone();
        change(&mut json);
        assert!(!validator.is_valid(&json));
        json = good;
    }
}

#[test]
fn every_clause_has_a_vector_at_its_own_level() {
    for dialect in DIALECTS {
        let suite = Suite::from_json(dialect.suite).expect("the vectors can be read");
        for Clause { id, level, .. } in suite.clauses {
            let mut vectors = suite.vectors.iter();
            let shown = vectors.any(|vector| vector.level == level && vector.clauses.contains(&id));
            assert!(shown, "{id} is shown by no vector that is a {level:?}");
        }
    }
}

/// A MUST is only what the origin says of the streams that it calls valid.
#[test]
fn must_vectors_are_valid_streams_of_the_origin() {
    for vector in
        simple_suite().vectors.into_iter().filter(|vector| vector.level == Some(Level::Must))
    {
        let id = &vector.id;
        let stream = vector.sent();
        assert!(stream.len() <= 200_000, "{id} is longer than the origin's streams");
        assert!(vector.requires.iter().all(|name| name == "multiget"), "{id}");
        assert!(vector.expected().is_literal(), "{id}");
        assert_eq!(vector.end, End::Clean, "{id}");
        let transcript = simple::requests(&stream, &Limits::DEFAULT);
        for event in transcript.events {
            let Ok(request) = event.result else { panic!("{id} has a wrong request") };
            let line = stream[event.start..].split(|byte| *byte == b'\n').next();
            let line = String::from_utf8(line.expect("a line").to_vec()).expect("text");
            let words: Vec<_> = line.split_whitespace().collect();
            assert_eq!(words.join(" "), line, "{id}");
            let many = matches!(request, simple::Request::Get(keys) if keys.len() > 1);
            assert!(!many || !vector.requires.is_empty(), "{id} needs multiget");
        }
    }
}

#[test]
fn the_examples_of_the_origin_are_among_them() {
    #[derive(serde::Deserialize)]
    struct Example {
        part: u32,
        input: String,
        output: String,
    }
    let bytes = |text: &str| text.chars().map(|c| u8::try_from(c).expect("a byte")).collect();
    let examples: Vec<Example> =
        serde_json::from_str(include_str!("origin.json")).expect("the examples can be read");
    let vectors = simple_suite().vectors;
    for part in [1, 2] {
        assert_eq!(examples.iter().filter(|example| example.part == part).count(), 9);
    }
    for Example { part, input, output } in examples {
        let (input, output): (Vec<u8>, Vec<u8>) = (bytes(&input), bytes(&output));
        let shown = vectors
            .iter()
            .find(|vector| vector.sent() == input && vector.expected().matches(&output));
        let vector = shown.unwrap_or_else(|| panic!("part {part}: {}", input.escape_ascii()));
        assert_eq!(vector.level, Some(Level::Must), "{}", vector.id);
        assert!(vector.expected().is_literal(), "{}", vector.id);
        assert!(part == 2 || vector.requires.is_empty(), "{} is of part 1", vector.id);
        assert_eq!(simulate(&input), output);
    }
}
