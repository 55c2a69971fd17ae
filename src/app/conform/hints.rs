//! What is probably the matter, where the answer is one that a well-known fault gives.

use memchr::memmem;

use super::{check::Fault, converse::Ending, report::chunks, result::Way, script::Script};
use crate::vectors::Dialect;

const ONE_READ: &str = "the server takes what one read gives it for one whole command. A read may \
    end anywhere, and may hold many commands: keep what is not complete, and go on for as long \
    as there is a complete command";
const SPLIT_LINE: &str = "a command line that comes in two pieces is lost or taken for two. Keep \
    what has no LF yet, and join it with the next read";
const SPLIT_BLOCK: &str = "a data block that comes in two pieces is lost. Count its bytes over as \
    many reads as it takes";
const SPLIT_END: &str = "the LF behind a value is lost if it comes in another read than the value. \
    It belongs to the block: wait for it as for the value's bytes";
const CR_LF: &str = "the replies end with CR LF; in this dialect lines end with LF alone";
const LF_ALONE: &str = "the replies end with LF alone; in this dialect lines end with CR LF";
const NEWLINE_IN_VALUE: &str = "the value is split at its newline, or a line is read where the \
    data block is. The count in the command line says how long a value is, whatever is in it";
const TEXT: &str = "the bytes of the value went through a character encoding. Values are bytes: \
    read and write them without decoding";
const CHARACTERS: &str = "the value's length is told in characters, not in bytes";
const ENDS: &str = "each key is answered with an END of its own; one END stands behind all of them";
const FIRST_KEY: &str = "only the first key of a get is answered";
const LAST_KEY: &str = "a key that is named twice is answered once";
const ORDER: &str = "the keys are answered in another order than that of the request";
const STRIPPED: &str = "white space at an end of the value is lost; every byte of it counts";
const EARLY: &str = "the reply is sent before the request is complete. A set is complete with the \
    LF behind its value, every other command with the LF of its line";
const CASE: &str = "keys are compared without regard to case";
const NO_FLUSH: &str = "the replies are kept in a buffer. Flush it when there is nothing more to \
    read";
const NO_END: &str = "the LF behind the value is missing; it is sent whatever the value ends with";
const TWICE: &str = "a reply is sent twice";
const FIRST_ONLY: &str = "the connection is closed after the first command";

/// Longer blocks hold too much that may be the matter.
const SMALL: usize = 256;

/// In the order in which they are tried; the first that fits is told.
pub(super) fn hint(dialect: &Dialect, fault: &Fault) -> Option<&'static str> {
    let Fault { script, cuts, outcome, .. } = fault;
    let got = &outcome.got[..];
    let expected = &script.expected.bytes[..];
    let always = fault.failed[0] == fault.failed[1];
    let crashed = matches!(outcome.ending, Ending::Crashed(_));
    let split = fault.whole_passes && cuts.len() == 1;
    let sent = &script.stream[..script.probe.unwrap_or(script.stream.len())];
    let mut ends = [&cuts[..], &script.waits].concat();
    ends.sort_unstable();
    ends.dedup();
    let whole_chunks = chunks(sent, &ends);
    if let Ending::Early { .. } = outcome.ending
        && !split_line_answered(script, cuts, got)
    {
        return Some(EARLY);
    }
    if has(got, b"\r\n") {
        let bare = without_cr(got);
        if expected.starts_with(&bare[..bare.len().min(expected.len())]) {
            return Some(CR_LF);
        }
    }
    if has(expected, b"\r\n") && without_cr(expected).starts_with(got) && !got.is_empty() {
        return Some(LF_ALONE);
    }
    // What does not always fail, or ends the process, may have another reason than the cut.
    if let (true, [cut]) = (split && always && !crashed, cuts.as_slice()) {
        return match script.place(*cut) {
            "inside a command line" => Some(SPLIT_LINE),
            "between a value and the LF behind it" => Some(SPLIT_END),
            "inside a data block" | "between a command line and its data block" => {
                Some(SPLIT_BLOCK)
            }
            _ => Some(ONE_READ),
        };
    }
    if fault.whole_passes && fault.way == Way::Pipelined {
        return Some(ONE_READ);
    }
    if let Ending::Closed { .. } = outcome.ending
        && script.expected.answers.first() == Some(&got.len())
        && expected.starts_with(got)
    {
        return Some(FIRST_ONLY);
    }
    if let Ending::TimedOut { .. } = outcome.ending
        && got.is_empty()
        && fault.way == Way::Whole
        && script.waits.iter().all(|at| Some(*at) == script.probe)
    {
        return Some(NO_FLUSH);
    }
    if script.requests.len() > 2 && is_prefix_of_answers(script, got) {
        let firsts = first_requests(script, &whole_chunks);
        if answers(dialect, &firsts).is_some_and(|answer| answer == got) {
            return Some(ONE_READ);
        }
    }
    if got.len() >= 2 * outcome.fits && outcome.ending == Ending::Extra && twice(script, got) {
        return Some(TWICE);
    }
    values(dialect, script, got, outcome.fits)
}

