//! A cluster that `tests/cluster/up` starts, for as long as the test holds it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use plumb_runtimes::{Finished, packages};

use crate::{Kubectl, Node, Place, logs, processes, until};

/// What a cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many nodes; they are called `node1` and so on.
    pub nodes: usize,
    /// Links of every node beside `eth0`, each of which reaches those of its name on the others.
    pub links: &'static [&'static str],
    /// Whether the controllers and the scheduler run; where there are nodes they always do.
    pub controllers: bool,
}

impl Shape {
    /// An API server, and nobody who makes pods of what is written there.
    pub const API: Self = Self {
        nodes: 0,
        links: &[],
        controllers: false,
    };

    /// Two nodes with two rails.
    pub const TWO_NODES: Self = Self {
        nodes: 2,
        links: &["ens6f0np0", "ens6f1np1"],
        controllers: true,
    };

    /// The same with eight rails, and a link that has the name of an InfiniBand adapter, which it is not.
    pub const WITH_CHART: Self = Self {
        links: &[
            "ens6f0np0",
            "ens6f1np1",
            "ens7f0np0",
            "ens7f1np1",
            "ens8f0np0",
            "ens8f1np1",
            "ens9f0np0",
            "ens9f1np1",
            "ibs5f0",
        ],
        ..Self::TWO_NODES
    };
}

/// How long nodes may take to become ready, on a machine that has other things to do.
const START: Duration = Duration::from_secs(120);

/// The cluster. It ends when it is dropped, or with the test's process, however that ends.
pub struct Cluster {
    folder: PathBuf,
    up: Child,
    /// The command in the cluster is cat: it ends when nobody holds this any more.
    command: Option<ChildStdin>,
    place: Place,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts a cluster, and waits until its nodes are ready.
    ///
    /// # Panics
    ///
    /// With what `up` and the programs of the cluster wrote, when it does not come up, and when
    /// this is not root.
    #[track_caller]
    pub fn start(shape: Shape) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        assert!(
            nix::unistd::geteuid().is_root(),
            "a cluster needs control groups and mounts: run its tests as root"
        );
        require(shape);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("cluster-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("log")).expect("make the cluster's folder");
        let mut up = start(&folder, shape);
        let mut command = up.stdin.take().expect("its standard input is a pipe");
        let answer = up.stdout.take().expect("its standard output is a pipe");
        // cat says it again, once it runs.
        let _ = writeln!(command, "ready");
        let mut line = String::new();
        let _ = BufReader::new(answer).read_line(&mut line);
        if line != "ready\n" {
            let tails = logs::tails(&folder);
            drop(command);
            let _ = up.wait();
            panic!("the cluster did not come up:\n{tails}");
        }
        let place = Place::new(processes::first(&folder), folder.clone());
        let nodes = (1..=shape.nodes)
            .map(|number| Node::new(&folder, number))
            .collect();
        let cluster = Self {
            folder,
            up,
            command: Some(command),
            place,
            nodes,
        };
        cluster.wait_for_nodes();
        cluster
    }

