//! Type `ipoib`: a child of an InfiniBand parent in the pod.

use std::net::UdpSocket;

use cni_harness::{Pod, ip, result, wait};
use plumb_testbed::checks::{
    assert_finds, assert_goes_without_trace, assert_speaks_version_1_0,
    assert_takes_addresses_of_host_local, damages_in_pod,
};
use plumb_testbed::configuration::{ipoib, without_ipam};
use plumb_testbed::program::{inside, run};
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::way_to_node::{self, Nftables};
use plumb_testbed::{Bed, Setup, bed, pod};
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

const BED: Setup = Setup::INFINIBAND;

fn parent(bed: &Bed) -> String {
    bed.physical().netdev().expect("it has a netdev")
}

#[test]
fn a_child_comes_and_goes() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = ipoib(&parent(&bed));
    bed.status(&configuration).expect_silence();
    let before = bed.picture();
    let added = bed.add(&pod, &configuration);
    result::assert_layout(&added, "1.1.0", &pod);
    let eth0 = pod::eth0(&pod);
    assert_eq!(eth0["linkinfo"]["info_kind"], "ipoib");
    assert_eq!(pod::guid(&eth0), pod::guid(&bed.physical().link()));
    assert!(pod::is_up(&eth0), "{eth0}");
    assert_eq!(pod.addresses("eth0"), result::addresses(&added));
    assert_eq!(result::addresses(&added).len(), 1, "{added}");
    assert_eq!(added["interfaces"][0]["mac"], eth0["address"]);
    assert_eq!(added["interfaces"][0]["mtu"], eth0["mtu"]);
    assert_goes_without_trace(&bed, &pod, &configuration, &added, &before);
}

#[test]
fn a_result_of_version_1_0_has_no_key_that_is_newer() {
    let bed = bed(BED);
    assert_speaks_version_1_0(&bed, &ipoib(&parent(&bed)));
}

#[test]
fn addresses_come_from_another_makers_plugin() {
    let bed = bed(BED);
    assert_takes_addresses_of_host_local(&bed, &ipoib(&parent(&bed)));
}

#[test]
fn the_child_is_what_the_network_says() {
    let bed = bed(BED);
    let pod = bed.pod();
    let cases = [
        (json!({}), "0xffff", "datagram", "0000", 4092),
        (
            json!({"pkey": "0x8001"}),
            "0x8001",
            "datagram",
            "0000",
            4092,
        ),
        // Without bit 15: the kernel makes it a full member.
        (json!({"pkey": "0x2"}), "0x8002", "datagram", "0000", 4092),
        (json!({"pkey": 32771}), "0x8003", "datagram", "0000", 4092),
        (json!({"umcast": true}), "0xffff", "datagram", "0001", 4092),
        (json!({"mtu": 2044}), "0xffff", "datagram", "0000", 2044),
        (
            json!({"mode": "connected", "mtu": 65520, "pkey": "0x8003"}),
            "0x8003",
            "connected",
            "0000",
            65520,
        ),
        (
            json!({"mode": "datagram"}),
            "0xffff",
            "datagram",
            "0000",
            4092,
        ),
    ];
    for (change, pkey, mode, umcast, mtu) in cases {
        let configuration = with(without_ipam(ipoib(&parent(&bed))), change);
        let added = bed.add(&pod, &configuration);
        let eth0 = pod::eth0(&pod);
        let data = &eth0["linkinfo"]["info_data"];
        let is = (&data["key"], &data["mode"], &data["umcast"], &eth0["mtu"]);
        assert_eq!(
            is,
            (&json!(pkey), &json!(mode), &json!(umcast), &json!(mtu)),
            "{configuration}"
        );
        bed.check(&pod, &configuration, &added).expect_silence();
        bed.delete(&pod, &configuration);
        bed.before().assert_unchanged();
    }
}

/// Two pods on one parent, which is what the kind is for.
#[test]
fn children_of_one_partition_reach_each_other() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    for pkey in [None, Some("0x8001")] {
        let configuration = match pkey {
            Some(pkey) => with(ipoib(&parent(&bed)), json!({"pkey": pkey})),
            None => ipoib(&parent(&bed)),
        };
        let results = pods.each_ref().map(|pod| bed.add(pod, &configuration));
        assert_ne!(
            pod::eth0(&pods[0])["address"],
            pod::eth0(&pods[1])["address"],
            "two links of one port differ in their queue pair"
        );
        assert_reaches(&pods[0], &result::address(&results[1]).to_string());
        for pod in &pods {
            bed.delete(pod, &configuration);
        }
        bed.before().assert_unchanged();
    }
}

