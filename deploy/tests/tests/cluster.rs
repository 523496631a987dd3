//! The chart on a real cluster of two nodes, by the image that `make image` has built.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_cluster_tests::{Cluster, Node, Shape, until};
use plumb_deploy_tests::{folder, helm};
use plumb_runtimes::Finished;
use serde_json::{Value, json};

/// How long pods may take to run, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// The newest image of this machine's architecture.
fn image() -> PathBuf {
    let target = folder().join("../target/image");
    let architecture = std::env::consts::ARCH;
    let end = format!("-{architecture}.tar");
    let entries = fs::read_dir(&target).into_iter().flatten().flatten();
    let archives = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("plumb-") && name.ends_with(&end)
    });
    let newest =
        archives.max_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    newest.unwrap_or_else(|| panic!("no image in {}: run `make image`", target.display()))
}

/// Helm, beside the API server.
#[track_caller]
fn with_helm(cluster: &Cluster, arguments: &[&str]) -> String {
    let mut command = cluster.place().command(helm());
    command.env("KUBECONFIG", cluster.kubeconfig());
    // Helm remembers repositories, of which there are none.
    command.env("HOME", cluster.kubeconfig().with_file_name("helm"));
    command
        .args(arguments)
        .args(["--namespace", "plumb-system"]);
    Finished::of(command).expect_success()
}

/// Waits until as many pods of a component are ready as there are nodes.
#[track_caller]
fn ready(cluster: &Cluster, component: &str, count: usize) {
    until(
        &format!("{count} pods of the {component} are ready"),
        PATIENCE,
        || {
            let selector = format!("app.kubernetes.io/component={component}");
            let arguments = ["--namespace", "plumb-system", "--selector", &selector];
            let pods = cluster.kubectl().list("pods", &arguments);
            let is_ready = |pod: &Value| {
                let conditions = pod["status"]["conditions"].as_array();
                conditions
                    .into_iter()
                    .flatten()
                    .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
            };
            let found = pods.iter().filter(|pod| is_ready(pod)).count();
            match found == count && pods.len() == count {
                true => Ok(()),
                false => Err(seen(cluster, &pods)),
            }
        },
    );
}

/// What became of pods, with their logs.
fn seen(cluster: &Cluster, pods: &[Value]) -> String {
    let texts = pods.iter().map(|pod| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let arguments = ["logs", name, "--namespace", "plumb-system", "--tail", "5"];
        let logs = cluster.kubectl().run(&arguments);
        format!("{name}: {}\n{logs}", pod["status"])
    });
    texts.collect::<Vec<_>>().join("\n")
}

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

#[track_caller]
fn install(cluster: &Cluster) {
    let chart = folder().join("chart/plumb");
    let chart = fs::canonicalize(chart).expect("the chart");
    let chart = chart.to_str().expect("text");
    let arguments = [
        "install",
        "plumb",
        chart,
        "--create-namespace",
        "--set=image.pullPolicy=Never",
    ];
    with_helm(cluster, &arguments);
}

#[test]
fn the_chart_brings_plumb_to_every_node_and_takes_no_claim_away() {
    let image = image();
    let cluster = Cluster::start(Shape {
        nodes: 2,
        links: &["ens6f0np0"],
        controllers: true,
    });
    for node in cluster.nodes() {
        node.import(&fs::canonicalize(&image).expect("the image"));
    }
    install(&cluster);
    ready(&cluster, "agent", 2);
    ready(&cluster, "controller", 2);

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

    // Taken away, it leaves what pods need to end, and what users wrote.
    with_helm(&cluster, &["uninstall", "plumb", "--wait"]);
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
    install(&cluster);
    ready(&cluster, "agent", 2);
}
