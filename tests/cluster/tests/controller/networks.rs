//! Networks of users, and what becomes of them.

use serde_json::Value;

use super::kubectl::{self, apply, condition, delete, get, reason, run, until};
use super::program::Controller;

fn fixture(name: &str) -> String {
    let path = kubectl::root().join(format!("tests/manifests/{name}.yaml"));
    std::fs::read_to_string(path).expect("a fixture")
}

fn attachment(name: &str) -> Option<Value> {
    get(&["net-attach-def", name, "--namespace", "kube-system"])
}

fn config(attachment: &Value) -> Value {
    serde_json::from_str(
        attachment["spec"]["config"]
            .as_str()
            .expect("a configuration"),
    )
    .expect("JSON")
}

#[test]
fn a_network_is_made_and_made_again() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("networks");
    apply(&fixture("roce-shared"));
    let name = "macvlan-ens6f0np0";
    let made = until("the attachment", || attachment(name));
    assert_eq!(config(&made)["plugins"][0]["master"], "ens6f0np0");
    let smc = ["smc", name, "--namespace", "kube-system"];
    reason(&smc, "Ready", "Usable");
    let network = get(&smc).expect("the network");
    assert_eq!(
        made["metadata"]["ownerReferences"][0]["uid"],
        network["metadata"]["uid"]
    );
    assert_eq!(
        network["status"]["networkAttachmentDefinition"],
        format!("kube-system/{name}")
    );
    // Deleted, and changed by somebody.
    run(
        &[
            "delete",
            "net-attach-def",
            name,
            "--namespace",
            "kube-system",
        ],
        "",
    )
    .expect("delete it");
    until("another one", || {
        let again = attachment(name)?;
        (again["metadata"]["uid"] != made["metadata"]["uid"]).then_some(())
    });
    let patch = r#"{"metadata":{"annotations":{"of":"others"}},"spec":{"config":"{}"}}"#;
    run(
        &[
            "patch",
            "net-attach-def",
            name,
            "--namespace",
            "kube-system",
            "--type=merge",
            "-p",
            patch,
        ],
        "",
    )
    .expect("patch it");
    let again = until("its own configuration", || {
        attachment(name).filter(|one| config(one).get("plugins").is_some())
    });
    assert_eq!(again["metadata"]["annotations"]["of"], "others");
    // Changed by its user.
    let patch = r#"{"spec":{"macvlan":{"mtu":9000}}}"#;
    run(
        &[&["patch"], &smc[..], &["--type=merge", "-p", patch]].concat(),
        "",
    )
    .expect("patch it");
    until("the MTU", || {
        let mtu = config(&attachment(name)?)["plugins"][0]["mtu"].clone();
        (mtu == 9000).then_some(())
    });
    delete(&smc);
    delete(&["sp", "v4-81"]);
}

#[test]
fn each_mistake_is_a_condition_and_an_event() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("mistakes");
    let node = "
