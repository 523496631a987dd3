//! Many pods on many nodes, of one pool: API calls, conflicts and time. The claims are made as plumb makes them, but in this
//! process: how long one is with a process is the matter of `latency`.

use std::net::Ipv4Addr;
use std::time::Instant;

use plumb_cluster_tests::Cluster;
use plumb_cluster_tests::agents::{ACCOUNT, Agent, NAMESPACE, PATIENCE, SharedPool};
use plumb_cluster_tests::until;

use crate::audit::{Audit, conflicts, count};
use crate::report::Report;

/// How many nodes.
pub const NODES: usize = 20;

/// A pool of larger blocks and one of single addresses: cold ADDs, DELs, and warm ADDs.
pub fn measure(cluster: &Cluster, pods: usize, report: &mut Report) {
    let agents = Agent::start_all(cluster, "claims", NODES);
    // Four addresses for each pod, and fewer than 16 for each node.
    let large = (u32::try_from(pods).expect("a number of pods") * 4).max(640);
    let pools = [
        ("blocks", large, Ipv4Addr::new(172, 24, 0, 0), pods),
        ("single", 310, Ipv4Addr::new(172, 25, 0, 16), 300.min(pods)),
    ];
    for (name, size, first, pods) in pools {
        let all: Vec<&Agent<'_>> = agents.iter().collect();
        let subnet = format!("172.{}.0.0/16", first.octets()[1]);
        let pool = SharedPool::of(cluster, name, &subnet, first, size, &all);
        measure_pool(cluster, &agents, &pool, name, pods, report);
        let block = pool
            .objects(cluster)
            .first()
            .map(|block| block["spec"]["size"].clone());
        let size = block.and_then(|size| size.as_f64()).unwrap_or_default();
        report.figure(&format!("{name}: addresses of a block"), size, "");
    }
}

fn measure_pool(
    cluster: &Cluster,
    agents: &[Agent<'_>],
    pool: &SharedPool,
    name: &str,
    pods: usize,
    report: &mut Report,
) {
    let of_all = pods as f64;
    let mut audit = Audit::of(cluster, NAMESPACE, ACCOUNT);
    let begin = Instant::now();
    each_node(agents, pods, &|agent, pod| {
        until("a pod has an address", PATIENCE, || {
            agent.add(pod, pool).map_err(|refusal| refusal.message)
        });
    });
    let cold = begin.elapsed().as_secs_f64();
    let calls = audit.calls();
    eprintln!("{name}: {pods} cold ADDs: {calls:?}");
    report.figure(&format!("{name}: pods"), of_all, "");
    report.figure(
        &format!("{name}: all cold claims on {NODES} nodes"),
        cold,
        "s",
    );
    report.figure(
        &format!("{name}: API calls per cold ADD"),
        count(&calls) as f64 / of_all,
        "",
    );
    report.figure(
        &format!("{name}: conflicts per cold ADD"),
        conflicts(&calls) as f64 / of_all,
        "",
    );

    each_node(agents, pods, &|agent, pod| agent.delete(pod));
    let calls = audit.calls();
    eprintln!("{name}: {pods} DELs: {calls:?}");
    report.at_most(
        &format!("{name}: API calls of all DELs"),
        count(&calls) as f64,
        "",
        0.0,
    );

    let begin = Instant::now();
    each_node(agents, pods, &|agent, pod| {
        agent.add(pod, pool).expect("what is held is given out");
    });
    let warm = begin.elapsed().as_secs_f64();
    let calls = audit.calls();
    eprintln!("{name}: {pods} warm ADDs: {calls:?}");
    report.figure(
        &format!("{name}: all warm claims on {NODES} nodes"),
        warm,
        "s",
    );
    report.at_most(
        &format!("{name}: API calls of all warm ADDs"),
        count(&calls) as f64,
        "",
        0.0,
    );
    each_node(agents, pods, &|agent, pod| agent.delete(pod));
}

/// Does something for each pod: on all nodes at a time, on each one pod after the other.
fn each_node(agents: &[Agent<'_>], pods: usize, action: &(dyn Fn(&Agent<'_>, &str) + Sync)) {
    std::thread::scope(|scope| {
        for (number, agent) in agents.iter().enumerate() {
            scope.spawn(move || {
                for pod in (number..pods).step_by(agents.len()) {
                    action(agent, &format!("pod-{pod}"));
                }
            });
        }
    });
}
