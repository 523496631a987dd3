//! Calls of `ifacer` that fail or are killed at a step.

use std::fs;

use cni_harness::{Node, Oracle, Outcome, Pod, ip};
use plumb_testbed::faults::{MOMENTS, every_step, was_killed};
use plumb_tests::Faults;
use serde_json::json;

use crate::{Chain, is_up, link, on_node, there};

#[track_caller]
fn assert_unchanged(oracle: &Oracle<'_>, step: &str, outcome: &Outcome) {
    let difference = oracle.settled_difference();
    assert!(difference.is_empty(), "step {step}:\n{difference}{outcome}");
}

/// Each call finds the first plugin's work done, half done or to be done.
fn killed(node: &Node, recover: impl Fn(&Chain<'_>, &Pod)) {
    let oracle = Oracle::new(node);
    for moment in MOMENTS {
        every_step(2, |number| {
            let chain = Chain::bond(node, json!({}));
            let pod = node.pod();
            let outcome = chain
                .first(&pod)
                .fault(&format!("kill:{number}:{moment}"))
                .run();
            let killed = was_killed(&outcome);
            recover(&chain, &pod);
            if fs::exists(pod.path()).unwrap() {
                pod.remove();
            }
            assert_unchanged(&oracle, &format!("{number} ({moment})"), &outcome);
            killed
        });
    }
}

#[test]
fn an_add_that_is_killed_leaves_nothing_behind_its_del() {
    on_node(|node| killed(node, |chain, pod| chain.delete(pod)));
}

#[test]
fn an_add_that_is_killed_leaves_nothing_behind_a_gc() {
    on_node(|node| {
        killed(node, |chain, pod| {
            pod.remove();
            chain.gc();
        });
    });
}

#[test]
fn an_add_that_fails_leaves_nothing() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        every_step(2, |number| {
            let chain = Chain::bond(node, json!({}));
            let pod = node.pod();
            let outcome = chain.first(&pod).fault(&format!("fail:{number}")).run();
            let failed = !outcome.succeeded();
            if !failed {
                chain.delete(&pod);
            }
            pod.remove();
            assert_unchanged(&oracle, &number.to_string(), &outcome);
            failed
        });
    });
}

#[test]
fn a_del_that_is_killed_is_ended_by_the_next() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        for moment in MOMENTS {
            every_step(2, |number| {
                let chain = Chain::bond(node, json!({}));
                let pod = node.pod();
                chain.first(&pod).run().expect_result();
                let del = chain.call("DEL", &pod, &chain.plugins[0]);
                let outcome = del.fault(&format!("kill:{number}:{moment}")).run();
                let killed = was_killed(&outcome);
                chain.delete(&pod);
                pod.remove();
                assert_unchanged(&oracle, &number.to_string(), &outcome);
                killed
            });
        }
    });
}

/// What a kill within a step leaves: a bond without its own name, whose member has been set down.
#[test]
fn a_bond_that_is_half_made_is_taken_apart_by_the_next_call() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        let pod = node.pod();
        ip::batch(
            None,
            "link add plumb-making type bond\n\
             link set plumb-making alias \"plumb: made for pods, removed with the last; up before: member1\"\n\
             link set member1 down\n\
             link set member2 master plumb-making\n",
        );
        let chain = Chain::vlan(node, json!({}));
        chain.first(&pod).run().expect_result();
        assert!(link("plumb-making").is_none());
        assert!(is_up(&there("member1")), "it was up before");
        chain.delete(&pod);
        pod.remove();
        oracle.assert_unchanged();
    });
}
