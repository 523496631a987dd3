//! Types `sriov` and `rdma`: an Ethernet function as the pod's interface, and its RDMA device.

mod scalable;
mod show;
mod spiderpool;
mod way_to_node;

use cni_harness::{ip, result};
use plumb_testbed::checks::{
    Damage, assert_finds, assert_goes_without_trace, assert_speaks_version_1_0,
    assert_takes_addresses_of_host_local, damages_in_pod,
};
use plumb_testbed::configuration::{sriov, without_ipam};
use plumb_testbed::program::{self, inside, run};
use plumb_testbed::traffic::{assert_does_not_reach, assert_reaches};
use plumb_testbed::{Bed, Chain, Function, Setup, bed, ethtool, pod, rdma, tcx};
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

const BED: Setup = Setup::ETHERNET;

fn everything(bed: &Bed) -> Value {
    with(
        sriov(bed.function(0)),
        json!({
            "mac": "02:00:00:00:0a:01",
            "vlan": 100, "vlanQoS": 3, "vlanProto": "802.1ad",
            "spoofchk": "off", "trust": "on", "link_state": "enable",
            "min_tx_rate": 10, "max_tx_rate": 100,
            "mtu": 1400,
            "rdmaIsolation": true,
        }),
    )
}

#[test]
fn a_function_becomes_the_pods_interface_and_comes_back() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = bed.function(0);
    let device = function.rdma_device().expect("it has an RDMA device");
    let configuration = everything(&bed);
    bed.status(&configuration).expect_silence();

    let before = bed.picture();
    let added = bed.add(&pod, &configuration);
    result::assert_layout(&added, "1.1.0", &pod);
    let interface = &added["interfaces"][0];
    assert_eq!(interface["mac"], "02:00:00:00:0a:01");
    assert_eq!(interface["mtu"], 1400);
    assert_eq!(interface["pciID"], function.address());

    let eth0 = pod::eth0(&pod);
    assert_eq!(eth0["address"], "02:00:00:00:0a:01");
    assert_eq!(eth0["mtu"], 1400);
    assert_eq!(eth0["parentdev"], function.address());
    assert!(pod::is_up(&eth0), "{eth0}");
    assert_eq!(pod.addresses("eth0"), result::addresses(&added));
    assert_eq!(result::addresses(&added).len(), 1, "{added}");
    let settings = bed.settings(0);
    assert_eq!(settings["address"], "02:00:00:00:0a:01");
    assert_eq!(
        settings["vlan_list"],
        json!([{"vlan": 100, "qos": 3, "protocol": "802.1ad"}])
    );
    assert_eq!(settings["spoofchk"], false);
    assert_eq!(settings["trust"], true);
    assert_eq!(settings["link_state"], "enable");
    assert_eq!(settings["rate"], json!({"min_tx": 10, "max_tx": 100}));
    assert_eq!(rdma::names(Some(pod.name())), [device.as_str()]);
    assert!(
        !rdma::names(None).contains(&device),
        "{device} is on the host as well"
    );

    assert_goes_without_trace(&bed, &pod, &configuration, &added, &before);
}

/// All that root in a pod can set on a function's netdev by rtnetlink (`do_setlink`, net/core/rtnetlink.c) and that goes with
/// it between namespaces, as ip-link(8) shows it. The kernel itself takes away addresses, neighbours, queueing disciplines and
/// the lists of multicast and secondary unicast addresses. `carrier` and `protodown` are for virtual links, `vrf` and bonds
/// end with their master, and `netns-immutable` is the driver's.
const TRAITS: [&str; 16] = [
    "flags",
    "mtu",
    "address",
    "broadcast",
    "group",
    "txqlen",
    "ifalias",
    "altnames",
    "linkmode",
    "gso_max_size",
    "gso_max_segs",
    "gro_max_size",
    "gso_ipv4_max_size",
    "gro_ipv4_max_size",
    "xdp",
    "master",
];

#[track_caller]
fn traits(function: &Function) -> Vec<Value> {
    let name = function.netdev().expect("it is home");
    let link = function.link();
    let mut found: Vec<Value> = TRAITS.iter().map(|key| json!({*key: link[*key]})).collect();
    found.push(json!({"name": name}));
    for qdisc in program::json(&format!("tc -j qdisc show dev {name}")) {
        found.push(
            json!({"kind": qdisc["kind"], "root": qdisc["root"], "options": qdisc["options"]}),
        );
    }
    found.push(json!({"tcx": tcx::count(link["ifindex"].as_u64().expect("a number") as u32)}));
    for setting in [ethtool::GRO, ethtool::RECEIVE_CHECKSUM, ethtool::RINGS] {
        found.push(json!({"ethtool": ethtool::read(&name, setting)}));
    }
    found
}

