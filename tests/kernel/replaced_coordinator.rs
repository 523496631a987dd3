//! plumb's `coordinator` beside the one that it replaces: what this leaves, by what is known of it, is made with ip(8) on one
//! node, what plumb leaves on another that is alike, and both are compared line by line. Its program needs an agent and a
//! cluster, so that it cannot run here.
//!
//! What may differ stands in `differences`, each with its reason, and for users in `docs/rails.md`. A way is a line as well:
//! the interface that a packet takes, by its source.

mod differences;
mod outcome;
mod scene;
mod seen;

use std::collections::BTreeSet;
use std::path::Path;

use differences::{DIFFERENCES, Effects};
use scene::Scene;

/// A pod with another primary interface and one or two rails, and one whose first interface is on the fabric.
const SCENES: [Scene; 3] = [Scene::Rails(1), Scene::Rails(2), Scene::First];

#[test]
fn what_it_leaves_differs_from_the_replaced_ones_as_listed() {
    let mut wrong = String::new();
    for scene in SCENES {
        // A node is its thread's.
        let [replaced, plumb] = [outcome::make as fn(Scene) -> _, scene::attach].map(|make| {
            let thread = std::thread::spawn(move || -> BTreeSet<String> { make(scene) });
            thread.join().expect("the node was made")
        });
        let mut listed = Effects::default();
        for difference in DIFFERENCES {
            let effects = (difference.effects)(scene);
            listed.replaced.extend(effects.replaced);
            listed.plumb.extend(effects.plumb);
        }
        for (whose, one, other, listed) in [
            ("Spiderpool's", &replaced, &plumb, &listed.replaced),
            ("plumb's", &plumb, &replaced, &listed.plumb),
        ] {
            let listed: BTreeSet<_> = listed.iter().cloned().collect();
            let found: BTreeSet<_> = one.difference(other).cloned().collect();
            for line in found.difference(&listed) {
                wrong += &format!("{scene:?}, {whose} alone: {line}\n");
            }
            for line in listed.difference(&found) {
                wrong += &format!("{scene:?}, listed as {whose} alone, but it is not: {line}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "differences that are not listed\n{wrong}");
}

#[test]
fn the_document_lists_the_differences_that_the_test_allows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rails.md");
    let text = std::fs::read_to_string(&path).expect("docs/rails.md is there");
    let (_, section) = text
        .split_once("\n### What differs from Spiderpool's\n")
        .expect("docs/rails.md has the section");
    let reported: Vec<&str> = section
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what |"))
        .collect();
    let listed: Vec<String> = DIFFERENCES
        .iter()
        .map(|one| {
            let (what, replaced, plumb, reason) = (one.what, one.replaced, one.plumb, one.reason);
            format!("| {what} | {replaced} | {plumb} | {reason} |")
        })
        .collect();
    assert_eq!(
        reported.join("\n"),
        listed.join("\n"),
        "the table of {} is not the list of tests/kernel/replaced_coordinator/differences.rs",
        path.display()
    );
}
