//! Type `ipoib`: a child of an InfiniBand parent in the pod.

use cni_harness::{ip, result};
use plumb_testbed::checks::{
    assert_finds, assert_goes_without_trace, assert_speaks_version_1_0,
    assert_takes_addresses_of_host_local, damages_in_pod,
};
use plumb_testbed::configuration::{ipoib, without_ipam};
use plumb_testbed::program::{inside, run};
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::{Bed, Setup, bed, pod};
use plumb_tests::configuration::with;
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
        cni_harness::wait::until("the child is on the host", || {
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
    cni_harness::wait::until("the child is on the host", || {
        ip::link(None, "eth0").is_some()
    });
    bed.gc(&configuration, &[]);
    bed.before().assert_unchanged();
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
