//! Values that are wrong: each is named, with what would be right, and nothing has changed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plumb_runtimes::kubernetes::kubelet::{Allocation, write_checkpoint};
use plumb_testbed::configuration::{GUID, ib_sriov, ipoib, sriov};
use plumb_testbed::program::run;
use plumb_testbed::{Bed, Setup, bed};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

/// The mistake of the user, and the node that cannot serve it.
const WRONG: u64 = 7;
const UNAVAILABLE: u64 = 50;
const LATER: u64 = 11;
const UNSUPPORTED: u64 = 2;
/// A device that somebody else has.
const IN_USE: u64 = 111;

/// A change to a configuration that works, the codes that would be right, and what the message has
/// to say: the value, and what is accepted.
type Case<'text> = (Value, &'static [u64], &'text [&'text str]);

fn assert_refused(bed: &Bed, configuration: &Value, cases: &[Case]) {
    let pod = bed.pod();
    let before = bed.picture();
    let mut wrong = Vec::new();
    for (change, codes, says) in cases {
        let configuration = with(configuration.clone(), change.clone());
        let case = || {
            let outcome = bed.call("ADD", &pod, &configuration).run();
            let error = outcome.expect_one_of(codes, says[0]);
            let said = format!("{} {}", error.message, error.details).to_lowercase();
            for text in says.iter() {
                assert!(
                    said.contains(&text.to_lowercase()),
                    "{text:?} is not in\n{outcome}"
                );
            }
            before.assert_unchanged();
        };
        if catch_unwind(AssertUnwindSafe(case)).is_err() {
            wrong.push(change.to_string());
            bed.delete(&pod, &configuration);
            before.assert_unchanged();
        }
    }
    assert!(wrong.is_empty(), "see above: {}", wrong.join(", "));
}

/// A network that names a function itself, which a device plugin has given to another pod.
#[test]
fn a_function_of_another_pod_is_not_given() {
    let bed = bed(Setup::ETHERNET);
    let pod = bed.pod();
    let configuration = sriov(bed.function(0));
    let address = bed.function(0).address();
    let give_to = |uid: &str| {
        write_checkpoint(&[Allocation {
            pod: uid,
            resource: "vendor.example/rail",
            devices: &[address],
        }]);
    };
    let add = || {
        let arguments = "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_UID=11-22";
        bed.call("ADD", &pod, &configuration).arguments(arguments)
    };

    let before = bed.picture();
    give_to("33-44");
    let error = add()
        .run()
        .expect_one_of(&[IN_USE], "was given to the pod with UID 33-44");
    for text in [address, "11-22"] {
        assert!(
            error.message.contains(text),
            "{text} is not in {}",
            error.message
        );
    }
    before.assert_unchanged();
    give_to("11-22");
    add().run().expect_result();
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
    write_checkpoint(&[]);
}

