//! Documents: Markdown in which each heading of level 3 is a clause, and each fence marked
//! `vector` an example of it.

use std::{
    collections::HashSet,
    error::Error,
    fmt,
    ops::{Range, RangeInclusive},
};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::{
    Anatomy, Clause, Dialect, End, FORMAT, Level, MAX_SHARED, Part, Pattern, Step, Suite, Vector,
    pattern::check_repeat,
};

/// What is wrong with a document, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Error for DocumentError {}

type Result<T> = core::result::Result<T, DocumentError>;

fn fail<T>(line: usize, message: impl Into<String>) -> Result<T> {
    let message = message.into();
    Err(DocumentError { line, message })
}

impl Suite {
    /// Reads the document of `dialect`, whose file is called `name`.
    ///
    /// `spec/README.md` describes the notation.
    ///
    /// # Errors
    ///
    /// [`DocumentError`], at the first thing that is not in that notation: an id used twice, a
    /// clause without an example, an example that names an unknown clause, …
    pub fn from_document(dialect: &str, name: &str, markdown: &str) -> Result<Self> {
        let Some(known) = Dialect::by_name(dialect) else {
            return fail(1, format!("there is no dialect `{dialect}`"));
        };
        let newline = known.newline;
        let mut reader = Reader { markdown, newline, clauses: vec![], vectors: vec![], open: None };
        let mut heading: Option<(Range<usize>, String)> = None;
        let mut fence: Option<(Range<usize>, String, String)> = None;
        for (event, range) in Parser::new(markdown).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    reader.close_clause(range.start);
                    if level == HeadingLevel::H3 {
                        heading = Some((range, String::new()));
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    if let Some((range, text)) = heading.take() {
                        reader.clause(&range, &text)?;
                    }
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    reader.close_text(range.start);
                    fence = Some((range, info.to_string(), String::new()));
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some((range, info, body)) = fence.take()
                        && let Some(id) = info.strip_prefix("vector ")
                    {
                        reader.vector(range.start, id.trim(), &body)?;
                    }
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some((_, body)) = &mut heading {
                        body.push_str(&text);
                    }
                    if let Some((_, _, body)) = &mut fence {
                        body.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        reader.close_clause(markdown.len());
        let mut suite = Self {
            format: FORMAT,
            dialect: dialect.to_owned(),
            document: name.to_owned(),
            clauses: reader.clauses,
            vectors: reader.vectors,
        };
        suite.complete(known)?;
        Ok(suite)
    }

    /// Checks the references between clauses and vectors, and fills in what follows from them.
    fn complete(&mut self, dialect: &Dialect) -> Result<()> {
        let mut seen = HashSet::new();
        for clause in &self.clauses {
            if !seen.insert(clause.id.as_str()) {
                return fail(clause.line, format!("the clause `{}` stands twice", clause.id));
            }
        }
        let mut seen = HashSet::new();
        for vector in &mut self.vectors {
            if !seen.insert(vector.id.clone()) {
                return fail(vector.line, format!("the vector `{}` stands twice", vector.id));
            }
            let mut requires = vec![];
            for id in &vector.clauses {
                let Some(clause) = self.clauses.iter().find(|clause| clause.id == *id) else {
                    return fail(vector.line, format!("there is no clause `{id}`"));
                };
                vector.level = vector.level.min(clause.level);
                requires.extend_from_slice(&clause.requires);
            }
            requires.sort();
            requires.dedup();
            vector.requires = requires;
            vector.isolated = is_isolated(dialect, vector);
            let expects = vector.steps.iter().any(|step| matches!(step, Step::Expect(_)));
            if vector.level.is_none() && expects {
                let id = &vector.id;
                let message =
                    format!("the vector `{id}` shows an OPEN clause, and expects something");
                return fail(vector.line, message);
            }
        }
        for Clause { id, line, .. } in &self.clauses {
            if !self.vectors.iter().any(|vector| vector.clauses.contains(id)) {
                return fail(*line, format!("no vector shows the clause `{id}`"));
            }
        }
        Ok(())
    }
}

/// See [`Vector::isolated`].
fn is_isolated(dialect: &Dialect, vector: &Vector) -> bool {
    let sent = vector.sent();
    let mut expected = vec![];
    vector.expected().expand(&mut expected);
    let is_clean = |anatomy: Anatomy, length: usize| {
        anatomy.rest == length && !anatomy.messages.iter().any(|message| message.refused)
    };
    sent.len() > MAX_SHARED
        || !vector.expected().is_literal()
        || !is_clean((dialect.requests)(&sent), sent.len())
        || !is_clean((dialect.replies)(&expected), expected.len())
}

struct Reader<'d> {
    markdown: &'d str,
    newline: &'static str,
    clauses: Vec<Clause>,
    vectors: Vec<Vector>,
    /// The clause being read is the last one; its text begins here, and ends here if it has ended.
    open: Option<(usize, Option<usize>)>,
}

impl Reader<'_> {
    fn line_at(&self, offset: usize) -> usize {
        1 + self.markdown[..offset].matches('\n').count()
    }

