//! Deaths and faults at every step. `PLUMB_FAULT` counts the steps of one call: when the
//! number lies behind the last step the call is an ordinary one, which is how these
//! tests know that they have seen all of them.

use cni_harness::{Call, Node, Oracle, Outcome, ip};
use plumb_tests::Faults;
use plumb_tests::configuration::{delegated, dual_stack, host_local, pool, with};
use plumb_tests::state::records;
use serde_json::{Value, json};

/// When a step can be interrupted: its intent is on disk, the kernel has done it, that
/// it was done is on disk.
const MOMENTS: [&str; 3] = ["intent", "done", "recorded"];

/// More than any attachment has.
const LIMIT: usize = 60;

/// A macvlan of the node, which is the parent of others.
const ON_A_MACVLAN: &str = "link add low0 link nic1 type macvlan\nlink set low0 up\n";

fn with_host_local() -> Value {
    with(delegated(host_local()), json!({"cniVersion": "1.0.0"}))
}

/// Sysctls and neighbours are not asked for here: what every macvlan has is an address,
/// its MTU, its hardware address and routes.
fn with_everything() -> Value {
    with(
        dual_stack(),
        json!({"mtu": 1400, "mac": "02:00:00:00:00:07"}),
    )
}

/// Calls `visit` with each number until it says that the fault was behind the last step.
#[track_caller]
fn every_step(at_least: usize, mut visit: impl FnMut(usize) -> bool) {
    let last = (1..LIMIT)
        .find(|number| !visit(*number))
        .expect("there is an end");
    assert!(
        last > at_least,
        "only {} steps were interrupted: this plumb does not obey PLUMB_FAULT, or does less than it should",
        last - 1
    );
}

/// Whether the fault struck; an ordinary success otherwise.
#[track_caller]
fn struck(outcome: &Outcome) -> bool {
    assert!(
        outcome.was_killed() || outcome.succeeded(),
        "neither killed nor an ordinary call\n{outcome}"
    );
    outcome.was_killed()
}

/// Kills ADD after each step, lets `recover` clean up, and wants the node as it was.
#[track_caller]
fn kill_add(
    configuration: &Value,
    at_least: usize,
    recover: impl Fn(&Node, &cni_harness::Pod, &Value),
) {
    let node = plumb_tests::node();
    kill_add_on(&node, configuration, at_least, recover);
}

#[track_caller]
fn kill_add_on(
    node: &Node,
    configuration: &Value,
    at_least: usize,
    recover: impl Fn(&Node, &cni_harness::Pod, &Value),
) {
    for moment in MOMENTS {
        every_step(at_least, |number| {
            let pod = node.pod();
            let clean = Oracle::new(node);
            let outcome = Call::add(node, &pod, configuration)
                .fault(&format!("kill:{number}:{moment}"))
                .run();
            let killed = struck(&outcome);
            recover(node, &pod, configuration);
            let difference = clean.settled_difference();
            assert!(
                difference.is_empty(),
                "after a kill at step {number} ({moment}):\n{difference}{outcome}"
            );
            killed
        });
    }
}

#[test]
fn add_killed_at_any_step_is_cleaned_up_by_del() {
    kill_add(&pool(), 3, |node, pod, configuration| {
        node.delete(pod, configuration)
    });
}

/// The kernel makes it on the link below that one, which a record before the step cannot know.
#[test]
fn add_on_a_macvlan_killed_at_any_step_is_cleaned_up_by_del() {
    let node = plumb_tests::node();
    ip::batch(None, ON_A_MACVLAN);
    kill_add_on(
        &node,
        &with(pool(), json!({"master": "low0"})),
        3,
        |node, pod, configuration| node.delete(pod, configuration),
    );
}

#[test]
fn add_with_everything_killed_at_any_step_is_cleaned_up_by_del() {
    kill_add(&with_everything(), 5, |node, pod, configuration| {
        node.delete(pod, configuration)
    });
}

#[test]
fn add_with_host_local_killed_at_any_step_is_cleaned_up_by_del() {
    kill_add(&with_host_local(), 3, |node, pod, configuration| {
        node.delete(pod, configuration)
    });
}

#[test]
fn add_killed_at_any_step_is_cleaned_up_by_del_without_a_namespace() {
    kill_add(&pool(), 3, |node, pod, configuration| {
        pod.remove();
        Call::delete(node, pod, configuration)
            .variable("CNI_NETNS", "")
            .run()
            .expect_silence();
    });
}

#[test]
fn add_killed_at_any_step_is_cleaned_up_by_gc() {
    kill_add(&dual_stack(), 3, |node, pod, configuration| {
        pod.remove();
        Call::gc(node, configuration, &[]).run().expect_silence();
    });
}

/// kubelet tries again with the same sandbox in some cases.
#[test]
fn add_killed_at_any_step_may_be_repeated() {
    kill_add(&dual_stack(), 3, |node, pod, configuration| {
        let again = Call::add(node, pod, configuration).run();
        if again.succeeded() {
            let result = again.expect_result();
            Call::check(node, pod, configuration, &result)
                .run()
                .expect_silence();
        } else {
            // The one before was not killed, or at a moment when it was complete.
            again.expect_error(106, "");
        }
        node.delete(pod, configuration);
    });
}

