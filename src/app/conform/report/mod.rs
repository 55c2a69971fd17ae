//! What failed, in words, and the forms in which that is told.

use std::{fmt::Write as _, ops::Range};

use super::{
    check::{Checker, Fault},
    converse::Ending,
    hints,
    result::{Failure, Way},
    script::{Expected, Script},
    subject::Subject,
};
use crate::vectors::Vector;

pub(super) mod html;
pub(super) mod human;
pub(super) mod junit;
pub(super) mod tap;

/// So many bytes are shown before and behind what matters.
const AROUND: usize = 160;

/// So many chunks are shown one by one.
const CHUNKS: usize = 8;

/// A command longer than this, in bytes, is no use to anybody.
const COMMAND: usize = 1500;

pub(super) fn describe(checker: &Checker, vector: &Vector, fault: &Fault) -> Failure {
    let Fault { way, script, cuts, outcome, .. } = fault;
    // What is behind the vector is shown only if it is there that something is wrong.
    let probe = script.probe.filter(|_| {
        let before = script.expected.end_of(script.answers().saturating_sub(1));
        outcome.at < before && outcome.ending != Ending::Extra
    });
    let (stream, expected_end) = match probe {
        Some(at) => {
            (&script.stream[..at], script.expected.end_of(script.answers().saturating_sub(1)))
        }
        None => (&script.stream[..], script.expected.bytes.len()),
    };
    let (expected, expected_mark) = excerpt(expected_end, outcome.at, |text, range| {
        put_expected(&script.expected, text, range);
    });
    // Nor is its answer.
    let shown = match (checker.dialect.probe)("").1.as_bytes() {
        answer if probe.is_some() && outcome.got.len() >= outcome.fits + answer.len() => {
            outcome.got.strip_suffix(answer).unwrap_or(&outcome.got)
        }
        _ => &outcome.got,
    };
    let (got, got_mark) = excerpt(shown.len(), outcome.fits, |text, range| {
        text.push_str(&escaped(&shown[range]));
    });
    Failure {
        way: *way,
        only_when_split: fault.whole_passes && !cuts.is_empty(),
        cuts: cuts.clone(),
        what: what(fault),
        sent: shown_chunks(stream, &script.breaks(cuts)),
        expected,
        got,
        difference: outcome.fits,
        mark: [expected_mark, got_mark],
        failed: fault.failed,
        hint: hints::hint(checker.dialect, fault).map(ToOwned::to_owned),
        reproduce: reproduce(checker, vector, fault, stream.len()),
    }
}

fn what(fault: &Fault) -> String {
    let Fault { way, script, cuts, outcome, .. } = fault;
    let mut what = match cuts.as_slice() {
        [] => match (way, fault.behind.as_slice()) {
            (Way::Pipelined, [one]) => format!("behind {one}, in one chunk with it"),
            (Way::Pipelined, _) => "in one chunk with what follows it".to_owned(),
            (Way::Together, [one]) => format!("behind {one}, on the same connection"),
            (Way::Together, all) => {
                format!("as number {} on the same connection", all.len() + 1)
            }
            _ => "sent whole".to_owned(),
        },
        [cut] => format!("cut {}, behind byte {cut}", script.place(*cut)),
        cuts if fault.way == Way::Conversation => {
            let behind = fault.behind.len();
            format!("in a conversation of {} chunks, behind {behind} others", cuts.len() + 1)
        }
        cuts if cuts.len() <= CHUNKS => {
            let places: Vec<_> = cuts.iter().map(usize::to_string).collect();
            format!("cut behind bytes {}", places.join(", "))
        }
        cuts => format!("cut into {} chunks", cuts.len() + 1),
    };
    for (at, time) in &script.sleeps {
        // Writing to a string does not fail.
        let _ = write!(what, ", with a wait of {} seconds behind byte {at}", time.as_secs());
    }
    let all = script.stream.len();
    let answered = script.expected.answers.partition_point(|end| *end <= outcome.at);
    let answers = script.answers();
    let of = |sent: usize| {
        if sent == all { String::new() } else { format!(" behind byte {sent} of {all}") }
    };
    let _ = match &outcome.ending {
        Ending::Right | Ending::Wrong if outcome.fits == outcome.got.len() => {
            write!(what, ": the replies end too soon")
        }
        Ending::Right | Ending::Wrong => write!(what, ": wrong reply"),
        Ending::Early { sent } => {
            write!(what, ": a reply came behind byte {sent} of {all}, before what decides it")
        }
        Ending::Extra => write!(what, ": more came than what answers the requests"),
        Ending::TimedOut { sent } => {
            write!(what, ": {answered} of {answers} answers came in time{}", of(*sent))
        }
        Ending::Closed { sent } => {
            let of = of(*sent);
            let said = &outcome.said;
            write!(
                what,
                ": {answered} of {answers} answers came, then the connection ended{of}{said}"
            )
        }
        Ending::Crashed(how) => write!(what, ": {how}"),
    };
    what
}