    /// A heading such as `` `errors/count` SHOULD (errors) ``.
    fn clause(&mut self, range: &Range<usize>, heading: &str) -> Result<()> {
        let line = self.line_at(range.start);
        let mut words = heading.split_whitespace();
        let id = words.next().unwrap_or_default();
        check_id(line, id)?;
        let level = match words.next() {
            Some("MUST") => Some(Level::Must),
            Some("SHOULD") => Some(Level::Should),
            Some("MAY") => Some(Level::May),
            Some("OPEN") => None,
            _ => return fail(line, "expected MUST, SHOULD, MAY or OPEN after the clause's id"),
        };
        let rest: Vec<_> = words.collect();
        let rest = rest.join(" ");
        let requires = match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            None if rest.is_empty() => vec![],
            None => return fail(line, "expected the capabilities in parentheses, or nothing"),
        };
        let (id, text) = (id.to_owned(), String::new());
        self.clauses.push(Clause { id, level, requires, text, line });
        self.open = Some((range.end, None));
        Ok(())
    }

    /// The text of the clause ends at its first fence.
    fn close_text(&mut self, offset: usize) {
        if let Some((_, end @ None)) = &mut self.open {
            *end = Some(offset);
        }
    }

    fn close_clause(&mut self, offset: usize) {
        self.close_text(offset);
        if let (Some((start, Some(end))), Some(clause)) =
            (self.open.take(), self.clauses.last_mut())
        {
            let words: Vec<_> = self.markdown[start..end].split_whitespace().collect();
            clause.text = words.join(" ");
        }
    }

    fn vector(&mut self, offset: usize, id: &str, body: &str) -> Result<()> {
        let line = self.line_at(offset);
        check_id(line, id)?;
        let (true, Some(clause)) = (self.open.is_some(), self.clauses.last()) else {
            return fail(line, format!("the vector `{id}` stands outside all clauses"));
        };
        let mut vector = Vector {
            id: id.to_owned(),
            title: String::new(),
            clauses: vec![],
            level: Some(Level::Must),
            requires: vec![],
            isolated: false,
            steps: vec![],
            end: End::Clean,
            line,
        };
        for (index, text) in body.lines().enumerate() {
            read_line(&mut vector, line + 1 + index, text, self.newline)?;
        }
        if vector.title.is_empty() {
            return fail(line, format!("the vector `{id}` has no line `title: …`"));
        }
        if !vector.clauses.contains(&clause.id) {
            let message = format!("the vector `{id}` does not name the clause it stands under");
            return fail(line, message);
        }
        match vector.steps.last() {
            None => {
                return fail(line, format!("the vector `{id}` sends nothing and expects nothing"));
            }
            Some(Step::Wait(_)) => {
                return fail(line, format!("the vector `{id}` waits for nothing"));
            }
            Some(Step::Send(_) | Step::Expect(_)) => {}
        }
        self.vectors.push(vector);
        Ok(())
    }
}

fn check_id(line: usize, id: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.split('/').all(|part| !part.is_empty() && part.chars().all(good)) {
        return Ok(());
    }
    fail(line, format!("`{id}` is no id: expected words of a-z 0-9 - with / between them"))
}

/// Nobody has more patience with a test.
const WAITS: RangeInclusive<u32> = 1..=60;

