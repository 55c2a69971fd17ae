//! Bugs that show in the values of replies.

use memchr::memmem;

use super::{
    bug::Bug,
    bytes::{blocks, has},
};
use crate::script::Script;

/// Longer blocks hold too much that may be wrong.
const SMALL: usize = 256;

/// The bug that shows in a value, where only the first `matched` bytes of the replies are right.
pub fn wrong_value(script: &Script, got: &[u8], matched: usize) -> Option<Bug> {
    let expected = &script.expected.bytes[..];
    if expected.iter().any(|byte| *byte >= 0x80) {
        let marks: [&[u8]; 3] = [b"\xef\xbf\xbd", b"\xc2\x80", b"?"];
        if marks.iter().any(|mark| has(got, mark) && !has(expected, mark)) {
            return Some(Bug::Decoded);
        }
    }
    for block in blocks(script).filter(|block| block.contains(&b'\n') && matched < expected.len()) {
        let cut = block.split(|byte| *byte == b'\n').next()?;
        let joined: Vec<u8> = block.iter().copied().filter(|byte| *byte != b'\n').collect();
        if has(got, block) || joined.is_empty() {
            continue;
        }
        let cut_off = !cut.is_empty() && has(got, &[cut, b"\nEND\n"].concat());
        let read_on = block.len() < SMALL && has(got, b"ERROR");
        if cut_off || read_on || has(got, &[&joined[..], b"\n"].concat()) {
            return Some(Bug::NewlineInValue);
        }
    }
    if expected.iter().any(|byte| *byte >= 0x80) && got.len() + 1 >= expected.len() {
        return Some(Bug::LengthInCharacters);
    }
    let mut unended = expected.to_vec();
    for block in blocks(script).filter(|block| !block.is_empty()) {
        let place = [b"\n", block, b"\n"].concat();
        while let Some(at) = memmem::find(&unended, &place) {
            unended.remove(at + place.len() - 1);
        }
    }
    if unended != expected && got == unended {
        return Some(Bug::NoBlockEnd);
    }
    None
}

/// Whether the white space at an end of a value is missing.
pub fn trimmed_value(script: &Script, got: &[u8]) -> Option<Bug> {
    let trimmed = blocks(script).any(|block| {
        let rest = block.trim_ascii();
        let is_there = || has(got, &[rest, b"\nEND\n"].concat()) && !has(got, block);
        !rest.is_empty() && rest.len() < block.len() && is_there()
    });
    trimmed.then_some(Bug::ValueTrimmed)
}