/// The next pod gets what the operator had set, not what the last one left.
#[test]
fn a_function_comes_home_as_it_was_whatever_root_in_the_pod_set() {
    run("ip link add uplink0 type veth peer name uplink1");
    for (setup, is_gone) in [(BED, false), (Setup::IGB, false), (Setup::IGB, true)] {
        let bed = bed(setup);
        let pod = bed.pod();
        let function = bed.function(0);
        let own = function.netdev().expect("it is home");
        let configuration = sriov(function);
        for line in [
            format!("ip link set {own} alias operators group 5 txqueuelen 500 allmulticast on"),
            format!("ip link property add dev {own} altname operators0"),
        ] {
            run(&line);
        }
        // igbvf has both; ibvsim none.
        ethtool::set(&own, ethtool::RINGS, 5, 512);
        let before = traits(function);
        bed.add(&pod, &configuration);
        for line in [
            "ip link set eth0 alias pods group 9 txqueuelen 7 promisc on",
            "ip link set eth0 allmulticast off arp off multicast off",
            "ip link set eth0 mtu 1300",
            "ip link set eth0 broadcast ff:ff:ff:ff:ff:fe",
            "ip link set eth0 mode dormant",
            "ip link set eth0 gso_max_size 30000 gso_max_segs 9",
            "ip link set eth0 gro_max_size 20000",
            "ip link property del dev eth0 altname operators0",
            "ip link property add dev eth0 altname pods0",
            // It would keep the function from coming home.
            "ip link property add dev eth0 altname uplink0",
            "tc qdisc replace dev eth0 root pfifo limit 3",
            "ip link add link eth0 name stacked type macvlan",
        ] {
            run(&inside(pod.name(), line));
        }
        // Each is another one now, or the test would not see that it comes back.
        let pods = pod::eth0(&pod);
        let was = |key: &str| {
            before
                .iter()
                .find_map(|found| found.get(key))
                .expect("it is in the list")
        };
        for key in TRAITS
            .iter()
            .filter(|key| !["address", "xdp", "master"].contains(key))
        {
            // What ip(8) or the kernel is too old for is not shown.
            assert!(was(key).is_null() || pods[*key] != *was(key), "{key}");
        }
        let are_set = pod.inside(|| {
            let gro = ethtool::set("eth0", ethtool::GRO, 1, 0);
            let checksum = ethtool::set("eth0", ethtool::RECEIVE_CHECKSUM, 1, 0);
            [gro, checksum, ethtool::set("eth0", ethtool::RINGS, 5, 128)]
        });
        assert!(are_set.contains(&true), "{are_set:?}");
        assert_eq!(setup == Setup::IGB, are_set[2], "rings");
        let index = pods["ifindex"].as_u64().expect("a number") as u32;
        // They came with Linux 6.6.
        let has_tcx = pod.inside(|| tcx::attach(index));
        let is_old = std::env::var("PLUMB_BED_KERNEL").is_ok_and(|kernel| kernel == "6.1");
        assert_eq!(has_tcx, !is_old);
        if is_gone {
            pod.remove();
        }
        bed.delete(&pod, &configuration);
        assert_eq!(traits(function), before, "{setup:?}, pod gone: {is_gone}");
        if !is_gone {
            assert!(
                pod.link("stacked").is_none(),
                "what the pod stacked on it stays"
            );
        }
        bed.rebuild();
    }
    run("ip link delete uplink0");
}

#[test]
fn a_result_of_version_1_0_has_no_key_that_is_newer() {
    let bed = bed(BED);
    assert_speaks_version_1_0(&bed, &sriov(bed.function(0)));
}

#[test]
fn addresses_come_from_another_makers_plugin() {
    let bed = bed(BED);
    assert_takes_addresses_of_host_local(&bed, &sriov(bed.function(0)));
}

