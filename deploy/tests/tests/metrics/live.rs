//! The dashboard and the alerts beside a cluster that is well: a real Prometheus scrapes its agents and controllers.

use std::time::Duration;

use plumb_cluster_tests::{Cluster, objects, pods, until};
use plumb_deploy_tests::rendered;
use serde_json::{Value, json};

use crate::prometheus::Prometheus;
use crate::queries::{names, of_alerts, of_dashboard};
use crate::targets::get;

/// How long pods may take to run, something to be scraped, and what was wrong at the start to be over.
const PATIENCE: Duration = Duration::from_secs(120);

/// The addresses at which the pods of a component are scraped: all are in the network of their nodes.
fn addresses(cluster: &Cluster, component: &str) -> Vec<String> {
    let port = port(component);
    let pods = plumb_cluster_tests::chart::pods(cluster, component);
    let of = |pod: &Value| {
        let host = pod["status"]["hostIP"].as_str().expect("it runs");
        format!("{host}:{port}")
    };
    pods.iter().map(of).collect()
}

/// The port named `metrics` of a component's container.
fn port(component: &str) -> u64 {
    let objects = rendered(&[]);
    let ports = objects.iter().filter_map(|object| {
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        let is_meant = labels["app.kubernetes.io/component"] == component;
        let ports = container["ports"].as_array().filter(|_| is_meant)?;
        ports.iter().find(|port| port["name"] == "metrics")?["containerPort"].as_u64()
    });
    let ports: Vec<_> = ports.collect();
    assert_eq!(ports.len(), 1, "{component}: {ports:?}");
    ports[0]
}

/// While pods have addresses of a pool, every query of the dashboard and of the alerts is one that a Prometheus takes, about
/// metrics that these agents and controllers have; and no alert comes.
pub fn look(cluster: &Cluster, pool: &str) {
    let network = json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderMultusConfig",
        "metadata": {"name": "scraped", "namespace": "default"},
        "spec": {"cniType": "macvlan", "macvlan": {"master": ["ens6f0np0"], "ippools": {"ipv4": [pool]}}},
    });
    let kubectl = cluster.kubectl();
    kubectl.apply(&network);
    kubectl.apply(&objects::deployment("scraped", 2, "default/scraped"));
    pods::running(cluster, "scraped", 2, PATIENCE);
    scrape(cluster);
    kubectl.delete("default", "deployment", "scraped");
    pods::gone(cluster, "scraped", PATIENCE);
    kubectl.delete("default", "smc", "scraped");
}

fn scrape(cluster: &Cluster) {
    // A thread of its own: it moves into the cluster's network, and with it the Prometheus that it starts.
    std::thread::scope(|scope| {
        let looked = scope.spawn(|| {
            let (agents, controllers) = (
                addresses(cluster, "agent"),
                addresses(cluster, "controller"),
            );
            assert_eq!((agents.len(), controllers.len()), (2, 2));
            cluster.place().enter_network();
            look_from_inside(&agents, &controllers);
        });
        looked
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn look_from_inside(agents: &[String], controllers: &[String]) {
    let prometheus = Prometheus::start(agents, controllers);
    prometheus.wait_for(&format!(
        "count(up == 1) == {}",
        agents.len() + controllers.len()
    ));
    let texts: String = agents
        .iter()
        .chain(controllers)
        .map(|address| get(address, "/metrics"))
        .collect();
    for query in of_dashboard().iter().chain(&of_alerts()) {
        prometheus.query(&query.text);
        for name in names(&query.text) {
            let described = ["_total", "_bucket"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let family = described.unwrap_or(name);
            // No node here has an RDMA device.
            let is_rdma = family.starts_with("plumb_rdma_");
            assert!(
                is_rdma || texts.contains(&format!("# TYPE {family} ")),
                "{family} in {}: no agent or controller has it",
                query.place
            );
        }
    }
    for alert in of_alerts() {
        until(
            &format!("{} is quiet", alert.place),
            PATIENCE,
            || match prometheus.query(&alert.text) {
                found if found.is_empty() => Ok(()),
                found => Err(Value::from(found).to_string()),
            },
        );
    }
}