/// Printable ASCII; everything else as an escape.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text
}

/// The first and last of what is too long.
fn shortened(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return escaped(bytes);
    }
    let (first, last) = (&bytes[..most / 2], &bytes[bytes.len() - most / 2..]);
    let left = bytes.len() - first.len() - last.len();
    format!("{}…({left} bytes)…{}", escaped(first), escaped(last))
}

fn shown_chunks(stream: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut chunks = chunks(stream, cuts);
    if chunks.len() > CHUNKS {
        chunks = vec![stream];
    }
    let most = 4 * AROUND / chunks.len().max(1);
    chunks.into_iter().map(|chunk| shortened(chunk, most.max(80))).collect()
}

pub(super) fn chunks<'s>(stream: &'s [u8], cuts: &[usize]) -> Vec<&'s [u8]> {
    let mut from = 0;
    let ends = cuts.iter().copied().filter(|cut| *cut < stream.len()).chain([stream.len()]);
    ends.map(|to| {
        let chunk = &stream[from..to];
        from = to;
        chunk
    })
    .collect()
}

/// What is around an offset, and where the offset is in that, in characters. `put` appends a range
/// of what there is up to `end`.
fn excerpt(end: usize, center: usize, put: impl Fn(&mut String, Range<usize>)) -> (String, usize) {
    let center = center.min(end);
    let from = center.saturating_sub(AROUND);
    let to = end.min(center + AROUND);
    let mut text = String::new();
    if from > 0 {
        let _ = write!(text, "({from} bytes)…");
    }
    put(&mut text, from..center);
    let mark = text.chars().count();
    put(&mut text, center..to);
    if to < end {
        let _ = write!(text, "…({} bytes)", end - to);
    }
    (text, mark)
}

fn put_expected(expected: &Expected, text: &mut String, range: Range<usize>) {
    for piece in expected.pieces(range) {
        match piece {
            Ok(bytes) => text.push_str(&escaped(bytes)),
            Err(any) => text.push_str(any),
        }
    }
}

/// For the `printf` of any shell.
fn printf(bytes: &[u8]) -> String {
    let mut text = String::from("printf '");
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b'%' => text.push_str("%%"),
            b'\'' => text.push_str("'\\''"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => drop(write!(text, "\\{byte:03o}")),
        }
    }
    text.push('\'');
    text
}

/// In single quotes, for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A command that says the same again, with keys that were never used.
fn reproduce(checker: &Checker, vector: &Vector, fault: &Fault, length: usize) -> String {
    let fresh;
    let script: &Script = match (&checker.subject, fault.way) {
        (Subject::Tcp(_), way) if way.is_alone() => {
            fresh = checker.fresh(vector);
            &fresh
        }
        _ => &fault.script,
    };
    let breaks = script.breaks(&fault.cuts);
    let chunks = chunks(&script.stream[..length.min(script.stream.len())], &breaks);
    let mut said = String::new();
    for (index, chunk) in chunks.iter().enumerate() {
        if let Some(at) = index.checked_sub(1).and_then(|index| breaks.get(index)) {
            let time = script.sleep_at(*at).map_or(0.1, |time| time.as_secs_f32());
            let _ = write!(said, "; sleep {time}; ");
        }
        said.push_str(&printf(chunk));
    }
    if chunks.len() > 1 {
        said = format!("({said})");
    }
    // What is sent may depend on what was received.
    let fixed = script.blanks.is_empty();
    if fixed && said.len() <= COMMAND && chunks.len() <= 4 * CHUNKS {
        return match &checker.subject {
            Subject::Stdio(command) => format!("{said} | {command}"),
            Subject::Tcp(address) => {
                format!("{said} | nc {}", address.replacen(':', " ", 1))
            }
            Subject::Spawn(command) => {
                let server = command.replace("{port}", "11211");
                format!("{server} & sleep 1; {said} | nc 127.0.0.1 11211; kill $!")
            }
        };
    }
    let subject = match &checker.subject {
        Subject::Stdio(command) => format!("--stdio {}", quoted(command)),
        Subject::Tcp(address) => format!("--tcp {address}"),
        Subject::Spawn(command) => format!("--spawn {}", quoted(command)),
    };
    let dialect = checker.dialect.name;
    let mut command =
        format!("memwire conform {subject} --dialect {dialect} --level may --split {}", fault.way);
    if fault.way.is_alone() {
        let _ = write!(command, " --only {}", vector.id);
    }
    command
}
