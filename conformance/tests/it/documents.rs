//! The notation of documents and vectors: what is read, and what is reported of what cannot be.

use memwire_conformance::{
    dialect::DIALECTS,
    vectors::{Captures, End, Level, Part, Pattern, Step, Suite, Vector},
};

fn read(markdown: &str) -> Result<Suite, String> {
    Suite::from_document("simple", "simple.md", markdown).map_err(|error| error.to_string())
}

/// A document of one clause and this vector.
fn vector(body: &str) -> Result<Suite, String> {
    read(&format!("### `a` MUST\n\nText.\n\n```vector a/b\n{body}\n```\n"))
}

fn pattern(line: &str) -> Result<Pattern, String> {
    let suite = vector(&format!("title: T\nclauses: a\n{line}"))?;
    let (Step::Send(pattern) | Step::Expect(pattern)) = suite.vectors[0].steps[0].clone() else {
        panic!("it begins with a wait");
    };
    Ok(pattern)
}

fn bytes(text: &[u8]) -> Part {
    Part::Bytes(text.to_vec())
}

#[test]
fn clauses_and_vectors() {
    let suite = read(
        "# Title\n\n### `a/one` MUST\n\nFirst *text*,\nof `two` lines.\n\n```vector v1\n\
         title: One\nclauses: a/one\n> get k\n< END\n```\n\nMore.\n\n## Section\n\nNot the clause's.\n\n\
         ### `a/two` SHOULD (errors, limits)\n\nSecond.\n\n```\n> no vector\n```\n\n```vector v2\n\
         title: Two\nclauses: a/two, a/one\ntruncated: 3\n> frob\n> \\c\n< {text}\n> get\\c\n```\n",
    );
    let suite = suite.expect("it is in the notation");
    let clauses: Vec<_> = suite
        .clauses
        .iter()
        .map(|clause| {
            (
                clause.id.as_str(),
                clause.level,
                clause.requires.join(" "),
                clause.text.as_str(),
                clause.line,
            )
        })
        .collect();
    assert_eq!(
        clauses,
        [
            ("a/one", Some(Level::Must), String::new(), "First *text*, of `two` lines.", 3),
            ("a/two", Some(Level::Should), "errors limits".to_owned(), "Second.", 21),
        ]
    );
    let [one, two] = &suite.vectors[..] else { panic!("two vectors") };
    assert_eq!((one.id.as_str(), one.title.as_str(), one.line), ("v1", "One", 8));
    assert_eq!((one.level, one.isolated, one.end), (Some(Level::Must), false, End::Clean));
    assert_eq!(
        one.steps,
        [
            Step::Send(Pattern::new([bytes(b"get k\n")])),
            Step::Expect(Pattern::new([bytes(b"END\n")])),
        ]
    );
    assert_eq!((two.level, two.isolated, two.end), (Some(Level::Should), true, End::Truncated(3)));
    assert_eq!(
        (two.requires.join(" "), two.clauses.join(" ")),
        ("errors limits".into(), "a/two a/one".into())
    );
    assert_eq!(two.sent(), b"frob\nget");
    assert_eq!(two.expected().parts(), [Part::Text, bytes(b"\n")]);
    assert_eq!(Suite::from_json(&suite.to_json()).expect("it can be read"), suite);
}

#[test]
fn bytes_in_the_notation() {
    let cases: &[(&str, &[Part])] = &[
        ("> get k", &[bytes(b"get k\n")]),
        (">", &[bytes(b"\n")]),
        ("> \\c", &[]),
        (">   two spaces more", &[bytes(b"  two spaces more\n")]),
        ("> a\\c", &[bytes(b"a")]),
        ("> \\\\ \\n \\r \\x00 \\xfF", &[bytes(b"\\ \n \r \0 \xff\n")]),
        ("> {3*ab}c", &[Part::Repeat(b"ab".to_vec(), 3), bytes(b"c\n")]),
        ("> x{0*}\\c", &[bytes(b"x"), Part::Repeat(vec![], 0)]),
        ("> {2*\\n*}", &[Part::Repeat(b"\n*".to_vec(), 2), bytes(b"\n")]),
        ("< a {text}", &[bytes(b"a "), Part::Text, bytes(b"\n")]),
        ("> }", &[bytes(b"}\n")]),
    ];
    for (line, parts) in cases {
        assert_eq!(
            pattern(line).map(|pattern| pattern.parts().to_vec()),
            Ok(parts.to_vec()),
            "{line}"
        );
    }
}

