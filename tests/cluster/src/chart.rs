//! plumb in a cluster, as its chart and its image bring it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use plumb_runtimes::Finished;
use serde_json::Value;

use crate::{Cluster, Node, cluster, until};

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

/// An image of another version, by the same script: the same programs, of which plumb has some bytes more at its end, which
/// nobody reads. So what an upgrade changes on a node can be told from what was there.
///
/// # Panics
///
/// When it cannot be built.
#[track_caller]
pub fn next(cluster: &Cluster, version: &str) -> PathBuf {
    let built = image().with_file_name(std::env::consts::ARCH);
    let programs = cluster.folder().join(version);
    fs::create_dir_all(&programs).expect("make a folder");
    let entries = fs::read_dir(&built).expect("the image's programs are beside it");
    for entry in entries.flatten() {
        let copy = programs.join(entry.file_name());
        fs::copy(entry.path(), copy).expect("copy a program");
    }
    let mut plumb = File::options()
        .append(true)
        .open(programs.join("plumb"))
        .expect("open the copy");
    plumb
        .write_all(version.as_bytes())
        .expect("write to the copy");
    drop(plumb);
    let archive = cluster.folder().join(format!("plumb-{version}.tar"));
    let mut command = Command::new(deploy().join("image/build"));
    command
        .arg(&programs)
        .args([version, std::env::consts::ARCH])
        .arg(&archive);
    Finished::of(command).expect_success();
    archive
}

/// The folder `deploy`.
fn deploy() -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
    fs::canonicalize(folder).expect("deploy is there")
}

/// Imports the image on every node, installs the chart, and waits until it serves. The controller looks at all blocks every
/// other second instead of every 30, or tests of counts would wait for that.
#[track_caller]
pub fn install(cluster: &Cluster) {
    let image = image();
    cluster.nodes().iter().for_each(|node| node.import(&image));
    let chart = deploy().join("chart/plumb");
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

/// Goes to the image of another version, which the nodes have, and waits until it serves.
#[track_caller]
pub fn upgrade(cluster: &Cluster, version: &str) {
    let chart = deploy().join("chart/plumb");
    let arguments = [
        "upgrade",
        "plumb",
        chart.to_str().expect("a path in UTF-8"),
        "--namespace",
        NAMESPACE,
        "--reuse-values",
        &format!("--set=image.tag={version}"),
    ];
    cluster.helm(&arguments).expect_success();
    rolled(cluster, version);
}

/// Goes back to the first revision of the release, which was of this image, and waits until it serves.
#[track_caller]
pub fn roll_back(cluster: &Cluster, image: &Path) {
    let arguments = ["rollback", "plumb", "1", "--namespace", NAMESPACE];
    cluster.helm(&arguments).expect_success();
    let name = image.file_stem().unwrap_or_default().to_string_lossy();
    let version = name.strip_prefix("plumb-").unwrap_or_default();
    let end = format!("-{}", std::env::consts::ARCH);
    rolled(cluster, version.strip_suffix(&end).unwrap_or(version));
}

/// Waits until all pods are ready and of one version.
#[track_caller]
fn rolled(cluster: &Cluster, version: &str) {
    for (component, count) in [("agent", cluster.nodes().len()), ("controller", 2)] {
        let what = format!("{count} pods of the {component} have version {version}");
        let end = format!(":{version}");
        until(&what, PATIENCE, || {
            let pods = pods(cluster, component);
            let is_new = |pod: &&Value| {
                let image = pod["spec"]["containers"][0]["image"].as_str();
                image.is_some_and(|image| image.ends_with(&end)) && cluster::is_ready(pod)
            };
            match pods.iter().filter(is_new).count() == count && pods.len() == count {
                true => Ok(()),
                false => Err(seen(cluster, &pods)),
            }
        });
    }
}

/// Which plumb is installed, as a number that another one has not. All nodes have the same.
///
/// # Panics
///
/// When they have not.
#[track_caller]
pub fn installed(cluster: &Cluster) -> u64 {
    let of = |node: &Node| {
        let bytes = fs::read(node.path("/opt/cni/bin/plumb")).expect("plumb is installed");
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        hasher.finish()
    };
    let mut found: Vec<_> = cluster.nodes().iter().map(of).collect();
    found.dedup();
    assert_eq!(found.len(), 1, "the nodes have plumbs that differ");
    found.remove(0)
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
