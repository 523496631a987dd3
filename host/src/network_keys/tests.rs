use serde_json::json;

use super::*;
use crate::cni::{Environment, Verb};
use crate::policy::Policy;

fn warnings(keys: Value) -> Vec<String> {
    let variable = |name: &str| (name == "CNI_COMMAND").then(|| "STATUS".into());
    let mut text = json!({"cniVersion": "1.1.0", "name": "a", "type": "macvlan"});
    for (key, value) in keys.as_object().unwrap() {
        text[key] = value.clone();
    }
    let configuration = Configuration::parse(Verb::Status, text.to_string().into_bytes()).unwrap();
    let request = Request::new(
        Environment::read(variable).unwrap(),
        configuration,
        Policy::default(),
    );
    unknown(&request.unwrap())
}

#[test]
fn a_key_that_is_one_slip_away_is_asked_for() {
    for (keys, written, meant) in [
        (json!({"mtuu": 1400}), "mtuu", "mtu"),
        (json!({"Maste": "ens1"}), "Maste", "master"),
        (
            json!({"gatwayCheck": "fail"}),
            "gatwayCheck",
            "gatewayCheck",
        ),
        (
            json!({"type": "sriov", "vlanQos2": 1}),
            "vlanQos2",
            "vlanQoS",
        ),
        (
            json!({"type": "ib-sriov", "rdmaIsolaton": true}),
            "rdmaIsolaton",
            "rdmaIsolation",
        ),
        (json!({"type": "ipoib", "pkeys": "0x8001"}), "pkeys", "pkey"),
        (
            json!({"type": "ifacer", "interface": ["a"]}),
            "interface",
            "interfaces",
        ),
        (
            json!({"type": "coordinator", "podMACPrefx": "0a"}),
            "podMACPrefx",
            "podMACPrefix",
        ),
        (
            json!({"type": "plumb", "flavour": "ipoib", "umcst": true}),
            "umcst",
            "umcast",
        ),
    ] {
        let told = warnings(keys);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(&format!("{written:?} is no key of type")),
            "{told:?}"
        );
        assert!(
            told[0].ends_with(&format!("did you mean {meant:?}?")),
            "{told:?}"
        );
    }
}

#[test]
fn a_key_of_another_type_is_told_as_such() {
    let told = warnings(json!({"type": "sriov", "master": "ens1"}));
    assert_eq!(
        told,
        [
            "\"master\" is no key of type \"sriov\" and is ignored: it is one of macvlan, ipvlan, ipoib"
        ]
    );
    let told = warnings(json!({"weather": "fine"}));
    assert_eq!(
        told,
        ["\"weather\" is no key of type \"macvlan\" and is ignored"]
    );
}

/// What a vendor's component knows, it alone knows.
#[test]
fn nothing_is_said_of_a_vendors_keys() {
    let told = warnings(json!({"type": "plumb", "flavour": "acme", "masterr": "ens1"}));
    assert!(told.is_empty(), "{told:?}");
}

/// What Multus, device plugins and runtimes add is no one's mistake, in whatever letters.
#[test]
fn what_the_replaced_plugins_networks_have_is_known() {
    for keys in [
        json!({"Master": "ens1", "MODE": "bridge", "isGateway": null, "linkInContainer": false, "bcqueuelen": 5}),
        json!({"type": "ipvlan", "master": "ens1", "mode": "l3"}),
        json!({
            "type": "sriov", "vlan": 5, "vlanQoS": 1, "vlanProto": "802.1q", "spoofchk": "on", "trust": "off",
            "link_state": "auto", "min_tx_rate": 0, "max_tx_rate": 0, "deviceID": "0000:3b:00.2", "pciBusID": "x",
            "logLevel": "debug", "logFile": "/var/log/sriov.log", "runtimeConfig": {}, "args": {}, "capabilities": {}
        }),
        json!({"type": "ib-sriov", "ibKubernetesEnabled": true, "pkey": "0x1", "vfioPciMode": false}),
        json!({"type": "coordinator", "podRPFilter": 0, "tunePodRoutes": true, "logOptions": {}}),
        json!({"type": "ifacer", "interfaces": ["ens1"], "vlanID": 5, "logOptions": {}}),
        json!({"cni.dev/valid-attachments": [], "prevResult": {}, "ipam": {"type": ""}, "dns": {}}),
    ] {
        let told = warnings(keys.clone());
        assert!(told.is_empty(), "{keys}: {told:?}");
    }
}
