//! Pods that end in another order than they should, and a way back to the reference.

use super::attachment::Plugin::{Plumb, Reference};
use super::attachment::Release;
use super::cases::{self, Case};
use super::comparison::compare;
use super::course::{Course, End};

/// One version without `prevResult` at DEL, one with.
const VERSIONS: [&str; 2] = ["0.3.1", "1.0.0"];

fn cases() -> Vec<Case> {
    [cases::links(), cases::host_local(), cases::fixed()]
        .into_iter()
        .flatten()
        .filter(|case| {
            [
                "no mode",
                "mode passthru",
                "host-local",
                "static, gateway and routes",
            ]
            .contains(&case.name)
        })
        .collect()
}

fn ending(end: End) -> [Course; 2] {
    [Plumb, Reference].map(|attached_by| Course {
        attached_by,
        detached_by: Plumb,
        end,
        repeats: false,
    })
}

/// Runtimes do so when they have lost the namespace's path.
#[test]
fn del_without_a_namespace_releases_alike() {
    compare(&cases(), &ending(End::Unnamed), Release::Current, &VERSIONS);
}

/// The pod crashed, or the runtime removes the namespace first.
#[test]
fn del_after_the_namespace_releases_alike() {
    compare(
        &cases(),
        &ending(End::GoneBefore),
        Release::Current,
        &VERSIONS,
    );
}

/// plumb is taken off the node again, pods that it attached are still there.
#[test]
fn what_plumb_attached_is_detached_by_the_reference() {
    let course = Course {
        attached_by: Plumb,
        detached_by: Reference,
        end: End::Deleted,
        repeats: false,
    };
    compare(&cases(), &[course], Release::Current, &VERSIONS);
}
