//! What is probably wrong, where the replies are those of a well-known bug.

mod bug;
mod bytes;
mod keys;
mod values;

use super::failed::FailedExchange;
use crate::{
    delivery::Delivery,
    dialect::Dialect,
    exchange::Ending,
    script::{Place, Script},
    splits::chunks,
};
use bug::Bug;
use bytes::{has, replies, without_cr};
use keys::wrong_keys;
use values::{trimmed_value, wrong_value};

/// The bug that a failure shows, if it is a well-known one. They are tried in an order in which the
/// first that fits is the most probable.
pub fn diagnose(dialect: &Dialect, failed: &FailedExchange) -> Option<Bug> {
    let FailedExchange { script, cuts, outcome, .. } = failed;
    let got = &outcome.got[..];
    let expected = &script.expected.bytes[..];
    let always = failed.is_deterministic();
    let crashed = matches!(outcome.ending, Ending::Crashed(_));
    let split = failed.whole_passes && cuts.len() == 1;
    let sent = script.before_probe();
    let mut ends = [&cuts[..], &script.waits].concat();
    ends.sort_unstable();
    ends.dedup();
    let whole_chunks = chunks(sent, &ends);
    if let Ending::EarlyReply { .. } = outcome.ending
        && !split_line_answered(script, cuts, got)
    {
        return Some(Bug::EarlyReply);
    }
    if has(got, b"\r\n") {
        let bare = without_cr(got);
        if expected.starts_with(&bare[..bare.len().min(expected.len())]) {
            return Some(Bug::CrLf);
        }
    }
    if has(expected, b"\r\n") && without_cr(expected).starts_with(got) && !got.is_empty() {
        return Some(Bug::BareLf);
    }
    // A failure that is not deterministic, or a crash, may have another cause than the split.
    if let (true, [cut]) = (split && always && !crashed, cuts.as_slice()) {
        return Some(match script.place(*cut) {
            Place::CommandLine => Bug::SplitLineLost,
            Place::BeforeBlockEnd => Bug::SplitBlockEndLost,
            Place::BeforeBlock | Place::Block => Bug::SplitBlockLost,
            Place::BetweenRequests | Place::Skipped => Bug::OneReadIsOneCommand,
        });
    }
    if failed.whole_passes && failed.delivery == Delivery::Pipelined {
        return Some(Bug::OneReadIsOneCommand);
    }
    if let Ending::ClosedEarly { .. } = outcome.ending
        && script.expected.answers.first() == Some(&got.len())
        && expected.starts_with(got)
    {
        return Some(Bug::ClosedAfterFirst);
    }
    if let Ending::TimedOut { .. } = outcome.ending
        && got.is_empty()
        && failed.delivery == Delivery::Whole
        && script.waits.iter().all(|at| Some(*at) == script.probe)
    {
        return Some(Bug::NotFlushed);
    }
    if script.requests.len() > 2 && is_prefix_of_answers(script, got) {
        let firsts = first_requests(script, &whole_chunks);
        if replies(dialect, &firsts).is_some_and(|answer| answer == got) {
            return Some(Bug::OneReadIsOneCommand);
        }
    }
    if got.len() >= 2 * outcome.matched
        && outcome.ending == Ending::ExtraBytes
        && twice(script, got)
    {
        return Some(Bug::ReplyTwice);
    }
    wrong_value(script, got, outcome.matched)
        .or_else(|| wrong_keys(dialect, script, got))
        .or_else(|| trimmed_value(script, got))
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
    let inside = cuts.iter().any(|cut| script.place(*cut) == Place::CommandLine);
    inside && has(got, b"ERROR")
}

fn twice(script: &Script, got: &[u8]) -> bool {
    let first = script.expected.answers.first().copied().unwrap_or_default();
    let answer = &script.expected.bytes[..first];
    !answer.is_empty() && got.starts_with(&answer.repeat(2))
}
