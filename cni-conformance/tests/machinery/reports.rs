//! The reports for programs and for CI systems.

use std::path::PathBuf;

use cni_conformance::report::{json, junit};
use cni_conformance::run::Finished;
use cni_conformance::{Expectations, Kind, Subject, Version};
use roxmltree::{Document, Node};

use super::finished::{failed, finished, not_applicable};
use super::script::Stage;

/// What may stand in a plugin's output.
const STRANGE: &str = "it says <\"x\" & 'y'> ]]> \u{1}\u{b}\u{1b}[31m \u{7f} é\n\tlast\r\n";

fn subject() -> Subject {
    Subject {
        plugin: PathBuf::from("/opt/<cni> & \"bin\"/plugin"),
        configuration: serde_json::json!({}),
        kind: Kind::Chained,
        cni_path: String::new(),
        node_script: None,
        pod_script: None,
        state_script: None,
        stays: Vec::new(),
        versions: vec![Version::V0_4_0, Version::V1_1_0],
    }
}

/// One of each mark.
fn run() -> Vec<Finished> {
    vec![
        finished(101, Some(Version::V0_4_0), Ok(())),
        finished(102, Some(Version::V1_1_0), failed(STRANGE)),
        finished(601, Some(Version::V1_1_0), failed("known")),
        finished(955, None, not_applicable("it is \"chained\"")),
    ]
}

fn expectations() -> Expectations {
    Expectations::parse("601 undoes-add # leaves <the> \"bridge\" & its address\n").expect("parse")
}

fn junit_text() -> String {
    junit::document(&subject(), &run(), &expectations())
}

fn child<'text>(node: Node<'text, 'text>, name: &str) -> Node<'text, 'text> {
    node.children()
        .find(|child| child.has_tag_name(name))
        .unwrap_or_else(|| panic!("no {name} in {node:?}"))
}

#[test]
fn junit_has_the_numbers_of_the_run() {
    let text = junit_text();
    let document = Document::parse(&text).expect("well-formed XML");
    let suite = document.root_element();
    assert_eq!(suite.tag_name().name(), "testsuite");
    assert_eq!(
        suite.attribute("name"),
        Some("cni-conformance /opt/<cni> & \"bin\"/plugin")
    );
    assert_eq!(suite.attribute("tests"), Some("4"));
    assert_eq!(suite.attribute("failures"), Some("1"));
    assert_eq!(suite.attribute("skipped"), Some("2"));
    assert_eq!(suite.attribute("time"), Some("5.000"));
}

#[test]
fn junit_has_each_case_with_its_end() {
    let text = junit_text();
    let document = Document::parse(&text).expect("well-formed XML");
    let cases: Vec<Node> = document
        .root_element()
        .children()
        .filter(Node::is_element)
        .collect();
    let names: Vec<_> = cases.iter().map(|case| case.attribute("name")).collect();
    let expected = [
        "101@0.4.0 verbs-understood",
        "102@1.1.0 unknown-command",
        "601@1.1.0 undoes-add",
        "955 ipam-result",
    ];
    assert_eq!(names, expected.map(Some));
    assert!(
        cases
            .iter()
            .all(|case| case.attribute("time") == Some("1.250"))
    );
    assert_eq!(cases[2].attribute("classname"), Some("should"));
    assert!(!cases[0].children().any(|child| child.is_element()));
    let known = child(cases[2], "skipped").attribute("message");
    assert_eq!(known, Some("leaves <the> \"bridge\" & its address"));
    let skipped = child(cases[3], "skipped").attribute("message");
    assert_eq!(skipped, Some("it is \"chained\""));
}

/// XML 1.0 has no control characters but three, and makes one line end of two characters.
#[test]
fn junit_keeps_what_xml_can_hold() {
    let text = junit_text();
    let document = Document::parse(&text).expect("well-formed XML");
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"));
    let seen = failure
        .and_then(|failure| failure.text())
        .expect("a failure");
    assert!(
        seen.starts_with("it says <\"x\" & 'y'> ]]> \u{fffd}\u{fffd}\u{fffd}[31m "),
        "{seen:?}"
    );
    assert!(seen.contains(" é\n\tlast"), "{seen:?}");
    let forbidden = |one: char| one.is_control() && !['\n', '\t', '\r'].contains(&one);
    assert!(!text.contains(forbidden), "{text:?}");
}

#[test]
fn json_has_all_that_the_text_has() {
    let (subject, run, expectations) = (subject(), run(), expectations());
    let comparison = expectations.compare(&run);
    let document = json::document(&subject, &run, &expectations, &comparison);
    assert_eq!(document["plugin"], "/opt/<cni> & \"bin\"/plugin");
    assert_eq!(document["kind"], "chained");
    assert_eq!(document["versions"], serde_json::json!(["0.4.0", "1.1.0"]));
    assert_eq!(document["surprises"].as_array().map(Vec::len), Some(1));
    let cases = document["cases"].as_array().expect("a list");
    let of = |key: &str| {
        cases
            .iter()
            .map(|case| case[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("verdict"),
        ["passed", "failed", "failed-as-expected", "not-applicable"]
    );
    assert_eq!(of("number"), [101, 102, 601, 955]);
    assert_eq!(cases[0]["version"], "0.4.0");
    assert!(cases[3]["version"].is_null() && cases[0]["reason"].is_null());
    assert_eq!(cases[1]["reason"], STRANGE);
    assert_eq!(
        cases[2]["expected"],
        "leaves <the> \"bridge\" & its address"
    );
    assert_eq!(cases[0]["milliseconds"], 1250);
}

#[test]
fn the_program_writes_both_and_says_where_it_cannot() {
    let stage = Stage::new("reports", "printf '\\001<\"&%s' \"$CNI_COMMAND\"; exit 1");
    let (json, junit) = (stage.path("report.json"), stage.path("report.xml"));
    let output = stage.run(&["--json", &json, "--junit", &junit]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let document: serde_json::Value =
        serde_json::from_str(&stage.read("report.json")).expect("JSON");
    assert_eq!(document["cases"][0]["verdict"], "failed");
    let text = stage.read("report.xml");
    let document = Document::parse(&text).expect("well-formed XML");
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"));
    let seen = failure
        .and_then(|failure| failure.text())
        .expect("a failure");
    assert!(seen.contains("<\"&FOO"), "{seen}");
    let output = stage.run(&["--json", "/not/there/report.json"]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(
        output.stderr.contains("write /not/there/report.json"),
        "{output:?}"
    );
}
