//! Which nodes, namespaces and pods a pool is for.
//!
//! A list of names goes before a selector of labels, as with Spiderpool. An empty selector is none.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use serde_json::{Map, Value};

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// The fields of a pool that are compared with labels, which plumb has none of.
pub const FIELDS: [&str; 3] = ["nodeAffinity", "podAffinity", "namespaceAffinity"];

/// What of a pool depends on the pod.
#[derive(Debug, Clone, Default)]
pub struct Affinity {
    pod: Option<Selector>,
    namespace: Option<Selector>,
}

impl Affinity {
    /// The affinities of a pool.
    ///
    /// # Errors
    ///
    /// Which field is no selector, and why.
    pub fn of(spec: &Map<String, Value>) -> Result<Self, String> {
        Ok(Self {
            pod: selector(spec, "podAffinity")?,
            namespace: match names(spec, "namespaceName").is_empty() {
                true => selector(spec, "namespaceAffinity")?,
                false => None,
            },
        })
    }

    /// Whether every pod may use the pool.
    pub fn is_none(&self) -> bool {
        self.pod.is_none() && self.namespace.is_none()
    }

    /// Why a pod may not use the pool; none: it may.
    pub fn refuses(&self, pod: &Labels, namespace: &Labels) -> Option<String> {
        let differs = |selector: &Option<Selector>, labels: &Labels| {
            let selector = selector.as_ref()?;
            (!selector.matches(labels)).then(|| selector.to_string())
        };
        if let Some(selector) = differs(&self.pod, pod) {
            return Some(format!(
                "its podAffinity wants pods with the labels {selector}"
            ));
        }
        let selector = differs(&self.namespace, namespace)?;
        Some(format!(
            "its namespaceAffinity wants namespaces with the labels {selector}"
        ))
    }
}

/// Why this node may not use a pool; none: it may.
///
/// # Errors
///
/// Which field is no selector, and why.
pub fn refuses_node(
    spec: &Map<String, Value>,
    node: &str,
    labels: &Labels,
) -> Result<Option<String>, String> {
    let nodes = names(spec, "nodeName");
    if !nodes.is_empty() {
        return Ok((!nodes.contains(&node)).then(|| {
            format!(
                "its nodeName has {}, and this node is {node}",
                shortened(&nodes)
            )
        }));
    }
    let Some(selector) = selector(spec, "nodeAffinity")? else {
        return Ok(None);
    };
    Ok((!selector.matches(labels)).then(|| {
        format!("its nodeAffinity wants nodes with the labels {selector}, which {node} has not")
    }))
}

/// A field by its name in any case, as plumb reads pools.
fn field<'a>(spec: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let (_, value) = spec
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value)
}

/// What is no text is for the check of pools to find.
fn names<'a>(spec: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let list = field(spec, name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn shortened(names: &[&str]) -> String {
    match names {
        [first, second, third, _, ..] => {
            format!("{first}, {second}, {third} and {} more", names.len() - 3)
        }
        names => names.join(", "),
    }
}

fn selector(spec: &Map<String, Value>, name: &str) -> Result<Option<Selector>, String> {
    let Some(value) = field(spec, name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wrong = |why: String| {
        format!("spec.{name}: {why}; write it like {{\"matchLabels\": {{\"app\": \"training\"}}}}")
    };
    let object = value
        .as_object()
        .ok_or_else(|| wrong(format!("is {value}, expected a selector of labels")))?;
    // A key with a typing error would be a rule that is missing.
    let unknown = |key: &&String| !["matchLabels", "matchExpressions"].contains(&key.as_str());
    if let Some(key) = object.keys().find(unknown) {
        return Err(wrong(format!("there is no {key}")));
    }
    let labels: LabelSelector =
        serde_json::from_value(value.clone()).map_err(|error| wrong(error.to_string()))?;
    let selector = Selector::try_from(labels).map_err(|error| wrong(error.to_string()))?;
    Ok((!selector.selects_all()).then_some(selector))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn labels(labels: &[(&str, &str)]) -> Labels {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        labels.iter().map(owned).collect()
    }

    #[test]
    fn names_of_nodes_go_before_their_labels() {
        let pool = spec(json!({
            "nodeName": ["a", "b"],
            "nodeAffinity": {"matchLabels": {"rack": "7"}},
        }));
        assert_eq!(refuses_node(&pool, "a", &labels(&[])).unwrap(), None);
        let refusal = refuses_node(&pool, "c", &labels(&[("rack", "7")])).unwrap();
        assert!(refusal.unwrap().contains("has a, b"));
    }

    #[test]
    fn every_kind_of_expression_is_compared() {
        for (expression, node, matches) in [
            (
                json!({"key": "rack", "operator": "In", "values": ["7", "8"]}),
                "8",
                true,
            ),
            (
                json!({"key": "rack", "operator": "In", "values": ["7", "8"]}),
                "9",
                false,
            ),
            (
                json!({"key": "rack", "operator": "NotIn", "values": ["7"]}),
                "8",
                true,
            ),
            (
                json!({"key": "rack", "operator": "NotIn", "values": ["7"]}),
                "7",
                false,
            ),
            (json!({"key": "rack", "operator": "Exists"}), "7", true),
            (json!({"key": "room", "operator": "Exists"}), "7", false),
            (
                json!({"key": "room", "operator": "DoesNotExist"}),
                "7",
                true,
            ),
            (
                json!({"key": "rack", "operator": "DoesNotExist"}),
                "7",
                false,
            ),
        ] {
            let pool = spec(json!({"nodeAffinity": {"matchExpressions": [expression]}}));
            let refusal = refuses_node(&pool, "a", &labels(&[("rack", node)])).unwrap();
            assert_eq!(refusal.is_none(), matches, "{expression} {node}");
        }
    }

    #[test]
    fn pods_and_namespaces_are_compared_with_their_selectors() {
        let pool = spec(json!({
            "podAffinity": {"matchLabels": {"app": "training"}},
            "namespaceAffinity": {"matchLabels": {"team": "a"}},
        }));
        let affinity = Affinity::of(&pool).unwrap();
        let (training, a) = (labels(&[("app", "training")]), labels(&[("team", "a")]));
        assert_eq!(affinity.refuses(&training, &a), None);
        let refusal = affinity.refuses(&labels(&[("app", "web")]), &a).unwrap();
        assert!(
            refusal.contains("podAffinity") && refusal.contains("training"),
            "{refusal}"
        );
        let refusal = affinity.refuses(&training, &labels(&[])).unwrap();
        assert!(refusal.contains("namespaceAffinity"), "{refusal}");
    }

    #[test]
    fn an_empty_selector_is_none_and_a_wrong_one_is_no_rule_that_is_missing() {
        let empty = spec(json!({"podAffinity": {}, "namespaceAffinity": null}));
        assert!(Affinity::of(&empty).unwrap().is_none());
        for wrong in [
            json!({"podAffinity": {"matchLabel": {"app": "x"}}}),
            json!({"podAffinity": "app=x"}),
            json!({"podAffinity": {"matchExpressions": [{"key": "app", "operator": "Like"}]}}),
        ] {
            let error = Affinity::of(&spec(wrong)).unwrap_err();
            assert!(error.starts_with("spec.podAffinity: "), "{error}");
        }
    }
}
