//! The chart on a real cluster of two nodes, by the image that `make image` has built.

#[path = "metrics/live.rs"]
mod live;
#[path = "metrics/prometheus.rs"]
#[allow(dead_code, reason = "the rest is for `metrics`")]
mod prometheus;
#[path = "metrics/queries.rs"]
mod queries;
#[path = "metrics/targets.rs"]
#[allow(dead_code, reason = "the rest is for `metrics`")]
mod targets;

use std::fs;
use std::path::Path;
use std::time::Duration;

use plumb_cluster_tests::{Cluster, Node, Shape, chart, until};
use plumb_deploy_tests::folder;
use serde_json::{Value, json};

/// How long pods may take to run, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// plumbctl doctor on a node, as its administrator runs it.
fn doctor(node: &Node) -> Vec<Value> {
    let plumbctl = folder()
        .join("../target/image")
        .join(std::env::consts::ARCH)
        .join("plumbctl");
    let mut command = node.command(plumbctl);
    command.args(["doctor", "--json"]);
    // It fails where something is wrong, and says what.
    let output = command.output().expect("plumbctl runs");
    let findings: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    findings.as_array().expect("a list").clone()
}

#[test]
fn the_chart_brings_plumb_to_every_node_and_takes_no_claim_away() {
    let cluster = Cluster::start(Shape {
        nodes: 2,
        links: &["ens6f0np0"],
        controllers: true,
    });
    chart::install(&cluster);

    for node in cluster.nodes() {
        let target = fs::read_link(node.path("/opt/cni/bin/macvlan")).expect("a name of plumb");
        assert_eq!(target, Path::new("plumb"));
        let policy = fs::read_to_string(node.path("/etc/plumb/plumb.toml")).expect("the policy");
        assert!(
            policy.contains(&format!("node = \"{}\"", node.name())),
            "{policy}"
        );
    }
    let pool = json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "v4-81"},
        "spec": {"subnet": "172.81.0.0/16", "ips": ["172.81.0.100-172.81.0.120"]},
    });
    cluster.kubectl().apply(&pool);
    for node in cluster.nodes() {
        until("the pool is on the node", PATIENCE, || {
            let folder = node.path("/run/plumb/pools");
            let files = fs::read_dir(folder).into_iter().flatten().flatten();
            let texts: Vec<_> = files
                .filter_map(|file| fs::read_to_string(file.path()).ok())
                .collect();
            match texts.iter().any(|text| text.contains("v4-81")) {
                true => Ok(()),
                false => Err(format!("{texts:?}")),
            }
        });
        let of = |check: &str| {
            let findings = doctor(node);
            let found = findings
                .into_iter()
                .filter(|finding| finding["check"] == check);
            found.collect::<Vec<_>>()
        };
        for check in [
            "installation",
            "configurations",
            "policy",
            "state",
            "pools",
            "agent",
        ] {
            let findings = of(check);
            assert!(!findings.is_empty());
            assert!(
                findings.iter().all(|finding| finding["verdict"] == "ok"),
                "{findings:?}"
            );
        }
        assert_eq!(of("agent")[0]["says"], "the agent answers");
    }

    live::look(&cluster, "v4-81");

    // Taken away, it leaves what pods need to end, and what users wrote.
    let uninstall = [
        "uninstall",
        "plumb",
        "--namespace",
        chart::NAMESPACE,
        "--wait",
    ];
    cluster.helm(&uninstall).expect_success();
    assert!(cluster.kubectl().get("spiderippools", "v4-81").is_some());
    for node in cluster.nodes() {
        assert!(node.path("/opt/cni/bin/plumb").exists());
    }
    let roles = cluster.kubectl().list("clusterroles", &[]);
    let is_ours = |role: &&Value| {
        role["metadata"]["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("plumb"))
    };
    assert_eq!(roles.iter().find(is_ours), None);

    // And put there again it finds all of it.
    chart::install(&cluster);
}