/// Hints about what is between `VALUE` and `END`.
fn values(dialect: &Dialect, script: &Script, got: &[u8], fits: usize) -> Option<&'static str> {
    let expected = &script.expected.bytes[..];
    if expected.iter().any(|byte| *byte >= 0x80) {
        let marks: [&[u8]; 3] = [b"\xef\xbf\xbd", b"\xc2\x80", b"?"];
        if marks.iter().any(|mark| has(got, mark) && !has(expected, mark)) {
            return Some(TEXT);
        }
    }
    for block in blocks(script).filter(|block| block.contains(&b'\n') && fits < expected.len()) {
        let cut = block.split(|byte| *byte == b'\n').next()?;
        let joined: Vec<u8> = block.iter().copied().filter(|byte| *byte != b'\n').collect();
        if has(got, block) || joined.is_empty() {
            continue;
        }
        let cut_off = !cut.is_empty() && has(got, &[cut, b"\nEND\n"].concat());
        let read_on = block.len() < SMALL && has(got, b"ERROR");
        if cut_off || read_on || has(got, &[&joined[..], b"\n"].concat()) {
            return Some(NEWLINE_IN_VALUE);
        }
    }
    if expected.iter().any(|byte| *byte >= 0x80) && got.len() + 1 >= expected.len() {
        return Some(CHARACTERS);
    }
    let mut unended = expected.to_vec();
    for block in blocks(script).filter(|block| !block.is_empty()) {
        let place = [b"\n", block, b"\n"].concat();
        while let Some(at) = memmem::find(&unended, &place) {
            unended.remove(at + place.len() - 1);
        }
    }
    if unended != expected && got == unended {
        return Some(NO_END);
    }
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (got_lines, expected_lines) = (lines(got), lines(expected));
    let ends = |lines: &[Vec<u8>]| lines.iter().filter(|line| *line == b"END\n").count();
    let others = |lines: &[Vec<u8>]| -> Vec<Vec<u8>> {
        lines.iter().filter(|line| *line != b"END\n").cloned().collect()
    };
    if ends(&got_lines) > ends(&expected_lines) && others(&got_lines) == others(&expected_lines) {
        return Some(ENDS);
    }
    let mut sorted = [got_lines.clone(), expected_lines.clone()];
    for lines in &mut sorted {
        lines.sort();
    }
    if got_lines != expected_lines && sorted[0] == sorted[1] {
        return Some(ORDER);
    }
    let changed = |keep: fn(&[Vec<u8>]) -> Vec<Vec<u8>>| {
        answers(dialect, &keys_changed(script, keep)).is_some_and(|answer| answer == got)
    };
    if changed(|keys| keys.iter().take(1).cloned().collect()) {
        return Some(FIRST_KEY);
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
        return Some(LAST_KEY);
    }
    let lower = answers(dialect, &script.stream.to_ascii_lowercase());
    if lower.is_some_and(|answer| {
        let answer = answer.to_ascii_lowercase();
        answer != expected.to_ascii_lowercase() && answer == got.to_ascii_lowercase()
    }) {
        return Some(CASE);
    }
    let stripped = blocks(script).any(|block| {
        let rest = block.trim_ascii();
        let is_there = || has(got, &[rest, b"\nEND\n"].concat()) && !has(got, block);
        !rest.is_empty() && rest.len() < block.len() && is_there()
    });
    if stripped {
        return Some(STRIPPED);
    }
    None
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    memmem::find(bytes, part).is_some()
}

fn without_cr(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// The values that are sent.
fn blocks(script: &Script) -> impl Iterator<Item = &[u8]> {
    script.requests.iter().filter(|request| !request.refused).filter_map(|request| {
        script.stream.get(request.line_end + 1..request.decided.checked_sub(1)?)
    })
}

/// What the dialect says to a stream; `None` if that is too much to find out.
fn answers(dialect: &Dialect, stream: &[u8]) -> Option<Vec<u8>> {
    (stream.len() < 65_536).then(|| (dialect.answer)(stream))
}

fn starts(bytes: &[u8], with: &[u8]) -> bool {
    !with.is_empty() && bytes.starts_with(with)
}

fn is_prefix_of_answers(script: &Script, got: &[u8]) -> bool {
    script.expected.answers.contains(&got.len()) && script.expected.bytes.starts_with(got)
}

/// Of each chunk, the request that it begins with.
fn first_requests(script: &Script, chunks: &[&[u8]]) -> Vec<u8> {
    let mut from = 0;
    let mut out = vec![];
    for chunk in chunks {
        if let Some(request) = script.requests.iter().find(|request| request.start == from) {
            out.extend_from_slice(&script.stream[request.start..request.resumes]);
        }
        from += chunk.len();
    }
    out
}

/// Whether a line was answered of which only a part was sent, as if it were a command.
fn split_line_answered(script: &Script, cuts: &[usize], got: &[u8]) -> bool {
    let inside = cuts.iter().any(|cut| script.place(*cut) == "inside a command line");
    inside && has(got, b"ERROR")
}

fn twice(script: &Script, got: &[u8]) -> bool {
    let first = script.expected.answers.first().copied().unwrap_or_default();
    let answer = &script.expected.bytes[..first];
    starts(got, &answer.repeat(2))
}

/// The stream with other keys in each request that has more than one.
fn keys_changed(script: &Script, keep: fn(&[Vec<u8>]) -> Vec<Vec<u8>>) -> Vec<u8> {
    let mut out = vec![];
    for request in &script.requests {
        let line = &script.stream[request.start..request.line_end];
        let words: Vec<Vec<u8>> = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        if !request.refused && request.decided == request.line_end + 1 && words.len() > 2 {
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
