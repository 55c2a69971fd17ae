//! A failure, described for people: where the stream was split, what happened, what is probably
//! wrong, and a command that sends the same bytes.

mod diagnosis;
mod excerpt;
mod failed;
mod reproduce;
mod summary;

use crate::{dialect::Dialect, exchange::Ending, results::Failure, script::Script, target::Target};
use diagnosis::diagnose;
use excerpt::{Excerpt, shown_chunks};
use reproduce::reproduce;
use summary::summary;

pub use failed::FailedExchange;

/// Describes a failure of the vector with this id. `again` is the script that the command for a
/// shell is to send.
pub fn describe(
    target: &Target,
    dialect: &Dialect,
    id: &str,
    failed: &FailedExchange,
    again: &Script,
) -> Failure {
    let FailedExchange { script, cuts, outcome, .. } = failed;
    let probed = script.expected.end_of(script.answers().saturating_sub(1));
    // The probe is shown only if the failure is in its reply.
    let hide_probe =
        script.probe.is_some() && outcome.at < probed && outcome.ending != Ending::ExtraBytes;
    let (stream, expected_end) = if hide_probe {
        (script.before_probe(), probed)
    } else {
        (&script.stream[..], script.expected.bytes.len())
    };
    // Nor is its reply.
    let shown = match (dialect.probe)("").1.as_bytes() {
        answer if hide_probe && outcome.got.len() >= outcome.matched + answer.len() => {
            outcome.got.strip_suffix(answer).unwrap_or(&outcome.got)
        }
        _ => &outcome.got,
    };
    let expected = Excerpt::of_expected(&script.expected, expected_end, outcome.at);
    let got = Excerpt::of_bytes(shown, outcome.matched);
    Failure {
        delivery: failed.delivery,
        only_when_split: failed.whole_passes && !cuts.is_empty(),
        cuts: cuts.clone(),
        what: summary(failed),
        sent: shown_chunks(stream, &script.breaks(cuts)),
        expected: expected.text,
        got: got.text,
        difference: outcome.matched,
        mark: [expected.mark, got.mark],
        failed: [failed.failures, failed.attempts],
        hint: diagnose(dialect, failed).map(|diagnosis| diagnosis.text().to_owned()),
        reproduce: reproduce(target, dialect, id, failed, again, stream.len()),
    }
}