/// Multus sends no GC: the next ADD that needs what a dead one holds takes it back.
#[test]
fn what_a_killed_add_holds_is_free_for_the_next_pod_when_its_namespace_is_gone() {
    let node = plumb_tests::node();
    let configuration = with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [{"name": "one", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"]}]}}),
    );
    every_step(3, |number| {
        let (dead, next) = (node.pod(), node.pod());
        let outcome = Call::add(&node, &dead, &configuration)
            .fault(&format!("kill:{number}:done"))
            .run();
        let killed = struck(&outcome);
        dead.remove();
        node.add(&next, &configuration);
        node.delete(&next, &configuration);
        node.delete(&dead, &configuration);
        killed
    });
}

/// Kills DEL during each undo; a second DEL must finish.
#[track_caller]
fn kill_delete(configuration: &Value, at_least: usize) {
    let node = plumb_tests::node();
    for moment in MOMENTS {
        every_step(at_least, |number| {
            let pod = node.pod();
            let clean = Oracle::new(&node);
            node.add(&pod, configuration);
            let outcome = Call::delete(&node, &pod, configuration)
                .fault(&format!("kill:{number}:{moment}"))
                .run();
            let killed = struck(&outcome);
            node.delete(&pod, configuration);
            let difference = clean.settled_difference();
            assert!(
                difference.is_empty(),
                "after a kill at undo {number} ({moment}):\n{difference}{outcome}"
            );
            killed
        });
    }
}

#[test]
fn del_killed_at_any_step_is_finished_by_the_next() {
    kill_delete(&pool(), 1);
}

#[test]
fn del_with_everything_killed_at_any_step_is_finished_by_the_next() {
    kill_delete(&with_everything(), 1);
}

#[test]
fn del_with_host_local_killed_at_any_step_is_finished_by_the_next() {
    kill_delete(&with_host_local(), 1);
}

/// Makes each step of ADD fail; nothing may be left, without a DEL.
#[track_caller]
fn fail_add(configuration: &Value, at_least: usize) {
    let node = plumb_tests::node();
    every_step(at_least, |number| {
        let pod = node.pod();
        let clean = Oracle::new(&node);
        let outcome = Call::add(&node, &pod, configuration)
            .fault(&format!("fail:{number}"))
            .run();
        let failed = !outcome.succeeded();
        if failed {
            let error = outcome.expect_failure();
            assert!(
                error.code >= 100,
                "an injected fault is no mistake of the user\n{outcome}"
            );
            let difference = clean.settled_difference();
            assert!(
                difference.is_empty(),
                "after a failure at step {number}:\n{difference}{outcome}"
            );
            node.delete(&pod, configuration);
            clean.assert_unchanged();
            node.add(&pod, configuration);
        }
        node.delete(&pod, configuration);
        clean.assert_unchanged();
        failed
    });
}

#[test]
fn add_that_fails_at_any_step_leaves_nothing() {
    fail_add(&pool(), 3);
}

#[test]
fn add_with_everything_that_fails_at_any_step_leaves_nothing() {
    fail_add(&with_everything(), 5);
}

#[test]
fn add_with_host_local_that_fails_at_any_step_leaves_nothing() {
    fail_add(&with_host_local(), 3);
}

/// An undo that fails is reported, and the next DEL finishes it.
#[test]
fn del_that_fails_at_any_step_does_the_rest_and_is_finished_by_the_next() {
    let node = plumb_tests::node();
    every_step(1, |number| {
        let pod = node.pod();
        let clean = Oracle::new(&node);
        node.add(&pod, &dual_stack());
        let outcome = Call::delete(&node, &pod, &dual_stack())
            .fault(&format!("fail:{number}"))
            .run();
        let failed = !outcome.succeeded();
        if failed {
            outcome.expect_failure();
            assert!(
                !records().is_empty(),
                "the record is gone, so nobody knows what is left\n{outcome}"
            );
        }
        node.delete(&pod, &dual_stack());
        clean.assert_unchanged();
        failed
    });
}

/// Without the injector: killed at moments that nobody chose.
#[test]
fn add_killed_at_random_moments_is_cleaned_up_by_del() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    // The shortest of some: one that waited for something else would put most deaths behind the end.
    let times = (0..5).map(|_| {
        let usual = Call::add(&node, &pod, &dual_stack()).run();
        node.delete(&pod, &dual_stack());
        usual.elapsed
    });
    let usual = times.min().expect("five calls");
    const PARTS: u32 = 60;
    let mut killed = 0;
    for part in 0..PARTS {
        let mut running = Call::add(&node, &pod, &dual_stack()).start();
        // The moment of death is what the test is about.
        std::thread::sleep(usual * part / PARTS);
        running.kill();
        killed += usize::from(running.finish().was_killed());
        node.delete(&pod, &dual_stack());
        clean.assert_unchanged();
    }
    assert!(
        killed > 10,
        "only {killed} of {PARTS} calls were killed before they ended"
    );
}
