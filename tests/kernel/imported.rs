//! Pods that another product attached, and whose addresses were taken up: what is written down of each lies beside the lease
//! store, and their DEL comes with that product's configuration.

use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::{Call, Node, PACKAGED_PLUGINS, Pod};
use plumb_tests::configuration::{pool, with};
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

const UID: &str = "11111111-0000-4000-8000-000000000001";

/// What is known of the attachment of an imported address.
enum Known<'a> {
    /// The runtime's own files were there.
    All(&'a str, &'a Pod),
    /// Only what Spiderpool's objects say: pod and interface.
    PodAlone,
}

/// Writes an address down as taken up, as the node's agent does, and leaves the lease store to whoever needs it.
fn import(address: &str, known: &Known<'_>) {
    let (network, container) = match known {
        Known::All(network, pod) => (*network, pod.container().to_owned()),
        Known::PodAlone => ("?", format!("?{UID}")),
    };
    let file = file(address);
    fs::create_dir_all(file.parent().expect("it has a folder")).expect("make the folder");
    let imported = json!({
        "lease": {
            "space": "", "address": address, "pool": "gpu1",
            "owner": {"network": network, "container_id": container, "interface_name": "eth0"},
            "pod": {"namespace": "team-a", "name": "web-0"}, "since": 1_700_000_000,
        },
        "uid": UID,
    });
    fs::write(file, imported.to_string()).expect("write the file");
}

fn file(address: &str) -> PathBuf {
    Path::new(STATE_FOLDER).join("imported").join(address)
}

/// A pod that the CNI project's macvlan attached, with an address that another plugin chose; the result of its ADD.
fn attached(node: &Node, ipam: &Value) -> (Pod, Value) {
    let pod = node.pod();
    let call = Call::add(node, &pod, &old(ipam));
    let result = call
        .program(Path::new(PACKAGED_PLUGINS).join("macvlan"))
        .run()
        .expect_result();
    (pod, result)
}

fn fixed(address: &str) -> Value {
    json!({"type": "static", "addresses": [{"address": format!("{address}/24")}]})
}

/// The configuration of the time before.
fn old(ipam: &Value) -> Value {
    with(pool(), json!({"cniVersion": "0.3.1", "ipam": ipam}))
}

/// The same as the runtime has it in its cache, with the result of ADD.
fn cached(ipam: &Value, result: &Value) -> Value {
    with(old(ipam), json!({"prevResult": result}))
}

fn del(node: &Node, pod: &Pod, configuration: &Value, uid: &str) -> Call {
    Call::delete(node, pod, configuration).arguments(&format!(
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=team-a;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID={};K8S_POD_UID={uid}",
        pod.container()
    ))
}

fn leased() -> Vec<String> {
    let leases = leases(STATE_FOLDER);
    let address = |lease: &Value| lease["address"].as_str().unwrap_or_default().to_owned();
    leases.iter().map(address).collect()
}

/// A network whose pool has one address.
fn only(address: &str) -> Value {
    let pools = json!([{"name": "gpu1", "subnet": "10.1.0.0/24", "ips": [address]}]);
    with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": pools}, "name": "new"}),
    )
}

fn spiderpool() -> Value {
    json!({"type": "spiderpool", "default_ipv4_ippool": ["gpu1"], "match_master_subnet": false})
}

#[test]
fn a_del_releases_what_is_known_by_pod_and_interface_alone() {
    let node = plumb_tests::node();
    let (pod, result) = attached(&node, &fixed("10.1.0.10"));
    import("10.1.0.10", &Known::PodAlone);
    import("10.1.0.11", &Known::All("rail0", &node.pod()));
    let next = node.pod();
    let taken = Call::add(&node, &next, &only("10.1.0.10")).run();
    taken.expect_error(101, "gpu1");
    assert_eq!(leased(), ["10.1.0.10", "10.1.0.11"]);
    for _ in 0..2 {
        del(&node, &pod, &cached(&spiderpool(), &result), UID)
            .run()
            .expect_silence();
        assert_eq!(pod.link("eth0"), None, "the interface is left");
        assert_eq!(leased(), ["10.1.0.11"]);
        assert!(!file("10.1.0.10").exists());
    }
    let again = node.add(&next, &only("10.1.0.10"));
    assert_eq!(again["ips"][0]["address"], "10.1.0.10/24");
    node.delete(&next, &only("10.1.0.10"));
    end(&node);
}