/// The kernel does not end a child with its namespace: it gives it to the host, under the name
/// that it had in the pod.
#[test]
fn a_child_whose_namespace_is_gone_is_removed_from_the_host() {
    let bed = bed(BED);
    for namespace in ["", "/run/netns/gone"] {
        let pod = bed.pod();
        let configuration = ipoib(&parent(&bed));
        bed.add(&pod, &configuration);
        pod.remove();
        wait::until("the child is on the host", || {
            ip::link(None, "eth0").is_some()
        });
        bed.call("DEL", &pod, &configuration)
            .variable("CNI_NETNS", namespace)
            .run()
            .expect_silence();
        bed.before().assert_unchanged();
    }
}

#[test]
fn gc_removes_a_child_whose_namespace_is_gone() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = ipoib(&parent(&bed));
    bed.add(&pod, &configuration);
    pod.remove();
    wait::until("the child is on the host", || {
        ip::link(None, "eth0").is_some()
    });
    bed.gc(&configuration, &[]);
    bed.before().assert_unchanged();
}

/// The children on the host, by their hardware addresses.
fn children() -> Vec<String> {
    let links = ip::links(None).into_iter();
    links
        .filter(|link| link["linkinfo"]["info_kind"] == "ipoib" && link["link"].is_string())
        .map(|link| link["address"].to_string())
        .collect()
}

/// Root in the pod writes what it likes on its interface.
#[test]
fn a_child_is_known_by_what_the_pod_cannot_change() {
    let bed = bed(BED);
    let configuration = ipoib(&parent(&bed));
    for is_gone in [false, true] {
        for alias in ["", "mine", "plumb rail0/another/eth0"] {
            let pod = bed.pod();
            bed.add(&pod, &configuration);
            pod.ip("link set eth0 down");
            run_with_alias(&pod, alias);
            // The kernel takes another GUID, and no other queue pair.
            let link = pod::eth0(&pod);
            let address = link["address"].as_str().expect("it has one");
            let kept = &address[..address.len() - pod::guid(&link).len()];
            pod.ip(&format!(
                "link set eth0 address {kept}02:00:00:00:00:00:00:99"
            ));
            pod.ip("link set eth0 name other");
            if is_gone {
                pod.remove();
                wait::until("the child is on the host", || children().len() == 1);
            }
            bed.delete(&pod, &configuration);
            assert_eq!(children(), [""; 0], "alias {alias:?}, gone: {is_gone}");
            bed.before().assert_unchanged();
        }
    }
}

#[track_caller]
fn run_with_alias(pod: &Pod, alias: &str) {
    let mut command = std::process::Command::new("ip");
    command.args(["-n", pod.name(), "link", "set", "eth0", "alias", alias]);
    assert!(command.status().expect("run ip").success());
}

/// A pod writes the alias of another one, and that one's is cleared.
#[test]
fn a_forged_alias_removes_nobody_elses_child() {
    let bed = bed(BED);
    let configuration = ipoib(&parent(&bed));
    let (forger, victim) = (bed.pod(), bed.pod());
    let added = [&forger, &victim].map(|pod| bed.add(pod, &configuration));
    run_with_alias(&forger, &format!("plumb rail0/{}/eth0", victim.container()));
    run_with_alias(&victim, "");
    forger.remove();
    victim.remove();
    wait::until("both are on the host", || children().len() == 2);
    bed.delete(&victim, &configuration);
    assert_eq!(children(), [added[0]["interfaces"][0]["mac"].to_string()]);
    bed.delete(&forger, &configuration);
    assert_eq!(children(), [""; 0]);
    bed.before().assert_unchanged();
}

