//! The smallest components in Python: `make test-python`, because compiling one takes a minute of processor time each time.

mod support;

use support::{LARGE, assert_attaches, assert_sound, built, built_as, install};

/// An interpreter of 18 MB, which only an operator who allows a component to be large has compiled at all.
#[test]
fn python_attaches_a_pod() {
    let project = built("python");
    let file = format!("{}/target/smallest-python.wasm", project.display());
    assert_sound(&project, &file, LARGE);
    let node = plumb_tests::node();
    let said = install(&file, "smallest-python", LARGE);
    assert!(said.contains("large"), "{said}");
    assert_attaches(&node, "smallest-python");
}

#[test]
fn a_policy_in_python_is_sound() {
    let project = built_as("python", "policy");
    let file = format!("{}/target/smallest-python-policy.wasm", project.display());
    assert_sound(&project, &file, LARGE);
}
