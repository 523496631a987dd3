//! Many calls at once, and some of them killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cni_harness::{Call, Delegate, Node, Oracle, Pod, Running, result};
use plumb_tests::configuration::{delegated, dual_stack, host_local, pool, with};
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

/// Two cores have to serve all of them.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn fifty_pods_at_once_get_fifty_addresses_and_leave_nothing() {
    crowd(&dual_stack(), 41);
}

/// With the reference IPAM plugin.
#[test]
fn fifty_pods_at_once_work_with_host_local() {
    crowd(
        &with(delegated(host_local()), json!({"cniVersion": "1.0.0"})),
        50,
    );
}

/// The pool of the examples has 41 addresses: as many pods as fit succeed.
fn crowd(configuration: &Value, room: usize) {
    let node = plumb_tests::node();
    let pods: Vec<Pod> = (0..50).map(|_| node.pod()).collect();
    let clean = Oracle::new(&node);
    let mut addresses = BTreeSet::new();
    let mut attached = 0;
    for (pod, add) in pods
        .iter()
        .zip(start_all(&node, "ADD", &pods, configuration))
    {
        let outcome = add.finish();
        if !outcome.succeeded() {
            outcome.expect_error(101, "");
            continue;
        }
        attached += 1;
        for address in result::addresses(&outcome.expect_result()) {
            assert!(
                addresses.insert(address.clone()),
                "{address} was given out twice"
            );
            assert!(
                pod.addresses("eth0").contains(&address),
                "{address} is not on the interface"
            );
        }
    }
    assert_eq!(attached, room);
    for delete in start_all(&node, "DEL", &pods, configuration) {
        delete.finish().expect_silence();
    }
    clean.assert_unchanged();
}

/// One of them makes the store again, and none claims before that.
#[test]
fn many_pods_that_meet_a_damaged_store_at_once_get_an_address_each() {
    let node = plumb_tests::node();
    let pods: Vec<Pod> = (0..30).map(|_| node.pod()).collect();
    let (first, second) = pods.split_at(10);
    let mut addresses = BTreeSet::new();
    for part in [first, second] {
        for add in start_all(&node, "ADD", part, &pool()) {
            let outcome = add.finish();
            let address = result::address(&outcome.expect_result());
            assert!(addresses.insert(address), "{address} twice\n{outcome}");
        }
        let store = Path::new(STATE_FOLDER).join("leases.db");
        fs::write(store, [b'x'; 65536]).expect("overwrite the store");
    }
    for delete in start_all(&node, "DEL", &pods, &pool()) {
        delete.finish().expect_silence();
    }
    assert!(leases(STATE_FOLDER).is_empty());
}

/// Half of the pods come while the other half goes, and every third call is
/// killed at some point. What is left is taken away by one DEL each.
#[test]
fn calls_that_are_killed_among_others_leave_nothing_after_del() {
    let node = plumb_tests::node();
    let pods: Vec<Pod> = (0..40).map(|_| node.pod()).collect();
    let clean = Oracle::new(&node);
    let (first, second) = pods.split_at(20);
    for add in start_all(&node, "ADD", first, &pool()) {
        add.finish().expect_result();
    }
    for round in 0..3_u32 {
        let mut calls = start_all(&node, "DEL", first, &pool());
        calls.extend(start_all(&node, "ADD", second, &pool()));
        for (number, call) in (0_u32..).zip(&mut calls) {
            if number % 3 == round % 3 {
                // Some die early, some late: this is about chance, not about waiting.
                std::thread::sleep(Duration::from_micros(u64::from(number * 150)));
                call.kill();
            }
        }
        for call in calls {
            let outcome = call.finish();
            assert!(outcome.was_killed() || outcome.succeeded(), "{outcome}");
        }
        for delete in start_all(&node, "DEL", &pods, &pool()) {
            delete.finish().expect_silence();
        }
        clean.assert_unchanged();
        for add in start_all(&node, "ADD", first, &pool()) {
            add.finish().expect_result();
        }
    }
    for pod in first {
        node.delete(pod, &pool());
    }
    clean.assert_unchanged();
}

