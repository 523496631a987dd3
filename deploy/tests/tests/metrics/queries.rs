//! What the dashboard and the alerts ask a Prometheus.

use std::collections::BTreeSet;
use std::fs;

use plumb_deploy_tests::folder;
use serde_json::Value;

/// A query, and where it stands.
pub struct Query {
    /// Which panel or alert has it.
    pub place: String,
    /// In PromQL.
    pub text: String,
}

/// All queries of the dashboard, as Grafana sends them.
pub fn of_dashboard() -> Vec<Query> {
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
pub fn of_alerts() -> Vec<Query> {
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

/// The words of a query that are names of our metrics.
pub fn names(query: &str) -> BTreeSet<&str> {
    let words = query.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("plumb_")).collect()
}
