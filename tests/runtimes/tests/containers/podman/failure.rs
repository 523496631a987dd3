//! What plumb refuses reaches podman's user, and leaves nothing.

use cni_harness::Oracle;
use plumb_runtimes::{Host, Podman, network};

#[test]
fn an_exhausted_pool_is_explained() {
    let host = Host::new(&network::one_address());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman.run("a", &["rail0"]).expect_success();
    let one = Oracle::new(host.node());
    podman
        .run("b", &["rail0"])
        .expect_failure(&network::EXHAUSTED);
    podman.remove("b");
    one.assert_unchanged();
    podman.remove("a");
    podman.run("b", &["rail0"]).expect_success();
    podman.remove("b");
    clean.assert_unchanged();
}

#[test]
fn a_missing_parent_is_explained() {
    let host = Host::new(&network::without_parent());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman
        .run("a", &["rail0"])
        .expect_failure(&network::PARENT_MISSING);
    podman.remove("a");
    clean.assert_unchanged();
}
