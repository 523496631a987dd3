//! plumb's own address pools.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cni_harness::{Call, Node, Oracle, Pod, result};
use plumb_tests::configuration::{dual_stack, ipv6_pool, pool, with};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

fn pools(pools: Value) -> Value {
    with(pool(), json!({"ipam": {"type": "pool", "pools": pools}}))
}

fn address(result: &Value) -> String {
    result::address(result).to_string()
}

/// libcni has no limit for the name of a network; the kernel has one for that of a file.
#[test]
fn a_network_may_have_a_name_as_long_as_that_of_a_file() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for length in [161, 255] {
        let configuration = with(pool(), json!({"name": "n".repeat(length)}));
        let result = node.add(&pod, &configuration);
        assert_eq!(pod.addresses("eth0"), result::addresses(&result));
        node.delete(&pod, &configuration);
        assert!(leases(STATE_FOLDER).is_empty());
    }
    let configuration = with(pool(), json!({"name": "n".repeat(256)}));
    let outcome = Call::add(&node, &pod, &configuration).run();
    outcome.expect_error(7, "255");
    oracle.assert_unchanged();
}

#[test]
fn pools_are_used_in_the_order_written_and_then_exhausted() {
    let node = plumb_tests::node();
    let configuration = pools(json!([
        {"name": "first", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"], "gateway": "10.1.0.1"},
        {"name": "second", "subnet": "10.2.0.0/16", "ips": ["10.2.0.10"], "gateway": "10.2.0.1"},
    ]));
    let pods: Vec<Pod> = (0..4).map(|_| node.pod()).collect();
    let got: Vec<String> = pods[..3]
        .iter()
        .map(|pod| result::addresses(&node.add(pod, &configuration)).join(","))
        .collect();
    assert_eq!(got, ["10.1.0.10/24", "10.1.0.11/24", "10.2.0.10/16"]);
    let default = |pod: &Pod| {
        pod.routes("-4")
            .into_iter()
            .find(|route| route["dst"] == "default")
            .unwrap_or_default()
    };
    assert_eq!(
        default(&pods[2])["gateway"],
        "10.2.0.1",
        "the gateway is that of the pool"
    );
    let oracle = Oracle::new(&node);
    let error = Call::add(&node, &pods[3], &configuration)
        .run()
        .expect_error(101, "first");
    assert!(error.message.contains("second"), "{}", error.message);
    oracle.assert_unchanged();
    // A pod that goes makes room.
    node.delete(&pods[0], &configuration);
    assert_eq!(address(&node.add(&pods[3], &configuration)), "10.1.0.10");
}

/// With Spiderpool a pool of one address is the way to give a pod a certain one.
#[test]
fn a_pool_of_one_address_serves_one_pod() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let configuration = pools(json!([
        {"name": "one", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"], "gateway": "10.1.0.1"},
    ]));
    assert_eq!(address(&node.add(&one, &configuration)), "10.1.0.10");
    let oracle = Oracle::new(&node);
    // Exhausted and taken are both true.
    Call::add(&node, &two, &configuration)
        .run()
        .expect_one_of(&[101, 102], "");
    oracle.assert_unchanged();
}

/// Spiderpool gives both interfaces of a pod the same address.
#[test]
fn two_interfaces_of_one_pod_get_two_addresses_of_one_pool() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let arguments = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=trainer-0;K8S_POD_UID=1";
    let names = ["eth0", "net1", "net2"];
    let addresses: BTreeSet<String> = names
        .iter()
        .map(|name| {
            address(
                &Call::add(&node, &pod, &pool())
                    .interface(name)
                    .arguments(arguments)
                    .run()
                    .expect_result(),
            )
        })
        .collect();
    assert_eq!(addresses.len(), names.len(), "{addresses:?}");
}

#[test]
fn excluded_addresses_and_the_gateway_are_never_given_out() {
    let node = plumb_tests::node();
    let configuration = pools(json!([
        {"name": "small", "subnet": "10.1.0.0/29", "gateway": "10.1.0.3", "excludeIPs": ["10.1.0.1-10.1.0.2"]},
    ]));
    let mut got = BTreeSet::new();
    loop {
        let pod = node.pod();
        let outcome = Call::add(&node, &pod, &configuration).run();
        if !outcome.succeeded() {
            outcome.expect_error(101, "small");
            break;
        }
        got.insert(address(&outcome.expect_result()));
    }
    assert_eq!(
        got,
        ["10.1.0.4", "10.1.0.5", "10.1.0.6"]
            .map(str::to_owned)
            .into()
    );
}

