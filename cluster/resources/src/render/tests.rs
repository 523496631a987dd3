//! The configurations are Spiderpool's own, derived from its rendering code.

use serde_json::{Value, json};

use super::*;

fn rendered(metadata: Value, specification: Value) -> Rendered {
    let object = json!({"metadata": metadata, "spec": specification});
    let network = MultusConfig::read(&object).unwrap();
    render(&network, None).unwrap()
}

fn config(rendered: &Rendered) -> Value {
    serde_json::from_str(rendered.config.as_deref().unwrap()).unwrap()
}

/// The list of plugins, of a network named `n`.
fn plugins(specification: Value) -> Value {
    let config = config(&rendered(json!({"name": "n"}), specification));
    assert_eq!(config["cniVersion"], "0.3.1");
    assert_eq!(config["name"], "n");
    config["plugins"].clone()
}

fn coordinator() -> Value {
    json!({"tunePodRoutes": true, "mode": "auto", "type": "coordinator"})
}

#[test]
fn a_macvlan_has_its_parent_as_text_and_no_resource() {
    let rendered = rendered(
        json!({"name": "macvlan-ens6f0np0", "namespace": "kube-system"}),
        json!({"cniType": "macvlan", "macvlan": {"master": ["ens6f0np0"], "ippools": {"ipv4": ["v4-81"]}}}),
    );
    assert_eq!(
        config(&rendered),
        json!({"cniVersion": "0.3.1", "name": "macvlan-ens6f0np0", "plugins": [
            {"type": "macvlan", "master": "ens6f0np0", "mode": "bridge", "mtu": 0,
             "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-81"]}},
            coordinator(),
        ]})
    );
    assert_eq!(rendered.annotations.get(RESOURCE_ANNOTATION), None);
    assert_eq!(rendered.namespace.as_deref(), Some("kube-system"));
    assert_eq!(rendered.other_plugins, [""; 0]);
    assert_eq!(rendered.notes, [""; 0]);
}

/// A cluster that changes over has the same text, so nobody sees a difference.
#[test]
fn the_text_is_that_of_the_replaced_product() {
    let rendered = rendered(
        json!({"name": "X"}),
        json!({"cniType": "ib-sriov", "ibsriov": {"resourceName": "spidernet.io/ib", "ippools": {"ipv4": ["p4"]}}}),
    );
    assert_eq!(
        rendered.config.unwrap(),
        "{\"cniVersion\":\"0.3.1\",\"name\":\"X\",\"plugins\":[{\"type\":\"ib-sriov\",\"pkey\":\"\",\"link_state\":\"enable\",\
         \"rdmaIsolation\":true,\"ibKubernetesEnabled\":false,\"ipam\":{\"type\":\"spiderpool\",\"default_ipv4_ippool\":[\"p4\"]}},\
         {\"tunePodRoutes\":true,\"mode\":\"auto\",\"type\":\"coordinator\"}]}"
    );
}

#[test]
fn a_vlan_on_a_bond_is_made_first() {
    let plugins = plugins(json!({"cniType": "macvlan", "macvlan": {
        "master": ["eth1", "eth2"], "vlanID": 100, "bond": {"name": "bond0", "mode": 4},
    }}));
    assert_eq!(
        plugins,
        json!([
            {"vlanID": 100, "type": "ifacer", "interfaces": ["eth1", "eth2"],
             "bond": {"name": "bond0", "mode": 4, "options": ""}},
            {"type": "macvlan", "master": "bond0.100", "mode": "bridge", "mtu": 0, "ipam": {"type": "spiderpool"}},
            coordinator(),
        ])
    );
}

#[test]
fn a_function_with_its_rdma_device_has_a_plugin_for_that() {
    let rendered = rendered(
        json!({"name": "sriov-rdma"}),
        json!({"cniType": "sriov", "sriov": {"resourceName": "spidernet.io/mellanoxrdma", "enableRdma": true,
               "ippools": {"ipv4": ["v4-81"]}}}),
    );
    assert_eq!(
        config(&rendered)["plugins"],
        json!([
            {"vlan": 0, "min_tx_rate": 0, "max_tx_rate": 0, "type": "sriov",
             "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-81"]}},
            {"type": "rdma"},
            coordinator(),
        ])
    );
    assert_eq!(
        rendered.annotations[RESOURCE_ANNOTATION],
        "spidernet.io/mellanoxrdma"
    );
}

