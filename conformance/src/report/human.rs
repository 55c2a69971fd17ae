//! The report for people, at a terminal or not.

use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

use anstyle::Style;

use super::style::{BAD, FAINT, GOOD, ODD, STRONG};
use crate::results::{Failure, Results, VectorResult, Verdict};

/// The report for people: each failure, and a summary. Its colours are escape sequences, which the
/// caller strips where they are not wanted.
#[must_use]
pub fn human(results: &Results) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, results);
    out
}

fn write(out: &mut String, results: &Results) -> fmt::Result {
    for result in results.failures() {
        failure(out, results, result)?;
    }
    for result in results.vectors.iter().filter(|result| result.verdict == Verdict::Recorded) {
        let (id, note) = (&result.id, result.note.as_deref().unwrap_or_default());
        writeln!(out, "{FAINT}recorded{FAINT:#} {id}: {note}")?;
    }
    for result in results.vectors.iter().filter(|result| result.verdict == Verdict::Pass) {
        if let (id, Some(note)) = (&result.id, &result.note) {
            writeln!(out, "{ODD}odd{ODD:#} {id}: {note}")?;
        }
    }
    for result in results.stale() {
        let id = &result.id;
        writeln!(out, "{BAD}stale{BAD:#} {id} passes, but is listed as a known failure")?;
    }
    summary(out, results)
}

fn failure(out: &mut String, results: &Results, result: &VectorResult) -> fmt::Result {
    let VectorResult { id, title, line, verdict, known, .. } = result;
    let style = if *known { ODD } else { BAD };
    let split = result.failure.as_ref().is_some_and(|failure| failure.only_when_split);
    let split = if split { " only when split" } else { "" };
    let known = if *known { " (known)" } else { "" };
    writeln!(out, "{style}{verdict}{split}{style:#}{known} {STRONG}{id}{STRONG:#}: {title}")?;
    for clause in &result.clauses {
        if let Some(clause) = results.clause(clause) {
            let level = clause.level.map_or("", |level| level.name());
            let (document, at) = (&results.document, clause.line);
            writeln!(
                out,
                "  {FAINT}{} {level} ({document}:{at}){FAINT:#} {}",
                clause.id, clause.text
            )?;
        }
    }
    writeln!(out, "  {FAINT}vector{FAINT:#} {}:{line}", results.document)?;
    if let Some(note) = &result.note {
        writeln!(out, "  {note}")?;
    }
    if let Some(failure) = &result.failure {
        details(out, failure)?;
    }
    writeln!(out)
}

fn details(out: &mut String, failure: &Failure) -> fmt::Result {
    writeln!(out, "  {}", failure.what)?;
    for (index, chunk) in failure.sent.iter().enumerate() {
        let label = if index == 0 { "sent    " } else { "  then  " };
        writeln!(out, "  {label} {chunk}")?;
    }
    let [expected_mark, got_mark] = failure.mark;
    line(out, "expected", &failure.expected, expected_mark, GOOD)?;
    line(out, "got     ", &failure.got, got_mark, BAD)?;
    let caret = 2 + 8 + 1 + got_mark;
    writeln!(
        out,
        "{:caret$}{BAD}^{BAD:#} {FAINT}byte {} of the replies{FAINT:#}",
        "", failure.difference
    )?;
    let [failed, times] = failure.failed;
    if failed < times {
        writeln!(out, "  {ODD}failed {failed} of {times} times{ODD:#}")?;
    }
    if let Some(hint) = &failure.hint {
        writeln!(out, "  {STRONG}hint{STRONG:#}     {hint}.")?;
    }
    writeln!(out, "  {FAINT}try{FAINT:#}      {}", failure.reproduce)
}

/// What stands after the mark is coloured.
fn line(out: &mut String, label: &str, text: &str, mark: usize, style: Style) -> fmt::Result {
    let at = text.char_indices().nth(mark).map_or(text.len(), |(at, _)| at);
    let (same, other) = text.split_at(at);
    writeln!(out, "  {label} {same}{style}{other}{style:#}")
}

fn summary(out: &mut String, results: &Results) -> fmt::Result {
    let failed = results.failures().filter(|result| !result.known).count();
    let known = results.failures().filter(|result| result.known).count();
    let passed = results.count(Verdict::Pass);
    let conversations: u64 = results
        .vectors
        .iter()
        .flat_map(|result| result.deliveries.values().map(|delivered| delivered.runs))
        .sum();
    let (style, word) = if results.passed() { (GOOD, "passed") } else { (BAD, "failed") };
    write!(out, "{style}{word}{style:#}: {passed} vectors pass, {failed} fail")?;
    for (count, what) in [
        (known, "fail and are known"),
        (results.stale().count(), "pass, but are listed as known failures"),
        (results.count(Verdict::Recorded), "recorded"),
        (results.count(Verdict::Unsupported), "unsupported"),
        (results.count(Verdict::NotRun), "not run"),
    ] {
        if count > 0 {
            write!(out, ", {count} {what}")?;
        }
    }
    writeln!(out)?;
    if !results.ran() {
        let notes: BTreeSet<_> =
            results.vectors.iter().filter_map(|result| result.note.as_deref()).collect();
        for note in notes {
            writeln!(out, "nothing was run: {note}")?;
        }
    }
    let split = results
        .failures()
        .filter(|result| result.failure.as_ref().is_some_and(|failure| failure.only_when_split));
    let split = split.count();
    if split > 0 {
        writeln!(out, "{split} fail only when split: they pass when sent in one chunk")?;
    }
    let mut hints: Vec<(&str, usize)> = vec![];
    for failure in results.failures().filter_map(|result| result.failure.as_ref()) {
        let Some(hint) = failure.hint.as_deref() else { continue };
        match hints.iter_mut().find(|(known, _)| *known == hint) {
            Some((_, count)) => *count += 1,
            None => hints.push((hint, 1)),
        }
    }
    for (hint, count) in hints.into_iter().filter(|(_, count)| *count > 1) {
        writeln!(out, "{count} vectors: {hint}")?;
    }
    let (name, seconds) = (&results.target.name, results.seconds);
    let level = results.level.map_or("all levels", |level| level.name());
    writeln!(
        out,
        "{FAINT}{name}, {} {level}, {conversations} conversations in {seconds:.1} s{FAINT:#}",
        results.dialect
    )
}