/// What kubelet sends late, or for an earlier pod of the same name, is about none of the addresses that are in use.
#[test]
fn a_del_of_another_attachment_leaves_the_address_alone() {
    let node = plumb_tests::node();
    let (pod, result) = attached(&node, &fixed("10.1.0.10"));
    import("10.1.0.10", &Known::PodAlone);
    let (earlier, other) = (node.pod(), "22222222-0000-4000-8000-000000000002");
    let mut of_other_address = result.clone();
    of_other_address["ips"][0]["address"] = json!("10.1.0.12/24");
    let old = |result| cached(&spiderpool(), result);
    for (what, call) in [
        ("an earlier pod", del(&node, &earlier, &old(&result), other)),
        (
            "an earlier sandbox",
            del(&node, &earlier, &old(&of_other_address), UID),
        ),
        (
            "another interface",
            del(&node, &earlier, &old(&result), UID).interface("net1"),
        ),
        ("nobody known", Call::delete(&node, &earlier, &old(&result))),
    ] {
        call.run().expect_silence();
        assert_eq!(leased(), ["10.1.0.10"], "{what}");
        assert!(file("10.1.0.10").exists(), "{what}");
    }
    del(&node, &pod, &old(&result), UID).run().expect_silence();
    assert_eq!(leased(), [""; 0]);
    end(&node);
}

/// Names, by which the pods of before had their addresses; whether their plugins are still there or not.
#[test]
fn a_del_comes_with_the_configuration_of_any_plugin_that_gave_addresses() {
    let node = plumb_tests::node();
    for ipam in [
        json!({"type": "whereabouts", "range": "10.1.0.0/24", "kubernetes": {"kubeconfig": "/nowhere"}}),
        json!({"type": "host-local", "subnet": "10.1.0.0/24", "dataDir": "/run/of-this-test"}),
        spiderpool(),
    ] {
        let (pod, result) = attached(&node, &fixed("10.1.0.10"));
        import("10.1.0.10", &Known::All("rail0", &pod));
        Call::add(&node, &node.pod(), &only("10.1.0.10"))
            .run()
            .expect_error(101, "gpu1");
        del(&node, &pod, &cached(&ipam, &result), UID)
            .run()
            .expect_silence();
        assert_eq!(leased(), [""; 0], "{ipam}");
        assert_eq!(pod.link("eth0"), None, "{ipam}");
        assert!(!file("10.1.0.10").exists(), "{ipam}");
        // What came behind macvlan in the chain.
        let coordinator = with(
            cached(&ipam, &result),
            json!({"type": "coordinator", "mode": "auto"}),
        );
        del(&node, &pod, &coordinator, UID).run().expect_silence();
        end(&node);
    }
}

#[test]
fn a_gc_releases_only_what_its_network_is_known_to_have() {
    let node = plumb_tests::node();
    let (alive, gone) = (node.pod(), node.pod());
    import("10.1.0.10", &Known::PodAlone);
    import("10.1.0.11", &Known::All("rail0", &alive));
    import("10.1.0.12", &Known::All("rail0", &gone));
    import("10.1.0.13", &Known::All("rail1", &gone));
    Call::gc(&node, &pool(), &[(&alive, "eth0")])
        .run()
        .expect_silence();
    assert_eq!(leased(), ["10.1.0.10", "10.1.0.11", "10.1.0.13"]);
    end(&node);
}

#[test]
fn a_store_that_is_lost_or_damaged_is_made_again_with_them() {
    let node = plumb_tests::node();
    import("10.1.0.10", &Known::PodAlone);
    import("10.1.0.11", &Known::PodAlone);
    let pod = node.pod();
    let pools = json!([{"name": "gpu1", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.12"]}]);
    let network = with(pool(), json!({"ipam": {"type": "pool", "pools": pools}}));
    let result = node.add(&pod, &network);
    assert_eq!(
        result["ips"][0]["address"], "10.1.0.12/24",
        "the others are taken"
    );
    let store = Path::new(STATE_FOLDER).join("leases.db");
    for damage in [
        None,
        Some("no database at all, and long enough to be looked at as one"),
    ] {
        match damage {
            None => fs::remove_file(&store).expect("remove the store"),
            Some(text) => fs::write(&store, text.repeat(100)).expect("damage the store"),
        }
        Call::add(&node, &node.pod(), &network)
            .run()
            .expect_error(101, "gpu1");
        assert_eq!(
            leased(),
            ["10.1.0.10", "10.1.0.11", "10.1.0.12"],
            "{damage:?}"
        );
    }
    // An address that came free and was given out again is the new pod's.
    import("10.1.0.12", &Known::PodAlone);
    fs::remove_file(&store).expect("remove the store");
    Call::add(&node, &node.pod(), &network)
        .run()
        .expect_error(101, "gpu1");
    node.delete(&pod, &network);
    assert_eq!(leased(), ["10.1.0.10", "10.1.0.11"]);
    end(&node);
}

/// Removes what the test wrote down, so that the node is as it was.
fn end(_: &Node) {
    fs::remove_dir_all(Path::new(STATE_FOLDER).join("imported")).expect("remove the files");
    fs::remove_file(Path::new(STATE_FOLDER).join("leases.db")).expect("remove the store");
}
