//! Links of other kinds than children of a parent, several of them, and their tuning. The component is `linked`, kept as it
//! was built. VLANs and adapters' rings need another kernel: `tests/testbed/tests/linked.rs`.

use std::fs;

use cni_harness::{Call, Oracle, ip, traffic, wait};
use plumb_hostile::Scene;
use plumb_tests::Faults;
use plumb_tests::configuration::{pool, with};
use plumb_tests::state::records;
use serde_json::{Value, json};

use crate::kept::kept;

const OPERATIONS: [&str; 11] = [
    "create-macvlan",
    "create-vlan",
    "create-veth",
    "move-netdev",
    "add-address",
    "assign-addresses",
    "set-up",
    "set-queue-length",
    "add-alternative-name",
    "set-rings",
    "set-channels",
];

const INVALID: u64 = 7;
const NOT_AVAILABLE: u64 = 50;
const DENIED: u64 = 108;
const DIFFERENCE: u64 = 110;
const IN_USE: u64 = 111;

/// A node with the bridge `br0`, and the pair `spare0`, of four queues, and `spare1`.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.store.install("linked", &kept("0.2", "linked"));
    scene.store.grant("linked", &OPERATIONS);
    ip::batch(
        None,
        "link add br0 address 00:16:3e:00:00:01 type bridge\n\
         link set br0 addrgenmode none mtu 1400 up\n\
         link add spare0 numrxqueues 4 numtxqueues 4 type veth peer name spare1\n\
         link set spare0 addrgenmode none\n\
         link set spare1 addrgenmode none up\n",
    );
    scene
}

/// A network without addresses that makes these links.
fn network(name: &str, links: Value) -> Value {
    json!({
        "cniVersion": "1.1.0", "name": name, "type": "plumb", "flavour": "linked", "links": links,
    })
}

/// The same with addresses of the pool.
fn with_pool(name: &str, links: Value) -> Value {
    with(pool(), network(name, links))
}

fn link(name: &str) -> Value {
    ip::link(None, name).unwrap_or_else(|| panic!("the host has {name}"))
}

/// The ports of a bridge of the host.
fn ports(bridge: &str) -> Vec<Value> {
    ip::json(None, &format!("-d link show master {bridge}"))
}

/// How many queues a link of this namespace has, as sysfs shows them.
fn queues(name: &str) -> [usize; 2] {
    let folder = fs::read_dir(format!("/sys/class/net/{name}/queues")).expect("its queues");
    let names: Vec<String> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    ["rx-", "tx-"].map(|kind| names.iter().filter(|name| name.starts_with(kind)).count())
}

#[test]
fn two_pods_on_a_bridge_of_the_node_reach_each_other() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let links = json!([{"kind": "veth", "of": "br0", "hairpin": true, "mac": "02:00:00:00:0a:01"}]);
    let first = with_pool("bridged", links);
    let second = with_pool("bridged", json!([{"kind": "veth", "of": "br0"}]));
    let result = scene.add(&first).run().expect_result();
    let reached = Call::add(&scene.node, &other, &second)
        .run()
        .expect_result();

    let eth0 = scene.pod.link("eth0").expect("its interface");
    assert_eq!(eth0["linkinfo"]["info_kind"], "veth");
    assert_eq!(eth0["address"], "02:00:00:00:0a:01");
    assert_eq!(eth0["mtu"], 1400, "the bridge's");
    assert_eq!(result["interfaces"][0]["name"], "eth0");
    assert_eq!(result["interfaces"][0]["mac"], "02:00:00:00:0a:01");
    assert_eq!(result["interfaces"].as_array().map(Vec::len), Some(1));
    let hairpins: Vec<_> = ports("br0")
        .iter()
        .map(|port| port["linkinfo"]["info_slave_data"]["hairpin"].clone())
        .collect();
    assert_eq!(hairpins, [json!(true), json!(false)]);
    // An adapter's address is lower than what a port of a pod may have: a node that is reached by the bridge keeps its own.
    assert!(
        ports("br0")
            .iter()
            .all(|port| port["address"].as_str().unwrap().starts_with("fe:"))
    );

    traffic::exchange(&scene.pod, &other, cni_harness::result::address(&reached));
    let check = || Call::check(&scene.node, &scene.pod, &first, &result).run();
    check().expect_silence();
    let port = ports("br0")[0]["ifname"].as_str().unwrap().to_owned();
    ip::batch(
        None,
        &format!("link set {port} type bridge_slave hairpin off"),
    );
    check().expect_error(DIFFERENCE, "hairpin");
    ip::batch(None, &format!("link set {port} nomaster"));
    check().expect_error(DIFFERENCE, "no port of br0");

    scene.node.delete(&scene.pod, &first);
    Call::delete(&scene.node, &other, &second)
        .run()
        .expect_silence();
    assert_eq!(ports("br0"), [json!(null); 0]);
    before.assert_unchanged();
}

