//! The dashboard and the alerts beside a cluster that is well: a real Prometheus scrapes its agents and controllers.

use std::time::Duration;

use plumb_cluster_tests::{Cluster, objects, pods, until};
use plumb_deploy_tests::rendered;
use serde_json::{Value, json};

use crate::prometheus::Prometheus;
use crate::queries::{Query, names, of_alerts, of_dashboard};
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
    let queries: Vec<_> = of_dashboard().into_iter().chain(of_alerts()).collect();
    for query in &queries {
        prometheus.query(&query.text);
    }
    // The agent reads what calls have written down every few seconds.
    until("every metric of a query is there", PATIENCE, || {
        let pages: String = agents
            .iter()
            .chain(controllers)
            .map(|address| get(address, "/metrics"))
            .collect();
        let missing: Vec<_> = queries
            .iter()
            .filter_map(|query| missing(query, &pages))
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(missing.join("\n")),
        }
    });
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

/// What a query asks for that no agent or controller has; but no node here has an RDMA device.
fn missing(query: &Query, pages: &str) -> Option<String> {
    let family = |name: &str| {
        let ends = ["_total", "_bucket"];
        let described = ends.iter().find_map(|end| name.strip_suffix(end));
        described.unwrap_or(name).to_owned()
    };
    let names = names(&query.text).into_iter().map(family);
    let is_missing = |family: &String| {
        !family.starts_with("plumb_rdma_") && !pages.contains(&format!("# TYPE {family} "))
    };
    let missing: Vec<_> = names.filter(is_missing).collect();
    (!missing.is_empty()).then(|| format!("{} of {}", missing.join(", "), query.place))
}
