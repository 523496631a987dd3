//! What the API answers.

use serde_json::{Value, json};

use super::http::Request;
use super::{NAMESPACE, Objects, protobuf};

/// Status code and body for a request.
pub(super) fn answer(request: &Request, objects: &mut Objects) -> (u16, Value) {
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["api", "v1", "namespaces", NAMESPACE, "pods", name]) => {
            found(objects.pods.get(*name), "pods", name)
        }
        ("PUT", ["api", "v1", "namespaces", NAMESPACE, "pods", name, "status"]) => {
            write_status(name, &request.body, objects)
        }
        (
            "GET",
            [
                "apis",
                "k8s.cni.cncf.io",
                "v1",
                "namespaces",
                NAMESPACE,
                "network-attachment-definitions",
                name,
            ],
        ) => found(
            objects.networks.get(*name),
            "network-attachment-definitions.k8s.cni.cncf.io",
            name,
        ),
        // Events are for people who watch; the client wants no more than one back.
        ("POST", ["api", "v1", "namespaces", NAMESPACE, "events"]) => {
            let metadata = json!({"name": "event", "namespace": NAMESPACE});
            let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": metadata});
            (201, event)
        }
        (method, _) => {
            let message = format!("this API does not serve {method} {}", request.path);
            failure(501, "NotImplemented", &message)
        }
    }
}

fn found(object: Option<&Value>, kind: &str, name: &str) -> (u16, Value) {
    match object {
        Some(object) => (200, object.clone()),
        None => failure(404, "NotFound", &format!("{kind} \"{name}\" not found")),
    }
}

/// Kubernetes takes the annotations along when it is asked to write a pod's status.
fn write_status(name: &str, body: &[u8], objects: &mut Objects) -> (u16, Value) {
    let Some(pod) = objects.pods.get_mut(name) else {
        return found(None, "pods", name);
    };
    let Some(written) = protobuf::metadata(body) else {
        return failure(400, "BadRequest", "the body is no pod in protobuf encoding");
    };
    let version = pod["metadata"]["resourceVersion"].as_str().unwrap_or("");
    if written.resource_version != version {
        let message = format!("pods \"{name}\" was changed since it was read");
        return failure(409, "Conflict", &message);
    }
    let next = version.parse::<u64>().map_or(1, |version| version + 1);
    pod["metadata"]["resourceVersion"] = next.to_string().into();
    pod["metadata"]["annotations"] = json!(written.annotations);
    (200, pod.clone())
}

fn failure(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let status = json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    });
    (code, status)
}
