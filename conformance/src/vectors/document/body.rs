//! The lines of a vector in a document: `title:`, `clauses:`, `truncated:`, `wait:`, `>` and `<`.

use std::ops::RangeInclusive;

use super::{
    error::{Result, fail},
    notation::read_pattern,
};
use crate::vectors::{
    pattern::{Part, Pattern},
    vector::{End, Step, Vector},
};

/// The seconds that a vector may wait.
const WAITS: RangeInclusive<u32> = 1..=60;

/// Reads one line into `vector`.
pub fn read_line(vector: &mut Vector, line: usize, text: &str, newline: &str) -> Result<()> {
    if let Some(text) = text.strip_prefix('>') {
        let pattern = read_pattern(line, text, newline)?;
        for part in pattern.parts() {
            match part {
                Part::Bytes(_) | Part::Repeat(..) => {}
                Part::Same(name) if captures(vector, name) => {}
                Part::Same(name) => return fail(line, format!("nothing was received as {name}")),
                Part::Text | Part::Number(_) => {
                    return fail(line, "{text} and {number name} may only be expected, not sent");
                }
            }
        }
        match vector.steps.last_mut() {
            Some(Step::Send(last)) => join(last, &pattern),
            _ => vector.steps.push(Step::Send(pattern)),
        }
    } else if let Some(text) = text.strip_prefix('<') {
        let pattern = read_pattern(line, text, newline)?;
        match vector.steps.last_mut() {
            Some(Step::Expect(last)) => join(last, &pattern),
            Some(Step::Wait(_)) => return fail(line, "nothing is sent after wait:"),
            _ => vector.steps.push(Step::Expect(pattern)),
        }
    } else {
        match text.split_once(": ") {
            Some(("title", title)) => title.clone_into(&mut vector.title),
            Some(("clauses", ids)) => {
                vector.clauses = ids.split(", ").map(ToOwned::to_owned).collect();
            }
            Some(("truncated", offset)) => match offset.parse() {
                Ok(offset) => vector.end = End::Truncated(offset),
                Err(_) => return fail(line, "expected truncated: OFFSET, in decimal digits"),
            },
            Some(("wait", seconds)) => {
                let digits = seconds.bytes().all(|byte| byte.is_ascii_digit());
                let seconds =
                    seconds.parse().ok().filter(|seconds| digits && WAITS.contains(seconds));
                match (seconds, vector.steps.last()) {
                    (None, _) => return fail(line, "expected wait: SECONDS, from 1 to 60"),
                    (Some(seconds), Some(Step::Expect(_))) => {
                        vector.steps.push(Step::Wait(seconds));
                    }
                    // Time that passes before a request was read says nothing.
                    (Some(_), _) => return fail(line, "wait: comes after expected bytes"),
                }
            }
            _ => {
                let known = "> < title: clauses: truncated: wait:";
                return fail(line, format!("unknown line `{text}`: expected one of {known}"));
            }
        }
    }
    Ok(())
}

/// Whether a number that was expected before is captured by this name.
fn captures(vector: &Vector, name: &str) -> bool {
    vector.expected().parts().contains(&Part::Number(name.to_owned()))
}

fn join(last: &mut Pattern, next: &Pattern) {
    *last = Pattern::new(last.parts().iter().chain(next.parts()).cloned());
}
