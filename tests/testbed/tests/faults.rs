//! An ADD that fails or dies at every one of its steps, and a DEL that dies.

use std::time::Duration;

use cni_harness::{Call, Outcome, Pod};
use plumb_testbed::configuration::{ib_sriov_with_everything, ipoib, sriov};
use plumb_testbed::faults::{MOMENTS, every_step, was_killed};
use plumb_testbed::{Bed, Setup, bed};
use plumb_tests::Faults;
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

/// Kills DEL before and after each undo; a second one finishes.
#[test]
fn del_is_killed_at_any_undo_and_the_next_finishes() {
    let bed = bed(INFINIBAND);
    for moment in MOMENTS {
        every_step(2, |number| {
            kill_del(&bed, |delete| {
                delete.fault(&format!("kill:{number}:{moment}")).run()
            })
        });
    }
}

/// The restoration of a function is one undo with many effects: kills DEL in the midst of them,
/// at moments that are spread over the time it takes.
#[test]
fn del_is_killed_at_any_time_and_the_next_finishes() {
    const KILLS: u32 = 16;
    let bed = bed(INFINIBAND);
    let mut whole = Duration::ZERO;
    kill_del(&bed, |delete| {
        let outcome = delete.run();
        whole = outcome.elapsed;
        outcome
    });
    let killed = (0..KILLS)
        .filter(|number| {
            kill_del(&bed, |delete| {
                let mut running = delete.start();
                std::thread::sleep(whole * *number / KILLS);
                running.kill();
                running.finish()
            })
        })
        .count();
    assert!(killed >= 8, "only {killed} kills struck, in {whole:?}");
}

/// Whether `delete` was killed; after a second DEL everything is as it was.
#[track_caller]
fn kill_del(bed: &Bed, delete: impl FnOnce(Call) -> Outcome) -> bool {
    let configuration = ib_sriov_configuration(bed);
    let before = bed.picture_without_pods();
    let pod = bed.pod();
    bed.add(&pod, &configuration);
    let outcome = delete(bed.call("DEL", &pod, &configuration));
    bed.delete(&pod, &configuration);
    let difference = before.settled_difference();
    assert!(difference.is_empty(), "{difference}{outcome}");
    pod.remove();
    was_killed(&outcome)
}
