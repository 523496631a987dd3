//! The dashboard and the alerts, by a real Prometheus that scrapes what agents and a controller say that are well, and that
//! are not. What those of a cluster have, `cluster.rs` looks at.

#[path = "metrics/prometheus.rs"]
mod prometheus;
#[path = "metrics/queries.rs"]
mod queries;
#[path = "metrics/sick.rs"]
mod sick;
#[path = "metrics/targets.rs"]
mod targets;

use std::fs;
use std::process::Command;

use plumb_deploy_tests::folder;
use serde_json::Value;

use prometheus::{Prometheus, program};
use queries::{names, of_alerts, of_dashboard};
use targets::Target;

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

/// A query may ask for what [`sick`] has, so that it cannot pass there by asking for nothing.
#[test]
fn every_query_names_metrics_of_the_sick_cluster() {
    let known = format!("{}{}", sick::agent(1), sick::controller(1));
    for query in of_dashboard().iter().chain(&of_alerts()) {
        for name in names(&query.text) {
            assert!(known.contains(name), "{name} in {}", query.place);
        }
    }
}
