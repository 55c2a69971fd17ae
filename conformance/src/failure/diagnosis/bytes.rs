//! What the diagnoses look for in streams.

use memchr::memmem;

use crate::{dialect::Dialect, script::Script};

pub fn has(bytes: &[u8], part: &[u8]) -> bool {
    memmem::find(bytes, part).is_some()
}

/// With each CR LF replaced by LF.
pub fn without_cr(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// The values that are sent.
pub fn blocks(script: &Script) -> impl Iterator<Item = &[u8]> {
    script.requests.iter().filter(|request| !request.rejected).filter_map(|request| {
        script.stream.get(request.line_end + 1..request.decided.checked_sub(1)?)
    })
}

/// The replies of the dialect to a stream; `None` if that is too long to find out.
pub fn replies(dialect: &Dialect, stream: &[u8]) -> Option<Vec<u8>> {
    (stream.len() < 65_536).then(|| (dialect.answer)(stream))
}