/// `runtimeConfig.ips`, then `args.cni.ips`, then `IP` in `CNI_ARGS`; check 12.
#[test]
fn a_pod_may_ask_for_its_address() {
    let node = plumb_tests::node();
    let runtime = |address: &str| with(pool(), json!({"runtimeConfig": {"ips": [address]}}));
    let annotated = with(pool(), json!({"args": {"cni": {"ips": ["10.1.0.32"]}}}));
    let both = with(
        annotated.clone(),
        json!({"runtimeConfig": {"ips": ["10.1.0.33/24"]}}),
    );
    let cases = [
        (runtime("10.1.0.30"), "", "10.1.0.30"),
        (runtime("10.1.0.31/24"), "", "10.1.0.31"),
        (annotated, "IP=10.1.0.40", "10.1.0.32"),
        (both, "IP=10.1.0.41", "10.1.0.33"),
        (pool(), "IgnoreUnknown=1;IP=10.1.0.34", "10.1.0.34"),
        (pool(), "IP=10.1.0.35/24;MAC=", "10.1.0.35"),
    ];
    for (configuration, arguments, expected) in cases {
        let pod = node.pod();
        let result = Call::add(&node, &pod, &configuration)
            .arguments(arguments)
            .run()
            .expect_result();
        assert_eq!(result::addresses(&result), [format!("{expected}/24")]);
        assert_eq!(pod.addresses("eth0"), [format!("{expected}/24")]);
        let default = pod
            .routes("-4")
            .into_iter()
            .find(|route| route["dst"] == "default");
        assert_eq!(default.expect("a default route")["gateway"], "10.1.0.1");
    }
}

#[test]
fn a_pod_may_ask_for_an_address_of_each_family() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let configuration = with(
        dual_stack(),
        json!({"runtimeConfig": {"ips": ["fd00:1::33/64", "10.1.0.33"]}}),
    );
    node.add(&pod, &configuration);
    assert_eq!(pod.addresses("eth0"), ["10.1.0.33/24", "fd00:1::33/64"]);
    let half = node.pod();
    node.add(
        &half,
        &with(
            dual_stack(),
            json!({"runtimeConfig": {"ips": ["10.1.0.34"]}}),
        ),
    );
    assert!(
        half.addresses("eth0").contains(&"10.1.0.34/24".to_owned()),
        "{:?}",
        half.addresses("eth0")
    );
}

#[test]
fn a_requested_address_that_is_taken_names_its_holder() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let configuration = with(pool(), json!({"runtimeConfig": {"ips": ["10.1.0.30"]}}));
    let arguments = "K8S_POD_NAMESPACE=team-a;K8S_POD_NAME=holder";
    Call::add(&node, &one, &configuration)
        .arguments(arguments)
        .run()
        .expect_result();
    let oracle = Oracle::new(&node);
    let error = Call::add(&node, &two, &configuration)
        .run()
        .expect_error(102, "10.1.0.30");
    assert!(error.message.contains("team-a/holder"), "{}", error.message);
    assert!(error.message.contains(one.container()), "{}", error.message);
    oracle.assert_unchanged();
}

#[test]
fn a_requested_address_of_no_pool_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    // Outside every subnet, in the subnet but not in `ips`, the gateway, of another family.
    for address in ["192.168.0.1", "10.1.0.51", "10.1.0.1", "fd00:1::10"] {
        let configuration = with(pool(), json!({"runtimeConfig": {"ips": [address]}}));
        Call::add(&node, &pod, &configuration)
            .run()
            .expect_error(7, address);
        oracle.assert_unchanged();
    }
    for (configuration, arguments, code) in [
        (
            with(pool(), json!({"runtimeConfig": {"ips": ["nonsense"]}})),
            "",
            7,
        ),
        (
            with(pool(), json!({"runtimeConfig": {"ips": "10.1.0.30"}})),
            "",
            7,
        ),
        (pool(), "IP=nonsense", 4),
    ] {
        Call::add(&node, &pod, &configuration)
            .arguments(arguments)
            .run()
            .expect_error(code, "");
        oracle.assert_unchanged();
    }
}

