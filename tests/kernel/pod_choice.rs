//! What a pod asks for by its annotations, as the agent of the node has put it together.

use std::fs;

use cni_harness::{Call, Node, Outcome, Pod, ip, result};
use plumb_protocol::{Answer, PodChoice};
use plumb_tests::agent::Agent;
use plumb_tests::configuration::{pool, with};
use plumb_tests::policy::{self, write_pools};
use plumb_tests::state::STATE_FOLDER;
use serde_json::{Value, json};

use crate::shared_pools::manifest;

const WEB: &str = "IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=web-0;K8S_POD_UID=u1";

/// Pools of the folder, of 10.5.0.0/24, 10.6.0.0/24 and so on.
fn pools(names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        write_pool(number + 5, name, &json!(null));
    }
}

fn write_pool(number: usize, name: &str, annotations: &Value) {
    let specification = json!({
        "subnet": format!("10.{number}.0.0/24"), "gateway": format!("10.{number}.0.1"),
        "ips": [format!("10.{number}.0.10-10.{number}.0.20")],
        "routes": [{"dst": "172.20.0.0/16", "gw": format!("10.{number}.0.2")}],
    });
    let text = manifest(name, annotations, &specification);
    write_pools(&format!("{name}.json"), &text);
}

/// Writes what the agent says of the pod.
fn choose(choice: &Value) {
    let folder = format!("{STATE_FOLDER}/pods");
    fs::create_dir_all(&folder).expect("make the folder of the pods");
    let choice = with(json!({"uid": "u1"}), choice.clone());
    fs::write(format!("{folder}/team_web-0.json"), choice.to_string()).expect("write");
}

fn attach(node: &Node, pod: &Pod, interface: &str, network: &Value) -> Outcome {
    let call = Call::add(node, pod, network);
    call.interface(interface).arguments(WEB).run()
}

/// Which address an interface of the pod gets; the pod goes again.
#[track_caller]
fn address(node: &Node, interface: &str, network: &Value) -> String {
    let pod = node.pod();
    let outcome = attach(node, &pod, interface, network);
    let address = result::address(&outcome.expect_result()).to_string();
    let call = Call::delete(node, &pod, network).interface(interface);
    call.arguments(WEB).run().expect_silence();
    address
}

#[track_caller]
fn subnet(node: &Node, interface: &str, network: &Value) -> String {
    let address = address(node, interface, network);
    let (subnet, _) = address.rsplit_once('.').expect("IPv4");
    subnet.to_owned()
}

#[test]
fn the_pools_of_an_annotation_come_before_the_networks() {
    let node = plumb_tests::node();
    pools(&["a", "b", "c"]);
    let inline = pool();
    let by_name = with(
        pool(),
        json!({"ipam": {"type": "spiderpool", "default_ipv4_ippool": ["a"]}}),
    );
    choose(&json!({"pools": {"net1": {"ipv4": ["b"]}, "*": {"ipv4": ["c*"]}}}));
    // Nobody looks for it on a node that has no agent.
    assert_eq!(subnet(&node, "net1", &inline), "10.1.0");
    let agent = Agent::answering(|_| Answer::Pod(PodChoice::default()));
    for (interface, expected) in [("net1", "10.6.0"), ("net2", "10.7.0")] {
        for network in [&inline, &by_name] {
            assert_eq!(subnet(&node, interface, network), expected);
        }
    }
    // Another pod is none of its business, nor is an earlier one of this name; and they are asked for.
    let other = node.pod();
    let added = Call::add(&node, &other, &inline)
        .arguments(&WEB.replace("web-0", "web-1"))
        .run();
    let address = result::address(&added.expect_result()).to_string();
    assert!(address.starts_with("10.1.0."), "{address}");
    choose(&json!({"uid": "u0", "pools": {"*": {"ipv4": ["c"]}}}));
    let uid = |pod: &str| {
        agent
            .pods()
            .iter()
            .filter(|asked| asked.name == pod)
            .count()
    };
    assert_eq!((uid("web-0"), uid("web-1")), (0, 1));
    let outcome = attach(&node, &node.pod(), "net1", &by_name);
    assert!(
        outcome
            .stderr
            .contains("knows pod team/web-0 with the UID \"\""),
        "{outcome}"
    );
    drop(agent);
    let agent = Agent::answering(|question| {
        let plumb_protocol::Question::Pod(pod) = question else {
            panic!("{question:?}");
        };
        let choice = json!({"uid": pod.uid, "pools": {"*": {"ipv4": ["b"]}}});
        Answer::Pod(serde_json::from_value(choice).expect("a choice"))
    });
    assert_eq!(subnet(&node, "net1", &by_name), "10.6.0");
    assert_eq!(agent.pods().len(), 1);

    // Where it cannot be done, the annotation is named.
    choose(
        &json!({"pools": {"*": {"ipv4": ["gone"], "because": "annotation ipam.spidernet.io/ippool of the pod"}}}),
    );
    let error = attach(&node, &node.pod(), "net1", &by_name).expect_error(50, "gone: no pool");
    let details = error.details;
    assert!(
        details.contains("named by annotation ipam.spidernet.io/ippool"),
        "{details}"
    );
}