apiVersion: v1
kind: Node
metadata: {name: gpu-node}
";
    apply(node);
    let allocatable = r#"{"status":{"allocatable":{"spidernet.io/gpu1sriov":"12","spidernet.io/gpu2sriov":"0"}}}"#;
    run(
        &[
            "patch",
            "node",
            "gpu-node",
            "--subresource=status",
            "--type=merge",
            "-p",
            allocatable,
        ],
        "",
    )
    .expect("patch");
    apply(
        "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: gpu1-net11}
spec: {subnet: 172.16.11.0/24, ips: [172.16.11.1-172.16.11.200], gateway: 172.16.11.254}
",
    );
    for (name, specification, expected, part) in [
        (
            "pool",
            "cniType: ib-sriov, ibsriov: {resourceName: spidernet.io/gpu1sriov, ippools: {ipv4: [gpu1-net91]}}",
            "UnknownPool",
            "did you mean \"gpu1-net11\"?",
        ),
        (
            "resource",
            "cniType: sriov, sriov: {resourceName: spidernet.io/gpu3sriov}",
            "UnknownResource",
            "did you mean \"spidernet.io/gpu1sriov\" or \"spidernet.io/gpu2sriov\"?",
        ),
        (
            "none-of-it",
            "cniType: sriov, sriov: {resourceName: spidernet.io/gpu2sriov}",
            "UnknownResource",
            "every node has 0",
        ),
        (
            "name-of-vlan",
            "cniType: macvlan, macvlan: {master: [enp193s0f0np0], vlanID: 100}",
            "Invalid",
            "the VLAN would be called",
        ),
        (
            "chain",
            "cniType: macvlan, macvlan: {master: [eth1]}, chainCNIJsonData: ['{']",
            "Invalid",
            "spec.chainCNIJsonData[0] is not the JSON of a plugin",
        ),
        (
            "others",
            "cniType: sriov, sriov: {resourceName: spidernet.io/gpu1sriov, mtu: 9000}",
            "NeedsOtherPlugins",
            "plumb does not answer to tuning",
        ),
        (
            "bond-a",
            "cniType: macvlan, macvlan: {master: [eth1, eth2], bond: {name: bond0, mode: 1}}",
            "Usable",
            "",
        ),
        (
            "bond-b",
            "cniType: macvlan, macvlan: {master: [eth1, eth2], bond: {name: bond0, mode: 4}}",
            "BondDiffers",
            "a node that makes one refuses the other",
        ),
    ] {
        apply(&format!(
            "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderMultusConfig\nmetadata: {{name: {name}, namespace: default}}\n\
             spec: {{{specification}}}\n"
        ));
        let message = reason(&["smc", name], "Ready", expected);
        assert!(message.contains(part), "{message}");
    }
    until("the event", || {
        let events = get(&["events.events.k8s.io"])?;
        events["items"].as_array()?.iter().find(|event| {
            event["reason"] == "UnknownPool"
                && event["regarding"]["name"] == "pool"
                && event["type"] == "Warning"
        })?;
        Some(())
    });
    // What is wrong is set right.
    let patch = r#"{"spec":{"ibsriov":{"ippools":{"ipv4":["gpu1-net11"]}}}}"#;
    run(&["patch", "smc", "pool", "--type=merge", "-p", patch], "").expect("patch");
    reason(&["smc", "pool"], "Ready", "Usable");
    delete(&["node", "gpu-node"]);
    delete(&["smc", "--all"]);
    delete(&["sp", "gpu1-net11"]);
}

#[test]
fn a_partition_by_a_number_is_told() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("partition");
    apply(&fixture("infiniband-partition"));
    let smc = ["smc", "ib-sriov", "--namespace", "kube-system"];
    let note = reason(&smc, "Notes", "ReadOtherwise");
    assert!(
        note.contains("spec.ibsriov.pkey 1000 is the number 1000, which is partition 0x03e8"),
        "{note}"
    );
    let made = until("the attachment", || attachment("ib-sriov"));
    assert_eq!(config(&made)["plugins"][0]["pkey"], "0x03e8");
    assert_eq!(
        made["metadata"]["annotations"]["k8s.v1.cni.cncf.io/resourceName"],
        "spidernet.io/mellanoxibsriov"
    );
    delete(&smc);
}

#[test]
fn an_attachment_of_nobody_is_adopted_and_that_of_another_network_is_left() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("owners");
    apply(
        "
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: adopted, namespace: default}
spec: {config: '{}'}
",
    );
    let network = |name: &str| {
        format!(
            "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderMultusConfig
metadata: {{name: {name}, namespace: default, annotations: {{multus.spidernet.io/cr-name: adopted}}}}
spec: {{cniType: macvlan, macvlan: {{master: [eth1]}}}}
"
        )
    };
    apply(&network("one"));
    reason(&["smc", "one"], "Ready", "Usable");
    let owner = |object: &Value| object["metadata"]["ownerReferences"][0]["name"].clone();
    until("the owner", || {
        (owner(&get(&["net-attach-def", "adopted"])?) == "one").then_some(())
    });
    apply(&network("two"));
    let message = reason(&["smc", "two"], "Ready", "Taken");
    assert!(
        message.contains("is that of SpiderMultusConfig \"one\""),
        "{message}"
    );
    delete(&["smc", "one"]);
    reason(&["smc", "two"], "Ready", "Usable");
    until("the other owner", || {
        (owner(&get(&["net-attach-def", "adopted"])?) == "two").then_some(())
    });
    let two = get(&["smc", "two"]).expect("the network");
    assert_eq!(condition(&two, "Rendered").expect("a condition").0, "True");
    delete(&["smc", "two"]);
}
