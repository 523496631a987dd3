//! Addresses of a pool that nodes share.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;

use super::{Agent, PATIENCE, SharedPool, cluster};
use plumb_cluster_tests::until;

#[test]
fn two_nodes_never_give_the_same_address_and_say_who_has_them_when_none_is_left() {
    let cluster = cluster();
    let (one, other) = (
        Agent::start(&cluster, "claims-a"),
        Agent::start(&cluster, "claims-b"),
    );
    let pool = SharedPool::make(&cluster, "claims", 10, 5, &[&one, &other]);
    let mut given = BTreeSet::new();
    for number in 0..5 {
        let agent = if number % 2 == 0 { &one } else { &other };
        let address = agent.add(&format!("p{number}"), &pool).expect("an address");
        assert!(given.insert(address), "{address} was given out twice");
    }
    let blocks = pool.blocks(&cluster);
    assert_eq!(blocks.len(), 5, "{blocks:?}");
    let of_one = blocks.iter().filter(|(_, node)| node == "claims-a").count();
    assert_eq!(of_one, 3, "{blocks:?}");

    let refusal = other.add("p5", &pool).expect_err("the pool is full");
    assert_eq!(refusal.code, 101, "{}", refusal.message);
    for part in ["5 of 5", "claims-a 3", "claims-b 2"] {
        assert!(refusal.message.contains(part), "{}", refusal.message);
    }
    assert_eq!(other.metric("plumb_leases{pool=\"claims\"}"), Some(2.0));
    assert_eq!(
        other.metric("plumb_held_addresses{pool=\"claims\"}"),
        Some(2.0)
    );
    let full = "plumb_agent_questions_total{question=\"take\",outcome=\"101\"}";
    assert_eq!(other.metric(full), Some(1.0));

    // What one node has no use for any more comes to the other that needs it; soon, because it was p0's until a moment ago.
    one.delete("p0");
    let address = until("the address of p0 is free", PATIENCE, || {
        other.add("p5", &pool).map_err(|refusal| refusal.message)
    });
    assert!(given.contains(&address));
    let of_other = |(_, node): &&(String, String)| node == "claims-b";
    assert_eq!(pool.blocks(&cluster).iter().filter(of_other).count(), 3);
}

#[test]
fn what_was_taken_is_given_out_again_without_a_question() {
    let cluster = cluster();
    let agent = Agent::start(&cluster, "warm-a");
    let pool = SharedPool::make(&cluster, "warm", 11, 20, &[&agent]);
    let address = agent.add("p0", &pool).expect("an address");
    let asked = |agent: &Agent<'_>| {
        agent.metric("plumb_agent_questions_total{question=\"take\",outcome=\"ok\"}")
    };
    assert_eq!(asked(&agent), Some(1.0));
    agent.delete("p0");
    assert_eq!(agent.add("p1", &pool).expect("the same address"), address);
    assert_eq!(asked(&agent), Some(1.0));
}

#[test]
fn many_questions_at_once_get_an_address_each() {
    let cluster = cluster();
    let (one, other) = (
        Agent::start(&cluster, "many-a"),
        Agent::start(&cluster, "many-b"),
    );
    let pool = SharedPool::make(&cluster, "many", 12, 24, &[&one, &other]);
    let given: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|number| {
                let (agent, pool) = (if number % 2 == 0 { &one } else { &other }, &pool);
                scope.spawn(move || agent.add(&format!("p{number}"), pool))
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().expect("a thread");
        threads.into_iter().map(join).collect()
    });
    let mut addresses = BTreeSet::new();
    for outcome in given {
        let address = outcome.expect("an address for each");
        assert!(addresses.insert(address), "{address} was given out twice");
    }
}

#[test]
fn an_agent_ends_when_it_is_told_to_and_finds_what_it_held() {
    let cluster = cluster();
    let agent = Agent::start(&cluster, "ended-a");
    let pool = SharedPool::make(&cluster, "ended", 13, 2, &[&agent]);
    let address = agent.add("p0", &pool).expect("an address");
    assert_eq!(agent.end(Signal::SIGTERM), Some(0));
    // Nobody is there to ask, and nobody needs to be.
    agent.delete("p0");
    assert_eq!(agent.add("p1", &pool).expect("what is held"), address);
    let refusal = agent.add("p2", &pool).expect_err("no agent");
    assert_eq!(refusal.code, 11);
    agent.restart();
    until("the agent has read the pools", PATIENCE, || {
        match agent.metric("plumb_leases{pool=\"ended\"}") {
            Some(1.0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(pool.blocks(&cluster).len(), 1);
}