/// An alias can be written on anything that comes into a pod, by whatever plugin.
#[test]
fn an_operators_child_stays_whatever_its_alias_says() {
    let bed = bed(BED);
    let configuration = ipoib(&parent(&bed));
    run(&format!(
        "ip link add link {} name own type ipoib pkey 0x8001",
        parent(&bed)
    ));
    let set = std::process::Command::new("ip")
        .args(["link", "set", "own", "alias", "plumb rail0/nobody/eth0"])
        .status();
    assert!(set.expect("run ip").success());
    let pod = bed.pod();
    bed.add(&pod, &configuration);
    bed.delete(&pod, &configuration);
    bed.gc(&configuration, &[]);
    assert!(
        ip::link(None, "own").is_some(),
        "an operator's link was deleted"
    );
    run("ip link delete own");
    bed.before().assert_unchanged();
}

/// The child comes back after the DEL.
#[test]
fn a_child_that_somebody_kept_is_removed_when_it_is_back() {
    let bed = bed(BED);
    let configuration = ipoib(&parent(&bed));
    for by_gc in [true, false] {
        let pod = bed.pod();
        bed.add(&pod, &configuration);
        run_with_alias(&pod, "mine");
        let socket = pod.inside(|| UdpSocket::bind("0.0.0.0:0").expect("open a socket"));
        pod.remove();
        bed.delete(&pod, &configuration);
        assert_eq!(leases(STATE_FOLDER).len(), 1, "its address is on the wire");
        drop(socket);
        wait::until("the child is on the host", || children().len() == 1);
        match by_gc {
            true => bed.gc(&configuration, &[]),
            false => {
                let next = bed.pod();
                bed.add(&next, &configuration);
                bed.delete(&next, &configuration);
            }
        }
        assert_eq!(children(), [""; 0]);
        bed.before().assert_unchanged();
    }
}

#[test]
fn check_finds_what_was_changed() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = with(ipoib(&parent(&bed)), json!({"pkey": "0x8001", "mtu": 2044}));
    let added = bed.add(&pod, &configuration);
    let address = result::addresses(&added).remove(0);
    let by_pod = |line: &str| inside(pod.name(), line);
    let damages = damages_in_pod(&pod, &address);
    assert_finds(&bed, &pod, &configuration, &added, &damages);

    // Another child under the same name is not the one that was made.
    run(&by_pod("ip link delete eth0"));
    bed.check(&pod, &configuration, &added)
        .expect_error(110, "eth0");
    let name = parent(&bed);
    run(&format!(
        "ip link add link {name} name other type ipoib pkey 0x8002"
    ));
    run(&format!("ip link set other netns {} name eth0", pod.name()));
    bed.check(&pod, &configuration, &added)
        .expect_error(110, "eth0");
    bed.delete(&pod, &configuration);
    assert!(
        pod.link("eth0").is_some(),
        "a link that plumb did not make was deleted"
    );
    run(&by_pod("ip link delete eth0"));
}

/// An operator's own child may have the name that the pod's gets.
#[test]
fn a_link_of_the_same_name_on_the_host_is_left_alone() {
    let bed = bed(BED);
    let pod = bed.pod();
    let name = parent(&bed);
    run(&format!(
        "ip link add link {name} name eth0 type ipoib pkey 0x8001"
    ));
    let before = bed.picture();
    let configuration: Value = ipoib(&name);
    bed.add(&pod, &configuration);
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
    run("ip link delete eth0");
}

/// A runtime asks before it starts pods; what it hears is what ADD would say.
#[test]
fn a_parent_that_cannot_have_children_makes_the_network_unavailable() {
    let bed = bed(BED);
    let name = parent(&bed);
    bed.status(&ipoib("ib99")).expect_error(50, "ib99");
    run(&format!("ip link set {name} down"));
    bed.status(&ipoib(&name)).expect_error(50, &name);
    run(&format!("ip link set {name} up"));
    bed.status(&ipoib(&name)).expect_silence();
}

