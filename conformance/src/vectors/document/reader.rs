//! The headings and fences of a document, as clauses and vectors.

use std::ops::Range;

use super::{
    body::read_line,
    error::{Result, fail},
};
use crate::vectors::{
    level::Level,
    suite::Clause,
    vector::{End, Step, Vector},
};

/// What was read of a document so far.
pub struct Reader<'d> {
    markdown: &'d str,
    newline: &'static str,
    pub clauses: Vec<Clause>,
    pub vectors: Vec<Vector>,
    /// The clause being read is the last one; its text begins here, and ends here if it has ended.
    open: Option<(usize, Option<usize>)>,
}

impl<'d> Reader<'d> {
    /// Reads a document whose lines end with `newline`.
    pub fn new(markdown: &'d str, newline: &'static str) -> Self {
        Self { markdown, newline, clauses: vec![], vectors: vec![], open: None }
    }

    fn line_at(&self, offset: usize) -> usize {
        1 + self.markdown[..offset].matches('\n').count()
    }

    /// A heading such as `` `errors/count` SHOULD (errors) ``.
    pub fn clause(&mut self, range: &Range<usize>, heading: &str) -> Result<()> {
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
    pub fn close_text(&mut self, offset: usize) {
        if let Some((_, end @ None)) = &mut self.open {
            *end = Some(offset);
        }
    }

    /// The clause ends with the section.
    pub fn close_clause(&mut self, offset: usize) {
        self.close_text(offset);
        if let (Some((start, Some(end))), Some(clause)) =
            (self.open.take(), self.clauses.last_mut())
        {
            let words: Vec<_> = self.markdown[start..end].split_whitespace().collect();
            clause.text = words.join(" ");
        }
    }

    /// A fence such as `` ```vector get/twice ``, and what is in it.
    pub fn vector(&mut self, offset: usize, id: &str, body: &str) -> Result<()> {
        let line = self.line_at(offset);
        check_id(line, id)?;
        let (true, Some(clause)) = (self.open.is_some(), self.clauses.last()) else {
            return fail(line, format!("the vector `{id}` is outside all clauses"));
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
                return fail(line, format!("the vector `{id}` waits, and then sends nothing"));
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
    fail(line, format!("invalid id `{id}`: expected words of a-z 0-9 - with / between them"))
}
