//! Bytes as text: in reports, in documents, and in commands for a shell.

/// Bytes as reports show them: printable ASCII, `\n`, `\r`, `\t`, `\\`, and `\xNN` for every other
/// byte.
///
/// ```
/// assert_eq!(memwire_conformance::text::escape(b"get k\r\n\xff"), r"get k\r\n\xff");
/// ```
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let short = |byte| match byte {
        b'\n' => Some("\\n"),
        b'\r' => Some("\\r"),
        b'\t' => Some("\\t"),
        b'\\' => Some("\\\\"),
        _ => None,
    };
    write_escaped(bytes, short, |byte| format!("\\x{byte:02x}"))
}

/// Bytes in the notation of documents, in which braces have a meaning of their own.
pub(crate) fn escape_notation(bytes: &[u8]) -> String {
    let short = |byte| match byte {
        b'\n' => Some("\\n"),
        b'\r' => Some("\\r"),
        b'\\' => Some("\\\\"),
        b'{' => Some("\\x7b"),
        b'}' => Some("\\x7d"),
        _ => None,
    };
    write_escaped(bytes, short, |byte| format!("\\x{byte:02x}"))
}

/// A command that writes these bytes, for the `printf` of any shell.
pub(crate) fn printf(bytes: &[u8]) -> String {
    let short = |byte| match byte {
        b'\n' => Some("\\n"),
        b'\r' => Some("\\r"),
        b'\\' => Some("\\\\"),
        b'%' => Some("%%"),
        b'\'' => Some("'\\''"),
        _ => None,
    };
    let format = write_escaped(bytes, short, |byte| format!("\\{byte:03o}"));
    format!("printf '{format}'")
}

/// An argument in single quotes, for a shell.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writes what has a `short` form so, other printable ASCII as it is, and the rest with `long`.
fn write_escaped(
    bytes: &[u8],
    short: impl Fn(u8) -> Option<&'static str>,
    long: impl Fn(u8) -> String,
) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match (short(*byte), byte) {
            (Some(form), _) => text.push_str(form),
            (None, b' '..=b'~') => text.push(char::from(*byte)),
            (None, _) => text.push_str(&long(*byte)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_escapes_what_its_reader_would_take_for_something_else() {
        let bytes = b"a\t{'%\\}\r\n\0\xff";
        assert_eq!(escape(bytes), r"a\t{'%\\}\r\n\x00\xff");
        assert_eq!(escape_notation(bytes), r"a\x09\x7b'%\\\x7d\r\n\x00\xff");
        assert_eq!(printf(bytes), r"printf 'a\011{'\''%%\\}\r\n\000\377'");
        assert_eq!(quote("it's"), r"'it'\''s'");
    }
}