#[test]
fn a_pod_of_which_nothing_is_known_goes_on_unless_the_policy_wants_it() {
    let node = plumb_tests::node();
    let inline = pool();
    fs::create_dir_all(STATE_FOLDER).expect("make the state folder");
    policy::write("agent = \"/run/plumb/agent.sock\"");
    let outcome = attach(&node, &node.pod(), "net1", &inline);
    outcome.expect_result();
    assert!(
        outcome
            .stderr
            .contains("going on without the annotations of pod team/web-0"),
        "{outcome}"
    );
    // A pod that the runtime does not name has none.
    let outcome = Call::add(&node, &node.pod(), &inline).run();
    outcome.expect_result();
    assert!(!outcome.stderr.contains("annotations"), "{outcome}");
    policy::write("needs-pod-choice = true");
    let error = attach(&node, &node.pod(), "net2", &inline).expect_error(11, "team/web-0");
    for part in ["needs-pod-choice", "plumb.toml", "agent.sock"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    choose(&json!({}));
    attach(&node, &node.pod(), "net2", &inline).expect_result();
    // One that somebody else may have written is none.
    let file = format!("{STATE_FOLDER}/pods/team_web-0.json");
    std::os::unix::fs::chown(&file, Some(1), None).expect("give it away");
    attach(&node, &node.pod(), "net3", &inline).expect_error(11, "belongs to user 1");
}

#[test]
fn a_pool_for_some_pods_is_used_when_the_agent_has_said_so() {
    let node = plumb_tests::node();
    pools(&["all"]);
    write_pool(6, "some", &json!({"plumb.network/pod-affinity": "true"}));
    let names = json!({"type": "spiderpool", "default_ipv4_ippool": ["some"]});
    let network = with(pool(), json!({"ipam": names}));
    let both = json!({"type": "spiderpool", "default_ipv4_ippool": ["some", "all"]});
    let fallback = with(pool(), json!({"ipam": both}));
    let refuse = |part: &str| attach(&node, &node.pod(), "net1", &network).expect_error(50, part);
    refuse(
        "some: it is for some pods only, which the agent of a node tells from others, and this node has none",
    );
    assert_eq!(subnet(&node, "net1", &fallback), "10.5.0");
    // There is no pod at STATUS.
    Call::status(&node, &network).run().expect_silence();
    policy::write("agent = \"/run/plumb/agent.sock\"");
    refuse("whether this is one is not known");
    choose(&json!({}));
    assert_eq!(subnet(&node, "net1", &network), "10.6.0");
    choose(
        &json!({"refused-pools": {"some": "its podAffinity wants app=a, and the pod has app=b"}}),
    );
    refuse("some: its podAffinity wants app=a, and the pod has app=b");
    assert_eq!(subnet(&node, "net1", &fallback), "10.5.0");
}

/// Destinations and gateways of the routes by a gateway in the main table.
fn routes(pod: &Pod) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ip::json(Some(pod.name()), "route show")
        .iter()
        .filter(|route| route["gateway"].is_string())
        .map(|route| {
            (
                text(&route["dst"]),
                text(&route["gateway"]),
                text(&route["dev"]),
            )
        })
        .collect()
}

fn route(destination: &str, gateway: &str, link: &str) -> (String, String, String) {
    (destination.to_owned(), gateway.to_owned(), link.to_owned())
}

