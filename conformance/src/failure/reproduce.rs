//! A shell command that sends the same bytes.

use std::fmt::Write as _;

use super::{excerpt::CHUNKS, failed::FailedExchange};
use crate::{
    dialect::Dialect,
    script::Script,
    splits::chunks,
    target::Target,
    text::{printf, quote},
};

/// The longest command that is worth showing, in bytes.
const COMMAND: usize = 1500;

/// A command that sends the first `length` bytes of `script`, split as in `failed`; or one that runs
/// the vector with this id again, if the bytes are too many or depend on replies.
pub fn reproduce(
    target: &Target,
    dialect: &Dialect,
    id: &str,
    failed: &FailedExchange,
    script: &Script,
    length: usize,
) -> String {
    let breaks = script.breaks(&failed.cuts);
    let chunks = chunks(&script.stream[..length.min(script.stream.len())], &breaks);
    let mut send = String::new();
    for (index, chunk) in chunks.iter().enumerate() {
        if let Some(at) = index.checked_sub(1).and_then(|index| breaks.get(index)) {
            let time = script.sleep_at(*at).map_or(0.1, |time| time.as_secs_f32());
            // Writing to a string does not fail.
            let _ = write!(send, "; sleep {time}; ");
        }
        send.push_str(&printf(chunk));
    }
    if chunks.len() > 1 {
        send = format!("({send})");
    }
    let is_fixed = script.placeholders.is_empty();
    if is_fixed && send.len() <= COMMAND && chunks.len() <= 4 * CHUNKS {
        return match target {
            Target::Stdio(command) => format!("{send} | {command}"),
            Target::Tcp(address) => {
                format!("{send} | nc {}", address.replacen(':', " ", 1))
            }
            Target::Spawn(command) => {
                let server = command.replace(Target::PORT, "11211");
                format!("{server} & sleep 1; {send} | nc 127.0.0.1 11211; kill $!")
            }
        };
    }
    let named = match target {
        Target::Stdio(command) => format!("--stdio {}", quote(command)),
        Target::Tcp(address) => format!("--tcp {address}"),
        Target::Spawn(command) => format!("--spawn {}", quote(command)),
    };
    let (dialect, delivery) = (dialect.name, failed.delivery);
    let mut command =
        format!("memwire conform {named} --dialect {dialect} --level may --split {delivery}");
    if delivery.is_alone() {
        let _ = write!(command, " --only {id}");
    }
    command
}
