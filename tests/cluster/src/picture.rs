//! What there is on the nodes and in the API, to see what a test leaves behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cni_harness::node::files_below;

use crate::chart::NAMESPACE;
use crate::{Cluster, Node, install};

/// The bridge of the pods' first network, which stays from the first pod on, and the addresses
/// that links have as soon as the kernel knows that nobody else has them.
const BY_THEMSELVES: [&str; 2] = ["cni0", "fe80::"];

/// The kinds of objects that tests make, as far as the API server has them.
const KINDS: [&str; 12] = [
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "pods",
    "network-attachment-definitions.k8s.cni.cncf.io",
    "ipblocks.ipam.plumb.network",
    "poolstates.ipam.plumb.network",
    "spiderippools.spiderpool.spidernet.io",
    "spidermultusconfigs.spiderpool.spidernet.io",
    "spiderreservedips.spiderpool.spidernet.io",
    "spidercoordinators.spiderpool.spidernet.io",
    "spidersubnets.spiderpool.spidernet.io",
];

/// All of it, a line each.
#[derive(Clone, Debug, Default)]
pub struct Picture(BTreeSet<String>);

impl Picture {
    /// The cluster as it is now.
    #[track_caller]
    pub fn new(cluster: &Cluster) -> Self {
        let mut lines = BTreeSet::new();
        for node in cluster.nodes() {
            let of_node = |line: String| format!("{}: {line}", node.name());
            lines.extend(node_lines(node).into_iter().map(of_node));
        }
        lines.extend(objects(cluster));
        lines.retain(|line| !is_of_an_own_pod(line));
        Self(lines)
    }

    /// What is new since `before`, and what is gone; empty when it is as before.
    pub fn difference(&self, before: &Self) -> String {
        let new = self
            .0
            .difference(&before.0)
            .map(|line| format!("+ {line}\n"));
        let gone = before
            .0
            .difference(&self.0)
            .map(|line| format!("- {line}\n"));
        new.chain(gone).collect()
    }
}

#[track_caller]
fn node_lines(node: &Node) -> Vec<String> {
    let mut lines = Vec::new();
    for look in [
        "ip -oneline link show",
        "ip -4 route show table all",
        "ip -6 route show table all",
        "ip -4 rule show",
        "ip -6 rule show",
    ] {
        let shown = node.run(look).expect_success();
        let shown = shown
            .lines()
            .filter(|line| BY_THEMSELVES.iter().all(|word| !line.contains(word)));
        lines.extend(shown.map(|line| format!("{look}: {}", stable(line))));
    }
    for entry in fs::read_dir(node.path("/run/netns"))
        .into_iter()
        .flatten()
        .flatten()
    {
        lines.push(format!("network namespace {}", entry.file_name().display()));
    }
    for folder in ["/run/plumb", "/var/lib/plumb"] {
        let root = node.path("/");
        let files = files_below(&node.path(folder));
        let files = files.iter().filter(|file| !is_kept(file));
        lines.extend(files.map(|file| {
            let path = file.strip_prefix(&root).unwrap_or(file);
            format!("file /{}", path.display())
        }));
    }
    let leases = install::leases(node);
    lines.extend(leases.iter().map(|lease| format!("lease {lease}")));
    lines
}

/// Whether a line is about a pod of plumb's chart: the next one in its place has another name.
fn is_of_an_own_pod(line: &str) -> bool {
    let object = format!("object {NAMESPACE} Pod plumb-");
    let file = format!("/pods/{NAMESPACE}_plumb-");
    line.contains(&object) || line.contains(&file)
}

/// A link's line without what changes by itself: its state, and how many look at it.
fn stable(line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    words.join(" ")
}

/// What is there from the first attachment on: the lease store, and locks.
fn is_kept(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_empty = fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0);
    name.starts_with("leases.db") || (is_empty && name.ends_with("lock"))
}

#[track_caller]
fn objects(cluster: &Cluster) -> Vec<String> {
    let kubectl = cluster.kubectl();
    let known = kubectl
        .run(&["api-resources", "--output", "name"])
        .expect_success();
    let kinds: Vec<_> = KINDS
        .into_iter()
        .filter(|kind| known.lines().any(|line| line == *kind))
        .collect();
    let kinds = kinds.join(",");
    let columns = "custom-columns=NAMESPACE:.metadata.namespace,KIND:.kind,NAME:.metadata.name";
    let arguments = [
        "get",
        &kinds,
        "--all-namespaces",
        "--no-headers",
        "--output",
        columns,
    ];
    let text = kubectl.run(&arguments).expect_success();
    let lines = text.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        format!("object {}", words.join(" "))
    });
    lines.collect()
}
