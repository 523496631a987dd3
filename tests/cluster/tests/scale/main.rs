//! Twenty agents and two thousand pods at one API server, while agents, the API server and a node's rights fail. Takes
//! minutes: `make test-cluster-scale`.

mod faults;
mod fleet;
mod worker;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fleet::{Fleet, PLENTY, Which, say};
use plumb_cluster_tests::{Cluster, Shape, agents, until};
use plumb_leases::Leases;
use worker::Worker;

/// How long what was given back may take to come to one who needs it: all nodes' idle blocks, one after the other.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn whatever_fails_no_address_is_given_twice_and_in_the_end_all_are_served() {
    let cluster = Cluster::start(Shape::API);
    agents::install(&cluster);
    let fleet = Fleet::start(&cluster);
    say("all agents run");
    let mut workers: Vec<Worker<'_, '_>> = Worker::all(&fleet).collect();

    churn_and_fail(&cluster, &fleet, &mut workers);
    let pods: usize = workers.iter().map(Worker::pods).sum();
    let count = |count: fn(&Worker<'_, '_>) -> usize| workers.iter().map(count).sum::<usize>();
    say(&format!(
        "with faults: {} ADDs served, {} told to try again, {} told that a pool is full; {} pods live",
        count(|worker| worker.served),
        count(|worker| worker.later),
        count(|worker| worker.full),
        fleet.living().len(),
    ));
    assert!(count(|worker| worker.served) > 2000, "too few to tell");

    std::thread::scope(|scope| {
        for worker in &mut workers {
            scope.spawn(|| worker.start_all());
        }
    });
    assert_eq!(fleet.living().len(), pods, "all are served");
    say(&format!("{pods} pods live at a time"));
    compare_with_api_server(&cluster, &fleet);

    exhaust(&cluster, &fleet);

    for worker in &mut workers {
        worker.end_all();
    }
    all_comes_back(&fleet);
}

/// Pods start and end on all nodes until the last fault is over.
fn churn_and_fail(cluster: &Cluster, fleet: &Fleet<'_>, workers: &mut [Worker<'_, '_>]) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| worker.churn(&is_over));
        }
        let faults = scope.spawn(|| faults::all(cluster, fleet));
        let outcome = faults.join();
        // Whatever came of them: the others wait for this.
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Every address of a pod lies in one block, and the API server says that it is the pod's node's.
#[track_caller]
fn compare_with_api_server(cluster: &Cluster, fleet: &Fleet<'_>) {
    let mut owners: BTreeMap<IpAddr, String> = BTreeMap::new();
    for which in [Which::Plenty, Which::Scarce] {
        for block in fleet.pool(which).objects(cluster) {
            let spec = &block["spec"];
            assert_ne!(spec["released"], true, "{block}");
            let first: std::net::Ipv4Addr = spec["first"]
                .as_str()
                .and_then(|first| first.parse().ok())
                .expect("a first address");
            let size = spec["size"].as_u64().expect("a size");
            let node = spec["node"].as_str().expect("a node");
            for offset in 0..u32::try_from(size).expect("a size") {
                let address = std::net::Ipv4Addr::from_bits(first.to_bits() + offset);
                let other = owners.insert(address.into(), node.to_owned());
                assert_eq!(other, None, "{address} lies in two blocks");
            }
        }
    }
    for (address, (node, pod)) in fleet.living() {
        let owner = owners.get(&address);
        assert_eq!(owner, Some(&node), "{address}, which {pod} has");
    }
    // What the stores say is what was answered.
    for agent in fleet.agents() {
        let leases = agent.store().count().expect("count leases");
        let living = fleet.living();
        let of_node = living.values().filter(|(node, _)| *node == agent.node);
        assert_eq!(leases, of_node.count() as u64, "{}", agent.node);
    }
    say("lease stores and API server agree");
}

/// One node takes all that is left, and is then told which node has how much.
#[track_caller]
fn exhaust(cluster: &Cluster, fleet: &Fleet<'_>) {
    let mut number = 0;
    let mut refusal = None;
    until("the pool is full", PATIENCE, || {
        for _ in 0..=PLENTY {
            match fleet.add(0, &format!("more-{number}"), Which::Plenty) {
                Ok(_) => number += 1,
                Err(refused) => {
                    let is_full = refused.code == 101;
                    let message = refused.message.clone();
                    refusal = Some(refused);
                    return is_full.then_some(()).ok_or(message);
                }
            }
        }
        panic!("more addresses than the pool has");
    });
    let message = refusal.expect("a refusal").message;
    let mut nodes: BTreeMap<String, u64> = BTreeMap::new();
    let (first, last) = fleet.pool(Which::Plenty).range();
    for block in fleet.pool(Which::Plenty).objects(cluster) {
        let begin: std::net::Ipv4Addr = block["spec"]["first"]
            .as_str()
            .and_then(|first| first.parse().ok())
            .expect("a first address");
        let size = block["spec"]["size"].as_u64().expect("a size");
        let within = (0..u32::try_from(size).expect("a size"))
            .map(|offset| IpAddr::from(std::net::Ipv4Addr::from_bits(begin.to_bits() + offset)))
            .filter(|address| (first..=last).contains(address));
        let node = block["spec"]["node"].as_str().expect("a node");
        *nodes.entry(node.to_owned()).or_default() += within.count() as u64;
    }
    assert_eq!(nodes.values().sum::<u64>(), u64::from(PLENTY));
    assert_eq!(nodes.len(), fleet.agents().len(), "{nodes:?}");
    let all = format!("{PLENTY} of {PLENTY} in use");
    assert!(message.contains(&all), "{message}");
    for (node, addresses) in &nodes {
        let part = format!("node {node} {addresses}");
        assert!(message.contains(&part), "{part} is missing: {message}");
    }
    say(&format!("{number} pods more, and then: {message}"));
    for ended in 0..number {
        fleet.delete(0, &format!("more-{ended}"), Which::Plenty);
    }
}

/// When no pod lives any more, any node can have every address of each pool.
#[track_caller]
fn all_comes_back(fleet: &Fleet<'_>) {
    assert!(fleet.living().is_empty());
    for which in [Which::Scarce, Which::Plenty] {
        let (node, size) = (fleet.agents().len() / 2, which.size());
        for number in 0..size {
            let pod = format!("last-{which:?}-{number}");
            until("one node gets all addresses", PATIENCE, || {
                let added = fleet.add(node, &pod, which);
                added.map_err(|refusal| format!("pod {number} of {size}: {}", refusal.message))
            });
        }
        say(&format!("one node has all {size} addresses of a pool"));
    }
}