#[test]
fn ports_that_are_isolated_do_not_reach_each_other() {
    let scene = scene();
    let configuration = with_pool(
        "bridged",
        json!([{"kind": "veth", "of": "br0", "isolated": true}]),
    );
    let other = scene.node.pod();
    scene.add(&configuration).run().expect_result();
    Call::add(&scene.node, &other, &configuration)
        .run()
        .expect_result();
    let isolated = |port: &Value| port["linkinfo"]["info_slave_data"]["isolated"] == true;
    assert!(ports("br0").iter().all(isolated), "{:#?}", ports("br0"));
    // The other pod's kernel would answer by itself: nobody is found where no frame goes.
    let socket = scene.pod.inside(|| traffic::socket("0.0.0.0"));
    socket.send_to(b"?", "10.1.0.11:9").expect("it is routed");
    wait::until("nobody answers", || {
        let shown = ip::json(Some(scene.pod.name()), "neigh show 10.1.0.11");
        shown
            .iter()
            .any(|entry| entry["state"] == json!(["FAILED"]))
    });
}

#[test]
fn a_bridge_is_a_parent_that_grants_and_the_policy_must_allow() {
    let scene = scene();
    let configuration = network("bridged", json!([{"kind": "veth", "of": "br0"}]));
    scene
        .store
        .grant("linked", &["create-veth", "--parent", "br1"]);
    scene.assert_refused(&configuration, DENIED, &["create-veth", "br0", "--parent"]);
    scene
        .store
        .grant("linked", &["create-veth", "--parent", "br*"]);
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
    plumb_tests::policy::write("[networks]\nparents = [\"nic*\"]\n");
    let outcome = scene.add(&configuration).run();
    outcome.expect_error(DENIED, "br0");
}

#[test]
fn what_is_no_bridge_gets_no_port() {
    let scene = scene();
    let nic = network("bridged", json!([{"kind": "veth", "of": "nic0"}]));
    scene.assert_refused(
        &nic,
        INVALID,
        &["needs a bridge, and nic0 is none, but a veth"],
    );
    let alone = network("bridged", json!([{"kind": "veth", "isolated": true}]));
    scene.assert_refused(
        &alone,
        INVALID,
        &["needs a bridge for hairpin or isolation"],
    );
}

