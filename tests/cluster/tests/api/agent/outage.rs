//! No API server, and agents that are killed at a bad moment.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use plumb_cluster_tests::{Cluster, Shape, until};
use serde_json::json;

use super::{Agent, PATIENCE, SharedPool, cluster, install};

#[test]
fn without_the_api_server_what_is_held_is_given_out_and_the_rest_later() {
    let cluster = Cluster::start(Shape::API);
    install(&cluster);
    let agent = Agent::start(&cluster, "outage-a");
    let pool = SharedPool::make(&cluster, "outage", 20, 12, &[&agent]);
    let address = agent.add("p0", &pool).expect("an address");
    cluster.place().signal("apiserver", Signal::SIGKILL);

    agent.delete("p0");
    assert_eq!(agent.add("p1", &pool).expect("what is held"), address);
    let begin = Instant::now();
    let refusal = agent.add("p2", &pool).expect_err("nobody can be asked");
    assert_eq!(refusal.code, 11, "{}", refusal.message);
    // Less than runtimes wait for an ADD.
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "{:?}",
        begin.elapsed()
    );

    cluster.place().start_again("apiserver");
    until("the agent finds the API server again", PATIENCE, || {
        agent.add("p2", &pool).map_err(|refusal| refusal.message)
    });
    assert_eq!(pool.blocks(&cluster).len(), 2);
}

#[test]
fn a_block_whose_agent_was_killed_before_it_held_it_is_not_lost() {
    let cluster = cluster();
    let agent = Agent::start(&cluster, "killed-a");
    let pool = SharedPool::make(&cluster, "killed", 21, 1, &[&agent]);
    agent.end(Signal::SIGKILL);
    // As the API server is left by one that was killed as soon as it had created the block.
    cluster.kubectl().apply(&json!({
        "apiVersion": "ipam.plumb.network/v1alpha1",
        "kind": "IPBlock",
        "metadata": {
            "name": "default-172.16.21.1",
            "labels": {"ipam.plumb.network/node": "killed-a", "ipam.plumb.network/pool": "killed"},
        },
        "spec": {
            "space": "default", "first": "172.16.21.1", "size": 1, "node": "killed-a", "pool": "killed",
        },
    }));
    agent.restart();
    let address = until("the only address is given out", PATIENCE, || {
        agent.add("p0", &pool).map_err(|refusal| refusal.message)
    });
    assert_eq!(address.to_string(), "172.16.21.1");
}

#[test]
fn an_agent_that_is_killed_again_and_again_loses_no_address_and_gives_none_twice() {
    let cluster = cluster();
    let agent = Agent::start(&cluster, "again-a");
    let other = Agent::start(&cluster, "again-b");
    let pool = SharedPool::make(&cluster, "again", 22, 12, &[&agent, &other]);
    let mut given = BTreeSet::new();
    for round in 0..4_u64 {
        std::thread::scope(|scope| {
            let killed = &agent;
            let pool = &pool;
            let adds: Vec<_> = (0..3)
                .map(|number| {
                    let pod = format!("p{round}-{number}");
                    scope.spawn(move || killed.add(&pod, pool).ok())
                })
                .collect();
            // Somewhere between the question and the answer, each time at another place.
            std::thread::sleep(Duration::from_millis(3 * round));
            killed.kill();
            for add in adds {
                if let Some(address) = add.join().expect("a thread") {
                    assert!(given.insert(address), "{address} was given out twice");
                }
            }
        });
        agent.end(Signal::SIGKILL);
        agent.restart();
    }
    // All that is left comes to those who ask, whoever was killed before.
    let mut number = 0;
    while given.len() < 12 {
        let pod = format!("rest-{number}");
        let asked = if number % 2 == 0 { &agent } else { &other };
        let address = until("an address is left", PATIENCE, || {
            asked.add(&pod, &pool).map_err(|refusal| refusal.message)
        });
        assert!(given.insert(address), "{address} was given out twice");
        number += 1;
    }
}
