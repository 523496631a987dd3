//! From Spiderpool to plumb and back at a real API server, with the agents of two nodes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::sys::signal::Signal;
use plumb_cluster_tests::{Cluster, until};
use plumb_leases::{Leases, imported};
use plumb_tests::binaries;
use serde_json::{Value, json};

use super::agent::{Agent, PATIENCE, SharedPool, cluster};

/// Of the pods here.
const NAMESPACE: &str = "moved";

/// A run of `plumb-migrate`: what it printed, and whether it succeeded.
#[track_caller]
fn migrate(cluster: &Cluster, arguments: &[&str]) -> (String, bool) {
    let kubeconfig = cluster.folder().join("keys/administrator.kubeconfig");
    let mut command = cluster.place().command(binaries::migrate());
    let output = command
        .env("KUBECONFIG", kubeconfig)
        .args(arguments)
        .output();
    let output = output.expect("run plumb-migrate");
    let text = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        output.status.success(),
    )
}

/// A kind of another product, which keeps all that is written.
#[track_caller]
fn define(cluster: &Cluster, group: &str, version: &str, kind: &str, plural: &str) {
    let kubectl = cluster.kubectl();
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    kubectl.apply(&json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": open}}],
        },
    }));
    until("the kind is served", PATIENCE, || {
        let listed = kubectl.run(&["get", &format!("{plural}.{group}"), "-A"]);
        if listed.succeeded() {
            Ok(())
        } else {
            Err(format!("{plural}.{group} is not"))
        }
    });
}

/// Makes a pod on a node, with what Multus reports of it; its UID.
#[track_caller]
fn pod(cluster: &Cluster, name: &str, node: &str, address: &str) -> String {
    let status =
        json!([{"name": "rail1", "interface": "net1", "ips": [address], "dns": {}}]).to_string();
    let kubectl = cluster.kubectl();
    kubectl.apply(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE,
            "annotations": {"k8s.v1.cni.cncf.io/network-status": status}},
        "spec": {"nodeName": node, "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "none"}]},
    }));
    let pod = kubectl
        .get_in(NAMESPACE, "pod", name)
        .expect("the pod is there");
    pod["metadata"]["uid"]
        .as_str()
        .expect("it has a UID")
        .to_owned()
}

/// Writes what Spiderpool's agent writes after an ADD.
fn endpoint(cluster: &Cluster, name: &str, node: &str, uid: &str, address: &str, pool: &str) {
    cluster.kubectl().apply(&json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderEndpoint",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "status": {
            "current": {"uid": uid, "node": node, "ips": [
                {"interface": "net1", "ipv4": format!("{address}/24"), "ipv4Pool": pool, "vlan": 0, "cleanGateway": false}]},
            "ownerControllerType": "Pod", "ownerControllerName": name,
        },
    }));
}

#[track_caller]
fn write_status(cluster: &Cluster, pool: &str, allocated: &Value) {
    let status = json!({"status": {"allocatedIPs": allocated.to_string(), "allocatedIPCount": 2, "totalIPCount": 3}});
    let patch = status.to_string();
    let done = cluster.kubectl().run(&[
        "patch",
        "spiderippool",
        pool,
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ]);
    assert!(done.succeeded(), "{done:?}");
}

fn is_unusable(agent: &Agent<'_>, pool: &str) -> Option<String> {
    let file = agent.read(&format!("pools/{pool}.json"))?;
    let reason = &file["metadata"]["annotations"]["plumb.network/unusable"];
    reason.as_str().map(str::to_owned)
}

/// The leases of a node: address, network, container, pod.
fn leases(agent: &Agent<'_>) -> Vec<String> {
    let leases = agent.store().leases().expect("read the leases");
    let line = |lease: plumb_leases::Lease| {
        let owner = lease.owner;
        let pod = lease.pod.map(|pod| pod.to_string()).unwrap_or_default();
        format!(
            "{} {} {} {pod}",
            lease.address, owner.network, owner.container_id
        )
    };
    leases.into_iter().map(line).collect()
}