/// Two networks on two wires by one attachment: the requested interface and one beside it.
#[test]
fn one_attachment_gives_a_pod_two_interfaces() {
    let scene = scene();
    let before = Oracle::new(&scene.node);
    let configuration = with_pool(
        "dual",
        json!([
            {"kind": "macvlan", "of": "nic0", "name": "data0", "mtu": 1300, "address": "192.0.2.1/24",
             "queuelength": 77, "alternativename": "fabric-a"},
            {"kind": "macvlan", "of": "nic0"},
            {"kind": "veth", "of": "br0", "name": "data1", "address": "192.0.2.2/24"},
        ]),
    );
    let result = scene.add(&configuration).run().expect_result();
    let names: Vec<_> = result["interfaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["eth0", "data0", "data1"]);
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.10/24"]);
    assert_eq!(scene.pod.addresses("data0"), ["192.0.2.1/24"]);
    assert_eq!(scene.pod.addresses("data1"), ["192.0.2.2/24"]);
    let data0 = scene.pod.link("fabric-a").expect("by its other name");
    assert_eq!(data0["ifname"], "data0");
    assert_eq!(
        [&data0["mtu"], &data0["txqlen"]],
        [&json!(1300), &json!(77)]
    );

    let check = || Call::check(&scene.node, &scene.pod, &configuration, &result).run();
    check().expect_silence();
    scene.pod.ip("link property del dev data0 altname fabric-a");
    check().expect_error(DIFFERENCE, "fabric-a");
    scene.pod.ip("link del data1");
    check().expect_error(DIFFERENCE, "data");

    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
    assert!(records().is_empty(), "{:?}", records());
}

#[test]
fn an_interface_beside_the_requested_one_is_refused_where_it_cannot_be() {
    let scene = scene();
    for (links, words) in [
        (
            json!([{"kind": "macvlan", "of": "nic0", "name": "data0"}]),
            "no operation that gives the pod an interface",
        ),
        (
            json!([{"kind": "macvlan", "of": "nic0"}, {"kind": "veth", "name": "eth0"}]),
            "a second interface named eth0",
        ),
        (
            json!([{"kind": "macvlan", "of": "nic0"}, {"kind": "veth", "name": "a/b"}]),
            "the name \"a/b\" of a link",
        ),
        (
            json!([{"kind": "macvlan", "of": "nic0"}, {"kind": "veth"}]),
            "a name of its own",
        ),
    ] {
        let outcome = scene.add(&network("dual", links)).run();
        let error = outcome.expect_failure();
        assert!(
            error.message.contains(words),
            "{words:?} in {}",
            error.message
        );
    }
    // One that the pod has already; the first is taken back.
    scene.pod.ip("link add data0 type veth peer name data1");
    let before = Oracle::new(&scene.node);
    let taken = json!([{"kind": "macvlan", "of": "nic0"}, {"kind": "veth", "name": "data0"}]);
    let outcome = scene.add(&network("dual", taken)).run();
    outcome.expect_error(106, "has an interface named data0 already");
    before.assert_unchanged();
}

/// A netdev that is given to a pod, tuned and changed there, and comes home as it was.
#[test]
fn a_netdev_moves_into_the_pod_and_comes_home_as_it_was() {
    let scene = scene();
    ip::batch(
        None,
        "link set spare0 mtu 1450 txqueuelen 500 alias uplink\n\
         link property add dev spare0 altname card0\n\
         link set spare0 up\n\
         address add 192.0.2.7/24 dev spare0\n",
    );
    let other = scene.node.pod();
    let (before, described) = (Oracle::new(&scene.node), link("spare0"));
    let links = json!([{
        "kind": "netdev", "of": "spare0", "queuelength": 77, "alternativename": "fabric-a", "channels": [1, 1],
    }]);
    let configuration = with_pool("moved", links);
    let result = scene.add(&configuration).run().expect_result();

    assert!(ip::link(None, "spare0").is_none(), "it is not on the host");
    let eth0 = scene.pod.link("eth0").expect("it is in the pod");
    assert_eq!(eth0["txqlen"], 77);
    assert_eq!(eth0["ifindex"], described["ifindex"]);
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.10/24"]);
    assert_eq!(result["interfaces"][0]["mac"], described["address"]);
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_silence();

    // Another pod does not get it.
    let outcome = Call::add(&scene.node, &other, &configuration).run();
    outcome.expect_error(NOT_AVAILABLE, "spare0");

    scene.pod.ip("link set eth0 down");
    scene.pod.ip("link set eth0 name mine");
    scene
        .pod
        .ip("link set mine address 02:00:00:00:00:99 mtu 1300 alias nobody");
    scene.pod.ip("link set mine group 7 promisc on up");
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_error(DIFFERENCE, "spare0");
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
    assert_eq!(ip::addresses(None, "spare0"), ["192.0.2.7/24"]);
    let now = link("spare0");
    for key in [
        "ifindex",
        "mtu",
        "txqlen",
        "ifalias",
        "altnames",
        "group",
        "operstate",
    ] {
        assert_eq!(now[key], described[key], "{key}");
    }
    // A second time is nothing.
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}

#[test]
fn channels_are_set_and_come_back() {
    let scene = scene();
    let before = queues("spare0");
    assert_eq!(before, [4, 4]);
    let configuration = network(
        "moved",
        json!([{"kind": "netdev", "of": "spare0", "channels": [1, 1]}]),
    );
    scene.add(&configuration).run().expect_result();
    let inside = scene.pod.inside(|| {
        // What /sys shows are the links of the namespace in which it was mounted.
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_FS | nix::sched::CloneFlags::CLONE_NEWNS)
            .unwrap();
        let none: Option<&str> = None;
        nix::mount::mount(
            none,
            "/",
            none,
            nix::mount::MsFlags::MS_REC | nix::mount::MsFlags::MS_PRIVATE,
            none,
        )
        .unwrap();
        nix::mount::mount(
            Some("sysfs"),
            "/sys",
            Some("sysfs"),
            nix::mount::MsFlags::empty(),
            none,
        )
        .unwrap();
        queues("eth0")
    });
    assert_eq!(inside, [1, 1]);
    scene.node.delete(&scene.pod, &configuration);
    assert_eq!(queues("spare0"), before);

    let too_many = network(
        "moved",
        json!([{"kind": "netdev", "of": "spare0", "channels": [4096, 1]}]),
    );
    let oracle = Oracle::new(&scene.node);
    scene
        .add(&too_many)
        .run()
        .expect_error(INVALID, "receive 4096 is more than the driver");
    oracle.assert_unchanged();
    let rings = network(
        "moved",
        json!([{"kind": "netdev", "of": "spare0", "rings": [64, 64]}]),
    );
    scene
        .add(&rings)
        .run()
        .expect_error(NOT_AVAILABLE, "has no rings");
    oracle.assert_unchanged();
}