/// What a network does not speak of stays as the operator has set it.
#[test]
fn each_setting_is_made_alone_and_taken_back_to_what_the_operator_had() {
    let bed = bed(BED);
    let pod = bed.pod();
    let parent = bed.physical().netdev().expect("it has a netdev");
    let set = |settings: &str| {
        run(&format!("ip link set {parent} vf 0 {settings}"));
    };
    set("vlan 7 qos 2");
    set("mac 02:00:00:00:0f:0f");
    set("trust on");
    set("min_tx_rate 5 max_tx_rate 50");
    let before = bed.picture();
    let operators = bed.settings(0);
    let cases = [
        (json!({"vlan": 100}), "vlan_list", json!([{"vlan": 100}])),
        (json!({"vlan": 0}), "vlan_list", json!([{}])),
        (json!({"spoofchk": "off"}), "spoofchk", json!(false)),
        (json!({"trust": "off"}), "trust", json!(false)),
        (
            json!({"link_state": "disable"}),
            "link_state",
            json!("disable"),
        ),
        (
            json!({"max_tx_rate": 80}),
            "rate",
            json!({"min_tx": 5, "max_tx": 80}),
        ),
        (
            json!({"mac": "02:00:00:00:0a:02"}),
            "address",
            json!("02:00:00:00:0a:02"),
        ),
    ];
    for (change, key, expected) in cases {
        let configuration = with(without_ipam(sriov(bed.function(0))), change);
        bed.add(&pod, &configuration);
        let settings = bed.settings(0);
        assert_eq!(settings[key], expected, "{configuration}");
        for (other, value) in operators.as_object().expect("an object") {
            // The maximal rate is set a second time, as before there were minimal ones.
            if other != key && !(key == "rate" && other == "tx_rate") {
                assert_eq!(settings[other], *value, "{other} with {configuration}");
            }
        }
        bed.delete(&pod, &configuration);
        before.assert_unchanged();
    }
    set("vlan 0");
    set("mac 00:00:00:00:00:00");
    set("trust off");
    set("min_tx_rate 0 max_tx_rate 0");
}

#[test]
fn the_hardware_address_is_the_runtimes_then_of_the_arguments_then_the_networks() {
    let bed = bed(BED);
    let pod = bed.pod();
    let network = with(
        without_ipam(sriov(bed.function(0))),
        json!({"mac": "02:00:00:00:0a:03"}),
    );
    let runtime = with(
        network.clone(),
        json!({"runtimeConfig": {"mac": "02:00:00:00:0a:01"}}),
    );
    let cases = [
        (&network, "", "02:00:00:00:0a:03"),
        (
            &network,
            "IgnoreUnknown=1;MAC=02:00:00:00:0a:02",
            "02:00:00:00:0a:02",
        ),
        (&runtime, "MAC=02:00:00:00:0a:02", "02:00:00:00:0a:01"),
    ];
    for (configuration, arguments, expected) in cases {
        bed.call("ADD", &pod, configuration)
            .arguments(arguments)
            .run()
            .expect_result();
        assert_eq!(pod::eth0(&pod)["address"], expected);
        assert_eq!(bed.settings(0)["address"], expected);
        bed.delete(&pod, configuration);
        bed.before().assert_unchanged();
    }
}

#[test]
fn what_the_pod_did_to_its_interface_is_gone_afterwards() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = sriov(bed.function(0));
    let damages: [&[&str]; 4] = [
        &["ip link set eth0 mtu 1000"],
        &[
            "ip link set eth0 down",
            "ip link set eth0 address 02:00:00:00:0d:0d",
        ],
        &["ip link set eth0 down", "ip link set eth0 name other"],
        &["ip link add link eth0 name eth0.5 type vlan id 5"],
    ];
    run("modprobe 8021q");
    for damage in damages {
        bed.add(&pod, &configuration);
        for line in damage {
            run(&inside(pod.name(), line));
        }
        bed.delete(&pod, &configuration);
        if pod.link("eth0.5").is_some() {
            run(&inside(pod.name(), "ip link delete eth0.5"));
        }
        bed.before().assert_unchanged();
    }
}