#[test]
fn the_mtu_of_a_function_comes_last_by_another_makers_plugin() {
    let rendered = rendered(
        json!({"name": "n"}),
        json!({"cniType": "sriov", "disableIPAM": true, "sriov": {"resourceName": "a/b", "mtu": 1400, "minTxRateMbps": 10,
               "maxTxRateMbps": 30, "rdmaIsolation": true}}),
    );
    assert_eq!(
        config(&rendered)["plugins"],
        json!([
            {"vlan": 0, "min_tx_rate": 10, "max_tx_rate": 30, "type": "sriov"},
            {"type": "rdma"},
            coordinator(),
            {"type": "tuning", "mtu": 1400},
        ])
    );
    assert_eq!(rendered.other_plugins, ["tuning"]);
}

#[test]
fn a_function_of_infiniband_has_all_of_its_keys_stated() {
    let rendered = rendered(
        json!({"name": "ib-sriov", "namespace": "kube-system"}),
        json!({"cniType": "ib-sriov", "ibsriov": {"resourceName": "spidernet.io/mellanoxibsriov", "ippools": {"ipv4": ["v4-91"]}}}),
    );
    assert_eq!(
        config(&rendered)["plugins"],
        json!([
            {"type": "ib-sriov", "pkey": "", "link_state": "enable", "rdmaIsolation": true, "ibKubernetesEnabled": false,
             "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-91"]}},
            coordinator(),
        ])
    );
    assert_eq!(
        rendered.annotations[RESOURCE_ANNOTATION],
        "spidernet.io/mellanoxibsriov"
    );
}

#[test]
fn pools_may_be_patterns_of_the_parents_subnet_and_need_not_be_at_all() {
    let specification = json!({"cniType": "sriov", "sriov": {"resourceName": "a/b",
        "ippools": {"ipv4": ["rdmarail1-*"], "matchMasterSubnet": true}}});
    assert_eq!(
        plugins(specification.clone())[0]["ipam"],
        json!({"type": "spiderpool", "default_ipv4_ippool": ["rdmarail1-*"], "match_master_subnet": true})
    );
    let mut without = specification;
    without["disableIPAM"] = json!(true);
    assert_eq!(plugins(without)[0].get("ipam"), None);
}

#[test]
fn the_other_types_have_their_keys() {
    for (specification, expected) in [
        (
            json!({"cniType": "ipvlan", "enableCoordinator": false, "disableIPAM": true,
                   "ipvlan": {"master": ["eth1"], "mtu": 9000, "vlanID": 7}}),
            json!([
                {"vlanID": 7, "type": "ifacer", "interfaces": ["eth1"]},
                {"type": "ipvlan", "master": "eth1.7", "mtu": 9000},
            ]),
        ),
        (
            json!({"cniType": "ipoib", "ipoib": {"master": "ibs5f0", "ippools": {"ipv4": ["v4-91"]}}}),
            json!([
                {"type": "ipoib", "master": "ibs5f0", "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-91"]}},
                coordinator(),
            ]),
        ),
        (
            json!({"cniType": "vlan", "disableIPAM": true, "vlan": {"master": ["eth1"], "vlanID": 100}}),
            json!([
                {"type": "vlan", "master": "eth1", "vlanMode": "manual", "vlanId": 100, "mtu": 0},
                coordinator(),
            ]),
        ),
        (
            json!({"cniType": "ovs", "disableIPAM": true, "ovs": {"bridge": "br1", "trunk": [{"minID": 1, "maxID": 9}, {"id": 20}]}}),
            json!([
                {"vlan": 0, "type": "ovs", "bridge": "br1", "trunk": [{"minID": 1, "maxID": 9}, {"id": 20}]},
                coordinator(),
            ]),
        ),
    ] {
        assert_eq!(plugins(specification), expected);
    }
}

