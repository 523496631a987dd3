//! ADD.

use std::fs::File;
use std::net::IpAddr;

use cni_harness::{Call, Oracle, ip, result, traffic};
use plumb_tests::configuration::{dual_stack, pool, with, without_ipam};
use serde_json::json;

/// What the result says is what the kernel has.
#[test]
fn the_pod_gets_the_interface_that_the_result_tells_of() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let result = node.add(&pod, &dual_stack());
    result::assert_layout(&result, "1.1.0", &pod);
    let link = pod.link("eth0").expect("eth0 exists");
    let parent = ip::link(None, "nic0").expect("nic0 exists");
    assert_eq!(link["linkinfo"]["info_kind"], "macvlan");
    assert_eq!(link["linkinfo"]["info_data"]["mode"], "bridge");
    assert_eq!(link["link_index"], parent["ifindex"]);
    assert_eq!(link["address"], result["interfaces"][0]["mac"]);
    assert_eq!(link["mtu"], result["interfaces"][0]["mtu"]);
    assert!(
        link["flags"]
            .as_array()
            .is_some_and(|flags| flags.contains(&json!("UP"))),
        "{link}"
    );
    assert_eq!(pod.addresses("eth0"), ["10.1.0.10/24", "fd00:1::10/64"]);
    assert_eq!(result::addresses(&result), pod.addresses("eth0"));
    for (family, gateway) in [("-4", "10.1.0.1"), ("-6", "fd00:1::1")] {
        let routes = pod.routes(family);
        let default: Vec<_> = routes
            .iter()
            .filter(|route| route["dst"] == "default")
            .collect();
        assert_eq!(default.len(), 1, "{routes:?}");
        assert_eq!(default[0]["gateway"], gateway);
        assert_eq!(default[0]["dev"], "eth0");
    }
}

#[test]
fn two_pods_talk_to_each_other_in_both_families() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    node.add(&one, &dual_stack());
    let result = node.add(&two, &dual_stack());
    for address in result::addresses(&result) {
        let address: IpAddr = address
            .split('/')
            .next()
            .and_then(|text| text.parse().ok())
            .expect("an address");
        traffic::exchange(&one, &two, address);
    }
}

/// Duplicate address detection takes a second or two, in which the address cannot be
/// used as a source. A policy has already made sure that it is nobody else's.
#[test]
fn ipv6_addresses_can_be_used_at_once() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let outcome = Call::add(&node, &pod, &dual_stack()).run();
    outcome.expect_result();
    let tentative =
        |record: &serde_json::Value| record["tentative"] == true || record["dadfailed"] == true;
    let records = ip::address_records(Some(pod.name()), "eth0");
    let global: Vec<_> = records
        .iter()
        .filter(|record| record["local"] == "fd00:1::10")
        .collect();
    assert_eq!(global.len(), 1, "{records:?}");
    assert!(!tentative(global[0]), "{records:?}");
    pod.inside(|| std::net::UdpSocket::bind("[fd00:1::10]:0").map(drop))
        .expect("bind to the address");
    assert!(outcome.elapsed.as_millis() < 1000, "{outcome}");
}

#[test]
fn an_interface_of_that_name_is_left_alone() {
    let node = plumb_tests::node();
    let pod = node.pod();
    pod.ip("link add eth0 type veth peer name eth0p");
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &pool())
        .run()
        .expect_error(106, "eth0");
    oracle.assert_unchanged();
    node.delete(&pod, &pool());
    oracle.assert_unchanged();
}

/// Multus attaches several networks to one pod, and each may have a gateway.
#[test]
fn two_networks_on_one_pod_do_not_meet() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    let second = with(
        pool(),
        json!({"name": "rail1", "master": "nic1", "ipam": {"type": "pool", "pools": [
            {"name": "q", "subnet": "10.3.0.0/24", "gateway": "10.3.0.1"}]}}),
    );
    node.add(&pod, &pool());
    let result = Call::add(&node, &pod, &second)
        .interface("net1")
        .run()
        .expect_result();
    Call::check(&node, &pod, &second, &result)
        .interface("net1")
        .run()
        .expect_silence();
    node.delete(&pod, &pool());
    Call::check(&node, &pod, &second, &result)
        .interface("net1")
        .run()
        .expect_silence();
    Call::delete(&node, &pod, &second)
        .interface("net1")
        .run()
        .expect_silence();
    clean.assert_unchanged();
}

/// By device and inode, not by path.
#[test]
fn the_plugins_own_namespace_is_refused_before_anything_is_done() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let own = node.scratch().join("own");
    File::create(&own).expect("make a mount point");
    let none: Option<&str> = None;
    nix::mount::mount(
        Some("/proc/thread-self/ns/net"),
        &own,
        none,
        nix::mount::MsFlags::MS_BIND,
        none,
    )
    .expect("bind the node's own namespace");
    let oracle = Oracle::new(&node);
    for path in ["/proc/self/ns/net", own.to_str().expect("ASCII")] {
        Call::add(&node, &pod, &pool())
            .variable("CNI_NETNS", path)
            .run()
            .expect_failure();
        oracle.assert_unchanged();
        // Cleaning up after that must not take the node's own links.
        Call::delete(&node, &pod, &pool())
            .variable("CNI_NETNS", path)
            .interface("nic1")
            .run()
            .expect_silence();
        oracle.assert_unchanged();
    }
}

#[test]
fn a_path_that_is_no_network_namespace_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let file = node.scratch().join("file");
    std::fs::write(&file, "").expect("write a file");
    let oracle = Oracle::new(&node);
    let paths = [
        "/run/netns/missing",
        "/run",
        "/dev/null",
        "/proc/self/ns/mnt",
        "/proc/1/ns/net/x",
        "relative",
        file.to_str().expect("ASCII"),
    ];
    for path in paths {
        let call = Call::add(&node, &pod, &pool()).variable("CNI_NETNS", path);
        call.run().expect_error(4, path);
        oracle.assert_unchanged();
    }
}

/// A network without `ipam` has no addresses, and its interface is up.
#[test]
fn a_network_without_ipam_gives_an_interface_only() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for configuration in [without_ipam(), with(pool(), json!({"ipam": {}}))] {
        let result = node.add(&pod, &configuration);
        assert!(result::addresses(&result).is_empty(), "{result}");
        assert!(pod.addresses("eth0").is_empty());
        let link = pod.link("eth0").expect("eth0 exists");
        assert!(
            link["flags"]
                .as_array()
                .is_some_and(|flags| flags.contains(&json!("UP"))),
            "{link}"
        );
        Call::check(&node, &pod, &configuration, &result)
            .run()
            .expect_silence();
        node.delete(&pod, &configuration);
        oracle.assert_unchanged();
    }
}

/// A node that crashed its runtime has records without a DEL: the same container may
/// come again with a new namespace.
#[test]
fn an_attachment_whose_namespace_is_gone_does_not_stand_in_the_way() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let clean = Oracle::new(&node);
    node.add(&pod, &pool());
    pod.remove();
    pod.mount_again();
    let result = node.add(&pod, &pool());
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_silence();
    node.delete(&pod, &pool());
    clean.assert_unchanged();
}
