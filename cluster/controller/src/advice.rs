//! What is said of resources that are taken so that manifests can be applied as they are, and that do little.

use plumb_resources::{Coordinator, SUBNETS_ARE_NOT_USED};
use serde_json::Value;

use crate::act::{Action, status};
use crate::conditions::Condition;
use crate::kinds::Kind;

const OURS: [&str; 1] = ["Ready"];

/// What is said of `SpiderSubnet`s.
pub fn subnets(subnets: &[Value], now: &str) -> Vec<Action> {
    let conditions = [Condition::no("Ready", "NotSupported", SUBNETS_ARE_NOT_USED)];
    let one = |subnet| status(Kind::Subnet, subnet, &conditions, &OURS, &[], now);
    subnets.iter().filter_map(one).collect()
}

/// What the cluster's `SpiderCoordinator` says, the first one by name, and what is said of all of them.
pub fn coordinators(coordinators: &[Value], now: &str) -> (Option<Coordinator>, Vec<Action>) {
    let mut used: Option<(Coordinator, &str)> = None;
    let mut actions = Vec::new();
    for object in coordinators {
        let name = object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let condition = match (Coordinator::of_cluster(object), &used) {
            (Err(problems), _) => Condition::no("Ready", "Invalid", problems.join("; ")),
            (Ok(_), Some((_, first))) => {
                let message = format!("is not used: {first:?} is, the first by name");
                Condition::no("Ready", "NotTheFirst", message)
            }
            (Ok((coordinator, notes)), None) => {
                used = Some((coordinator, name));
                let message = format!(
                    "networks have what it says where they say nothing themselves, but for mode and tunePodRoutes, which are \
                     each network's; plumb needs none, and finds no podCIDRType: the node's policy names the networks of the \
                     cluster{}{}",
                    if notes.is_empty() { "" } else { "; " },
                    notes.join("; ")
                );
                Condition::yes("Ready", "Used", message)
            }
        };
        actions.extend(status(
            Kind::Coordinator,
            object,
            &[condition],
            &OURS,
            &[],
            now,
        ));
    }
    (used.map(|(coordinator, _)| coordinator), actions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(action: &Action) -> (&str, &str) {
        let Action::Status(target, patch, _) = action else {
            panic!("{action:?}");
        };
        let reason = patch
            .pointer("/status/conditions/0/reason")
            .and_then(Value::as_str);
        (target.name.as_str(), reason.unwrap_or_default())
    }

    #[test]
    fn one_coordinator_is_used_and_the_others_are_told() {
        let object = |name: &str, mode: &str| json!({"metadata": {"name": name}, "spec": {"mode": mode, "podRPFilter": 2}});
        let objects = [
            object("a", "wrong"),
            object("b", "auto"),
            object("c", "auto"),
        ];
        let (used, actions) = coordinators(&objects, "now");
        assert_eq!(used.unwrap().reverse_path_filter, Some(2));
        let said: Vec<_> = actions.iter().map(said).collect();
        assert_eq!(
            said,
            [("a", "Invalid"), ("b", "Used"), ("c", "NotTheFirst")]
        );
    }

    #[test]
    fn a_subnet_is_told_what_to_write_instead() {
        let actions = subnets(&[json!({"metadata": {"name": "s"}})], "now");
        assert_eq!(said(&actions[0]), ("s", "NotSupported"));
    }
}
