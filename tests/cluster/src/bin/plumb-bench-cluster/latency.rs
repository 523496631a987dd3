//! One ADD of the binaries, of plumb with an address of a pool of the cluster beside whereabouts' and beside one of a pool
//! of the node.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Instant;

use cni_harness::Call;
use nix::mount::{MsFlags, mount};
use plumb_cluster_tests::Cluster;
use plumb_cluster_tests::agents::{Agent, SharedPool};
use plumb_tests::configuration::{pool, with};
use plumb_tests::{policy, state};
use serde_json::{Value, json};

use crate::report::Report;
use crate::whereabouts::Peer;

/// Cold and warm ADDs, in turns with what they are compared with.
pub fn measure(cluster: &Cluster, runs: usize, report: &mut Report) {
    let agent = Agent::start(cluster, "latency");
    let runs_and_more = u32::try_from(runs).expect("a number of runs") + 20;
    let make = |name, subnet, first| {
        SharedPool::of(cluster, name, subnet, first, runs_and_more, &[&agent])
    };
    make("cold", "172.27.0.0/16", Ipv4Addr::new(172, 27, 0, 16));
    make("warm", "172.28.0.0/16", Ipv4Addr::new(172, 28, 0, 16));
    let local = json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": "local"},
        "spec": {"subnet": "172.29.0.0/16", "ips": ["172.29.0.16-172.29.0.76"]},
    });
    fs::write(agent.path("pools/local.json"), local.to_string()).expect("write a pool");
    let peer = Peer::of(cluster);
    // A thread may have one node, for good.
    std::thread::scope(|scope| {
        let measured = scope.spawn(|| on_a_node(cluster, &agent, &peer, runs));
        let (cold, others, warm, own) = measured.join().expect("the calls succeed");
        report.figure("ADD by plumb, cold", cold, "ms");
        report.figure(
            "ADD by whereabouts alone, without an interface",
            others,
            "ms",
        );
        report.figure("ADD by plumb, warm", warm, "ms");
        report.figure("ADD by plumb, pool of the node", own, "ms");
        report.at_most(
            "cold ADD of plumb, of whereabouts'",
            cold / others,
            "×",
            1.0,
        );
        report.at_most(
            "warm ADD of plumb, of one with a pool of the node",
            warm / own,
            "×",
            1.05,
        );
    });
}

/// Medians in milliseconds: cold, the peer's, warm, of a pool of the node.
fn on_a_node(
    cluster: &Cluster,
    agent: &Agent<'_>,
    peer: &Peer,
    runs: usize,
) -> (f64, f64, f64, f64) {
    let node = plumb_tests::node();
    let state = Path::new(state::STATE_FOLDER);
    fs::create_dir_all(state).expect("make the state folder");
    let none: Option<&str> = None;
    mount(Some(&agent.path("")), state, none, MsFlags::MS_BIND, none)
        .expect("mount the state folder");
    policy::write("[folders]\npools = \"/run/plumb/pools\"\n");

    let (mut cold, mut others) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let pod = node.pod();
        cold.push(milliseconds(|| {
            Call::add(&node, &pod, &network("cold"))
                .run()
                .expect_result();
        }));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                cluster.place().enter_network();
                // Other pods than those of the run before.
                others.push(milliseconds(|| peer.call("ADD", 0, 100_000 + run)));
            });
        });
    }

    let (mut warm, mut own) = (Vec::new(), Vec::new());
    let pod = node.pod();
    node.add(&pod, &network("warm"));
    node.delete(&pod, &network("warm"));
    for _ in 0..5 * runs {
        for (name, times) in [("warm", &mut warm), ("local", &mut own)] {
            let network = network(name);
            times.push(milliseconds(|| {
                Call::add(&node, &pod, &network).run().expect_result();
            }));
            node.delete(&pod, &network);
        }
    }
    (median(cold), median(others), median(warm), median(own))
}

fn network(name: &str) -> Value {
    let ipam = json!({"type": "spiderpool", "default_ipv4_ippool": [name], "sticky": false});
    with(pool(), json!({"ipam": ipam}))
}

fn milliseconds(action: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    action();
    begin.elapsed().as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