#[test]
fn patterns_match() {
    let pattern =
        Pattern::new([bytes(b"E "), Part::Text, bytes(b"\n"), Part::Repeat(b"ab".into(), 2)]);
    for good in ["E some words\nabab", "E \nabab"] {
        assert!(pattern.matches(good.as_bytes()), "{good:?}");
    }
    for bad in ["E x\naba", "E x\nababa", "Ex\nabab", "E x", "E x\ny\nabab", ""] {
        assert!(!pattern.matches(bad.as_bytes()), "{bad:?}");
    }
    let mut captures = Captures::new();
    assert_eq!(pattern.strip(b"E x\nabab rest", &mut captures), Some(&b" rest"[..]));
    assert!(!pattern.is_literal() && captures.is_empty());
    assert!(Pattern::default().matches(b"") && !Pattern::default().matches(b"x"));
}

#[test]
fn numbers_are_captured() {
    let lines = "title: T\nclauses: a\n> gets\n< {number u} {number v}\n< {u}.\n> cas {v}!\\c";
    let suite = vector(lines).expect("the notation");
    let vector = &suite.vectors[0];
    assert!(vector.is_interactive());
    assert_eq!(vector.sent(), b"gets\ncas 1!");
    let mut captures = Captures::new();
    let expected = vector.expected();
    assert_eq!(expected.strip(b"17 042\n17.\n", &mut captures), Some(&b""[..]));
    for bad in ["17 042\n042.\n", "17 \n17.\n", "x 1\nx.\n", "17 042\n1.\n", "17"] {
        assert!(!expected.matches(bad.as_bytes()), "{bad:?}");
    }
    let Step::Send(pattern) = &vector.steps[2] else { panic!("it sends") };
    let mut bytes = vec![];
    pattern.fill(&captures, &mut bytes);
    assert_eq!(bytes, b"cas 042!");
    assert_eq!(Suite::from_json(&suite.to_json()).expect("it can be read"), suite);
}

#[test]
fn time_passes_between_steps() {
    let lines = "title: T\nclauses: a\n> get k\n< END\nwait: 60\n> get k\n< END";
    let suite = vector(lines).expect("the notation");
    let vector = &suite.vectors[0];
    assert_eq!(vector.steps[2], Step::Wait(60));
    assert!(vector.takes_time() && vector.is_interactive());
    assert_eq!(vector.sent(), b"get k\nget k\n");
    assert!(suite.to_json().contains("\"wait\": 60"));
    assert_eq!(Suite::from_json(&suite.to_json()).expect("it can be read"), suite);
}

