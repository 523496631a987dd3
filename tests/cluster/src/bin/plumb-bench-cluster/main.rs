//! Addresses that the nodes of a cluster share, in figures: plumb with its agents beside whereabouts, in one run at one API
//! server. Prints a table and writes JSON; `make bench-cluster`.
//!
//! - `audit`: who asked the API server for what
//! - `claims`: API calls and time of many pods on many nodes
//! - `whereabouts`: the same by the peer
//! - `latency`: one ADD of the binaries
//! - `memory`: agent and controller in a large cluster
//! - `report`: figures, limits, table, JSON

mod audit;
mod claims;
mod latency;
mod memory;
mod report;
mod whereabouts;

use std::path::PathBuf;

use plumb_cluster_tests::{Cluster, Shape, agents};

use report::Report;

/// How much is measured: `--pods 1000 --peer-pods 100 --runs 40 --objects 40000 --nodes 5000 --json FILE`. Without pods, or
/// without objects, that part is left out.
struct Size {
    pods: usize,
    peer_pods: usize,
    runs: usize,
    objects: usize,
    nodes: usize,
    json: PathBuf,
}

fn main() {
    let size = Size::from_arguments();
    let mut report = Report::default();
    let cluster = Cluster::start(Shape::API);
    agents::install(&cluster);
    if size.pods > 0 {
        claims::measure(&cluster, size.pods, &mut report);
        whereabouts::measure(&cluster, size.peer_pods.max(1), &mut report);
        latency::measure(&cluster, size.runs.max(1), &mut report);
        report.compare();
    }
    memory::measure(&cluster, size.nodes, size.objects, &mut report);
    print!("{report}");
    report.write(&size.json);
}

impl Size {
    fn from_arguments() -> Self {
        let mut size = Self {
            pods: 1000,
            peer_pods: 100,
            runs: 40,
            objects: 40_000,
            nodes: 5_000,
            json: PathBuf::from("target/bench-cluster.json"),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(flag) = arguments.next() {
            let value = arguments
                .next()
                .unwrap_or_else(|| panic!("{flag} needs a value"));
            let number = || -> usize {
                let number = value.parse();
                number.unwrap_or_else(|error| panic!("{flag} {value}: {error}"))
            };
            match flag.as_str() {
                "--pods" => size.pods = number(),
                "--peer-pods" => size.peer_pods = number(),
                "--runs" => size.runs = number(),
                "--objects" => size.objects = number(),
                "--nodes" => size.nodes = number(),
                "--json" => size.json = PathBuf::from(&value),
                other => panic!("there is no flag {other}"),
            }
        }
        size
    }
}
