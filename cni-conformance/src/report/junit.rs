//! For a CI system: JUnit's XML. A failure that was expected counts as skipped there,
//! because CI systems know nothing else that is neither red nor green.

use std::fmt::Write;

use crate::Subject;
use crate::expectations::{Expectations, identity};
use crate::report::{Mark, reason};
use crate::run::Finished;

/// The whole run.
pub fn document(subject: &Subject, finished: &[Finished], expectations: &Expectations) -> String {
    let number = |wanted: &[Mark]| {
        finished
            .iter()
            .filter(|one| wanted.contains(&Mark::of(one, expectations)))
            .count()
    };
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuite name=\"cni-conformance {}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        escape(&subject.plugin.to_string_lossy()),
        finished.len(),
        number(&[Mark::Failed]),
        number(&[Mark::Known, Mark::NotApplicable]),
        finished
            .iter()
            .map(|one| one.elapsed.as_secs_f64())
            .sum::<f64>()
    );
    for one in finished {
        let _ = write!(
            text,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            one.case.level.as_str(),
            escape(&identity(one.case.number, one.version, one.case.name)),
            one.elapsed.as_secs_f64()
        );
        let seen = escape(reason(one).unwrap_or_default());
        let inner = match Mark::of(one, expectations) {
            Mark::Passed => {
                text.push_str("/>\n");
                continue;
            }
            Mark::Failed => format!(
                "<failure message=\"{}\">{seen}</failure>",
                escape(one.case.demand)
            ),
            Mark::Known => format!(
                "<skipped message=\"{}\"/>",
                escape(expectations.reason(one).unwrap_or_default())
            ),
            Mark::NotApplicable => format!("<skipped message=\"{seen}\"/>"),
        };
        let _ = writeln!(text, ">{inner}</testcase>");
    }
    text.push_str("</testsuite>\n");
    text
}

/// XML 1.0 has no way to write most control characters: they become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
