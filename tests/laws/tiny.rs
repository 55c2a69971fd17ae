//! A grammar whose words are one byte long, so that lines are short, blocks are not, and all is
//! reached from everywhere; and one that ends its blocks, and recovers, unlike `simple`.

use std::io::Write as _;

use memwire::{
    Limits,
    dialect::{Grammar, Line, Scanned, Value},
};

use super::{Checked, Told};

/// `+<n>` announces a block, `-<n>` one that is skipped; `-` with anything else is refused; all
/// else is a message. A line may end with CR LF.
///
/// With `RESYNC`, blocks end with LF. Without, they end with CR LF, and after a bad one it goes on
/// right behind the place of its CR LF.
#[derive(Debug)]
pub enum Tiny<const RESYNC: bool> {}

impl<const RESYNC: bool> Grammar for Tiny<RESYNC> {
    type Head = usize;
    type Refusal = &'static str;
    type Message<'m> = (&'m [u8], Value<'m>);

    const BLOCK_END: &'static [u8] = if RESYNC { b"\n" } else { b"\r\n" };
    const RESYNC: bool = RESYNC;
    const LONG_LINE: &'static str = "long line";

    fn bad_block(_: usize) -> &'static str {
        "bad block"
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<usize, &'static str> {
        let line = &line[..line.len() - 1];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number = |digits| str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
        match line {
            [b'+', digits @ ..] => match number(digits) {
                Some(size) if size <= limits.value => Line::Value(line.len(), size),
                Some(size) => Line::Refuse("too large", Some(size as u64)),
                None => Line::Refuse("no number", None),
            },
            [b'-', digits @ ..] => Line::Refuse("skipped", number(digits).map(|size| size as u64)),
            _ => Line::Done(line.len()),
        }
    }

    fn scan_common(text: &[u8], limits: &Limits) -> Option<Scanned<Self::Head>> {
        let lf = Self::line_end(text)?;
        let (head, block) = match Self::scan(&text[..=lf], limits) {
            Line::Done(head) => (head, None),
            Line::Value(head, size) => (head, Some(size)),
            Line::Refuse(..) => return None,
        };
        Some(Scanned { head, block, length: lf + 1 })
    }

    fn lend<'m>(head: usize, line: &'m [u8], value: Value<'m>) -> Self::Message<'m> {
        (&line[..head], value)
    }
}

impl<const RESYNC: bool> Checked for Tiny<RESYNC> {
    fn tell((line, value): &Self::Message<'_>, events: &mut Vec<u8>) {
        let (line, value) = (line.escape_ascii(), value.escape_ascii());
        writeln!(events, "{line} {value}").expect("a buffer grows");
    }

    fn account(_: &[u8], _: &Limits) -> Told {
        unimplemented!("it has no oracle")
    }
}
