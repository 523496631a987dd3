//! What plumb refuses reaches ctr's user, and leaves nothing.

use cni_harness::Oracle;
use plumb_runtimes::{Containerd, Ctr, Host, network};

#[test]
fn an_exhausted_pool_is_explained() {
    let host = Host::new(&network::one_address());
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    let container = ctr.run("a");
    let one = Oracle::new(host.node());
    let refused = ctr.start("b").finish();
    refused.expect_failure(&network::EXHAUSTED);
    ctr.remove("b");
    one.assert_unchanged();
    ctr.kill("a");
    container.finish().expect_killed();
    clean.assert_unchanged();
}

#[test]
fn a_missing_parent_is_explained() {
    let host = Host::new(&network::without_parent());
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    let refused = ctr.start("a").finish();
    refused.expect_failure(&network::PARENT_MISSING);
    ctr.remove("a");
    clean.assert_unchanged();
}