/// By ARP over the broadcast group and a path from the subnet manager, both the kernel's business.
#[test]
fn a_gateway_is_asked_over_infiniband() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let network = ipoib(&parent(&bed));
    let leaf = result::address(&bed.add(&pods[0], &network)).to_string();
    let rail = |gateway: &str| {
        let mut rail = with(
            network.clone(),
            json!({"rails": {}, "gatewayCheck": "fail"}),
        );
        rail["ipam"]["pools"][0]["gateway"] = json!(gateway);
        rail
    };
    let configuration = rail(&leaf);
    let added = bed.add(&pods[1], &configuration);
    let own = result::address(&added).to_string();
    let rules = ip::json(Some(pods[1].name()), &format!("rule show from {own}"));
    assert_eq!(rules[0]["table"], "100", "{rules:?}");
    let way = ip::json(
        Some(pods[1].name()),
        &format!("route get 192.0.2.7 from {own}"),
    );
    assert_eq!(
        (&way[0]["dev"], &way[0]["gateway"]),
        (&json!("eth0"), &json!(leaf)),
        "{way:?}"
    );
    bed.check(&pods[1], &configuration, &added).expect_silence();
    bed.delete(&pods[1], &configuration);

    let silent = bed.call("ADD", &pods[1], &rail("10.7.0.99")).run();
    let error = silent.expect_error(113, "the gateway 10.7.0.99 of eth0");
    assert!(
        error.message.contains("3 requests, 300 ms each"),
        "{}",
        error.message
    );
    bed.delete(&pods[0], &network);
    bed.before().assert_unchanged();
}

/// By ARP and neighbour discovery with InfiniBand's long hardware addresses, over the groups of the partition.
#[test]
fn an_address_that_somebody_has_is_found_over_infiniband() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let network = with(
        ipoib(&parent(&bed)),
        json!({"conflictCheck": true, "ipam": {"type": "pool", "pools": [
            {"name": "four", "subnet": "10.7.0.0/24", "ips": ["10.7.0.10-10.7.0.20"]},
            {"name": "six", "subnet": "fd00:7::/64", "ips": ["fd00:7::10-fd00:7::20"]},
        ]}}),
    );
    bed.add(&pods[0], &network);
    // What no pool knows of.
    for address in ["10.7.0.11/24", "fd00:7::11/64 nodad"] {
        pods[0].ip(&format!("address add {address} dev eth0"));
    }
    let added = bed.add(&pods[1], &network);
    assert_eq!(result::addresses(&added), ["10.7.0.12/24", "fd00:7::12/64"]);
    let user = pod::eth0(&pods[0])["address"].clone();
    let aside: Vec<_> = leases(STATE_FOLDER)
        .into_iter()
        .filter(|lease| lease["inUseBy"] == user)
        .map(|lease| lease["address"].clone())
        .collect();
    assert_eq!(aside, ["10.7.0.11", "fd00:7::11"]);
    assert_reaches(&pods[1], "10.7.0.10");
    for pod in &pods {
        bed.delete(pod, &network);
    }
    bed.before().assert_unchanged();
}

#[test]
fn a_pod_whose_first_interface_is_a_child_has_a_way_to_its_node() {
    let bed = bed(BED);
    way_to_node::assert_has_a_way_to_its_node(&bed, &ipoib(&parent(&bed)), Nftables::Missing);
}

/// Neither the functions below the adapter nor the children of it are rails.
#[test]
fn a_rail_is_the_physical_function() {
    let bed = bed(BED);
    let (pod, name) = (bed.pod(), parent(&bed));
    for line in [
        format!("ip link add link {name} name own type ipoib pkey 0x8001"),
        format!("ip address add 10.9.0.1/24 dev {name}"),
    ] {
        run(&line);
    }
    let of_master = json!({"type": "pool", "fromMaster": {"range": [10, 10]}});
    let rail = |number: u32| {
        with(
            ipoib(""),
            json!({"master": {"rail": number}, "ipam": of_master}),
        )
    };
    let added = bed.add(&pod, &rail(1));
    assert_eq!(result::addresses(&added), ["10.9.0.10/24"]);
    // The port is known by its GUID: each function has another one.
    assert_eq!(
        pod::guid(&pod::eth0(&pod)),
        pod::guid(&bed.physical().link())
    );
    bed.delete(&pod, &rail(1));
    let refused = bed.call("ADD", &pod, &rail(2)).run();
    refused.expect_error(50, "rail 2, and this node has 1");
    for line in [
        "ip link delete own".to_owned(),
        format!("ip address delete 10.9.0.1/24 dev {name}"),
    ] {
        run(&line);
    }
    bed.before().assert_unchanged();
}
