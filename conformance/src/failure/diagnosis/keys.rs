//! Bugs that show in which keys are answered, and how.

use super::{bug::Bug, bytes::replies};
use crate::{dialect::Dialect, script::Script};

/// The bug that shows in which keys are answered.
pub fn wrong_keys(dialect: &Dialect, script: &Script, got: &[u8]) -> Option<Bug> {
    let expected = &script.expected.bytes[..];
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (got_lines, expected_lines) = (lines(got), lines(expected));
    let ends = |lines: &[Vec<u8>]| lines.iter().filter(|line| *line == b"END\n").count();
    let others = |lines: &[Vec<u8>]| -> Vec<Vec<u8>> {
        lines.iter().filter(|line| *line != b"END\n").cloned().collect()
    };
    if ends(&got_lines) > ends(&expected_lines) && others(&got_lines) == others(&expected_lines) {
        return Some(Bug::EndPerKey);
    }
    let mut sorted = [got_lines.clone(), expected_lines.clone()];
    for lines in &mut sorted {
        lines.sort();
    }
    if got_lines != expected_lines && sorted[0] == sorted[1] {
        return Some(Bug::KeyOrder);
    }
    let changed = |keep: fn(&[Vec<u8>]) -> Vec<Vec<u8>>| {
        replies(dialect, &keys_changed(script, keep)).is_some_and(|answer| answer == got)
    };
    if changed(|keys| keys.iter().take(1).cloned().collect()) {
        return Some(Bug::FirstKeyOnly);
    }
    if changed(|keys| {
        let mut seen = vec![];
        for key in keys {
            if !seen.contains(key) {
                seen.push(key.clone());
            }
        }
        seen
    }) {
        return Some(Bug::RepeatedKeyOnce);
    }
    let lower = replies(dialect, &script.stream.to_ascii_lowercase());
    if lower.is_some_and(|answer| {
        let answer = answer.to_ascii_lowercase();
        answer != expected.to_ascii_lowercase() && answer == got.to_ascii_lowercase()
    }) {
        return Some(Bug::CaseIgnored);
    }
    None
}

/// The stream with other keys in each request that has more than one.
fn keys_changed(script: &Script, keep: fn(&[Vec<u8>]) -> Vec<Vec<u8>>) -> Vec<u8> {
    let mut out = vec![];
    for request in &script.requests {
        let line = &script.stream[request.start..request.line_end];
        let words: Vec<Vec<u8>> = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        if !request.rejected && request.decided == request.line_end + 1 && words.len() > 2 {
            out.extend_from_slice(&words[0]);
            for key in keep(&words[1..]) {
                out.push(b' ');
                out.extend_from_slice(&key);
            }
            out.push(b'\n');
        } else {
            out.extend_from_slice(&script.stream[request.start..request.resumes]);
        }
    }
    out
}