#[test]
fn what_the_user_chains_stands_before_the_coordinator() {
    let plugins = plugins(
        json!({"cniType": "sriov", "disableIPAM": true, "chainCNIJsonData": ["{\"type\":\"sbr\"}"],
        "sriov": {"resourceName": "a/b", "rdmaIsolation": true, "mtu": 9000}}),
    );
    let types: Vec<&str> = plugins
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| plugin["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["sriov", "rdma", "sbr", "coordinator", "tuning"]);
}

#[test]
fn names_and_version_are_the_annotations() {
    let rendered = rendered(
        json!({"name": "a", "namespace": "team", "annotations": {
            "multus.spidernet.io/cr-name": "b", "multus.spidernet.io/cni-version": "1.0.0",
            "cni.spidernet.io/cniconfig-name": "c", "team": "x",
            "kubectl.kubernetes.io/last-applied-configuration": "{}"}}),
        json!({"cniType": "macvlan", "macvlan": {"master": ["eth1"]}}),
    );
    let config = config(&rendered);
    assert_eq!(
        (config["name"].as_str(), config["cniVersion"].as_str()),
        (Some("c"), Some("1.0.0"))
    );
    let manifest = rendered.manifest();
    assert_eq!(manifest["metadata"]["name"], "b");
    assert_eq!(manifest["metadata"]["annotations"]["team"], "x");
    let applied = "kubectl.kubernetes.io/last-applied-configuration";
    assert_eq!(manifest["metadata"]["annotations"].get(applied), None);
}

#[test]
fn a_custom_network_is_as_it_is_written() {
    let text = "{\"cniVersion\": \"1.0.0\", \"name\": \"x\", \"plugins\": [{\"type\": \"bridge\"}, {\"type\": \"tuning\"}]}";
    let custom = rendered(json!({"name": "n"}), json!({"customCNI": text}));
    assert_eq!(custom.config.as_deref(), Some(text));
    assert_eq!(custom.other_plugins, ["bridge", "tuning"]);
    let empty = rendered(json!({"name": "calico"}), json!({}));
    assert_eq!(empty.config, None);
    assert_eq!(empty.manifest()["spec"], json!({}));
}

#[test]
fn the_coordinator_says_what_was_written_and_what_the_cluster_says() {
    let object = json!({"metadata": {"name": "n"}, "spec": {
        "cniType": "macvlan", "macvlan": {"master": ["eth1"]},
        "coordinator": {"mode": "underlay", "podRPFilter": 2, "hostRuleTable": 600, "podDefaultRouteNIC": "net1",
                        "detectGateway": true, "detectIPConflict": true}}});
    let network = MultusConfig::read(&object).unwrap();
    let (cluster, _) = Coordinator::of_cluster(&json!({
        "spec": {"mode": "overlay", "hijackCIDR": ["169.254.0.0/16"], "podRPFilter": 0},
        "status": {"serviceCIDR": ["10.233.0.0/18"]}}))
    .unwrap();
    let rendered = render(&network, Some(&cluster)).unwrap();
    let plugins = &config(&rendered)["plugins"];
    assert_eq!(plugins[0]["gatewayCheck"], "fail");
    assert_eq!(plugins[0]["conflictCheck"], true);
    assert_eq!(
        plugins[1],
        json!({"tunePodRoutes": true, "mode": "underlay", "type": "coordinator", "podDefaultRouteNic": "net1",
               "podRPFilter": 2, "hostRuleTable": 600, "serviceCIDR": ["10.233.0.0/18"], "hijackCIDR": ["169.254.0.0/16"]})
    );
}

#[test]
fn plumbs_own_form_is_one_plugin() {
    let single = json!({"name": "rail1", "annotations": {"plumb.network/form": "single"}});
    let rendered = rendered(
        single.clone(),
        json!({"cniType": "sriov", "sriov": {"resourceName": "a/b", "mtu": 9000, "rdmaIsolation": true,
               "ippools": {"ipv4": ["rail1"]}}}),
    );
    assert_eq!(
        config(&rendered),
        json!({"cniVersion": "0.3.1", "name": "rail1", "type": "sriov", "vlan": 0, "min_tx_rate": 0, "max_tx_rate": 0,
               "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["rail1"]},
               "mtu": 9000, "rdmaIsolation": true, "rails": {}})
    );
    assert_eq!(rendered.other_plugins, [""; 0]);
    let vlan = MultusConfig::read(&json!({"metadata": single, "spec": {
        "cniType": "macvlan", "macvlan": {"master": ["eth1"], "vlanID": 5},
        "coordinator": {"mode": "underlay"}}}))
    .unwrap();
    assert_eq!(
        render(&vlan, None).unwrap_err(),
        [
            "the annotation plumb.network/form is single, and a plugin of its own must make the VLAN or bond: take the \
             annotation out for a list of plugins",
            "the annotation plumb.network/form is single, and coordinator mode underlay makes a second interface, for which it \
             is a plugin of its own: take the annotation out for a list of plugins",
        ]
    );
}

#[test]
fn another_makers_plugin_gets_no_addresses_of_plumb() {
    let rendered = rendered(
        json!({"name": "n"}),
        json!({"cniType": "vlan", "vlan": {"master": ["eth1"], "vlanID": 3, "ippools": {"ipv4": ["a"]}}}),
    );
    assert_eq!(rendered.other_plugins, ["vlan"]);
    assert!(
        rendered.notes[0].contains("write cniType macvlan with macvlan.vlanID"),
        "{:?}",
        rendered.notes
    );
}