    /// The administrator's client of the API server.
    pub fn kubectl(&self) -> Kubectl<'_> {
        Kubectl::new(&self.place, self.kubeconfig())
    }

    /// The administrator's kubeconfig. It is of use in a [`Place`] of the cluster only.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("keys/administrator.kubeconfig")
    }

    /// Where the control plane runs, which reaches all nodes.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The nodes, `node1` first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node, by its name.
    ///
    /// # Panics
    ///
    /// When there is none of this name.
    #[track_caller]
    pub fn node(&self, name: &str) -> &Node {
        let found = self.nodes.iter().find(|node| node.name() == name);
        found.unwrap_or_else(|| panic!("the cluster has no node {name}"))
    }

    /// The folder with the logs and keys of the cluster, which is removed with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Packs programs without shared libraries as the image `localhost/NAME:1`, with busybox
    /// beside them, and imports it on every node.
    #[track_caller]
    pub fn image(&self, name: &str, programs: &[&Path]) {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/image"));
        command.arg(&self.folder).arg(name).args(programs);
        Finished::of(command).expect_success();
        let archive = self.folder.join(format!("{name}.tar"));
        self.nodes.iter().for_each(|node| node.import(&archive));
    }

    /// Runs Helm to its end, as the administrator.
    #[track_caller]
    pub fn helm(&self, arguments: &[&str]) -> Finished {
        let programs = plumb_tests::peers::build("helm");
        let mut command = self.place.command(programs.join("helm"));
        command
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("HELM_CACHE_HOME", self.folder.join("helm"));
        Finished::of(command)
    }

    /// A kubeconfig with the token of a service account, as the account of a pod; bound to a node
    /// of this name, as the tokens of pods on that node are.
    ///
    /// # Panics
    ///
    /// When the account or the node does not exist.
    #[track_caller]
    pub fn account(&self, namespace: &str, account: &str, node: Option<&str>) -> PathBuf {
        let kubectl = self.kubectl();
        let mut arguments = vec!["create", "token", account, "--namespace", namespace];
        let uid;
        if let Some(node) = node {
            let object = kubectl.get("node", node);
            let object = object.unwrap_or_else(|| panic!("there is no node {node}"));
            uid = object["metadata"]["uid"]
                .as_str()
                .expect("a UID")
                .to_owned();
            arguments.extend(["--bound-object-kind", "Node", "--bound-object-name", node]);
            arguments.extend(["--bound-object-uid", &uid]);
        }
        let token = kubectl.run(&arguments).expect_success();
        let name = format!("{namespace}.{account}.{}", node.unwrap_or("any"));
        let file = self.folder.join(format!("keys/{name}.kubeconfig"));
        let authority = self.folder.join("keys/authority.crt");
        let text = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": {
                "server": "https://10.96.0.1:443", "certificate-authority": authority,
            }}],
            "users": [{"name": account, "user": {"token": token}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": account}}],
            "current-context": "cluster",
        });
        fs::write(&file, text.to_string()).expect("write a kubeconfig");
        file
    }

    #[track_caller]
    fn wait_for_nodes(&self) {
        if self.nodes.is_empty() {
            return;
        }
        until("all nodes are ready", START, || {
            let nodes = self.kubectl().list("nodes", &[]);
            let ready = nodes.iter().filter(|node| is_ready(node)).count();
            if ready == self.nodes.len() {
                return Ok(());
            }
            let seen: Vec<_> = nodes
                .iter()
                .map(|node| &node["status"]["conditions"])
                .collect();
            Err(format!("{seen:?}"))
        });
        // Pods need the account of their namespace, which a controller makes.
        until("there is a default account", START, || {
            let account = self
                .kubectl()
                .get_in("default", "serviceaccount", "default");
            account.map(|_| ()).ok_or_else(|| "none".to_owned())
        });
    }
}

/// Whether kubelet says that pods may come to a node.
pub fn is_ready(node: &serde_json::Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// What is missing is named, before a script fails on it.
#[track_caller]
fn require(shape: Shape) {
    let mut needed = vec![
        ("unshare", "util-linux"),
        ("nsenter", "util-linux"),
        ("ip", "iproute2"),
        ("openssl", "openssl"),
    ];
    if shape.nodes > 0 {
        needed.extend([("containerd", "containerd"), ("runc", "runc")]);
        packages::require_static_busybox(Path::new("/bin/busybox"));
    }
    for (program, package) in needed {
        packages::require(program, package);
    }
}

fn start(folder: &Path, shape: Shape) -> Child {
    let errors = File::create(folder.join("log/up")).expect("make the log of up");
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/up"))
        .arg(folder)
        .arg(shape.nodes.to_string())
        .arg("cat")
        .env("LINKS", shape.links.join(" "))
        .env("CONTROLLERS", if shape.controllers { "1" } else { "" })
        // An interrupt of the tests ends them, and the pipe with them: then it cleans up.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .expect("start tests/cluster/up")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", logs::tails(&self.folder));
        }
        drop(self.command.take());
        let _ = self.up.wait();
    }
}