fn read_line(vector: &mut Vector, line: usize, text: &str, newline: &str) -> Result<()> {
    if let Some(text) = text.strip_prefix('>') {
        let pattern = read_pattern(line, text, newline)?;
        for part in pattern.parts() {
            match part {
                Part::Bytes(_) | Part::Repeat(..) => {}
                Part::Same(name) if remembers(vector, name) => {}
                Part::Same(name) => return fail(line, format!("nothing was received as {name}")),
                Part::Text | Part::Number(_) => {
                    return fail(line, "what is sent cannot be {text} or a number");
                }
            }
        }
        match vector.steps.last_mut() {
            Some(Step::Send(last)) => join(last, &pattern),
            _ => vector.steps.push(Step::Send(pattern)),
        }
    } else if let Some(text) = text.strip_prefix('<') {
        let pattern = read_pattern(line, text, newline)?;
        match vector.steps.last_mut() {
            Some(Step::Expect(last)) => join(last, &pattern),
            Some(Step::Wait(_)) => return fail(line, "nothing is sent behind wait:"),
            _ => vector.steps.push(Step::Expect(pattern)),
        }
    } else {
        match text.split_once(": ") {
            Some(("title", title)) => title.clone_into(&mut vector.title),
            Some(("clauses", ids)) => {
                vector.clauses = ids.split(", ").map(ToOwned::to_owned).collect();
            }
            Some(("truncated", offset)) => match offset.parse() {
                Ok(offset) => vector.end = End::Truncated(offset),
                Err(_) => return fail(line, "expected an offset, in decimal digits"),
            },
            Some(("wait", seconds)) => {
                let digits = seconds.bytes().all(|byte| byte.is_ascii_digit());
                let seconds =
                    seconds.parse().ok().filter(|seconds| digits && WAITS.contains(seconds));
                match (seconds, vector.steps.last()) {
                    (None, _) => return fail(line, "expected 1 to 60 seconds"),
                    (Some(seconds), Some(Step::Expect(_))) => {
                        vector.steps.push(Step::Wait(seconds));
                    }
                    // Time that passes before a request was read says nothing.
                    (Some(_), _) => return fail(line, "wait: stands behind what is expected"),
                }
            }
            _ => {
                let known = "> < title: clauses: truncated: wait:";
                return fail(line, format!("`{text}` is none of {known}"));
            }
        }
    }
    Ok(())
}

/// Whether a number that was expected before has this name.
fn remembers(vector: &Vector, name: &str) -> bool {
    vector.expected().parts().contains(&Part::Number(name.to_owned()))
}

fn join(last: &mut Pattern, next: &Pattern) {
    *last = Pattern::new(last.parts().iter().chain(next.parts()).cloned());
}

/// Reads what follows `>` or `<`: nothing, or a space and text.
fn read_pattern(line: usize, text: &str, newline: &str) -> Result<Pattern> {
    let text = match text.strip_prefix(' ') {
        Some(text) => text,
        None if text.is_empty() => text,
        None => return fail(line, "expected a space after > or <"),
    };
    let (mut text, ends) = match text.strip_suffix("\\c") {
        Some(text) => (text, false),
        None => (text, true),
    };
    let mut parts = vec![];
    while let Some(first) = text.chars().next() {
        if first == '{' {
            let Some((inner, rest)) = text[1..].split_once('}') else {
                return fail(line, "a { without its }; a brace itself is written \\x7b");
            };
            parts.push(read_braces(line, inner)?);
            text = rest;
        } else {
            let length = text.find('{').unwrap_or(text.len());
            parts.push(Part::Bytes(unescape(line, &text[..length])?));
            text = &text[length..];
        }
    }
    if ends {
        parts.push(Part::Bytes(newline.as_bytes().to_vec()));
    }
    Ok(Pattern::new(parts))
}

/// `text`, or `number` and a name, or a name, or a count, `*`, and what is repeated.
fn read_braces(line: usize, inner: &str) -> Result<Part> {
    if inner == "text" {
        return Ok(Part::Text);
    }
    if let Some((times, bytes)) = inner.split_once('*')
        && let Ok(times) = times.parse()
    {
        let bytes = unescape(line, bytes)?;
        return match check_repeat(&bytes, times) {
            Ok(()) => Ok(Part::Repeat(bytes, times)),
            Err(message) => fail(line, message),
        };
    }
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    match inner.strip_prefix("number ") {
        Some(name) if is_name(name) => Ok(Part::Number(name.to_owned())),
        None if is_name(inner) => Ok(Part::Same(inner.to_owned())),
        _ => {
            let known = "{text}, {number name}, {name} or {count*bytes}";
            fail(line, format!("`{{{inner}}}` is none of {known}"))
        }
    }
}

fn unescape(line: usize, text: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let byte = match c {
            '\\' => {
                let (byte, length) = match rest.as_bytes() {
                    [b'\\', ..] => (Some(b'\\'), 1),
                    [b'n', ..] => (Some(b'\n'), 1),
                    [b'r', ..] => (Some(b'\r'), 1),
                    [b'x', ..] => (rest.get(1..3).and_then(hex), 3),
                    _ => (None, 0),
                };
                rest = rest.get(length..).unwrap_or_default();
                byte
            }
            ' '..='~' => u8::try_from(c).ok(),
            _ => None,
        };
        let Some(byte) = byte else {
            return fail(line, "expected printable ASCII, and \\\\ \\n \\r \\xNN");
        };
        bytes.push(byte);
    }
    Ok(bytes)
}

fn hex(digits: &str) -> Option<u8> {
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all.then(|| u8::from_str_radix(digits, 16).ok())?
}