#[test]
fn routes_go_by_the_first_interface_that_reaches_their_gateway() {
    let node = plumb_tests::node();
    pools(&["a", "b"]);
    policy::write("agent = \"/run/plumb/agent.sock\"");
    choose(&json!({
        "pools": {"net1": {"ipv4": ["a"], "clean-gateway": true}, "net2": {"ipv4": ["b"]}, "net3": {"ipv4": ["a"]}},
        "routes": [
            {"dst": "192.168.0.0/16", "gw": "10.5.0.3"}, {"dst": "172.20.0.0/16", "gw": "10.5.0.4"},
            {"dst": "192.168.1.0/24", "gw": "10.6.0.3"}, {"dst": "192.168.2.0/24", "gw": "10.9.0.3"},
        ],
    }));
    let pod = node.pod();
    let network = pool();
    let added = attach(&node, &pod, "net1", &network).expect_result();
    // That of the pool to the same destination gives way, and there is no default route.
    let first = vec![
        route("172.20.0.0/16", "10.5.0.4", "net1"),
        route("192.168.0.0/16", "10.5.0.3", "net1"),
    ];
    assert_eq!(routes(&pod), first);
    assert_eq!(added["routes"].as_array().map(Vec::len), Some(2));
    let check = Call::check(&node, &pod, &network, &added).interface("net1");
    check.arguments(WEB).run().expect_silence();
    attach(&node, &pod, "net2", &network).expect_result();
    let of = |link: &str| {
        let mut routes = routes(&pod);
        routes.retain(|route| route.2 == link);
        routes
    };
    let second = vec![
        route("default", "10.6.0.1", "net2"),
        route("172.20.0.0/16", "10.6.0.2", "net2"),
        route("192.168.1.0/24", "10.6.0.3", "net2"),
    ];
    assert_eq!(of("net2"), second);
    let outcome = attach(
        &node,
        &pod,
        "net3",
        &with(network.clone(), json!({"logLevel": "info"})),
    );
    outcome.expect_result();
    assert!(
        outcome
            .stderr
            .contains("the pod's route to 192.168.0.0/16 by 10.5.0.3 is left to net1"),
        "{outcome}"
    );
    let third: Vec<_> = of("net3").into_iter().map(|route| route.0).collect();
    assert_eq!(third, ["default", "172.20.0.0/16"]);

    choose(&json!({"routes": [{"dst": "192.168.0.1/16", "gw": "10.5.0.3"}]}));
    attach(&node, &node.pod(), "net1", &network).expect_error(7, "did you mean 192.168.0.0/16?");
}

#[test]
fn the_default_route_is_that_of_the_interface_that_the_pod_names() {
    let node = plumb_tests::node();
    policy::write("agent = \"/run/plumb/agent.sock\"");
    let rail = with(pool(), json!({"rails": {}, "gatewayCheck": "off"}));
    let main = |name: &str| {
        choose(&json!({"default-route-nic": name}));
        let pod = node.pod();
        attach(&node, &pod, "net1", &rail).expect_result();
        let mut routes = routes(&pod);
        routes.retain(|route| route.0 == "default");
        routes
    };
    assert_eq!(main("net1"), [route("default", "10.1.0.1", "net1")]);
    assert_eq!(main("eth0"), []);
}

#[test]
fn what_the_agent_could_not_understand_ends_the_add_and_changes_nothing() {
    let node = plumb_tests::node();
    policy::write("agent = \"/run/plumb/agent.sock\"");
    choose(&json!({"refusal": "pod team/web-0: annotation ipam.spidernet.io/ippool is not JSON"}));
    let pod = node.pod();
    attach(&node, &pod, "net1", &pool()).expect_error(7, "ippool is not JSON");
    let links = ip::json(Some(pod.name()), "link show");
    assert!(
        links.iter().all(|link| link["ifname"] != "net1"),
        "{links:?}"
    );
}

#[test]
fn an_address_that_nodes_share_is_kept_for_pods_that_come_again() {
    let node = plumb_tests::node();
    write_pool(5, "blue", &json!({"plumb.network/shared": "true"}));
    let agent = Agent::answering(|_| {
        Answer::Refused(plumb_protocol::Refusal {
            code: 101,
            message: "none is free".to_owned(),
        })
    });
    let network = |ipam: Value| {
        let names = json!({"type": "spiderpool", "default_ipv4_ippool": ["blue"]});
        with(pool(), json!({"ipam": with(names, ipam)}))
    };
    let keeps = |choice: Value, ipam: Value| {
        choose(&choice);
        attach(&node, &node.pod(), "net1", &network(ipam)).expect_error(101, "none is free");
        agent.takes().last().expect("a question").keep
    };
    assert!(!keeps(json!({}), json!({})));
    assert!(keeps(json!({"keep": true}), json!({})));
    assert!(keeps(json!({}), json!({"sticky": true})));
    assert!(!keeps(json!({"keep": true}), json!({"sticky": false})));
}
