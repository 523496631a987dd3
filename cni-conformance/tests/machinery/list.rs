//! The cases as such, and how `list` shows them.

use std::collections::BTreeSet;

use cni_conformance::{Level, cases};
use serde_json::Value;

use super::script::conformance;

#[test]
fn numbers_ascend_and_names_are_unique() {
    let numbers: Vec<u16> = cases::all().map(|case| case.number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    let names: BTreeSet<&str> = cases::all().map(|case| case.name).collect();
    assert_eq!(names.len(), numbers.len());
}

#[test]
fn each_case_says_what_it_demands_and_who_says_so() {
    for case in cases::all() {
        assert!(case.demand.contains(' '), "{case:?}");
        assert!(!case.source.is_empty(), "{case:?}");
        assert!(
            !case.kinds.is_empty() && case.since <= case.until,
            "{case:?}"
        );
        // What must or should be is in a section of a document.
        let has_section = ["section ", "conventions", "specification "]
            .iter()
            .any(|word| case.source.starts_with(word));
        assert!(has_section || case.level == Level::Relied, "{case:?}");
    }
}

#[test]
fn a_name_is_one_word_that_an_expectation_file_can_have() {
    for case in cases::all() {
        let lower =
            |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "-.".contains(one);
        assert!(case.name.chars().all(lower), "{}", case.name);
    }
}

#[test]
fn list_shows_each_case_on_two_lines() {
    let output = conformance(&["list"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 2 * cases::all().count());
    for (case, lines) in cases::all().zip(lines.chunks(2)) {
        let words: Vec<&str> = lines[0].split_whitespace().collect();
        let number = case.number.to_string();
        assert_eq!(
            words[..3],
            [number.as_str(), case.name, case.level.as_str()]
        );
        assert!(lines[0].ends_with(case.source), "{}", lines[0]);
        assert_eq!(lines[1].trim(), case.demand);
    }
}

#[test]
fn list_as_json_has_the_same() {
    let output = conformance(&["list", "--json"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let list: Vec<Value> = serde_json::from_str(&output.stdout).expect("a list");
    assert_eq!(list.len(), cases::all().count());
    for (case, shown) in cases::all().zip(&list) {
        assert_eq!(shown["number"], case.number);
        assert_eq!(shown["name"], case.name);
        assert_eq!(shown["level"], case.level.as_str());
        assert_eq!(shown["source"], case.source);
        assert_eq!(shown["demand"], case.demand);
    }
}
