//! Patterns in the notation of documents: read, and written.

use std::fmt::Write as _;

use super::error::{Result, fail};
use crate::{
    text::escape_notation,
    vectors::pattern::{Part, Pattern, check_repeat},
};

impl Pattern {
    /// The lines in which a document whose lines end with `newline` writes this pattern, without
    /// the `>` or `<` before each.
    ///
    /// ```
    /// use memwire_conformance::vectors::{Part, Pattern};
    ///
    /// let parts = [Part::Bytes(b"set k 3\n".to_vec()), Part::Repeat(b"a".to_vec(), 3)];
    /// assert_eq!(Pattern::new(parts).notation("\n"), ["set k 3", r"{3*a}\c"]);
    /// ```
    #[must_use]
    pub fn notation(&self, newline: &str) -> Vec<String> {
        let mut line = String::new();
        let mut lines = vec![];
        for part in self.parts() {
            match part {
                Part::Text => line.push_str("{text}"),
                Part::Number(name) => drop(write!(line, "{{number {name}}}")),
                Part::Same(name) => drop(write!(line, "{{{name}}}")),
                Part::Repeat(bytes, times) => {
                    // Writing to a string does not fail.
                    let _ = write!(line, "{{{times}*{}}}", escape_notation(bytes));
                }
                Part::Bytes(bytes) => {
                    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
                        match piece.strip_suffix(newline.as_bytes()) {
                            Some(text) => line.push_str(&escape_notation(text)),
                            None if piece.ends_with(b"\n") => {
                                line.push_str(&escape_notation(piece));
                                line.push_str("\\c");
                            }
                            None => {
                                line.push_str(&escape_notation(piece));
                                continue;
                            }
                        }
                        lines.push(std::mem::take(&mut line));
                    }
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            line.push_str("\\c");
            lines.push(line);
        }
        lines
    }
}

/// Reads what follows `>` or `<`: nothing, or a space and text.
pub fn read_pattern(line: usize, text: &str, newline: &str) -> Result<Pattern> {
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
                return fail(line, "a { without a matching }; a literal brace is written \\x7b");
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
            fail(line, format!("unknown placeholder `{{{inner}}}`: expected one of {known}"))
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
