//! The report in TAP, version 14.

use std::fmt::Write as _;

use crate::results::{Results, Verdict};

/// The report in TAP (Test Anything Protocol), version 14.
#[must_use]
pub fn tap(results: &Results) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", results.vectors.len());
    for (index, result) in results.vectors.iter().enumerate() {
        let (number, id, verdict) = (index + 1, &result.id, result.verdict);
        let stale = result.known && verdict == Verdict::Pass;
        let ok = if verdict.is_failure() || stale { "not ok" } else { "ok" };
        let _ = write!(out, "{ok} {number} - {id}");
        let _ = match verdict {
            Verdict::Unsupported | Verdict::NotRun | Verdict::Recorded => {
                let note = result.note.as_deref().unwrap_or_default().replace('\n', " ");
                writeln!(out, " # SKIP {verdict}: {}", note.replace('#', "\\#"))
            }
            _ if result.known && !stale => writeln!(out, " # TODO a known failure"),
            _ => writeln!(out),
        };
        if stale {
            out.push_str("  ---\n  message: \"passes, but is listed as a known failure\"\n  ...\n");
        }
        let Some(failure) = &result.failure else { continue };
        out.push_str("  ---\n");
        // A JSON string is a YAML one.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        for (name, value) in [
            ("verdict", &verdict.to_string()),
            ("title", &result.title),
            ("at", &format!("{}:{}", results.document, result.line)),
            ("what", &failure.what),
            ("sent", &failure.sent.join(" | ")),
            ("expected", &failure.expected),
            ("got", &failure.got),
            ("hint", &failure.hint.clone().unwrap_or_default()),
            ("try", &failure.reproduce),
        ] {
            if !value.is_empty() {
                let _ = writeln!(out, "  {name}: {}", quoted(value));
            }
        }
        out.push_str("  ...\n");
    }
    out
}
