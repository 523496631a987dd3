use plumb_resources::ANSWERED;

use super::*;

fn of(text: &str) -> Outcome {
    outcome(&manifests::documents("networks.yaml", text).unwrap())
}

#[test]
fn pools_are_passed_on_and_networks_rendered() {
    let outcome = of("
kind: SpiderIPPool
apiVersion: spiderpool.spidernet.io/v2beta1
metadata: {name: a}
spec: {subnet: 10.0.0.0/24, ips: [10.0.0.1], podAffinity: {matchLabels: {app: x}}}
---
kind: SpiderMultusConfig
apiVersion: spiderpool.spidernet.io/v2beta1
metadata: {name: n, namespace: team}
spec: {cniType: sriov, sriov: {resourceName: a/b, mtu: 9000, ippools: {ipv4: [a]}}}
---
kind: DaemonSet
apiVersion: apps/v1
metadata: {name: d}
");
    assert_eq!(outcome.problems, [""; 0]);
    assert_eq!(outcome.objects.len(), 2);
    assert_eq!(
        outcome.objects[0]["spec"]["podAffinity"]["matchLabels"]["app"],
        "x"
    );
    assert_eq!(outcome.objects[1]["kind"], "NetworkAttachmentDefinition");
    assert_eq!(
        outcome.notes,
        [
            "networks.yaml document 2 (SpiderMultusConfig \"n\"): each node needs the plugin tuning beside plumb",
            "networks.yaml document 3 (DaemonSet \"d\"): passed over",
        ]
    );
}

#[test]
fn two_networks_of_one_name_are_a_mistake() {
    let network = "
kind: SpiderMultusConfig
apiVersion: spiderpool.spidernet.io/v2beta1
metadata: {name: n}
spec: {cniType: macvlan, macvlan: {master: [eth1]}}
---";
    let outcome = of(&network.repeat(2));
    assert_eq!(outcome.problems.len(), 1);
    assert!(
        outcome.problems[0].contains("is that of networks.yaml document 1"),
        "{:?}",
        outcome.problems
    );
}

#[test]
fn a_slip_in_the_kind_is_not_passed_over() {
    let refused = |text: &str| manifests::documents("f", text).unwrap_err().to_string();
    assert!(
        refused("{kind: SpiderMultusConfg, apiVersion: spiderpool.spidernet.io/v2beta1}")
            .starts_with("f document 1 (SpiderMultusConfg): no such kind: did you mean \"SpiderMultusConfig\"?")
    );
    assert_eq!(
        refused("{kind: SpiderIPPool, apiVersion: spiderpool/v2beta1, metadata: {name: a}}"),
        "f document 1 (SpiderIPPool \"a\"): `apiVersion` is \"spiderpool/v2beta1\", expected spiderpool.spidernet.io/v2beta1"
    );
    assert!(refused("a: 1").contains("has no `kind`"));
    assert!(refused("{").contains("not readable as YAML"));
}

#[test]
fn subnets_are_refused_with_what_serves_instead() {
    let outcome = of(
        "{kind: SpiderSubnet, apiVersion: spiderpool.spidernet.io/v2beta1, metadata: {name: s}}",
    );
    assert!(outcome.problems[0].contains("write a SpiderIPPool with its subnet"));
}

/// The names are said in two places, because a library of resources knows nothing of the CNI binary.
#[test]
fn the_types_that_need_no_other_plugin_are_those_that_plumb_answers_to() {
    let mut types: Vec<_> = plumb::types::types()
        .chain([plumb::types::OWN_TYPE])
        .collect();
    let mut answered = ANSWERED.to_vec();
    types.sort_unstable();
    answered.sort_unstable();
    assert_eq!(types, answered);
}

/// A fixture of `tests/manifests`: what is to be applied, and what is said.
fn fixture(name: &str) -> (Vec<Value>, Vec<String>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/manifests");
    let text = std::fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap();
    let outcome = outcome(&manifests::documents(name, &text).unwrap());
    let said = outcome.problems.into_iter().chain(outcome.notes).collect();
    (outcome.objects, said)
}

/// The configuration of the one network among them.
fn plugins(objects: &[Value]) -> (Value, Value) {
    let attachment = objects.last().unwrap();
    let config: Value =
        serde_json::from_str(attachment["spec"]["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["name"], attachment["metadata"]["name"]);
    (attachment["metadata"].clone(), config["plugins"].clone())
}

#[test]
fn users_manifests_come_to_their_networks() {
    let resource = "k8s.v1.cni.cncf.io/resourceName";
    let coordinator =
        serde_json::json!({"tunePodRoutes": true, "mode": "auto", "type": "coordinator"});
    let ipam =
        |pool: &str| serde_json::json!({"type": "spiderpool", "default_ipv4_ippool": [pool]});
    for (name, network, expected) in [
        (
            "infiniband-functions",
            ("ib-sriov", Some("spidernet.io/mellanoxibsriov")),
            serde_json::json!([
                {"type": "ib-sriov", "pkey": "", "link_state": "enable", "rdmaIsolation": true, "ibKubernetesEnabled": false,
                 "ipam": ipam("v4-91")},
                coordinator,
            ]),
        ),
        (
            "infiniband-ipoib",
            ("ipoib", None),
            serde_json::json!([{"type": "ipoib", "master": "ibs5f0", "ipam": ipam("v4-91")}, coordinator]),
        ),
        (
            "roce-shared",
            ("macvlan-ens6f0np0", None),
            serde_json::json!([
                {"type": "macvlan", "master": "ens6f0np0", "mode": "bridge", "mtu": 0, "ipam": ipam("v4-81")},
                coordinator,
            ]),
        ),
        (
            "roce-functions",
            ("sriov-rdma", Some("spidernet.io/mellanoxrdma")),
            serde_json::json!([
                {"type": "sriov", "vlan": 0, "min_tx_rate": 0, "max_tx_rate": 0, "ipam": ipam("v4-81")},
                {"type": "rdma"},
                coordinator,
            ]),
        ),
    ] {
        let (objects, said) = fixture(name);
        assert_eq!(said, [""; 0], "{name}");
        let (metadata, plugins) = plugins(&objects);
        assert_eq!(metadata["name"], network.0);
        assert_eq!(metadata["namespace"], "kube-system");
        assert_eq!(
            metadata["annotations"]
                .get(resource)
                .and_then(Value::as_str),
            network.1
        );
        assert_eq!(plugins, expected, "{name}");
        assert_eq!(objects.len(), 2);
    }
}

#[test]
fn each_mistake_of_users_manifests_is_one_sentence() {
    let subnet = "`spec.subnet`: 172.16.11.0/16 has host bits set; did you mean 172.16.0.0/16 or 172.16.11.0/24?";
    let pool = "ippools.ipv4 has \"gpu1-net91\", and no IPv4 pool has this name: did you mean \"gpu1-net11\"?";
    for (name, expected) in [
        ("rails-infiniband", &[subnet, pool][..]),
        ("rails-ethernet", &[subnet]),
    ] {
        let (_, said) = fixture(name);
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.ends_with(expected), "{said}");
        }
    }
}

#[test]
fn a_partition_by_a_number_is_rendered_and_told() {
    let (objects, said) = fixture("infiniband-partition");
    assert_eq!(plugins(&objects).1[0]["pkey"], "0x03e8");
    assert!(
        said[0].contains("pkey 1000 is the number 1000, which is partition 0x03e8"),
        "{said:?}"
    );
    assert!(
        said[1].contains("enableIbKubernetes is not true"),
        "{said:?}"
    );
}