#[test]
fn check_finds_what_was_changed() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = with(everything(&bed), json!({"rdmaDeviceName": "rail0"}));
    let parent = bed.physical().netdev().expect("it has a netdev");
    let added = bed.add(&pod, &configuration);
    let by_pod = |line: &str| inside(pod.name(), line);
    let by_parent = |line: &str| format!("ip link set {parent} vf 0 {line}");
    let mut damages = damages_in_pod(&pod, &result::addresses(&added)[0]);
    damages.extend([
        Damage::new(
            by_parent("mac 02:00:00:00:0d:0d"),
            "mac",
            by_parent("mac 02:00:00:00:0a:01"),
        ),
        Damage::new(
            by_parent("vlan 5"),
            "vlan",
            by_parent("vlan 100 qos 3 proto 802.1ad"),
        ),
        Damage::new(by_parent("trust off"), "trust", by_parent("trust on")),
        Damage::new(by_parent("spoofchk on"), "spoof", by_parent("spoofchk off")),
        Damage::new(
            by_parent("state auto"),
            "state enable",
            by_parent("state enable"),
        ),
        Damage::new(
            by_parent("min_tx_rate 10 max_tx_rate 200"),
            "max_tx_rate 100",
            by_parent("min_tx_rate 10 max_tx_rate 100"),
        ),
        Damage::new(
            by_pod("rdma dev set rail0 name x"),
            "rail0",
            by_pod("rdma dev set x name rail0"),
        ),
    ]);
    assert_finds(&bed, &pod, &configuration, &added, &damages);
    bed.delete(&pod, &configuration);
}

/// The list of the examples: the function by `sriov`, its RDMA device by `rdma`.
#[test]
fn the_rdma_plugin_moves_the_device_in_a_chain() {
    let bed = bed(BED);
    let pod = bed.pod();
    let device = bed
        .function(0)
        .rdma_device()
        .expect("it has an RDMA device");
    let address = bed.function(0).address();
    let wishes = [
        (
            json!({"type": "rdma", "deviceID": address}),
            device.as_str(),
        ),
        (json!({"type": "rdma"}), device.as_str()),
        (
            json!({"type": "rdma", "args": {"cni": {"rdmaDeviceName": "rail0"}}}),
            "rail0",
        ),
    ];
    for (wish, name) in wishes {
        let chain = Chain::new(&bed, &[sriov(bed.function(0)), wish]);
        let results = chain.add_each(&pod);
        let added = &results[1];
        assert_eq!(
            *added, results[0],
            "the second plugin changes nothing of the result"
        );
        assert_eq!(rdma::names(Some(pod.name())), [name]);
        for outcome in chain.check(&pod, added) {
            outcome.expect_silence();
        }
        chain.delete(&pod, added);
        bed.before().assert_unchanged();
        chain.delete(&pod, &Value::Null);
        bed.before().assert_unchanged();
    }
}

#[test]
fn gc_takes_both_plugins_of_a_chain_away() {
    let bed = bed(BED);
    let pod = bed.pod();
    let chain = Chain::new(&bed, &[sriov(bed.function(0)), json!({"type": "rdma"})]);
    chain.add(&pod);
    chain.gc();
    bed.before().assert_unchanged();
}

/// libcni deletes all plugins of a list, also when the last one never came to its ADD.
#[test]
fn a_chain_that_failed_in_the_middle_is_deleted_as_a_whole() {
    let bed = bed(BED);
    let pod = bed.pod();
    let rdma = json!({"type": "rdma", "rdmaDeviceName": "a/b"});
    let chain = Chain::new(&bed, &[sriov(bed.function(0)), rdma]);
    let first = bed.add(&pod, &chain.plugins()[0]);
    let second = with(chain.plugins()[1].clone(), json!({"prevResult": first}));
    bed.call("ADD", &pod, &second).run().expect_error(7, "a/b");
    chain.delete(&pod, &Value::Null);
    bed.before().assert_unchanged();
}

/// Nodes in exclusive mode have pods beside that only want IP of the physical function.
#[test]
fn a_child_of_an_rdma_adapter_has_ip_in_exclusive_mode() {
    let bed = bed(BED);
    run("modprobe ipvlan");
    let parent = bed.physical().netdev().expect("it has a netdev");
    let device = bed.physical().rdma_device().expect("it has an RDMA device");
    for kind in ["macvlan", "ipvlan"] {
        let pods = [bed.pod(), bed.pod()];
        let mut configuration = sriov(bed.physical());
        configuration["type"] = json!(kind);
        configuration["master"] = json!(parent);
        bed.status(&configuration).expect_silence();
        let mut addresses = Vec::new();
        for pod in &pods {
            let outcome = bed.call("ADD", pod, &configuration).run();
            addresses.push(result::address(&outcome.expect_result()).to_string());
            for says in [&parent, &device, "exclusive", "requireRDMA"] {
                assert!(outcome.stderr.contains(says), "{says} in {outcome}");
            }
        }
        assert_reaches(&pods[0], &addresses[1]);
        let demanding = with(configuration.clone(), json!({"requireRDMA": true}));
        let other = bed.pod();
        let refused = bed.call("ADD", &other, &demanding).run();
        refused.expect_error(50, &device);
        bed.status(&demanding).expect_error(50, &device);
        for pod in &pods {
            bed.delete(pod, &configuration);
        }
    }
}

