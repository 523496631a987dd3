//! The dashboard and the alerts, by a real Prometheus that scrapes what agents and a controller say.
//!
//! `PLUMB_AGENT_METRICS` and `PLUMB_CONTROLLER_METRICS`, as `127.0.0.1:9469,127.0.0.1:9479`, have it scrape those instead, as
//! a cluster of the tests has them: then every metric that a query names must be one that they have.

#[path = "metrics/prometheus.rs"]
mod prometheus;
#[path = "metrics/sick.rs"]
mod sick;
#[path = "metrics/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use plumb_deploy_tests::folder;
use serde_json::Value;

use prometheus::{Prometheus, program};
use targets::{Target, addresses};

/// A query, and where it stands.
struct Query {
    place: String,
    text: String,
}

/// All queries of the dashboard, as Grafana sends them.
fn of_dashboard() -> Vec<Query> {
    let text = fs::read(folder().join("dashboard/plumb.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_slice(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut queries = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().expect("a title");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = target["expr"].as_str().expect("a query");
            queries.push(Query {
                place: format!("panel {title:?}"),
                text: text
                    .replace("$__rate_interval", "10s")
                    .replace("$node", ".*"),
            });
        }
    }
    queries
}

/// All alerts: their conditions.
fn of_alerts() -> Vec<Query> {
    let text = fs::read_to_string(folder().join("alerts/plumb.yaml")).expect("the alerts");
    let file: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"));
    rules
        .map(|rule| Query {
            place: format!("alert {}", rule["alert"]),
            text: rule["expr"].as_str().expect("a condition").to_owned(),
        })
        .collect()
}

#[test]
fn alerts_are_well_formed_and_each_says_what_to_do() {
    let mut command = Command::new(program("promtool"));
    command.args(["check", "rules", "--lint-fatal"]);
    let output = command.arg(folder().join("alerts/plumb.yaml")).output();
    let output = output.expect("promtool runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = fs::read_to_string(folder().join("alerts/plumb.yaml")).expect("the alerts");
    let file: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    for rule in groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"))
    {
        for annotation in ["summary", "description"] {
            let text = rule["annotations"][annotation].as_str();
            assert!(
                text.is_some_and(|text| text.len() > 20),
                "{annotation} of {}",
                rule["alert"]
            );
        }
        assert!(
            ["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap_or(""))
        );
    }
}

/// A node and a controller with all that can be wrong: every panel shows something, every alert would come.
#[test]
fn every_panel_shows_a_sick_cluster_and_every_alert_comes() {
    let agent = Target::serve(sick::agent);
    let controller = Target::serve(sick::controller);
    let prometheus = Prometheus::start(&[agent.address(), nobody()], &[controller.address()]);
    prometheus.wait_for("rate(plumb_agent_questions_total[10s]) > 0");
    for query in of_dashboard().iter().chain(&of_alerts()) {
        let found = prometheus.until_found(&query.text);
        assert!(found, "{} finds nothing: {}", query.place, query.text);
    }
}

/// An address at which nobody listens: an agent that is down.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// And of a cluster on which nothing is wrong none comes.
#[test]
fn no_alert_comes_from_a_cluster_that_is_well() {
    let agent = Target::serve(|scrape| sick::cured(&sick::agent(scrape)));
    let controller = Target::serve(|scrape| sick::cured(&sick::controller(scrape)));
    let prometheus = Prometheus::start(&[agent.address()], &[controller.address()]);
    prometheus.wait_for("rate(plumb_agent_questions_total[10s]) > 0");
    prometheus.wait_for("plumb_controller_leads == 1");
    for query in of_alerts() {
        let found = prometheus.query(&query.text);
        assert!(
            found.is_empty(),
            "{} without a reason: {found:?}",
            query.place
        );
    }
}

/// The words of a query that are names of our metrics.
fn names(query: &str) -> BTreeSet<&str> {
    let words = query.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("plumb_")).collect()
}

/// What real agents have, where the caller has some; those of [`sick`] otherwise.
#[test]
fn every_query_names_metrics_that_there_are() {
    let agents = addresses("PLUMB_AGENT_METRICS");
    let controllers = addresses("PLUMB_CONTROLLER_METRICS");
    if agents.is_empty() {
        let known = format!("{}{}", sick::agent(1), sick::controller(1));
        for query in of_dashboard().iter().chain(&of_alerts()) {
            for name in names(&query.text) {
                assert!(known.contains(name), "{name} in {}", query.place);
            }
        }
        return;
    }
    let prometheus = Prometheus::start(&agents, &controllers);
    prometheus.wait_for("count(up == 1)");
    // A metric has no values before something happened, but it has a description.
    let texts: String = agents
        .iter()
        .chain(&controllers)
        .map(|address| targets::get(address, "/metrics"))
        .collect();
    for query in of_dashboard().iter().chain(&of_alerts()) {
        prometheus.query(&query.text);
        for name in names(&query.text) {
            let described = ["_total", "_bucket"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let family = described.unwrap_or(name);
            let is_rdma = family.starts_with("plumb_rdma_");
            let is_known = texts.contains(&format!("# TYPE {family} ")) || is_rdma;
            assert!(
                is_known,
                "{family} in {}: no agent or controller has it",
                query.place
            );
        }
    }
}
