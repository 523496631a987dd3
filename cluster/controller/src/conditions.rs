//! Conditions of an object's status, as Kubernetes has them.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// Most bytes of a message, as the schemas have it.
const MESSAGE_BYTES: usize = 32_000;

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Such as `Ready`.
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// One word for programs.
    pub reason: &'static str,
    /// Sentences for a person.
    pub message: String,
}

impl Condition {
    /// It holds.
    pub fn yes(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            holds: true,
            reason,
            message: message.into(),
        }
    }

    /// It does not.
    pub fn no(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            holds: false,
            ..Self::yes(kind, reason, message)
        }
    }
}

/// `status.conditions` as it is to be, with the time of each change of status; none where it is so already. What others
/// have written there stays, but for kinds that are `ours`.
pub fn changed(object: &Value, wanted: &[Condition], ours: &[&str], now: &str) -> Option<Value> {
    let present = object.pointer("/status/conditions");
    let present = present
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let kind = |condition: &Value| condition["type"].as_str().unwrap_or_default().to_owned();
    let generation = object.pointer("/metadata/generation").cloned();
    let others = present
        .iter()
        .filter(|condition| !ours.contains(&kind(condition).as_str()))
        .cloned();
    let written = wanted.iter().map(|wanted| {
        let status = if wanted.holds { "True" } else { "False" };
        let before = present.iter().find(|before| kind(before) == wanted.kind);
        let since = before
            .filter(|before| before["status"] == status)
            .and_then(|before| before["lastTransitionTime"].as_str())
            .unwrap_or(now);
        let mut condition = json!({
            "type": wanted.kind, "status": status, "reason": wanted.reason, "message": shortened(&wanted.message),
            "lastTransitionTime": since,
        });
        if let Some(generation) = &generation {
            condition["observedGeneration"] = generation.clone();
        }
        condition
    });
    let conditions: Vec<Value> = others.chain(written).collect();
    (conditions != present).then_some(Value::Array(conditions))
}

/// What an object's status says of a kind already: status, reason and message.
pub fn before<'a>(object: &'a Value, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

/// The time, as the API has it.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn shortened(message: &str) -> String {
    if message.len() <= MESSAGE_BYTES {
        return message.to_owned();
    }
    let mut end = MESSAGE_BYTES;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "2026-01-01T00:00:00Z";
    const NOW: &str = "2026-01-02T00:00:00Z";

    fn object(status: &str) -> Value {
        json!({"metadata": {"generation": 3}, "status": {"conditions": [
            {"type": "Foreign", "status": "True"},
            {"type": "Ready", "status": status, "reason": "Usable", "message": "", "lastTransitionTime": EARLIER,
             "observedGeneration": 3},
        ]}})
    }

    #[test]
    fn nothing_is_written_where_nothing_changes() {
        let wanted = [Condition::yes("Ready", "Usable", "")];
        assert_eq!(changed(&object("True"), &wanted, &["Ready"], NOW), None);
    }

    #[test]
    fn the_time_is_that_of_the_last_change_of_status() {
        let wanted = [Condition::yes("Ready", "Usable", "now with words")];
        let conditions = changed(&object("True"), &wanted, &["Ready"], NOW).unwrap();
        assert_eq!(conditions[1]["lastTransitionTime"], EARLIER);
        let conditions = changed(&object("False"), &wanted, &["Ready"], NOW).unwrap();
        assert_eq!(conditions[1]["lastTransitionTime"], NOW);
        assert_eq!(conditions[0]["type"], "Foreign");
    }

    #[test]
    fn a_condition_of_ours_that_does_not_apply_any_more_is_gone() {
        let conditions = changed(&object("True"), &[], &["Ready"], NOW).unwrap();
        assert_eq!(conditions.as_array().unwrap().len(), 1);
    }
}
