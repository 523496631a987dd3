//! What users read.

use std::path::Path;

use super::differences;

#[test]
fn the_document_lists_the_differences_that_the_tests_allow() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/differences.md");
    let text = std::fs::read_to_string(&path).expect("docs/differences.md is there");
    let reported: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what |"))
        .collect();
    let listed: Vec<String> = differences::all()
        .map(|difference| {
            format!(
                "| {} | {} | {} | {} | {} |",
                difference.what,
                difference.reference,
                difference.packaged,
                difference.plumb,
                difference.reason
            )
        })
        .collect();
    assert_eq!(
        reported.join("\n"),
        listed.join("\n"),
        "the table of {} is not the list of tests/differential/differences",
        path.display()
    );
}
