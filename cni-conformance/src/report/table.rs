//! For a reader who compares plugins: one column a run, one row a group of demands.

use std::fmt::Write;

use serde_json::Value;

use crate::Level;

const GROUPS: [(&str, std::ops::RangeInclusive<u64>); 10] = [
    ("environment", 101..=199),
    ("standard input", 201..=299),
    ("versions", 301..=399),
    ("output and errors", 401..=499),
    ("ADD and its result", 501..=599),
    ("DEL", 601..=699),
    ("CHECK, STATUS, GC", 701..=849),
    ("delegation", 851..=899),
    ("concurrency and deaths", 901..=949),
    ("runtimes", 971..=999),
];

/// The layout of results belongs to ADD for a reader.
const LAYOUT: std::ops::RangeInclusive<u64> = 951..=969;

/// A table of the runs, each with the name of its column.
pub fn markdown(runs: &[(String, Value)]) -> String {
    let mut text = String::from("| passed of asked |");
    for (name, _) in runs {
        let _ = write!(text, " {name} |");
    }
    let _ = write!(text, "\n|---|{}\n", "--:|".repeat(runs.len()));
    for (group, numbers) in &GROUPS {
        let holds = |case: &Value| {
            let number = case["number"].as_u64().unwrap_or_default();
            numbers.contains(&number) || (*numbers.start() == 501 && LAYOUT.contains(&number))
        };
        row(&mut text, group, runs, holds);
    }
    for level in [Level::Must, Level::Should, Level::Relied] {
        let holds = |case: &Value| case["level"] == level.as_str();
        row(&mut text, &format!("**{}**", level.as_str()), runs, holds);
    }
    text
}

fn row(text: &mut String, title: &str, runs: &[(String, Value)], holds: impl Fn(&Value) -> bool) {
    let _ = write!(text, "| {title} |");
    for (_, run) in runs {
        let asked: Vec<&Value> = run["cases"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|case| holds(case) && case["verdict"] != "not-applicable")
            .collect();
        let passed = asked
            .iter()
            .filter(|case| case["verdict"] == "passed")
            .count();
        let _ = match asked.len() {
            0 => write!(text, " – |"),
            asked => write!(text, " {passed} of {asked} |"),
        };
    }
    text.push('\n');
}
