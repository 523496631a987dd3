use serde_json::{Value, json};

use super::*;

fn problems(specification: Value) -> Vec<String> {
    let object = json!({"metadata": {"name": "n"}, "spec": specification});
    MultusConfig::read(&object).unwrap_err()
}

/// A network of one block, which must be refused for one reason.
fn problem(kind: &str, block: &str, fields: Value) -> String {
    let mut problems = problems(json!({"cniType": kind, block: fields}));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn infiniband(fields: Value) -> Result<MultusConfig, Vec<String>> {
    let mut block = json!({"resourceName": "a/b"});
    for (key, value) in fields.as_object().unwrap() {
        block[key] = value.clone();
    }
    MultusConfig::read(
        &json!({"metadata": {"name": "n"}, "spec": {"cniType": "ib-sriov", "ibsriov": block}}),
    )
}

fn partition(written: Value) -> (String, Vec<String>) {
    let network = infiniband(json!({"pkey": written, "enableIbKubernetes": true})).unwrap();
    match network.network {
        Network::InfinibandSriov { partition_key, .. } => (partition_key, network.notes),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_number_is_a_partition_by_its_value_which_is_told() {
    let (key, notes) = partition(json!(1000));
    assert_eq!(key, "0x03e8");
    assert_eq!(
        notes,
        [
            "spec.ibsriov.pkey 1000 is the number 1000, which is partition 0x03e8: write \"0x03e8\" to say so, or \"0x1000\" if the \
          digits were meant in hexadecimal"
        ]
    );
    assert_eq!(partition(json!("0x5")), ("0x5".into(), vec![]));
    assert_eq!(partition(json!("")), (String::new(), vec![]));
}

#[test]
fn a_partition_in_text_says_its_base() {
    let problem = |written| infiniband(json!({"pkey": written})).unwrap_err().concat();
    assert_eq!(
        problem(json!("1000")),
        "spec.ibsriov.pkey is \"1000\", which does not say whether it is decimal: write \"0x03e8\" for the number 1000, or \
         \"0x1000\" for the digits in hexadecimal"
    );
    for wrong in [
        json!("0x8000"),
        json!("0x"),
        json!("0x10000"),
        json!(0),
        json!(65_536),
        json!(-1),
        json!(true),
        json!("k"),
    ] {
        assert!(
            problem(wrong.clone()).contains("expected a partition from"),
            "{wrong}"
        );
    }
}

#[test]
fn a_partition_without_ib_kubernetes_is_told() {
    let network = infiniband(json!({"pkey": "0x5"})).unwrap();
    assert!(
        network.notes[0]
            .contains("a pod starts when the subnet manager has put the port into the partition")
    );
}

#[test]
fn fields_have_the_names_of_today_and_of_before() {
    let read = |fields| match infiniband(fields).unwrap().network {
        Network::InfinibandSriov {
            isolation,
            ib_kubernetes,
            ..
        } => (isolation, ib_kubernetes),
        other => panic!("{other:?}"),
    };
    assert_eq!(read(json!({})), (true, false));
    assert_eq!(
        read(json!({"enableRdma": false, "ibKubernetesEnabled": true})),
        (false, true)
    );
    assert_eq!(
        read(json!({"rdmaIsolation": false, "enableIbKubernetes": true})),
        (false, true)
    );
    assert_eq!(
        read(json!({"rdmaIsolation": false, "enableRdma": false})),
        (false, false)
    );
    assert_eq!(
        infiniband(json!({"rdmaIsolation": true, "enableRdma": false})).unwrap_err(),
        [
            "spec.ibsriov.rdmaIsolation is true, and spec.ibsriov.enableRdma, which is its former name, is false: leave one of them"
        ]
    );
}

#[test]
fn the_block_is_that_of_the_type() {
    for (specification, expected) in [
        (
            json!({"cniType": "macvlan", "macvlan": {"master": ["eth1"]}, "sriov": {"resourceName": "a/b"}}),
            "spec.cniType is macvlan, and spec.sriov is written, which is for sriov: take it out, or write sriov as spec.cniType",
        ),
        (
            json!({"macvlan": {"master": ["eth1"]}}),
            "spec.cniType is not written, which means custom, and spec.macvlan is: write macvlan as spec.cniType",
        ),
        (
            json!({"cniType": "ib-sriov"}),
            "spec.cniType is ib-sriov, and there is no spec.ibsriov, which has what it needs",
        ),
        (
            json!({"cniType": "macvaln"}),
            "spec.cniType is \"macvaln\": did you mean \"macvlan\"? it is one of macvlan, ipvlan, vlan, sriov, ovs, ib-sriov, \
             ipoib, custom",
        ),
        (
            json!({"cniType": "custom", "customCNI": "{"}),
            "spec.customCNI is no JSON: EOF while parsing an object at line 1 column 1",
        ),
    ] {
        assert_eq!(problems(specification), [expected]);
    }
}

#[test]
fn unknown_fields_are_asked_about() {
    assert_eq!(
        problem(
            "macvlan",
            "macvlan",
            json!({"master": ["eth1"], "vlanId": 5})
        ),
        "spec.macvlan.vlanId is not known: did you mean \"vlanID\"? the fields there are master, mtu, vlanID, bond, \
         rdmaResourceName, enableRdma, ippools"
    );
    let (found, expected) = (
        problem(
            "sriov",
            "sriov",
            json!({"resourceName": "a/b", "ippools": {"ipv5": ["a"]}}),
        ),
        "spec.sriov.ippools.ipv5 is not known: did you mean \"ipv4\" or \"ipv6\"?",
    );
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn parents_and_vlans_are_names_and_numbers() {
    for (fields, expected) in [
        (
            json!({}),
            "spec.macvlan.master is missing, expected a list with the name of the node's interface, like [\"ens6f0np0\"]",
        ),
        (
            json!({"master": "eth1"}),
            "spec.macvlan.master is \"eth1\", expected a list like [\"ens6f0np0\"]",
        ),
        (
            json!({"master": ["eth1", "eth2"]}),
            "spec.macvlan.master has 2 interfaces, eth1, eth2, and spec.macvlan.bond.name does not say as which bond they are \
             used: write its name and mode, or leave one interface",
        ),
        (
            json!({"master": ["eth1"], "vlanID": 4095}),
            "spec.macvlan.vlanID is 4095, expected a number from 0 to 4094",
        ),
        (
            json!({"master": ["eth1"], "vlanID": "100"}),
            "spec.macvlan.vlanID is \"100\", expected a number from 0 to 4094, without quotes",
        ),
        (
            json!({"master": ["eth1", "eth2"], "bond": {"name": "bond0", "mode": 7}}),
            "spec.macvlan.bond.mode is 7, expected a number from 0 to 6",
        ),
    ] {
        assert_eq!(problem("macvlan", "macvlan", fields), expected);
    }
    let long = problem(
        "ipvlan",
        "ipvlan",
        json!({"master": ["enp193s0f0np0"], "vlanID": 100}),
    );
    assert!(
        long.starts_with(
            "spec.ipvlan.vlanID is 100, so the VLAN would be called \"enp193s0f0np0.100\""
        ),
        "{long}"
    );
    assert!(MultusConfig::read(&json!({"metadata": {"name": "n"}, "spec": {"cniType": "macvlan", "macvlan": {"master": ["ens6f0*"]}}})).is_ok());
}

#[test]
fn the_other_rules_of_the_replaced_product_hold() {
    for (kind, block, fields, expected) in [
        (
            "vlan",
            "vlan",
            json!({"master": ["eth1"]}),
            "spec.vlan.vlanID is missing: mode manual needs the VLAN, from 1 to 4094",
        ),
        (
            "vlan",
            "vlan",
            json!({"master": ["eth1"], "vlanMode": "auto", "vlanID": 3}),
            "spec.vlan.vlanID is 3, and mode auto has the VLAN chosen: take one of them out",
        ),
        (
            "sriov",
            "sriov",
            json!({"resourceName": "a/b", "minTxRateMbps": 30, "maxTxRateMbps": 10}),
            "spec.sriov.minTxRateMbps is 30, more than spec.sriov.maxTxRateMbps, which is 10",
        ),
        (
            "sriov",
            "sriov",
            json!({}),
            "spec.sriov.resourceName is missing, expected the resource of the SR-IOV device plugin, like \"spidernet.io/gpu1sriov\"",
        ),
        (
            "sriov",
            "sriov",
            json!({"resourceName": "gpu1sriov"}),
            "spec.sriov.resourceName is \"gpu1sriov\", expected prefix and name, like \"spidernet.io/gpu1sriov\"",
        ),
        (
            "ib-sriov",
            "ibsriov",
            json!({"resourceName": "a/b", "linkState": "enabled"}),
            "spec.ibsriov.linkState is \"enabled\": did you mean \"enable\"? it is one of enable, disable, auto",
        ),
        (
            "macvlan",
            "macvlan",
            json!({"master": ["eth1"], "ippools": {"matchMasterSubnet": true}}),
            "spec.macvlan.ippools.matchMasterSubnet is true, which only sriov has: take it out",
        ),
        (
            "ovs",
            "ovs",
            json!({}),
            "spec.ovs.bridge is missing, expected the name of the bridge",
        ),
        (
            "ipoib",
            "ipoib",
            json!({"master": ["ib0"]}),
            "spec.ipoib.master is [\"ib0\"], expected a text in quotes",
        ),
    ] {
        assert_eq!(problem(kind, block, fields), expected);
    }
}

#[test]
fn chained_plugins_are_json_with_a_type() {
    let of = |text: &str| {
        problems(json!({"cniType": "macvlan", "macvlan": {"master": ["eth1"]}, "chainCNIJsonData": [text]})).concat()
    };
    assert!(of("{").starts_with("spec.chainCNIJsonData[0] is not the JSON of a plugin (EOF"));
    assert_eq!(
        of("{\"mtu\":1}"),
        "spec.chainCNIJsonData[0] has no \"type\", so nobody knows which plugin it is for"
    );
}

#[test]
fn annotations_are_checked() {
    let of = |annotations: Value| {
        MultusConfig::read(
            &json!({"metadata": {"name": "n", "annotations": annotations}, "spec": {}}),
        )
    };
    let refused = |key: &str, value: &str| of(json!({key: value})).unwrap_err().concat();
    assert!(refused("multus.spidernet.io/cr-name", "A_b").contains("small letters, digits and -"));
    assert!(refused("multus.spidernet.io/cr-name", &"a".repeat(64)).contains("at most 63"));
    assert_eq!(
        refused("multus.spidernet.io/cni-version", "1.1.0"),
        "the annotation multus.spidernet.io/cni-version is \"1.1.0\", expected one of 0.3.1, 0.3.0, 0.4.0, 1.0.0"
    );
    assert!(refused("plumb.network/form", "singel").contains("did you mean \"single\"?"));
    let injected = of(json!({"cni.spidernet.io/rdma-resource-inject": "ai"})).unwrap();
    assert!(injected.notes[0].contains("has no effect: plumb changes no pods"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let found =
        problems(json!({"cniType": "sriov", "sriov": {"vlanID": 9999}, "disableIpam": true}));
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn an_object_of_any_shape_is_no_panic() {
    for object in [
        json!(null),
        json!(7),
        json!({"spec": 7}),
        json!({"metadata": [], "spec": []}),
        json!({"spec": {"macvlan": 3, "cniType": 4}}),
    ] {
        assert!(MultusConfig::read(&object).is_err(), "{object}");
    }
}
