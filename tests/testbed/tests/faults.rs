//! An ADD that fails or dies at every one of its steps.

use plumb_testbed::configuration::{ib_sriov_with_everything, ipoib, sriov};
use plumb_testbed::faults::{MOMENTS, every_step, was_killed};
use plumb_testbed::{Bed, Setup, bed};
use plumb_tests::Pod;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

/// One function is enough, and looked at quickly.
const INFINIBAND: Setup = Setup::INFINIBAND.with_functions(1);
const ETHERNET: Setup = Setup::ETHERNET.with_functions(1);

fn ib_sriov_configuration(bed: &Bed) -> Value {
    with(
        ib_sriov_with_everything(bed.function(0)),
        json!({"mtu": 2044, "rdmaDeviceName": "rail0"}),
    )
}

fn sriov_configuration(bed: &Bed) -> Value {
    with(
        sriov(bed.function(0)),
        json!({
            "mac": "02:00:00:00:0a:01", "vlan": 100, "trust": "on", "spoofchk": "off",
            "max_tx_rate": 100, "link_state": "enable", "mtu": 1400,
            "rdmaIsolation": true, "rdmaDeviceName": "rail0",
        }),
    )
}

fn ipoib_configuration(bed: &Bed) -> Value {
    let parent = bed.physical().netdev().expect("it has a netdev");
    with(ipoib(&parent), json!({"pkey": "0x8001", "mtu": 2044}))
}

/// Makes each step of ADD fail: everything is walked back at once, and neither a second ADD nor its
/// DEL takes what the failed one had set for the original.
#[track_caller]
fn fail_add(bed: &Bed, configuration: &Value, at_least: usize) {
    let pod = bed.pod();
    let before = bed.picture();
    every_step(at_least, |number| {
        let outcome = bed
            .call("ADD", &pod, configuration)
            .fault(&format!("fail:{number}"))
            .run();
        let failed = !outcome.succeeded();
        if failed {
            outcome.expect_failure();
            let difference = before.settled_difference();
            assert!(
                difference.is_empty(),
                "after a failure at step {number}:\n{difference}{outcome}"
            );
            bed.add(&pod, configuration);
        }
        bed.delete(&pod, configuration);
        let difference = before.settled_difference();
        assert!(
            difference.is_empty(),
            "after a failure at step {number}, a second ADD and its DEL:\n{difference}"
        );
        failed
    });
}

/// Kills ADD at each step, lets `recover` clean up, and wants everything as it was.
#[track_caller]
fn kill_add(
    bed: &Bed,
    configuration: &Value,
    moments: &[&str],
    at_least: usize,
    recover: impl Fn(&Bed, &Pod, &Value),
) {
    let before = bed.picture();
    for moment in moments {
        every_step(at_least, |number| {
            let pod = bed.pod();
            let outcome = bed
                .call("ADD", &pod, configuration)
                .fault(&format!("kill:{number}:{moment}"))
                .run();
            let killed = was_killed(&outcome);
            recover(bed, &pod, configuration);
            if std::path::Path::new(pod.path()).exists() {
                pod.remove();
            }
            let difference = before.settled_difference();
            assert!(
                difference.is_empty(),
                "after a kill at step {number} ({moment}):\n{difference}{outcome}"
            );
            killed
        });
    }
}

fn by_del(bed: &Bed, pod: &Pod, configuration: &Value) {
    bed.delete(pod, configuration);
}

fn by_gc(bed: &Bed, pod: &Pod, configuration: &Value) {
    pod.remove();
    bed.gc(configuration, &[]);
}

/// kubelet may try again with a new sandbox before anything was cleaned up.
fn by_the_next_pod(bed: &Bed, pod: &Pod, configuration: &Value) {
    pod.remove();
    let next = bed.pod();
    bed.add(&next, configuration);
    bed.delete(&next, configuration);
    next.remove();
    bed.delete(pod, configuration);
}

#[test]
fn ib_sriov_fails_at_any_step() {
    let bed = bed(INFINIBAND);
    fail_add(&bed, &ib_sriov_configuration(&bed), 6);
}

#[test]
fn sriov_fails_at_any_step() {
    let bed = bed(ETHERNET);
    fail_add(&bed, &sriov_configuration(&bed), 7);
}

#[test]
fn ipoib_fails_at_any_step() {
    let bed = bed(INFINIBAND);
    fail_add(&bed, &ipoib_configuration(&bed), 3);
}

#[test]
fn ib_sriov_is_killed_at_any_step_and_del_cleans_up() {
    let bed = bed(INFINIBAND);
    kill_add(&bed, &ib_sriov_configuration(&bed), &MOMENTS, 6, by_del);
}

#[test]
fn ib_sriov_is_killed_at_any_step_and_gc_cleans_up() {
    let bed = bed(INFINIBAND);
    kill_add(&bed, &ib_sriov_configuration(&bed), &["done"], 6, by_gc);
}

#[test]
fn ib_sriov_is_killed_at_any_step_and_the_next_pod_starts() {
    let bed = bed(INFINIBAND);
    kill_add(
        &bed,
        &ib_sriov_configuration(&bed),
        &["done"],
        6,
        by_the_next_pod,
    );
}

#[test]
fn sriov_is_killed_at_any_step_and_del_cleans_up() {
    let bed = bed(ETHERNET);
    kill_add(&bed, &sriov_configuration(&bed), &["done"], 7, by_del);
}

#[test]
fn sriov_is_killed_at_any_step_and_gc_cleans_up() {
    let bed = bed(ETHERNET);
    kill_add(&bed, &sriov_configuration(&bed), &["recorded"], 7, by_gc);
}

#[test]
fn ipoib_is_killed_at_any_step_and_del_cleans_up() {
    let bed = bed(INFINIBAND);
    kill_add(&bed, &ipoib_configuration(&bed), &["done"], 3, by_del);
}

#[test]
fn ipoib_is_killed_at_any_step_and_gc_cleans_up() {
    let bed = bed(INFINIBAND);
    kill_add(&bed, &ipoib_configuration(&bed), &["recorded"], 3, by_gc);
}

/// Kills DEL at each undo; a second one finishes.
#[test]
fn del_is_killed_at_any_undo_and_the_next_finishes() {
    let bed = bed(INFINIBAND);
    let configuration = ib_sriov_configuration(&bed);
    let before = bed.picture_without_pods();
    every_step(5, |number| {
        let pod = bed.pod();
        bed.add(&pod, &configuration);
        let outcome = bed
            .call("DEL", &pod, &configuration)
            .fault(&format!("kill:{number}:done"))
            .run();
        let killed = was_killed(&outcome);
        bed.delete(&pod, &configuration);
        let difference = before.settled_difference();
        assert!(
            difference.is_empty(),
            "after a kill at undo {number}:\n{difference}{outcome}"
        );
        pod.remove();
        killed
    });
}