#[test]
fn what_serves_the_node_is_not_moved() {
    let scene = scene();
    ip::batch(
        None,
        "address add 192.0.2.1/24 dev spare1\n\
         route add default via 192.0.2.254 dev spare1\n",
    );
    let of = |name: &str| network("moved", json!([{"kind": "netdev", "of": name}]));
    // Named by the configuration: the component may see it, and not move it.
    scene.assert_refused(&of("spare1"), DENIED, &["spare1", "default route"]);
    scene.assert_refused(&of("br0"), INVALID, &["br0", "bridge"]);
    scene.assert_refused(&of("lo"), INVALID, &["lo", "loopback"]);
    ip::batch(None, "link set spare0 master br0\n");
    scene.assert_call_refused(
        scene.add(&of("spare0")),
        IN_USE,
        &["spare0", "br0", "nomaster"],
    );
    ip::batch(None, "link set spare0 nomaster\n");

    // A pod's interface lies on it.
    let macvlan = with(pool(), json!({"name": "below", "master": "spare0"}));
    let other = scene.node.pod();
    ip::batch(None, "link set spare0 up\n");
    Call::add(&scene.node, &other, &macvlan)
        .run()
        .expect_result();
    scene
        .add(&of("spare0"))
        .run()
        .expect_error(IN_USE, "below/");
    Call::delete(&scene.node, &other, &macvlan)
        .run()
        .expect_silence();
    scene.add(&of("spare0")).run().expect_result();
    scene.node.delete(&scene.pod, &of("spare0"));
}

/// A tap that root in the pod may have replaced comes home without a wire to the node: set down, without addresses.
#[test]
fn a_tap_comes_home_set_down() {
    let scene = scene();
    ip::batch(
        None,
        "tuntap add tap7 mode tap\n\
         link set tap7 addrgenmode none up\n\
         address add 192.0.2.9/24 dev tap7\n",
    );
    let configuration = network("moved", json!([{"kind": "netdev", "of": "tap7"}]));
    scene.add(&configuration).run().expect_result();
    assert_eq!(
        scene.pod.link("eth0").unwrap()["linkinfo"]["info_kind"],
        "tun"
    );
    scene.node.delete(&scene.pod, &configuration);
    let tap = link("tap7");
    let flags = tap["flags"].as_array().unwrap();
    assert!(!flags.contains(&json!("UP")), "{tap}");
    assert_eq!(ip::addresses(None, "tap7"), [""; 0]);
    assert_eq!(
        tap["ifalias"],
        json!(null),
        "nothing of plumb's is left on it"
    );
}

/// A pair whose other end root in the pod has made itself is not taken home in the place of the node's.
#[test]
fn a_likeness_that_the_pod_makes_is_left_to_it() {
    let scene = scene();
    let index = link("spare0")["ifindex"].clone();
    let configuration = network("moved", json!([{"kind": "netdev", "of": "spare0"}]));
    scene.add(&configuration).run().expect_result();
    scene.pod.ip("link del eth0");
    scene.pod.ip(&format!(
        "link add eth0 index {index} type veth peer name other"
    ));
    scene.node.delete(&scene.pod, &configuration);
    assert!(ip::link(None, "spare0").is_none());
    assert!(ip::link(None, "eth0").is_none());
    assert!(
        scene.pod.link("eth0").is_some(),
        "the pod keeps what is its own"
    );
}