/// What containerd keeps of the ADD of a pod's interface.
fn cache(folder: &Path, container: &str, pod: &str, uid: &str, address: &str) {
    let folder = folder.join("results");
    fs::create_dir_all(&folder).expect("make the folder");
    let cache = json!({
        "kind": "cniCacheV1", "containerId": container, "ifName": "net1", "networkName": "rail1", "config": "e30=",
        "cniArgs": [["K8S_POD_NAMESPACE", NAMESPACE], ["K8S_POD_NAME", pod], ["K8S_POD_UID", uid]],
        "result": {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": format!("{address}/24")}]},
    });
    fs::write(
        folder.join(format!("rail1-{container}-net1")),
        cache.to_string(),
    )
    .expect("write the cache");
}

/// An import is one of the whole cluster.
static CLUSTER: Mutex<()> = Mutex::new(());

#[test]
fn running_pods_keep_their_addresses_there_and_back() {
    let _alone = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = cluster();
    define(
        &cluster,
        "spiderpool.spidernet.io",
        "v2beta1",
        "SpiderEndpoint",
        "spiderendpoints",
    );
    // There are no controllers, which make the account.
    for (kind, metadata) in [
        ("Namespace", json!({"name": NAMESPACE})),
        (
            "ServiceAccount",
            json!({"name": "default", "namespace": NAMESPACE}),
        ),
    ] {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
        cluster.kubectl().apply(&object);
    }
    let (one, other) = (
        Agent::start(&cluster, "moved-a"),
        Agent::start(&cluster, "moved-b"),
    );
    let cni_folder = one.path("cni");
    let uids = [
        pod(&cluster, "moved-0", "moved-a", "172.16.40.1"),
        pod(&cluster, "moved-1", "moved-b", "172.16.40.2"),
    ];
    cache(&cni_folder, "c0ffee", "moved-0", &uids[0], "172.16.40.1");
    // Of three addresses two are Spiderpool's.
    let pool = SharedPool::make(&cluster, "moved", 40, 3, &[&one, &other]);
    let allocated = json!({
        "172.16.40.1": {"pod": "moved/moved-0", "podUid": uids[0]},
        "172.16.40.2": {"pod": "moved/moved-1", "podUid": uids[1]},
        "172.16.40.3": {"pod": "moved/never-was", "podUid": "gone"},
    });
    write_status(&cluster, "moved", &allocated);
    endpoint(
        &cluster,
        "moved-0",
        "moved-a",
        &uids[0],
        "172.16.40.1",
        "moved",
    );
    endpoint(
        &cluster,
        "moved-1",
        "moved-b",
        &uids[1],
        "172.16.40.2",
        "moved",
    );
    for agent in [&one, &other] {
        let reason = until("the pool is closed", PATIENCE, || {
            is_unusable(agent, "moved").ok_or_else(|| agent.log())
        });
        assert!(reason.contains("plumb-migrate import"), "{reason}");
    }

    let refusal = other.add("early", &pool).expect_err("the pool is closed");
    assert_eq!(refusal.code, 11, "{}", refusal.message);
    assert!(
        refusal.message.contains("plumb-migrate import"),
        "{}",
        refusal.message
    );

    let (text, _) = migrate(&cluster, &["plan"]);
    assert!(text.contains("pool moved: 2 addresses"), "{text}");
    assert!(
        text.contains("  node moved-b\n    172.16.40.2 pod moved/moved-1 net1"),
        "{text}"
    );
    assert!(
        text.contains("moved/never-was, which does not exist"),
        "{text}"
    );
    assert_eq!(pool.blocks(&cluster), [], "a plan changes nothing");

    one.end(Signal::SIGTERM);
    let (text, _) = migrate(&cluster, &["import"]);
    assert!(text.contains("blocks created: 2;"), "{text}");
    let (text, _) = migrate(&cluster, &["import"]);
    assert!(text.contains("blocks created: 0;"), "{text}");
    assert!(text.contains("pool moved: imported already"), "{text}");
    // Whether its agent runs or not, nobody else gets what is a node's.
    until("the pool is open", PATIENCE, || {
        match is_unusable(&other, "moved") {
            None => Ok(()),
            Some(reason) => Err(reason),
        }
    });
    assert_eq!(
        other.add("new", &pool).expect("the third").to_string(),
        "172.16.40.3"
    );
    let refusal = other.add("newer", &pool).expect_err("the others are taken");
    assert_eq!(refusal.code, 101, "{}", refusal.message);
    assert!(refusal.message.contains("moved-a 1"), "{}", refusal.message);

    one.restart_with(&[("PLUMB_CNI_CACHE_FOLDER", &cni_folder)]);
    until("both nodes have taken up their own", PATIENCE, || {
        let taken_up = |agent: &Agent<'_>, line: &str| leases(agent).iter().any(|one| one == line);
        let of_other = format!("172.16.40.2 ? ?{} moved/moved-1", uids[1]);
        match taken_up(&one, "172.16.40.1 rail1 c0ffee moved/moved-0")
            && taken_up(&other, &of_other)
        {
            true => Ok(()),
            false => Err(format!(
                "{:?} {:?}\n{}\n{}",
                leases(&one),
                leases(&other),
                one.log(),
                other.log()
            )),
        }
    });
    let mut blocks = pool.blocks(&cluster);
    blocks.sort();
    assert_eq!(
        blocks,
        [
            ("default-172.16.40.1", "moved-a"),
            ("default-172.16.40.2", "moved-b"),
            ("default-172.16.40.3", "moved-b")
        ]
        .map(|(name, node)| (name.to_owned(), node.to_owned()))
    );
    until("the blocks are their nodes'", PATIENCE, || {
        let waiting = cluster
            .kubectl()
            .list("ipblocks", &["-l", "ipam.plumb.network/imported"]);
        let of_pool = waiting
            .iter()
            .filter(|block| block["spec"]["pool"] == "moved");
        match of_pool.count() {
            0 => Ok(()),
            count => Err(format!("{count} wait still")),
        }
    });

    // The pod ends: its address comes free and is given to somebody else.
    let owner = imported::all(&one.path("")).expect("read")[0]
        .lease
        .owner
        .clone();
    assert_eq!(owner.container_id, "c0ffee");
    cluster.kubectl().run(&[
        "delete",
        "pod",
        "moved-0",
        "-n",
        NAMESPACE,
        "--force",
        "--grace-period=0",
    ]);
    one.store().release(&owner).expect("release");
    let address = until("the address is given out again", PATIENCE, || {
        other
            .add("newer", &pool)
            .or_else(|_| one.add("newer", &pool))
            .map_err(|refusal| refusal.message)
    });
    assert_eq!(address.to_string(), "172.16.40.1");
    until(
        "what is written down is forgotten",
        PATIENCE,
        || match imported::all(&one.path("")).expect("read").len() {
            0 => Ok(()),
            left => Err(format!("{left} are left\n{}", one.log())),
        },
    );

    // Back: what the pods report.
    pod(&cluster, "new", "moved-b", "172.16.40.3");
    let (text, done) = migrate(&cluster, &["back"]);
    assert!(done, "{text}");
    let object = cluster
        .kubectl()
        .get("spiderippool", "moved")
        .expect("the pool");
    let text = object["status"]["allocatedIPs"]
        .as_str()
        .unwrap_or_default();
    let written: Value = serde_json::from_str(text).expect("it is JSON");
    assert_eq!(written["172.16.40.2"]["podUid"], uids[1].as_str());
    assert_eq!(written["172.16.40.3"]["pod"], "moved/new");
    assert_eq!(
        written.as_object().map(serde_json::Map::len),
        Some(2),
        "{written}"
    );
    let new = cluster
        .kubectl()
        .get_in(NAMESPACE, "spiderendpoint", "new")
        .expect("an endpoint");
    assert_eq!(new["status"]["current"]["ips"][0]["ipv4"], "172.16.40.3/24");
    assert_eq!(new["status"]["current"]["node"], "moved-b");
    until("plumb does not use the pool any more", PATIENCE, || {
        is_unusable(&other, "moved")
            .map(drop)
            .ok_or_else(|| other.log())
    });
}

#[test]
fn files_of_host_local_are_imported_on_their_node_and_a_second_node_with_the_same_is_refused() {
    let _alone = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = cluster();
    let (one, other) = (
        Agent::start(&cluster, "local-a"),
        Agent::start(&cluster, "local-b"),
    );
    let pool = SharedPool::make(&cluster, "local", 41, 4, &[&one, &other]);
    let networks = |agent: &Agent<'_>| -> PathBuf {
        let folder = agent.path("networks");
        fs::create_dir_all(folder.join("rail1")).expect("make the folder");
        fs::write(folder.join("rail1/172.16.41.2"), "c1\r\nnet1").expect("write the file");
        fs::write(folder.join("rail1/last_reserved_ip.0"), "172.16.41.2").expect("write the file");
        folder
    };
    let import = |agent: &Agent<'_>| {
        let (folder, nothing) = (networks(agent), agent.path("none"));
        let arguments = [
            "import",
            "--node-name",
            &agent.node,
            "--host-local",
            &folder.to_string_lossy(),
            "--cni-folder",
            &nothing.to_string_lossy(),
        ];
        migrate(
            &cluster,
            &arguments.map(str::to_owned).each_ref().map(String::as_str),
        )
    };
    let (text, _) = import(&one);
    assert!(text.contains("172.16.41.2 container c1 net1"), "{text}");
    assert!(text.contains("blocks created: 1;"), "{text}");
    let (text, done) = import(&other);
    assert!(
        !done && text.contains("! 172.16.41.2 of pool local"),
        "{text}"
    );
    assert!(text.contains("belongs to node local-a"), "{text}");
    assert_eq!(
        pool.blocks(&cluster),
        [("default-172.16.41.2".to_owned(), "local-a".to_owned())]
    );
    for number in 0..3 {
        let address = other.add(&format!("p{number}"), &pool).expect("an address");
        assert_ne!(address.to_string(), "172.16.41.2");
    }
    other
        .add("p3", &pool)
        .expect_err("what is left is local-a's");
}
