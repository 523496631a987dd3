use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::{fs, thread};

use nix::sched::{CloneFlags, unshare};
use plumb_blocks::Store as _;
use plumb_kernel::Netns;
use plumb_leases::{Candidate, Request};
use serde_json::json;

use super::*;

/// The node's namespace: this test's own, so that namespaces get numbers there and not in the machine's.
fn host() -> RouteSocket {
    unshare(CloneFlags::CLONE_NEWNET).expect("unshare, as root");
    RouteSocket::open().unwrap()
}

/// A network namespace that lives as long as a process.
struct Namespace {
    process: Child,
    recorded: PodNetns,
}

impl Namespace {
    fn new(host: &RouteSocket) -> Self {
        // It ends when nobody writes to it any more.
        let process = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo in; read end"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process.expect("start unshare, as root");
        let mut said = String::new();
        let output = process.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut said).unwrap();
        assert_eq!(said, "in\n");
        let path = PathBuf::from(format!("/proc/{}/ns/net", process.id()));
        let recorded = PodNetns::of(&Netns::open(&path).unwrap(), host).unwrap();
        Self { process, recorded }
    }

    /// Ends it, and waits until the kernel knows.
    fn end(mut self, host: &RouteSocket) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let number = self.recorded.number.unwrap();
        while host.has_namespace(number).unwrap() {
            thread::yield_now();
        }
    }
}

/// A node with a lease of `team-a/train-0`.
struct Node {
    folder: tempfile::TempDir,
    leases: LeaseStore,
    owner: Owner,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let leases = LeaseStore::new(folder.path().to_owned(), Arc::default());
        let range = ("10.0.0.4".parse().unwrap(), "10.0.0.5".parse().unwrap());
        leases.hold("", range).unwrap();
        let owner = Owner {
            network: "rail1".to_owned(),
            container_id: "c".to_owned(),
            interface_name: "net1".to_owned(),
        };
        let node = Self {
            folder,
            leases,
            owner,
        };
        let candidate = Candidate {
            pool: "p".to_owned(),
            ranges: vec![range],
            shared: true,
        };
        let request = Request {
            space: "",
            owner: &node.owner,
            pod: Some(&train()),
            claims: &[vec![candidate]],
            keep: false,
            asked: true,
        };
        node.store().fulfil(&request).unwrap();
        node
    }

    fn store(&self) -> plumb_leases::Store {
        self.leases.existing().unwrap().unwrap()
    }

    fn record(&self, name: &str) -> PathBuf {
        self.folder.path().join("attachments/rail1/c").join(name)
    }

    fn write_record(&self, name: &str, boot: &Boot, netns: &PodNetns) {
        let line = json!({"header": {
            "layout": 2, "boot": boot, "attachment": self.owner, "netns": netns, "pod": null, "since": 1,
        }});
        let path = self.record(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{line}\n{{\"intent\":[0")).unwrap();
    }

    /// How many leases a look releases where the node has these pods.
    fn look(&self, pods: &[Pod]) -> usize {
        let pods = pods.iter().cloned().collect();
        let records = self.folder.path().join("attachments");
        release(&self.leases, &records, &pods).unwrap().len()
    }
}

fn train() -> Pod {
    Pod {
        namespace: "team-a".to_owned(),
        name: "train-0".to_owned(),
    }
}

#[test]
fn an_address_is_free_when_its_pod_and_its_namespace_are_gone() {
    let host = host();
    let (node, boot) = (Node::new(), Boot::current().unwrap());
    let namespace = Namespace::new(&host);
    node.write_record("net1", &boot, &namespace.recorded);
    assert_eq!(node.look(&[]), 0, "its interface is alive");
    namespace.end(&host);
    assert_eq!(node.look(&[train()]), 0, "its pod may get another sandbox");
    assert_eq!(node.look(&[]), 1);
    assert_eq!(node.store().leases().unwrap(), []);
    assert!(node.record("net1").exists(), "the record is plumb's");
}

#[test]
fn nothing_is_taken_for_gone_that_may_not_be() {
    let host = host();
    let (node, boot) = (Node::new(), Boot::current().unwrap());
    assert_eq!(node.look(&[]), 0, "there is no record");
    let (ended, alive) = (Namespace::new(&host), Namespace::new(&host));
    let gone = ended.recorded.clone();
    ended.end(&host);

    node.write_record(
        "net1",
        &boot,
        &PodNetns {
            number: None,
            ..gone.clone()
        },
    );
    assert_eq!(node.look(&[]), 0, "it has no number");
    let elsewhere = gone.numbered_in.map(|cookie| cookie + 1);
    node.write_record(
        "net1",
        &boot,
        &PodNetns {
            numbered_in: elsewhere,
            ..gone.clone()
        },
    );
    assert_eq!(
        node.look(&[]),
        0,
        "it is not this namespace that gave the number"
    );
    fs::write(node.record("net1"), "{\"header\":{\"boot\"").unwrap();
    assert_eq!(node.look(&[]), 0, "the record is cut off");
    node.write_record("net1", &boot, &gone);
    node.write_record("net1:tuning", &boot, &alive.recorded);
    assert_eq!(node.look(&[]), 0, "a plugin's record is of a living one");
    fs::remove_file(node.record("net1:tuning")).unwrap();

    let call = File::open(node.record("net1")).unwrap();
    call.lock().unwrap();
    assert_eq!(node.look(&[]), 0, "a call works on it");
    drop(call);
    assert_eq!(node.look(&[]), 1);
    alive.end(&host);
}

#[test]
fn all_of_an_earlier_boot_has_ended() {
    let host = host();
    let node = Node::new();
    let alive = Namespace::new(&host);
    node.write_record("net1", &Boot::from("earlier"), &alive.recorded);
    assert_eq!(node.look(&[]), 1);
    alive.end(&host);
}
