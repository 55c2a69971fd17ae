//! Documents: Markdown in which each heading of level 3 is a clause, and each fence marked
//! `vector` an example of it.

mod body;
mod error;
mod notation;
mod reader;
mod references;

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::{
    dialect::{DIALECTS, Dialect},
    vectors::suite::{FORMAT, Suite},
};
use error::{Result, fail};
use reader::Reader;
use references::complete;

pub use error::DocumentError;

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
            let names: Vec<_> =
                DIALECTS.iter().map(|dialect| format!("{}.md", dialect.name)).collect();
            let names = names.join(", ");
            let message =
                format!("the file's name must be that of a dialect: expected one of {names}");
            return fail(1, message);
        };
        let mut reader = Reader::new(markdown, known.newline);
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
        complete(&mut suite, known)?;
        Ok(suite)
    }
}
