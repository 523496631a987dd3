//! plumb in a cluster, as its chart and its image bring it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::{Cluster, cluster, until};

/// The namespace of the release.
pub const NAMESPACE: &str = "plumb-system";

const PATIENCE: Duration = Duration::from_secs(120);

/// The image that `make image` has built for this machine: the newest one, if there are several.
///
/// # Panics
///
/// When there is none.
#[track_caller]
pub fn image() -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/image"));
    let end = format!("-{}.tar", std::env::consts::ARCH);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let archives = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("plumb-") && name.ends_with(&end)
    });
    let newest =
        archives.max_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let newest =
        newest.unwrap_or_else(|| panic!("no image in {}: run `make image`", folder.display()));
    fs::canonicalize(newest).expect("the image is there")
}

/// Imports the image on every node, installs the chart, and waits until it serves. The controller looks at all blocks every
/// other second instead of every 30, or tests of counts would wait for that.
#[track_caller]
pub fn install(cluster: &Cluster) {
    let image = image();
    cluster.nodes().iter().for_each(|node| node.import(&image));
    let chart = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/chart/plumb"
    ));
    let chart = fs::canonicalize(chart).expect("the chart is there");
    let arguments = [
        "install",
        "plumb",
        chart.to_str().expect("a path in UTF-8"),
        "--namespace",
        NAMESPACE,
        "--create-namespace",
        "--set=image.pullPolicy=Never",
        "--set=controller.extraEnv[0].name=PLUMB_LOOK_SECONDS",
        "--set-string=controller.extraEnv[0].value=2",
    ];
    cluster.helm(&arguments).expect_success();
    ready(cluster, "agent", cluster.nodes().len());
    ready(cluster, "controller", 2);
}

/// Waits until so many pods of a component are ready, and no others are there.
#[track_caller]
pub fn ready(cluster: &Cluster, component: &str, count: usize) {
    let what = format!("{count} pods of the {component} are ready");
    until(&what, PATIENCE, || {
        let pods = pods(cluster, component);
        let ready = pods.iter().filter(|pod| cluster::is_ready(pod)).count();
        match ready == count && pods.len() == count {
            true => Ok(()),
            false => Err(seen(cluster, &pods)),
        }
    });
}

/// The pods of a component.
#[track_caller]
pub fn pods(cluster: &Cluster, component: &str) -> Vec<Value> {
    let selector = format!("app.kubernetes.io/component={component}");
    let arguments = ["--namespace", NAMESPACE, "--selector", &selector];
    cluster.kubectl().list("pods", &arguments)
}

/// What became of pods, with their logs.
fn seen(cluster: &Cluster, pods: &[Value]) -> String {
    let texts = pods.iter().map(|pod| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let arguments = ["logs", name, "--namespace", NAMESPACE, "--tail", "5"];
        let logs = cluster.kubectl().run(&arguments);
        format!("{name}: {}\n{logs}", pod["status"])
    });
    texts.collect::<Vec<_>>().join("\n")
}
