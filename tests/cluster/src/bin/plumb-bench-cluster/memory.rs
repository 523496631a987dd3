//! What agent and controller take in a large cluster: thousands of nodes, tens of thousands of blocks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use plumb_cluster_tests::agents::{ACCOUNT, Agent, NAMESPACE, SharedPool};
use plumb_cluster_tests::{Cluster, kubectl, until};
use plumb_tests::binaries;
use serde_json::{Value, json};

use crate::audit::Audit;
use crate::report::Report;

/// Where kubectl serves the API without TLS, in the cluster's network.
const PROXY: (&str, u16) = ("127.0.0.1", 8001);
/// How many objects are made at a time.
const WRITERS: usize = 8;
/// The controller looks at all blocks every 30 s.
const LOOKS: Duration = Duration::from_secs(45);
/// How long the first of all lists may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The chart's limits, in MiB.
const AGENT: f64 = 256.0;
const CONTROLLER: f64 = 512.0;
/// Addresses of a block: what a pool of these sizes gets.
const BLOCK: u32 = 64;
/// The first address of the pool.
const FIRST: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 0);
/// The addresses of 100.64.0.0/10.
const ADDRESSES: u32 = 1 << 22;

/// Makes the objects, starts both and looks at them.
pub fn measure(cluster: &Cluster, nodes: usize, blocks: usize, report: &mut Report) {
    if nodes == 0 || blocks == 0 {
        return;
    }
    let place = cluster.place();
    let mut command = place.daemon_command(kubectl::programs().join("kubectl"));
    command.arg("--kubeconfig").arg(cluster.kubeconfig());
    command.args(["proxy", "--port", &PROXY.1.to_string()]);
    let _proxy = place.start("proxy", command);
    until("kubectl serves the API", PATIENCE, || {
        place.enter_network();
        TcpStream::connect(PROXY)
            .map(drop)
            .map_err(|error| error.to_string())
    });
    let begin = Instant::now();
    make(cluster, "/api/v1/nodes", nodes, &node);
    let path = "/apis/ipam.plumb.network/v1alpha1/ipblocks";
    make(cluster, path, blocks, &|number| block(number, nodes));
    eprintln!(
        "{nodes} nodes and {blocks} blocks were made in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
    report.figure("large cluster: nodes", nodes as f64, "");
    report.figure("large cluster: blocks", blocks as f64, "");

    let agent = Agent::start(cluster, "large");
    report.figure(
        "large cluster: agent, memory when ready",
        mebibytes(&agent.processes(), "VmRSS"),
        "MiB",
    );
    let pool = SharedPool::of(
        cluster,
        "huge",
        "100.64.0.0/10",
        FIRST,
        ADDRESSES,
        &[&agent],
    );
    let mut audit = Audit::of(cluster, NAMESPACE, ACCOUNT);
    let begin = Instant::now();
    until("a pod has an address", PATIENCE, || {
        agent.add("p0", &pool).map_err(|refusal| refusal.message)
    });
    report.figure(
        "large cluster: first ADD of a node",
        begin.elapsed().as_secs_f64() * 1000.0,
        "ms",
    );
    let calls = audit.calls();
    eprintln!("large cluster: first ADD of a node: {calls:?}");
    report.at_most(
        "large cluster: agent, most memory",
        mebibytes(&agent.processes(), "VmHWM"),
        "MiB",
        AGENT,
    );

    let mut command = place.daemon_command(binaries::controller());
    command
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("POD_NAMESPACE", NAMESPACE);
    let controller = place.start("controller", command);
    std::thread::sleep(LOOKS);
    report.figure(
        "large cluster: controller, memory",
        mebibytes(&controller.processes(), "VmRSS"),
        "MiB",
    );
    report.at_most(
        "large cluster: controller, most memory",
        mebibytes(&controller.processes(), "VmHWM"),
        "MiB",
        CONTROLLER,
    );
}

fn node(number: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("large-{number}")}})
}

fn block(number: usize, nodes: usize) -> Value {
    let offset = u32::try_from(number).expect("a number of a block") * BLOCK;
    let first = Ipv4Addr::from_bits(FIRST.to_bits() + offset);
    let node = format!("large-{}", number % nodes);
    json!({
        "apiVersion": "ipam.plumb.network/v1alpha1", "kind": "IPBlock",
        "metadata": {
            "name": format!("default-{first}"),
            "labels": {
                "ipam.plumb.network/node": node, "ipam.plumb.network/pool": "huge",
                // The first of the 1024 addresses among which the block is.
                "ipam.plumb.network/part": Ipv4Addr::from_bits(first.to_bits() & !1023),
            },
        },
        "spec": {"space": "default", "first": first, "size": BLOCK, "node": node, "pool": "huge", "claims": 0},
    })
}

/// Makes so many objects, some at a time, each writer over one connection.
fn make(cluster: &Cluster, path: &str, count: usize, object: &(dyn Fn(usize) -> Value + Sync)) {
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                cluster.place().enter_network();
                let stream = TcpStream::connect(PROXY).expect("connect to kubectl");
                let mut stream = BufReader::new(stream);
                for number in (writer..count).step_by(WRITERS) {
                    post(&mut stream, path, &object(number).to_string());
                }
            });
        }
    });
}

fn post(stream: &mut BufReader<TcpStream>, path: &str, body: &str) {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .get_mut()
        .write_all(request.as_bytes())
        .expect("ask for an object");
    let mut status = String::new();
    stream.read_line(&mut status).expect("read an answer");
    let (mut length, mut is_chunked, mut line) = (0, false, String::new());
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).expect("read a header");
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        is_chunked |= header.starts_with("transfer-encoding: chunked");
    }
    assert!(!is_chunked, "an answer of one object has a length");
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).expect("read an answer");
    assert!(
        status.contains("201"),
        "{status}{}",
        String::from_utf8_lossy(&answer)
    );
}

/// What a process takes, by a line of its `status`.
fn mebibytes(processes: &[i32], name: &str) -> f64 {
    let process = processes.first().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("read a status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kibibytes.expect("a number of kB") / 1024.0
}