/// The namespace ends before DEL: a virtual interface ends with it, and DEL has nothing more to do.
#[test]
fn a_virtual_netdev_ends_with_the_pod() {
    let scene = scene();
    let configuration = network("moved", json!([{"kind": "netdev", "of": "spare0"}]));
    scene.add(&configuration).run().expect_result();
    scene.pod.remove();
    wait::until("the pair ends", || ip::link(None, "spare1").is_none());
    scene.node.delete(&scene.pod, &configuration);
    assert!(records().is_empty(), "{:?}", records());
}

/// The pod hides it in a namespace that it made.
#[test]
fn a_netdev_is_found_where_the_pod_has_moved_it() {
    let scene = scene();
    let before = Oracle::new(&scene.node);
    let configuration = network("moved", json!([{"kind": "netdev", "of": "spare0"}]));
    scene.add(&configuration).run().expect_result();
    let hidden = scene.node.pod();
    scene
        .pod
        .ip(&format!("link set eth0 netns {}", hidden.name()));
    scene.node.delete(&scene.pod, &configuration);
    hidden.remove();
    before.assert_unchanged();
}

/// The name is somebody else's by then.
#[test]
fn a_netdev_whose_name_is_taken_comes_home_under_another() {
    let scene = scene();
    let index = link("spare0")["ifindex"].clone();
    let configuration = network("moved", json!([{"kind": "netdev", "of": "spare0"}]));
    scene.add(&configuration).run().expect_result();
    ip::batch(None, "link add spare0 type veth peer name third\n");
    scene.node.delete(&scene.pod, &configuration);
    let home = ip::links(None)
        .into_iter()
        .find(|link| link["ifindex"] == index);
    let home = home.expect("it is home");
    assert!(
        home["ifname"].as_str().unwrap().starts_with("plumb"),
        "{home}"
    );
}

/// A kill of ADD at any step, and of DEL after it: what is there after the next DEL is what was there before.
#[test]
fn a_kill_at_any_step_leaves_nothing_and_loses_no_netdev() {
    const MOMENTS: [&str; 3] = ["intent", "done", "recorded"];
    let scene = scene();
    ip::batch(
        None,
        "link set spare0 mtu 1450 txqueuelen 500 up\n\
         address add 192.0.2.7/24 dev spare0\n",
    );
    let links = json!([
        {"kind": "netdev", "of": "spare0", "queuelength": 77, "alternativename": "fabric-a", "channels": [1, 1]},
        {"kind": "veth", "of": "br0", "name": "data0", "address": "192.0.2.1/24"},
    ]);
    let configuration = network("killed", links);
    let before = Oracle::new(&scene.node);
    let mut struck = 0;
    for verb in ["ADD", "DEL"] {
        for moment in MOMENTS {
            for number in 1.. {
                if verb == "DEL" {
                    scene.add(&configuration).run().expect_result();
                }
                let outcome = Call::new(&scene.node, verb, &configuration)
                    .pod(&scene.pod)
                    .fault(&format!("kill:{number}:{moment}"))
                    .run();
                assert!(outcome.was_killed() || outcome.succeeded(), "{outcome}");
                scene.node.delete(&scene.pod, &configuration);
                let difference = before.settled_difference();
                assert!(
                    difference.is_empty(),
                    "{verb} {number} {moment}:\n{difference}{outcome}"
                );
                assert_eq!(
                    ip::addresses(None, "spare0"),
                    ["192.0.2.7/24"],
                    "{verb} {number} {moment}"
                );
                if !outcome.was_killed() {
                    break;
                }
                struck += 1;
            }
        }
    }
    // Two interfaces, what was set of the first, an address, and both set up.
    assert!(struck > 3 * 8, "only {struck} steps were interrupted");
}

/// Each step fails once: what was done before is taken back.
#[test]
fn a_failure_at_any_step_is_walked_back() {
    let scene = scene();
    let links = json!([
        {"kind": "veth", "of": "br0", "name": "data0", "isolated": true, "address": "192.0.2.1/24"},
        {"kind": "netdev", "of": "spare0", "queuelength": 77, "alternativename": "fabric-a", "channels": [1, 1]},
    ]);
    let configuration = network("failed", links);
    let before = Oracle::new(&scene.node);
    let queues_before = queues("spare0");
    let mut failures = 0;
    for number in 1.. {
        let outcome = scene
            .add(&configuration)
            .fault(&format!("fail:{number}"))
            .run();
        if outcome.succeeded() {
            break;
        }
        failures += 1;
        before.assert_unchanged();
        assert_eq!(queues("spare0"), queues_before);
    }
    assert!(failures > 6, "only {failures} steps failed");
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}