#[test]
fn errors_are_reported_with_their_line() {
    let good = "title: T\nclauses: a\n> get k";
    assert!(vector(good).is_ok());
    let cases = [
        (read("### `a` MUST\n\nText.\n"), 1, "no vector shows the clause `a`"),
        (read("### `A` MUST\n"), 1, "invalid id `A`"),
        (read("x\n\n### `a//b` MUST\n"), 3, "invalid id `a//b`"),
        (read("### `a`\n"), 1, "expected MUST, SHOULD, MAY or OPEN"),
        (read("### `a` WILL\n"), 1, "expected MUST, SHOULD, MAY or OPEN"),
        (read("### `a` MUST errors\n"), 1, "expected the capabilities in parentheses"),
        (read("x\n\n```vector v\n```\n"), 3, "the vector `v` is outside all clauses"),
        (vector("title: T\n> get k"), 5, "does not name the clause it stands under"),
        (vector("clauses: a\n> get k"), 5, "the vector `a/b` has no line `title: …`"),
        (vector("title: T\nclauses: a"), 5, "sends nothing and expects nothing"),
        (vector("title: T\nclauses: a, b\n> get k"), 5, "there is no clause `b`"),
        (vector(&format!("{good}\nfrob")), 9, "unknown line `frob`: expected one of"),
        (vector(&format!("{good}\ntruncated: x")), 9, "expected truncated: OFFSET"),
        (
            vector(&format!("{good}\n< END\nwait: 61\n> get k")),
            10,
            "expected wait: SECONDS, from 1 to 60",
        ),
        (
            vector(&format!("{good}\n< END\nwait: 0\n> get k")),
            10,
            "expected wait: SECONDS, from 1 to 60",
        ),
        (vector(&format!("{good}\nwait: 1\n> get k")), 9, "wait: comes after expected bytes"),
        (vector(&format!("{good}\n< END\nwait: 1\nwait: 1")), 11, "wait: comes after"),
        (
            vector(&format!("{good}\n< END\nwait: 1")),
            5,
            "the vector `a/b` waits, and then sends nothing",
        ),
        (vector(&format!("{good}\n< END\nwait: 1\n< END")), 11, "nothing is sent after wait:"),
        (
            vector(&format!("{good}\n< END\nwait: +1\n> get k")),
            10,
            "expected wait: SECONDS, from 1 to 60",
        ),
        (vector(&format!("{good}\n> {{u}}")), 9, "nothing was received as u"),
        (vector(&format!("{good}\n> {{number u}}")), 9, "may only be expected, not sent"),
        (vector(&format!("{good}\n< {{number U}}")), 9, "expected one of {text}, {number name}"),
        (vector(&format!("{good}\n>get")), 9, "expected a space after > or <"),
        (
            vector(&format!("{good}\n> {{text}}")),
            9,
            "{text} and {number name} may only be expected",
        ),
        (vector(&format!("{good}\n> {{3*a")), 9, "a { without a matching }"),
        (
            vector(&format!("{good}\n> {{a*3}}")),
            9,
            "expected one of {text}, {number name}, {name} or {count*bytes}",
        ),
        (vector(&format!("{good}\n> {{99999999*a}}")), 9, "a repetition of more than"),
        (vector(&format!("{good}\n> \\q")), 9, "expected printable ASCII"),
        (vector(&format!("{good}\n> \\x0")), 9, "expected printable ASCII"),
        (vector(&format!("{good}\n> \\x+1")), 9, "expected printable ASCII"),
        (vector(&format!("{good}\n> \u{e9}")), 9, "expected printable ASCII"),
        (vector(&format!("{good}\n> \t")), 9, "expected printable ASCII"),
        (vector(&format!("{good}\n> \\")), 9, "expected printable ASCII"),
        (
            read("### `a` OPEN\n\n```vector v\ntitle: T\nclauses: a\n> x\n< y\n```\n"),
            3,
            "shows an OPEN clause, and expects something",
        ),
        (
            read("### `a` MUST\n\n```vector v\ntitle: T\nclauses: a\n> x\n```\n\n### `a` MUST\n"),
            9,
            "the clause `a` is defined twice",
        ),
        (
            read(
                "### `a` MUST\n\n```vector v\ntitle: T\nclauses: a\n> x\n```\n\n```vector v\ntitle: T\nclauses: a\n> x\n```\n",
            ),
            9,
            "the vector `v` is defined twice",
        ),
        (
            Suite::from_document(
                "frob",
                "frob.md",
                "### `a` MUST\n\n```vector v\ntitle: T\nclauses: a\n> x\n```\n",
            )
            .map_err(|error| error.to_string()),
            1,
            "the file's name must be that of a dialect",
        ),
    ];
    for (result, line, message) in cases {
        let error = result.expect_err(message);
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(message), "{error}");
    }
}

#[test]
fn invalid_json_is_rejected() {
    let good = vector("title: T\nclauses: a\n> get k").expect("it is in the notation").to_json();
    let cases = [
        ("\"format\": 1", "\"format\": 2", "the vectors have format 2, expected 1"),
        ("get k\\n", "get \u{100}\\n", "it is past U+00FF"),
        ("\"MUST\"", "\"must\"", "unknown variant"),
        ("\"dialect\"", "\"dialects\"", "unknown field"),
        ("\"get k\\n\"", "[{\"repeat\": \"x\", \"times\": 99999999}]", "a repetition of more than"),
        ("\"get k\\n\"", "[{\"any\": \"thing\"}]", "did not match"),
    ];
    for (from, to, message) in cases {
        assert!(good.contains(from), "{from}");
        let error = Suite::from_json(&good.replacen(from, to, 1)).expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// What `Pattern::notation` writes is read as the same pattern.
#[test]
fn the_notation_is_written_as_it_is_read() {
    for dialect in DIALECTS {
        let lines = |sign: char, pattern: &Pattern| {
            let lines = pattern.notation(dialect.newline).into_iter();
            lines.fold(String::new(), |text, line| format!("{text}{sign} {line}\n"))
        };
        let suite = Suite::from_json(dialect.suite).expect("the vectors can be read");
        for Vector { id, steps, level, .. } in suite.vectors {
            let body: String = steps
                .iter()
                .map(|step| match step {
                    Step::Send(pattern) => lines('>', pattern),
                    Step::Expect(pattern) => lines('<', pattern),
                    Step::Wait(seconds) => format!("wait: {seconds}\n"),
                })
                .collect();
            let level = level.map_or("OPEN", Level::name);
            let document =
                format!("### `a` {level}\n\n```vector a/b\ntitle: T\nclauses: a\n{body}```\n");
            let read = Suite::from_document(dialect.name, "document.md", &document);
            let read = read.unwrap_or_else(|error| panic!("{id}: {error}\n{document}"));
            assert_eq!(read.vectors[0].steps, steps, "{id}");
        }
    }
}
