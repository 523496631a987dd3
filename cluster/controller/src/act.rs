//! What is to be done, and doing it.

use std::collections::BTreeMap;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};

use crate::conditions::{self, Condition};
use crate::events::{Events, Told};
use crate::failure;
use crate::kinds::Kind;
use crate::metrics::Metrics;

/// The name under which fields are owned.
pub const MANAGER: &str = "plumb-controller";

/// Writes at a time.
const WRITES: usize = 8;

/// An object, as it is addressed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Its kind.
    pub kind: Kind,
    /// None of the cluster's.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Target {
    /// An object as it was read.
    pub fn of(kind: Kind, object: &Value) -> Self {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Self {
            kind,
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").unwrap_or_default(),
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Makes the object be like this, as far as it says so.
    Apply(Target, Value),
    /// Changes fields of metadata or spec; with a `resourceVersion` only in that state.
    Change(Target, Value),
    /// Deletes the object, if it is still the one of this `metadata`.
    Delete(Target, Value),
    /// Changes fields of the status, and tells it.
    Status(Target, Value, Option<Box<Told>>),
}

/// The change of an object's status to `wanted`, and what else is to be in it; none where nothing changes. The event is
/// about the condition `Ready`.
pub fn status(
    kind: Kind,
    object: &Value,
    wanted: &[Condition],
    ours: &[&str],
    fields: &[(&str, Value)],
    now: &str,
) -> Option<Action> {
    let mut patch = serde_json::Map::new();
    if let Some(conditions) = conditions::changed(object, wanted, ours, now) {
        patch.insert("conditions".to_owned(), conditions);
    }
    for (field, value) in fields {
        let before = object.get("status").and_then(|status| status.get(field));
        if before.unwrap_or(&Value::Null) != value {
            patch.insert((*field).to_owned(), value.clone());
        }
    }
    if patch.is_empty() {
        return None;
    }
    let told = wanted
        .iter()
        .find(|condition| condition.kind == "Ready")
        .and_then(|ready| told(kind, object, ready))
        .map(Box::new);
    let patch = json!({"status": patch});
    Some(Action::Status(Target::of(kind, object), patch, told))
}

/// An event where the words have changed.
fn told(kind: Kind, object: &Value, ready: &Condition) -> Option<Told> {
    let status = if ready.holds { "True" } else { "False" };
    let now = (status, ready.reason, ready.message.as_str());
    if conditions::before(object, "Ready") == Some(now) {
        return None;
    }
    let text = |path: &str| {
        object
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Some(Told {
        object: ObjectReference {
            api_version: Some(kind.version()),
            kind: Some(kind.name().to_owned()),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            uid: text("/metadata/uid"),
            ..ObjectReference::default()
        },
        warning: !ready.holds,
        reason: ready.reason,
        message: ready.message.clone(),
    })
}

/// Does all of it, a few at a time, and says what could not be done.
pub async fn perform(
    client: &Client,
    events: &Events,
    metrics: &Metrics,
    actions: Vec<Action>,
) -> BTreeMap<Target, String> {
    futures::stream::iter(actions)
        .map(|action| one(client, events, metrics, action))
        .buffer_unordered(WRITES)
        .filter_map(|failed| async { failed })
        .collect()
        .await
}

async fn one(
    client: &Client,
    events: &Events,
    metrics: &Metrics,
    action: Action,
) -> Option<(Target, String)> {
    let (target, tried, written) = match &action {
        Action::Apply(target, object) => {
            let parameters = PatchParams::apply(MANAGER).force();
            let api = target.kind.of(client, target.namespace.as_deref());
            let patch = Patch::Apply(object);
            (
                target,
                "apply",
                api.patch(&target.name, &parameters, &patch).await.map(drop),
            )
        }
        Action::Change(target, patch) => {
            let api = target.kind.of(client, target.namespace.as_deref());
            let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
            (
                target,
                "patch",
                api.patch(&target.name, &parameters, &patch).await.map(drop),
            )
        }
        Action::Delete(target, metadata) => {
            let text = |key: &str| metadata[key].as_str().map(str::to_owned);
            let preconditions = Preconditions {
                uid: text("uid"),
                resource_version: text("resourceVersion"),
            };
            let parameters = DeleteParams::default().preconditions(preconditions);
            let deleted = target
                .kind
                .all(client)
                .delete(&target.name, &parameters)
                .await;
            (target, "delete", deleted.map(drop))
        }
        Action::Status(target, patch, _) => {
            let api = target.kind.of(client, target.namespace.as_deref());
            let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
            let written = api.patch_status(&target.name, &parameters, &patch).await;
            (target, "patch the status of", written.map(drop))
        }
    };
    match written {
        Ok(_) => {
            metrics.write(target.kind.plural(), "ok");
            if let Action::Status(_, _, Some(told)) = &action {
                events.tell(told).await;
            }
            None
        }
        Err(error) => {
            let code = failure::code(&error);
            let outcome = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
            metrics.write(target.kind.plural(), &outcome);
            // It is gone, or has changed meanwhile: the next look sees what it is now.
            let is_over = match action {
                Action::Apply(..) => false,
                _ => matches!(code, Some(404 | 409)),
            };
            if is_over {
                return None;
            }
            let sentence = failure::sentence(tried, target.kind.plural(), &error);
            tracing::warn!(
                name = target.name,
                namespace = target.namespace,
                "{sentence}; this is tried again"
            );
            Some((target.clone(), sentence))
        }
    }
}