#[test]
fn a_function_of_vfio_gets_its_settings_and_its_addresses_are_reserved() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = bed.function(0);
    function.unbind();
    function.bind("vfio-pci");
    let before = bed.picture();
    let configuration = with(
        sriov(function),
        json!({"mac": "02:00:00:00:0a:01", "vlan": 100, "trust": "on"}),
    );
    let added = bed.add(&pod, &configuration);
    let interface = &added["interfaces"][0];
    assert_eq!(interface["name"], "eth0");
    assert_eq!(interface["mac"], "02:00:00:00:0a:01");
    assert_eq!(interface["pciID"], function.address());
    assert_eq!(result::addresses(&added).len(), 1, "{added}");
    assert_eq!(leases(STATE_FOLDER).len(), 1);
    assert!(pod.link("eth0").is_none());
    let settings = bed.settings(0);
    assert_eq!(settings["address"], "02:00:00:00:0a:01");
    assert_eq!(settings["vlan_list"][0]["vlan"], 100);
    assert_eq!(settings["trust"], true);
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
    // The driver gives a function a random hardware address with each netdev.
    function.bind_again("ibvsim");
    bed.rebuild();
}

#[test]
fn pods_of_one_vlan_reach_each_other_and_no_others() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod(), bed.pod()];
    let reaches = |vlans: [Option<u16>; 3]| {
        let configurations: Vec<Value> = (0..3)
            .map(|number| match vlans[number] {
                Some(vlan) => with(sriov(bed.function(number)), json!({"vlan": vlan})),
                None => sriov(bed.function(number)),
            })
            .collect();
        let addresses: Vec<String> = pods
            .iter()
            .zip(&configurations)
            .map(|(pod, configuration)| result::address(&bed.add(pod, configuration)).to_string())
            .collect();
        assert_reaches(&pods[0], &addresses[1]);
        assert_does_not_reach(&pods[0], &addresses[2]);
        for (pod, configuration) in pods.iter().zip(&configurations) {
            bed.delete(pod, configuration);
        }
    };
    reaches([Some(100), Some(100), Some(200)]);
    reaches([None, None, Some(100)]);
}

#[test]
fn two_functions_are_two_rails_and_the_vlan_of_a_silent_gateway_is_named() {
    let bed = bed(BED);
    let (leaf, pod) = (bed.pod(), bed.pod());
    let network = |function: usize, vlan: u16, name: &str| {
        with(
            sriov(bed.function(function)),
            json!({"vlan": vlan, "name": name, "rails": {}, "gatewayCheck": "fail"}),
        )
    };
    let at_leaf = with(sriov(bed.function(0)), json!({"vlan": 100}));
    let gateway = result::address(&bed.add(&leaf, &at_leaf)).to_string();
    let rail = |function: usize, vlan: u16, name: &str| {
        let mut network = network(function, vlan, name);
        network["ipam"]["pools"][0]["gateway"] = json!(gateway);
        network
    };
    let rails = [rail(1, 100, "a"), rail(2, 100, "b")];
    for (number, rail) in rails.iter().enumerate() {
        let interface = format!("net{}", number + 1);
        let added = bed
            .call("ADD", &pod, rail)
            .interface(&interface)
            .run()
            .expect_result();
        let own = result::address(&added).to_string();
        let way = ip::json(Some(pod.name()), &format!("route get 192.0.2.7 from {own}"));
        assert_eq!(way[0]["dev"], interface.as_str(), "{way:?}");
    }
    for (number, rail) in rails.iter().enumerate() {
        let interface = format!("net{}", number + 1);
        bed.call("DEL", &pod, rail)
            .interface(&interface)
            .run()
            .expect_silence();
    }
    bed.call("ADD", &pod, &rail(1, 200, "c"))
        .interface("net1")
        .run()
        .expect_error(
            113,
            &format!(
                "the gateway {gateway} of net1 (on {}, VLAN 200)",
                bed.function(1).address()
            ),
        );
    bed.delete(&leaf, &at_leaf);
    bed.before().assert_unchanged();
}
