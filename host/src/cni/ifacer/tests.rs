//! What networks of type `ifacer` say, and what is wrong with it.

use serde_json::json;

use super::*;
use crate::cni::Verb;

fn of(keys: Value) -> Result<Ifacer> {
    let mut network = json!({"cniVersion": "1.0.0", "name": "rail0", "type": "ifacer"});
    let (network_keys, keys) = (network.as_object_mut().unwrap(), keys);
    network_keys.extend(keys.as_object().unwrap().clone());
    Ifacer::of(&Configuration::parse(Verb::Add, network.to_string().into_bytes()).unwrap())
}

#[test]
fn what_the_controller_renders_is_understood() {
    let wanted = of(json!({
        "vlanID": 100, "interfaces": ["eth1", "eth2"], "bond": {"name": "bond0", "mode": 4, "options": ""}
    }))
    .unwrap();
    assert_eq!(wanted.interfaces, ["eth1", "eth2"]);
    assert_eq!(wanted.vlan_name().as_deref(), Some("bond0.100"));
    let bond = wanted.bond.unwrap();
    assert_eq!((&*bond.name, bond.mode), ("bond0", "802.3ad"));
    assert!(!wanted.keep);

    let wanted = of(json!({"vlanID": 0, "interfaces": ["eth1"], "bond": null})).unwrap();
    assert_eq!((wanted.vlan, wanted.bond), (None, None));
    let wanted = of(json!({"vlanID": 7, "interfaces": ["eth1"], "keep": true})).unwrap();
    assert_eq!(wanted.vlan_name().as_deref(), Some("eth1.7"));
    assert!(wanted.keep);
}

/// The replaced plugin passes it over, and so does the controller, which calls the parent of the next plugin `eth1.7`.
#[test]
fn a_bond_of_one_interface_is_none() {
    let wanted = of(json!({"vlanID": 7, "interfaces": ["eth1"], "bond": {"mode": 1}})).unwrap();
    assert_eq!(wanted.vlan_name().as_deref(), Some("eth1.7"));
    assert!(wanted.has_idle_bond);
}

#[test]
fn a_bond_is_known_by_numbers_and_by_the_words_of_the_kernel() {
    let bond = |bond: Value| {
        of(json!({"interfaces": ["a", "b"], "bond": bond}))
            .unwrap()
            .bond
            .unwrap()
    };
    let plain = bond(json!({}));
    assert_eq!((&*plain.name, plain.mode), ("sp_bond0", "balance-rr"));
    assert!(plain.interval > 0, "a failure would never be noticed");
    assert_eq!(bond(json!({"mode": 6})).mode, "balance-alb");
    assert_eq!(bond(json!({"mode": "active-backup"})).mode, "active-backup");
    let full =
        bond(json!({"Mode": 4, "options": "miimon=50; xmit_hash_policy=layer3+4;lacp_rate=fast;"}));
    assert_eq!(full.interval, 50);
    assert_eq!(full.hash_policy, Some("layer3+4"));
    assert_eq!(full.lacp_rate, Some("fast"));
    let preferred = bond(json!({"mode": 1, "options": "primary=b;xmit_hash_policy=1"}));
    assert_eq!(preferred.primary.as_deref(), Some("b"));
    assert_eq!(preferred.hash_policy, Some("layer3+4"));
}

#[test]
fn what_is_wrong_is_said_with_the_value() {
    let two = |bond: Value| json!({"interfaces": ["eth1", "eth2"], "bond": bond});
    for (keys, expected) in [
        (
            json!({}),
            "\"interfaces\" of type \"ifacer\" must be a list",
        ),
        (json!({"interfaces": []}), "1 to 8 names"),
        (json!({"interfaces": "eth1"}), "\"eth1\""),
        (
            json!({"interfaces": ["a", "b", "c", "d", "e", "f", "g", "h", "i"], "bond": {}}),
            "1 to 8",
        ),
        (json!({"interfaces": ["eth1", 5]}), "5"),
        (json!({"interfaces": ["../eth1"]}), "../eth1"),
        (
            json!({"interfaces": ["eth1", "eth1"], "bond": {}}),
            "eth1 twice",
        ),
        (json!({"interfaces": ["eth1", "eth2"]}), "no \"bond\""),
        (json!({"interfaces": ["plumb-making"]}), "while it makes it"),
        (json!({"interfaces": ["eth1"], "vlanID": 4095}), "4095"),
        (json!({"interfaces": ["eth1"], "vlanID": -1}), "-1"),
        (json!({"interfaces": ["eth1"], "vlanID": "100"}), "\"100\""),
        (json!({"interfaces": ["eth1"], "vlanID": 1.5}), "1.5"),
        (
            json!({"interfaces": ["enp65s0f0np0"], "vlanID": 100}),
            "enp65s0f0np0.100",
        ),
        (json!({"interfaces": ["eth1"], "keep": "yes"}), "\"keep\""),
        (
            two(json!(4)),
            "\"bond\" of type \"ifacer\" must be an object",
        ),
        (two(json!({"name": "a b"})), "a b"),
        (two(json!({"name": "eth2"})), "one of \"interfaces\""),
        (two(json!({"name": 5})), "bond.name"),
        (two(json!({"mode": 7})), "0 to 6"),
        (two(json!({"mode": "802.3d"})), "did you mean \"802.3ad\"?"),
        (
            two(json!({"option": "miimon=5"})),
            "did you mean \"options\"?",
        ),
        (
            two(json!({"options": "miimom=5"})),
            "did you mean \"miimon\"?",
        ),
        (two(json!({"options": "miimon=fast"})), "\"fast\""),
        (two(json!({"options": "miimon=0"})), "from 1"),
        (two(json!({"options": "miimon"})), "from 1"),
        (
            two(json!({"options": "xmit_hash_policy=layer4"})),
            "layer3+4",
        ),
        (two(json!({"options": "lacp_rate=fast"})), "802.3ad"),
        (
            two(json!({"mode": 4, "options": "lacp_rate=often"})),
            "often",
        ),
        (
            two(json!({"mode": 1, "options": "primary=eth3"})),
            "one of eth1, eth2",
        ),
        (
            two(json!({"mode": 4, "options": "primary=eth1"})),
            "active-backup",
        ),
        (two(json!({"options": ["miimon=5"]})), "bond.options"),
    ] {
        let error = of(keys.clone()).unwrap_err();
        assert_eq!(error.code, crate::Code::INVALID_CONFIGURATION, "{keys}");
        assert!(error.message.contains(expected), "{keys}: {error}");
    }
}
