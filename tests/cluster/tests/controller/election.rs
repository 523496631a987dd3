//! Two replicas, of which one works.

use super::kubectl::{self, apply, delete, get, until};
use super::program::Controller;

fn holder() -> Option<String> {
    let lease = get(&["lease", "replicas", "--namespace", "plumb-system"])?;
    let holder = lease.pointer("/spec/holderIdentity")?.as_str()?;
    Some(holder.to_owned())
}

fn network(name: &str) -> String {
    format!(
        "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderMultusConfig
metadata: {{name: {name}, namespace: default}}
spec: {{cniType: macvlan, macvlan: {{master: [eth1]}}}}
"
    )
}

#[track_caller]
fn is_made(name: &str) {
    apply(&network(name));
    until("the attachment", || get(&["net-attach-def", name]));
    delete(&["smc", name]);
    delete(&["net-attach-def", name]);
}

#[test]
fn the_other_replica_works_when_one_is_killed_or_ends() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let first = Controller::start_replica("first", "replicas");
    first.says("first works from now on");
    let second = Controller::start_replica("second", "replicas");
    second.says("controller second has begun");
    assert_eq!(holder().as_deref(), Some("first"));
    is_made("of-first");
    assert!(!second.log().contains("works from now on"));
    first.kill();
    second.says("second works from now on");
    assert_eq!(holder().as_deref(), Some("second"));
    is_made("of-second");
    // One that ends gives the Lease back: the next one need not wait until it counts no more.
    let third = Controller::start_replica("third", "replicas");
    third.says("controller third has begun");
    second.terminate();
    let began = std::time::Instant::now();
    third.says("third works from now on");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn one_that_lost_the_lease_stops() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let controller = Controller::start("loser");
    controller.says("loser works from now on");
    let patch = r#"{"spec":{"holderIdentity":"somebody"}}"#;
    let lease = ["lease", "loser", "--namespace", "plumb-system"];
    kubectl::run(
        &[&["patch"], &lease[..], &["--type=merge", "-p", patch]].concat(),
        "",
    )
    .expect("patch");
    controller.says("loser does not work any more");
    delete(&lease);
}
