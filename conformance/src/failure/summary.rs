//! A failure in one line: where the stream was split, and what happened.

use std::fmt::Write as _;

use super::{excerpt::CHUNKS, failed::FailedExchange};
use crate::{delivery::Delivery, exchange::Ending};

/// The failure in one line.
pub fn summary(failed: &FailedExchange) -> String {
    format!("{}: {}", sent(failed), happened(failed))
}

/// How the stream was split.
fn sent(failed: &FailedExchange) -> String {
    let FailedExchange { delivery, script, cuts, preceding, .. } = failed;
    let mut sent = match cuts.as_slice() {
        [] => match (delivery, preceding.as_slice()) {
            (Delivery::Pipelined, [one]) => format!("after {one}, in one chunk with it"),
            (Delivery::Pipelined, _) => "in one chunk with what follows it".to_owned(),
            (Delivery::Together, [one]) => format!("after {one}, on the same connection"),
            (Delivery::Together, all) => {
                format!("after {} others on the same connection", all.len())
            }
            _ => "sent in one chunk".to_owned(),
        },
        [cut] => format!("split {}, after byte {cut}", script.place(*cut)),
        cuts if *delivery == Delivery::Conversation => {
            let others = preceding.len();
            format!("in a conversation of {} chunks, after {others} others", cuts.len() + 1)
        }
        cuts if cuts.len() <= CHUNKS => {
            let places: Vec<_> = cuts.iter().map(usize::to_string).collect();
            format!("split after bytes {}", places.join(", "))
        }
        cuts => format!("split into {} chunks", cuts.len() + 1),
    };
    for (at, time) in &script.sleeps {
        // Writing to a string does not fail.
        let _ = write!(sent, ", with a wait of {} seconds after byte {at}", time.as_secs());
    }
    sent
}

/// What the target did.
fn happened(failed: &FailedExchange) -> String {
    let FailedExchange { script, outcome, .. } = failed;
    let all = script.stream.len();
    let answered = script.expected.answers.partition_point(|end| *end <= outcome.at);
    let answers = script.answers();
    let after = |sent: usize| {
        if sent == all { String::new() } else { format!(" after byte {sent} of {all}") }
    };
    match &outcome.ending {
        Ending::Pass | Ending::Wrong if outcome.matched == outcome.got.len() => {
            "the replies are incomplete".to_owned()
        }
        Ending::Pass | Ending::Wrong => "wrong reply".to_owned(),
        Ending::EarlyReply { sent } => {
            format!("a reply came after byte {sent} of {all}, before the request was complete")
        }
        Ending::ExtraBytes => "more bytes came than the expected replies".to_owned(),
        Ending::TimedOut { sent } => {
            format!("{answered} of {answers} replies came in time{}", after(*sent))
        }
        Ending::ClosedEarly { sent } => {
            let (after, output) = (after(*sent), &outcome.last_output);
            format!(
                "{answered} of {answers} replies came, then the connection was closed{after}{output}"
            )
        }
        Ending::Crashed(how) => how.clone(),
    }
}
