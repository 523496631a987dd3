//! kubectl, in the cluster that the environment names.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::root;

/// How long something may take that should come about, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs it: what it printed, or what it says is wrong.
pub fn run(arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new("kubectl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl is in PATH");
    let mut pipe = child.stdin.take().expect("its standard input is a pipe");
    pipe.write_all(input.as_bytes()).expect("write to kubectl");
    drop(pipe);
    let output = child.wait_with_output().expect("kubectl ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

/// Applies manifests.
#[track_caller]
pub fn apply(manifests: &str) -> String {
    try_apply(manifests).unwrap_or_else(|error| panic!("{error}\n{manifests}"))
}

/// Applies manifests, or says why the API server refuses them.
pub fn try_apply(manifests: &str) -> Result<String, String> {
    run(&["apply", "-f", "-"], manifests)
}

/// Deletes objects and does not wait for that.
pub fn delete(arguments: &[&str]) {
    let _ = run(
        &[&["delete", "--wait=false", "--ignore-not-found"], arguments].concat(),
        "",
    );
}

/// An object, if it is there.
pub fn get(arguments: &[&str]) -> Option<Value> {
    let text = run(
        &[&["get", "-o", "json", "--ignore-not-found"], arguments].concat(),
        "",
    )
    .ok()?;
    serde_json::from_str(&text).ok()
}

/// Waits until there is something.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// Waits until there is something that takes its time.
#[track_caller]
pub fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            began.elapsed() < patience,
            "in {patience:?} there was not: {what}\n{}",
            crate::controller::logs()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reason and message of a condition.
pub fn condition(object: &Value, kind: &str) -> Option<(String, String, String)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

/// Waits for a reason of a condition; its message.
#[track_caller]
pub fn reason(arguments: &[&str], kind: &str, reason: &str) -> String {
    let mut last = None;
    until(&format!("{kind} {reason} of {arguments:?}"), || {
        let found = condition(&get(arguments)?, kind);
        if found != last {
            println!("{arguments:?}: {found:?}");
            last = found.clone();
        }
        let (_, other, message) = found?;
        (other == reason).then_some(message)
    })
}

/// The definitions of plumb's kinds, once.
pub fn with_definitions() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let file = root().join("deploy/plumb-crds.yaml");
        let file = file.to_str().expect("a path in UTF-8");
        run(&["apply", "--server-side", "-f", file], "").expect("the definitions are accepted");
        run(
            &[
                "wait",
                "--for=condition=Established",
                "--timeout=60s",
                "crd",
                "--all",
            ],
            "",
        )
        .expect("established");
    });
}

/// The definition that Multus brings.
pub const ATTACHMENTS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: network-attachment-definitions.k8s.cni.cncf.io}
spec:
  group: k8s.cni.cncf.io
  scope: Namespaced
  names:
    kind: NetworkAttachmentDefinition
    plural: network-attachment-definitions
    singular: network-attachment-definition
    shortNames: [net-attach-def]
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {config: {type: string}}}
";

/// All that a controller needs.
pub fn with_multus() {
    with_definitions();
    apply(ATTACHMENTS);
    let _ = run(
        &[
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd/network-attachment-definitions.k8s.cni.cncf.io",
        ],
        "",
    );
}