/// Runtimes attach all networks of a pod in parallel.
#[test]
fn the_interfaces_of_one_pod_may_come_and_go_at_once() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    let all = |verb: &str| -> Vec<Running> {
        (0..8)
            .map(|number| {
                let name = format!("net{number}");
                Call::new(&node, verb, &pool())
                    .pod(&pod)
                    .interface(&name)
                    .deadline(PATIENCE)
                    .start()
            })
            .collect()
    };
    let mut addresses = BTreeSet::new();
    for add in all("ADD") {
        addresses.extend(result::addresses(&add.finish().expect_result()));
    }
    assert_eq!(addresses.len(), 8, "{addresses:?}");
    for delete in all("DEL") {
        delete.finish().expect_silence();
    }
    clean.assert_unchanged();
}

/// Two ADDs of one attachment at once.
#[test]
fn of_several_adds_of_one_attachment_one_succeeds() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    let adds: Vec<_> = (0..6)
        .map(|_| Call::add(&node, &pod, &pool()).start())
        .collect();
    let mut results = Vec::new();
    for add in adds {
        let outcome = add.finish();
        match outcome.succeeded() {
            true => results.push(outcome.expect_result()),
            false => drop(outcome.expect_one_of(&[11, 106], "")),
        }
    }
    assert_eq!(results.len(), 1, "{results:?}");
    Call::check(&node, &pod, &pool(), &results[0])
        .run()
        .expect_silence();
    node.delete(&pod, &pool());
    clean.assert_unchanged();
}

/// A runtime that gave up on an ADD sends the DEL while the ADD still runs.
#[test]
fn del_while_add_runs_ends_in_one_of_two_orders() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    for _ in 0..10 {
        let add = Call::add(&node, &pod, &pool()).start();
        let delete = Call::delete(&node, &pod, &pool()).start();
        let (add, delete) = (add.finish(), delete.finish());
        assert!(add.succeeded() || add.code.is_some(), "{add}");
        if !delete.succeeded() {
            delete.expect_error(11, "");
        }
        node.delete(&pod, &pool());
        clean.assert_unchanged();
    }
}

/// One stuck IPAM plugin must not block the node.
#[test]
fn a_slow_delegate_of_one_pod_holds_up_no_other_pod() {
    let node = plumb_tests::node();
    let (slow_pod, pod) = (node.pod(), node.pod());
    let clean = Oracle::new(&node);
    let delegate = Delegate::new(&node, "slow");
    let gate = node.scratch().join("gate");
    let wait = format!(
        "touch {0}.reached; while [ ! -e {0} ]; do sleep 0.02; done; {1}",
        gate.display(),
        cni_harness::delegate::ANSWER
    );
    delegate.answers("ADD", &wait);
    let slow = delegated(json!({"type": "slow"}));
    let waiting = Call::add(&node, &slow_pod, &slow)
        .path(&delegate.path())
        .start();
    cni_harness::wait::until("the delegate is called", || {
        gate.with_extension("reached").exists()
    });
    let quick = Call::add(&node, &pod, &pool()).run();
    quick.expect_result();
    assert!(quick.elapsed < Duration::from_secs(2), "{quick}");
    node.delete(&pod, &pool());
    std::fs::write(&gate, "").expect("open the gate");
    waiting.finish().expect_result();
    Call::delete(&node, &slow_pod, &slow)
        .path(&delegate.path())
        .run()
        .expect_silence();
    clean.assert_unchanged();
}

fn start_all(node: &Node, verb: &str, pods: &[Pod], configuration: &Value) -> Vec<Running> {
    pods.iter()
        .map(|pod| {
            Call::new(node, verb, configuration)
                .pod(pod)
                .deadline(PATIENCE)
                .start()
        })
        .collect()
}