/// What is wrong for every type that takes a function.
fn wrong_functions<'text>(physical: &'text [&'text str; 1]) -> Vec<Case<'text>> {
    vec![
        (json!({"deviceID": null}), &[WRONG], &["deviceID"]),
        (json!({"deviceID": ""}), &[WRONG], &["deviceID"]),
        (json!({"deviceID": 5}), &[WRONG], &["deviceID"]),
        (
            json!({"deviceID": "mlx5_0"}),
            &[WRONG],
            &["mlx5_0", "PCI address"],
        ),
        (
            json!({"deviceID": "../.."}),
            &[WRONG],
            &["../..", "PCI address"],
        ),
        (
            json!({"deviceID": "0000:01:10"}),
            &[WRONG],
            &["0000:01:10", "PCI address"],
        ),
        (
            json!({"deviceID": "0000:01:10.8"}),
            &[WRONG],
            &["0000:01:10.8", "PCI address"],
        ),
        (
            json!({"deviceID": "0000:7e:1f.7"}),
            &[UNAVAILABLE],
            &["0000:7e:1f.7"],
        ),
        (
            json!({"deviceID": physical[0]}),
            &[WRONG, UNAVAILABLE],
            physical,
        ),
    ]
}

#[test]
fn a_wrong_function_is_named() {
    let bed = bed(Setup::INFINIBAND);
    let physical = bed.physical().address();
    assert_refused(
        &bed,
        &ib_sriov(bed.function(0)),
        &wrong_functions(&[physical]),
    );
}

#[test]
fn a_wrong_ethernet_function_is_named() {
    let bed = bed(Setup::ETHERNET);
    let physical = bed.physical().address();
    assert_refused(&bed, &sriov(bed.function(0)), &wrong_functions(&[physical]));
}

#[test]
fn a_function_of_another_link_layer_belongs_to_another_type() {
    let infiniband = bed(Setup::INFINIBAND);
    let address = infiniband.function(0).address();
    let case: Case = (json!({}), &[WRONG, UNAVAILABLE], &[address, "ib-sriov"]);
    assert_refused(&infiniband, &sriov(infiniband.function(0)), &[case]);
    drop(infiniband);
    let ethernet = bed(Setup::ETHERNET);
    let address = ethernet.function(0).address();
    let case: Case = (
        json!({}),
        &[WRONG, UNAVAILABLE],
        &[address, "InfiniBand", "sriov"],
    );
    assert_refused(&ethernet, &ib_sriov(ethernet.function(0)), &[case]);
}

#[test]
fn a_function_without_its_driver_is_named() {
    for setup in [Setup::INFINIBAND, Setup::ETHERNET] {
        let bed = bed(setup);
        let function = bed.function(0);
        let configuration = match setup == Setup::INFINIBAND {
            true => ib_sriov(function),
            false => sriov(function),
        };
        function.unbind();
        let none: Case = (
            json!({}),
            &[UNAVAILABLE, WRONG],
            &[function.address(), "driver"],
        );
        assert_refused(&bed, &configuration, &[none]);
        function.bind("ibvsim");
        bed.rebuild();
    }
}

#[test]
fn a_wrong_guid_is_named() {
    let bed = bed(Setup::INFINIBAND);
    let zero = "00:00:00:00:00:00:00:00";
    let ones = "ff:ff:ff:ff:ff:ff:ff:ff";
    let multicast = "03:00:00:00:00:00:00:01";
    let cases: [Case; 10] = [
        (json!({"guid": zero}), &[WRONG], &[zero]),
        (json!({"guid": ones}), &[WRONG], &[ones]),
        (json!({"guid": multicast}), &[WRONG], &[multicast]),
        (
            json!({"guid": "02:00:00:00:00:00:01"}),
            &[WRONG],
            &["02:00:00:00:00:00:01"],
        ),
        (json!({"guid": "nonsense"}), &[WRONG], &["nonsense"]),
        (
            json!({"guid": "+2:00:00:00:00:00:00:01"}),
            &[WRONG],
            &["+2:00:00:00:00:00:00:01"],
        ),
        (json!({"guid": 5}), &[WRONG], &["guid"]),
        (
            json!({"args": {"cni": {"guid": zero}}}),
            &[WRONG, 4],
            &[zero],
        ),
        (
            json!({"runtimeConfig": {"infinibandGUID": "02:zz"}}),
            &[WRONG, 4],
            &["02:zz"],
        ),
        (
            json!({"runtimeConfig": {"infinibandGUID": ones}}),
            &[WRONG, 4],
            &[ones],
        ),
    ];
    assert_refused(&bed, &ib_sriov(bed.function(0)), &cases);
}

#[test]
fn a_wrong_value_of_an_infiniband_function_is_named() {
    let bed = bed(Setup::INFINIBAND);
    let address = bed.function(0).address();
    let mark = "mellanox.infiniband.app";
    let cases: [Case; 13] = [
        (json!({"pkey": true}), &[WRONG], &["pkey"]),
        (
            json!({"link_state": "up"}),
            &[WRONG],
            &["up", "auto", "enable", "disable"],
        ),
        (json!({"link_state": true}), &[WRONG], &["link_state"]),
        (json!({"mtu": 65521}), &[WRONG, UNAVAILABLE], &["65521"]),
        (json!({"mtu": "2044"}), &[WRONG], &["mtu"]),
        (
            json!({"rdmaIsolation": "yes"}),
            &[WRONG],
            &["rdmaIsolation", "yes"],
        ),
        (
            json!({"rdmaDeviceName": "rail0"}),
            &[WRONG, UNSUPPORTED],
            &["rdmaDeviceName", "rdmaIsolation"],
        ),
        (
            json!({"rdmaDeviceName": "a/b", "rdmaIsolation": true}),
            &[WRONG],
            &["a/b"],
        ),
        (
            json!({"ibKubernetesEnabled": true, "guid": GUID}),
            &[LATER],
            &[mark, "configured"],
        ),
        (
            json!({"ibKubernetesEnabled": true, "guid": GUID, "args": {"cni": {mark: "soon"}}}),
            &[LATER],
            &[mark, "configured"],
        ),
        (
            json!({"ibKubernetesEnabled": true, "args": {"cni": {mark: "configured"}}}),
            &[WRONG, LATER, UNAVAILABLE],
            &["GUID"],
        ),
        (
            json!({"vfioPciMode": true}),
            &[WRONG, UNAVAILABLE],
            &[address, "vfio-pci"],
        ),
        (json!({"ipam": {"type": "dhcp"}}), &[UNSUPPORTED], &["dhcp"]),
    ];
    assert_refused(&bed, &ib_sriov(bed.function(0)), &cases);
}

#[test]
fn a_wrong_value_of_an_ethernet_function_is_named() {
    let bed = bed(Setup::ETHERNET);
    let cases: [Case; 24] = [
        (json!({"vlan": 4095}), &[WRONG], &["4095", "4094"]),
        (json!({"vlan": -1}), &[WRONG], &["-1", "4094"]),
        (json!({"vlan": "100"}), &[WRONG], &["vlan"]),
        (json!({"vlan": 5, "vlanQoS": 8}), &[WRONG], &["8", "7"]),
        (json!({"vlanQoS": 3}), &[WRONG], &["vlanQoS", "vlan"]),
        (
            json!({"vlan": 0, "vlanQoS": 3}),
            &[WRONG],
            &["vlanQoS", "3"],
        ),
        (
            json!({"vlan": 5, "vlanProto": "802.1x"}),
            &[WRONG],
            &["802.1x", "802.1q", "802.1ad"],
        ),
        (
            json!({"vlanProto": "802.1q"}),
            &[WRONG],
            &["vlanProto", "vlan"],
        ),
        (
            json!({"vlan": 0, "vlanProto": "802.1ad"}),
            &[WRONG],
            &["802.1ad"],
        ),
        (json!({"spoofchk": "yes"}), &[WRONG], &["yes", "on", "off"]),
        (json!({"spoofchk": true}), &[WRONG], &["spoofchk"]),
        (json!({"trust": "yes"}), &[WRONG], &["yes", "on", "off"]),
        (
            json!({"link_state": "up"}),
            &[WRONG],
            &["up", "auto", "enable", "disable"],
        ),
        (
            json!({"min_tx_rate": 200, "max_tx_rate": 100}),
            &[WRONG],
            &["200", "100"],
        ),
        (json!({"min_tx_rate": -1}), &[WRONG], &["-1"]),
        (json!({"max_tx_rate": "fast"}), &[WRONG], &["max_tx_rate"]),
        (json!({"mtu": 9001}), &[WRONG], &["9001", "1500"]),
        (json!({"mtu": 60}), &[WRONG, 100], &["60"]),
        (json!({"mac": "nonsense"}), &[WRONG], &["nonsense"]),
        (
            json!({"mac": "01:00:5e:00:00:01"}),
            &[WRONG],
            &["01:00:5e:00:00:01"],
        ),
        (
            json!({"runtimeConfig": {"mac": "02:00"}}),
            &[WRONG, 4],
            &["02:00"],
        ),
        (json!({"rdmaIsolation": 1}), &[WRONG], &["rdmaIsolation"]),
        (
            json!({"rdmaDeviceName": "rail0"}),
            &[WRONG, UNSUPPORTED],
            &["rdmaDeviceName", "rdmaIsolation"],
        ),
        (json!({"type": "rdma"}), &[WRONG], &["prevResult"]),
    ];
    assert_refused(&bed, &sriov(bed.function(0)), &cases);
}

#[test]
fn a_wrong_value_of_a_child_is_named() {
    let bed = bed(Setup::INFINIBAND);
    let parent = bed.physical().netdev().expect("it has a netdev");
    run("ip link add ether0 type dummy");
    run(&format!(
        "ip link add link {parent} name child0 type ipoib pkey 0x8001"
    ));
    let cases: [Case; 20] = [
        (
            json!({"master": "ether0"}),
            &[WRONG, UNAVAILABLE],
            &["ether0", "InfiniBand"],
        ),
        (
            json!({"master": "child0"}),
            &[WRONG, UNAVAILABLE],
            &["child0"],
        ),
        (
            json!({"master": "ib99"}),
            &[UNAVAILABLE],
            &["ib99", &parent],
        ),
        (json!({"master": null}), &[WRONG], &["master"]),
        (json!({"master": ""}), &[WRONG], &["master"]),
        (json!({"master": "a/b"}), &[WRONG, UNAVAILABLE], &["a/b"]),
        (json!({"pkey": "0x0"}), &[WRONG], &["0x0", "0x7fff"]),
        (json!({"pkey": "0x8000"}), &[WRONG], &["0x8000", "0x7fff"]),
        (json!({"pkey": "0x10000"}), &[WRONG], &["0x10000", "0x7fff"]),
        (json!({"pkey": "abc"}), &[WRONG], &["abc", "0x7fff"]),
        (json!({"pkey": "1000"}), &[WRONG], &["1000", "0x7fff"]),
        (json!({"pkey": 65536}), &[WRONG], &["65536", "0x7fff"]),
        (
            json!({"pkey": "0x7abc"}),
            &[WRONG, UNAVAILABLE],
            &["0x7abc", "0x8001"],
        ),
        (
            json!({"mode": "Connected "}),
            &[WRONG],
            &["Connected ", "datagram", "connected"],
        ),
        (
            json!({"mode": "fast"}),
            &[WRONG],
            &["fast", "datagram", "connected"],
        ),
        (json!({"umcast": "yes"}), &[WRONG], &["umcast"]),
        (json!({"mtu": 4093}), &[WRONG], &["4093", "4092"]),
        (
            json!({"mode": "connected", "mtu": 65521}),
            &[WRONG],
            &["65521", "65520"],
        ),
        (json!({"mtu": -1}), &[WRONG], &["-1"]),
        (json!({"ipam": {"type": "dhcp"}}), &[UNSUPPORTED], &["dhcp"]),
    ];
    assert_refused(&bed, &ipoib(&parent), &cases);
    run("ip link delete child0");
    run("ip link delete ether0");
}
