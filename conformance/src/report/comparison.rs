//! A comparison of several results.

use std::fmt::Write as _;

use crate::results::{Results, Verdict};

/// The vectors on which several results do not agree, and how many each passes.
#[must_use]
pub fn comparison(all: &[&Results]) -> String {
    let mut out = String::new();
    let mut ids: Vec<&str> = vec![];
    for result in all.iter().flat_map(|results| &results.vectors) {
        if !ids.contains(&result.id.as_str()) {
            ids.push(&result.id);
        }
    }
    let verdict = |results: &Results, id: &str| {
        let result = results.vectors.iter().find(|result| result.id == id);
        result.map_or("-".to_owned(), |result| match &result.note {
            Some(note) if result.verdict == Verdict::Recorded => note.clone(),
            _ => result.verdict.to_string(),
        })
    };
    let mut same = 0;
    for id in &ids {
        let verdicts: Vec<_> = all.iter().map(|results| verdict(results, id)).collect();
        if verdicts.iter().all(|verdict| *verdict == verdicts[0]) {
            same += 1;
            continue;
        }
        // Writing to a string does not fail.
        let _ = writeln!(out, "{id}");
        for (results, verdict) in all.iter().zip(verdicts) {
            let _ = writeln!(out, "  {verdict:<12} {}", results.target.name);
        }
    }
    let _ = writeln!(out, "{same} of {} vectors have the same verdict everywhere", ids.len());
    for results in all {
        let (passed, failed) = (results.count(Verdict::Pass), results.failures().count());
        let _ = writeln!(out, "{passed} pass, {failed} fail: {}", results.target.name);
    }
    out
}
