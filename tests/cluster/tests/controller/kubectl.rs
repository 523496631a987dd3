//! The cluster of the tests here, by kubectl, and what a user reads of an object.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_cluster_tests::{Cluster, Shape, logs};
use serde_json::Value;

/// How long something may take that should come about, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// The cluster, once somebody needs it.
static CLUSTER: Mutex<Option<Arc<Cluster>>> = Mutex::new(None);

/// The cluster for one test. When that fails, the cluster's logs are printed.
pub struct Turn(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", logs::tails(cluster().folder()));
        }
    }
}

/// Waits until no other test uses the cluster.
pub fn turn() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    Turn(TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// As [`turn`], with a cluster that has no definition of plumb's yet.
pub fn turn_with_a_new_cluster() -> Turn {
    let turn = turn();
    drop(kept().take());
    turn
}

fn kept() -> MutexGuard<'static, Option<Arc<Cluster>>> {
    CLUSTER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cluster.
#[track_caller]
pub fn cluster() -> Arc<Cluster> {
    let mut kept = kept();
    let cluster = kept.get_or_insert_with(|| Arc::new(Cluster::start(Shape::API)));
    Arc::clone(cluster)
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Runs kubectl: what it printed, or what it says is wrong.
pub fn run(arguments: &[&str], input: &str) -> Result<String, String> {
    let done = cluster().kubectl().run_with(arguments, input);
    match done.succeeded() {
        true => Ok(done.stdout().to_owned()),
        false => Err(done.to_string()),
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
    plumb_cluster_tests::until(what, patience, || {
        look().ok_or_else(|| "it is not there".to_owned())
    })
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
    let what = format!("{kind} {reason} of {arguments:?}");
    plumb_cluster_tests::until(&what, PATIENCE, || {
        let found = get(arguments).and_then(|object| condition(&object, kind));
        match found {
            Some((_, other, message)) if other == reason => Ok(message),
            other => Err(format!("{other:?}")),
        }
    })
}

/// The definitions of plumb's kinds.
#[track_caller]
pub fn with_definitions() {
    let file = root().join("deploy/plumb-crds.yaml");
    established(&file, "--all");
}

/// All that a controller needs.
#[track_caller]
pub fn with_multus() {
    with_definitions();
    let file = root().join("tests/cluster/manifests/network-attachment-definitions.yaml");
    established(&file, ATTACHMENTS);
}

/// The definition that Multus brings.
pub const ATTACHMENTS: &str = "network-attachment-definitions.k8s.cni.cncf.io";

#[track_caller]
fn established(file: &Path, which: &str) {
    let file = file.to_str().expect("a path in UTF-8");
    run(&["apply", "--server-side", "-f", file], "").expect("the definitions are accepted");
    let wait = [
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd",
    ];
    run(&[&wait[..], &[which]].concat(), "").expect("established");
}
