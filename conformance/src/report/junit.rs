//! The report in `JUnit`'s XML, as CI systems read it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::error::ReportError;
use crate::results::{Results, Verdict};

/// The report in `JUnit`'s XML, as CI systems read it.
///
/// # Errors
///
/// [`ReportError`], if the XML cannot be written.
pub fn junit(results: &Results) -> Result<String, ReportError> {
    let name = format!("memwire {} {}", results.dialect, results.target.name);
    let mut report = Report::new(name);
    report.set_time(Duration::from_secs_f64(results.seconds));
    let mut suite = TestSuite::new(results.dialect.as_str());
    for result in &results.vectors {
        let verdict = result.verdict;
        let mut status = match verdict {
            Verdict::Pass if result.known => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_type("stale");
                status.set_message("passes, but is listed as a known failure");
                status
            }
            Verdict::Pass => TestCaseStatus::success(),
            _ if !verdict.is_failure() || result.known => {
                let mut status = TestCaseStatus::skipped();
                let known = if result.known { "a known failure" } else { "" };
                status.set_message(result.note.as_deref().unwrap_or(known));
                status
            }
            Verdict::Crashed | Verdict::TimedOut => {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            }
            _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
        };
        if let (Some(failure), false) = (&result.failure, result.known) {
            status.set_type(verdict.to_string());
            status.set_message(failure.what.as_str());
            let hint = failure.hint.as_deref().unwrap_or("none");
            status.set_description(format!(
                "{}\nsent     {}\nexpected {}\ngot      {}\nhint     {hint}\ntry      {}",
                result.title,
                failure.sent.join("\n  then   "),
                failure.expected,
                failure.got,
                failure.reproduce
            ));
        }
        let mut case = TestCase::new(result.id.as_str(), status);
        case.set_classname(format!("{}.{}", results.dialect, results.document));
        case.set_time(Duration::from_secs_f64(result.seconds));
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.to_string().map_err(ReportError::new)
}