const WEB: &str = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=";

fn web(node: &Node, configuration: &Value, uid: &str) -> (Pod, IpAddr) {
    let pod = node.pod();
    let call = Call::add(node, &pod, configuration).arguments(&format!("{WEB}{uid}"));
    let result = call.run().expect_result();
    (pod, result::address(&result))
}

/// A StatefulSet's pod comes back under its name, with another container.
#[test]
fn a_pod_of_the_same_name_gets_its_address_again() {
    let node = plumb_tests::node();
    let (pod, first) = web(&node, &pool(), "1");
    node.delete(&pod, &pool());
    let others: Vec<Pod> = (0..3).map(|_| node.pod()).collect();
    for other in &others {
        assert_ne!(
            result::address(&node.add(other, &pool())),
            first,
            "a kept address was given away"
        );
    }
    let (_, again) = web(&node, &pool(), "2");
    assert_eq!(again, first);
}

#[test]
fn a_kept_address_goes_to_another_pod_before_the_pool_is_exhausted() {
    let node = plumb_tests::node();
    let configuration =
        pools(json!([{"name": "one", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"]}]));
    let (pod, first) = web(&node, &configuration, "1");
    node.delete(&pod, &configuration);
    assert_eq!(
        result::address(&node.add(&node.pod(), &configuration)),
        first
    );
}

/// A released address rests as long as possible: peers may still know its old owner.
#[test]
fn without_stickiness_a_pod_gets_the_next_address() {
    let node = plumb_tests::node();
    let mut configuration = pool();
    configuration["ipam"]["sticky"] = json!(false);
    let (pod, first) = web(&node, &configuration, "1");
    node.delete(&pod, &configuration);
    let (_, again) = web(&node, &configuration, "2");
    assert_ne!(again, first);
}

/// Pods of the same name in two namespaces are two pods, and so are two interfaces.
#[test]
fn stickiness_follows_namespace_name_and_interface() {
    let node = plumb_tests::node();
    let add = |pod: &Pod, namespace: &str, interface: &str| {
        let arguments = format!("K8S_POD_NAMESPACE={namespace};K8S_POD_NAME=web-0");
        let call = Call::add(&node, pod, &pool())
            .interface(interface)
            .arguments(&arguments);
        result::address(&call.run().expect_result())
    };
    let remove = |pod: &Pod, interface: &str| {
        Call::delete(&node, pod, &pool())
            .interface(interface)
            .run()
            .expect_silence();
    };
    let (a, b) = (node.pod(), node.pod());
    let before = [
        add(&a, "a", "eth0"),
        add(&a, "a", "net1"),
        add(&b, "b", "eth0"),
    ];
    for (pod, interface) in [(&a, "eth0"), (&a, "net1"), (&b, "eth0")] {
        remove(pod, interface);
    }
    let (a, b) = (node.pod(), node.pod());
    let third = add(&b, "b", "eth0");
    let second = add(&a, "a", "net1");
    let after = [add(&a, "a", "eth0"), second, third];
    assert_eq!(before, after);
}

const FOLDER: &str = "\
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata:
  name: rail0-v4
spec:
  ipVersion: 4
  subnet: 10.5.0.0/16
  ips:
    - 10.5.0.10-10.5.0.12
    - 10.5.1.1
  excludeIPs:
    - 10.5.0.11
  gateway: 10.5.0.1
  routes:
    - dst: 10.55.0.0/16
      gw: 10.5.0.2
---
kind: SpiderIPPool
metadata: {name: rail0-v6}
spec: {subnet: 'fd00:5::/64', ips: ['fd00:5::10-fd00:5::20'], gateway: 'fd00:5::1'}
---
kind: SpiderReservedIP
metadata: {name: printers}
spec: {ips: [10.5.0.12]}
";

fn spiderpool() -> Value {
    policy::write_pools("rail0.yaml", FOLDER);
    policy::write_pools("README.md", "not a pool");
    with(
        pool(),
        json!({"ipam": {
            "type": "spiderpool",
            "default_ipv4_ippool": ["rail0-v4"],
            "default_ipv6_ippool": ["rail0-v?"],
        }}),
    )
}

#[test]
fn pools_come_from_a_folder_of_kubernetes_manifests() {
    let node = plumb_tests::node();
    let configuration = spiderpool();
    let pods: Vec<Pod> = (0..3).map(|_| node.pod()).collect();
    let oracle = Oracle::new(&node);
    let got: Vec<_> = pods[..2]
        .iter()
        .map(|pod| result::addresses(&node.add(pod, &configuration)))
        .collect();
    assert_eq!(
        got,
        [
            ["10.5.0.10/16", "fd00:5::10/64"],
            ["10.5.1.1/16", "fd00:5::11/64"]
        ]
    );
    let routes = pods[0].routes("-4");
    let route = routes
        .iter()
        .find(|route| route["dst"] == "10.55.0.0/16")
        .expect("the pool's route");
    assert_eq!(route["gateway"], "10.5.0.2");
    Call::add(&node, &pods[2], &configuration)
        .run()
        .expect_error(101, "rail0-v4");
    // Both families or none.
    assert_eq!(leases(STATE_FOLDER).len(), 4);
    for pod in &pods {
        node.delete(pod, &configuration);
    }
    oracle.assert_unchanged();
}

/// Networks that name a pool of the folder share its addresses.
#[test]
fn networks_share_the_pools_of_the_folder() {
    let node = plumb_tests::node();
    let configuration = spiderpool();
    let other = with(
        configuration.clone(),
        json!({"name": "rail1", "master": "nic1"}),
    );
    let (one, two) = (node.pod(), node.pod());
    assert_ne!(
        result::addresses(&node.add(&one, &configuration)),
        result::addresses(&node.add(&two, &other))
    );
}

#[test]
fn a_pool_that_the_folder_does_not_have_is_named() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let mut configuration = spiderpool();
    configuration["ipam"]["default_ipv4_ippool"] = json!(["no-such-pool"]);
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &configuration)
        .run()
        .expect_one_of(&[7, 50], "no-such-pool");
    policy::write("[folders]\npools = \"/no/such/folder\"\n");
    Call::add(&node, &pod, &configuration)
        .run()
        .expect_error(7, "/no/such/folder");
    oracle.assert_unchanged();
}

/// The node's name in Kubernetes is the policy's, else that of `NODE_NAME`, else the host's in lower case.
#[test]
fn a_pool_is_for_the_node_that_kubernetes_knows() {
    let node = plumb_tests::node();
    let configuration = |name: &str| pools(json!([{"subnet": "10.1.0.0/24", "nodeName": [name]}]));
    let add = |name: &str, variable: &str| {
        let call = Call::add(&node, &node.pod(), &configuration(name));
        call.variable("NODE_NAME", variable).run()
    };
    let host = nix::unistd::gethostname().expect("a name");
    let host = host.to_string_lossy().to_lowercase();
    add(&host, "").expect_result();
    add("node5.example.org", "node5.example.org").expect_result();
    let error = add("node5.example.org", "").expect_error(50, "node5.example.org");
    assert!(error.message.contains(&host), "{}", error.message);
    assert!(error.message.contains("NODE_NAME"), "{}", error.message);
    policy::write("node = \"gpu-17\"\n");
    add("gpu-17", "node5.example.org").expect_result();
    add("node5.example.org", "node5.example.org").expect_error(50, "gpu-17");
    let status = |name: &str| Call::status(&node, &configuration(name)).run();
    status("gpu-17").expect_silence();
    status("node5.example.org").expect_error(50, "gpu-17");
}

#[test]
fn large_pools_cost_no_more_than_small_ones() {
    let node = plumb_tests::node();
    let configuration = pools(json!([
        {"name": "ten", "subnet": "10.0.0.0/8", "gateway": "10.0.0.1"},
        {"name": "sixty-four", "subnet": "fd00::/48"},
    ]));
    let outcome = Call::add(&node, &node.pod(), &configuration).run();
    let got = result::addresses(&outcome.expect_result());
    assert_eq!(got, ["10.0.0.2/8", "fd00::1/48"]);
    assert!(outcome.elapsed.as_millis() < 1000, "{outcome}");
}

#[test]
fn an_ipv6_network_needs_no_ipv4() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    let configuration = pools(json!([ipv6_pool()]));
    node.add(&one, &configuration);
    let result = node.add(&two, &configuration);
    assert_eq!(two.addresses("eth0"), ["fd00:1::11/64"]);
    cni_harness::traffic::exchange(&one, &two, result::address(&result));
}
