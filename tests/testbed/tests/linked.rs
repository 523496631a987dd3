//! What a vendor's component makes of VLANs, dummies and adapters' rings: the kernel here has them. The component is
//! `tests/hostile/linked`, as it is kept; what other kernels have as well is tested there.

use std::path::Path;

use cni_harness::{Call, Node, Oracle, Pod, ip, result, traffic};
use plumb_testbed::ethtool::{RINGS, read};
use plumb_testbed::{PATIENCE, Setup, bed, program};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

const OPERATIONS: &str = "create-vlan create-macvlan move-netdev move-link assign-addresses add-address set-up \
                          set-queue-length add-alternative-name set-rings set-channels";

/// Where plumb looks by itself.
const STORE: &str = "/var/lib/plumb/components";

/// Where the store is kept for the next node: to compile a component takes the emulator a minute.
const KEPT: &str = "/plumb-components";

/// Puts the component into the store of this node.
fn install_component() {
    if !Path::new(KEPT).exists() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hostile/kept/0.2/linked.wasm");
        let plumbctl = binaries::plumbctl();
        let (file, plumbctl) = (file.display(), plumbctl.display());
        program::run(&format!(
            "{plumbctl} component install {file} --name linked"
        ));
        program::run(&format!("{plumbctl} component grant linked {OPERATIONS}"));
        program::run(&format!("cp -a {STORE} {KEPT}"));
    }
    program::run(&format!("mkdir -p {STORE}"));
    program::run(&format!("cp -a {KEPT}/. {STORE}/"));
}

/// Lets the emulator translate the code of plumb and of the component, which it does when code is first run: it can take the
/// processor time that components have. What is answered does not matter.
fn warm_up(node: &Node) {
    let nothing = network("warm", json!([]));
    Call::status(node, &nothing).deadline(PATIENCE).run();
    let pod = node.pod();
    let macvlan = network("warm", json!([{"kind": "macvlan", "of": "nic0"}]));
    for verb in ["ADD", "DEL"] {
        call(node, verb, &pod, &macvlan).run();
    }
    pod.remove();
}

/// A node of this test's own, with a switch behind `nic0`.
fn on_node(test: impl FnOnce(&Node) + Send) {
    std::thread::scope(|scope| {
        let test = scope.spawn(|| {
            program::run("modprobe -a 8021q dummy veth macvlan");
            let node = plumb_tests::node();
            install_component();
            warm_up(&node);
            ip::batch(None, "link set nic0 mtu 1400\n");
            test(&node);
        });
        if let Err(panic) = test.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn network(name: &str, links: Value) -> Value {
    let own = json!({"name": name, "type": "plumb", "flavour": "linked", "links": links});
    with(pool(), own)
}

fn call(node: &Node, verb: &str, pod: &Pod, configuration: &Value) -> Call {
    Call::new(node, verb, configuration)
        .pod(pod)
        .deadline(PATIENCE)
}

fn check(node: &Node, pod: &Pod, configuration: &Value, result: &Value) -> cni_harness::Outcome {
    let check = Call::check(node, pod, configuration, result);
    check.deadline(PATIENCE).run()
}

fn vlan_of(link: &Value) -> [&Value; 2] {
    let data = &link["linkinfo"]["info_data"];
    [&data["protocol"], &data["id"]]
}

#[test]
fn a_vlan_is_made_in_the_pod_and_removed_with_it() {
    on_node(|node| {
        let (pod, other) = (node.pod(), node.pod());
        let before = Oracle::new(node);
        let links = json!([{
            "kind": "vlan", "of": "nic0", "id": 100, "mtu": 1350, "gvrp": true, "mac": "02:00:00:00:0a:01",
        }]);
        let tagged = network("tagged", links);
        let added = call(node, "ADD", &pod, &tagged).run().expect_result();
        let eth0 = pod.link("eth0").expect("its interface");
        assert_eq!(vlan_of(&eth0), [&json!("802.1Q"), &json!(100)]);
        let flags = eth0["linkinfo"]["info_data"]["flags"].as_array().unwrap();
        assert!(
            flags.contains(&json!("GVRP")) && flags.contains(&json!("REORDER_HDR")),
            "{eth0}"
        );
        assert_eq!(
            [&eth0["mtu"], &eth0["address"]],
            [&json!(1350), &json!("02:00:00:00:0a:01")]
        );
        assert_eq!(added["interfaces"][0]["mac"], "02:00:00:00:0a:01");
        check(node, &pod, &tagged, &added).expect_silence();

        // The other side of the wire has the same VLAN, and frames with this tag alone reach it.
        let opposite = network(
            "opposite",
            json!([{"kind": "vlan", "of": "nic1", "id": 100}]),
        );
        let reached = call(node, "ADD", &other, &opposite).run().expect_result();
        traffic::exchange(&pod, &other, result::address(&reached));
        assert_eq!(
            other.link("eth0").unwrap()["address"],
            ip::link(None, "nic1").unwrap()["address"]
        );

        call(node, "DEL", &other, &opposite).run().expect_silence();
        call(node, "DEL", &pod, &tagged).run().expect_silence();
        before.assert_unchanged();
    });
}

#[test]
fn a_vlan_of_a_provider_stands_beside_that_of_a_customer() {
    on_node(|node| {
        let pod = node.pod();
        let before = Oracle::new(node);
        let links = json!([
            {"kind": "vlan", "of": "nic0", "id": 100},
            {"kind": "vlan", "of": "nic0", "id": 100, "service": true, "name": "service0"},
        ]);
        let both = network("both", links);
        let added = call(node, "ADD", &pod, &both).run().expect_result();
        let service = pod.link("service0").expect("its second interface");
        assert_eq!(vlan_of(&service), [&json!("802.1ad"), &json!(100)]);
        check(node, &pod, &both, &added).expect_silence();
        pod.ip("link del service0");
        check(node, &pod, &both, &added).expect_error(110, "service0");
        call(node, "DEL", &pod, &both).run().expect_silence();
        before.assert_unchanged();
    });
}

/// An interface has one VLAN of a number. Who has it is said; one of a pod whose namespace has just ended is waited for.
#[test]
fn a_number_is_given_once() {
    on_node(|node| {
        let (pod, other) = (node.pod(), node.pod());
        let tagged = network("tagged", json!([{"kind": "vlan", "of": "nic0", "id": 100}]));
        call(node, "ADD", &pod, &tagged).run().expect_result();
        let before = Oracle::new(node);
        let outcome = call(node, "ADD", &other, &tagged).run();
        outcome.expect_error(111, "VLAN 100 of nic0 is in use by tagged/");
        before.assert_unchanged();

        pod.remove();
        call(node, "ADD", &other, &tagged).run().expect_result();
        call(node, "DEL", &pod, &tagged).run().expect_silence();
        assert!(
            other.link("eth0").is_some(),
            "the DEL of the first takes nothing of the second"
        );
        call(node, "DEL", &other, &tagged).run().expect_silence();

        ip::batch(None, "link add link nic0 name uplink type vlan id 100\n");
        let outcome = call(node, "ADD", &other, &tagged).run();
        outcome.expect_error(
            111,
            "VLAN 100 of nic0 is in use by the node's interface uplink",
        );
    });
}

/// Root in the pod can rename and hide it.
#[test]
fn a_vlan_that_the_pod_hides_is_found() {
    on_node(|node| {
        let (pod, hidden) = (node.pod(), node.pod());
        let before = Oracle::new(node);
        let tagged = network("tagged", json!([{"kind": "vlan", "of": "nic0", "id": 100}]));
        call(node, "ADD", &pod, &tagged).run().expect_result();
        pod.ip("link set eth0 down");
        pod.ip("link set eth0 address 02:00:00:00:00:99 name mine");
        pod.ip(&format!("link set mine netns {}", hidden.name()));
        call(node, "DEL", &pod, &tagged).run().expect_silence();
        before.assert_unchanged();
        call(node, "ADD", &pod, &tagged).run().expect_result();
        call(node, "DEL", &pod, &tagged).run().expect_silence();
    });
}

#[test]
fn a_dummy_comes_home_as_it_was() {
    on_node(|node| {
        let pod = node.pod();
        ip::batch(
            None,
            "link add spare0 mtu 8000 txqueuelen 50 type dummy\n\
             link set spare0 alias uplink addrgenmode none up\n\
             address add 192.0.2.7/24 dev spare0\n",
        );
        let before = Oracle::new(node);
        let moved = network(
            "moved",
            json!([{"kind": "netdev", "of": "spare0", "queuelength": 77}]),
        );
        let added = call(node, "ADD", &pod, &moved).run().expect_result();
        check(node, &pod, &moved, &added).expect_silence();
        assert_eq!(pod.link("eth0").unwrap()["txqlen"], 77);
        pod.ip("link set eth0 mtu 700 address 02:00:00:00:00:99");
        call(node, "DEL", &pod, &moved).run().expect_silence();
        before.assert_unchanged();
        assert_eq!(ip::link(None, "spare0").unwrap()["txqlen"], 50);
        assert_eq!(ip::addresses(None, "spare0"), ["192.0.2.7/24"]);
    });
}

/// The driver's rings are set in the pod, and are again what they were when the function comes home.
#[test]
fn rings_of_a_function_are_set_and_come_back() {
    let bed = bed(Setup::IGB);
    install_component();
    let pod = bed.pod();
    let function = bed.function(0);
    let netdev = function.netdev().expect("it has a netdev");
    let rings = read(&netdev, RINGS).expect("igbvf has rings");
    let before = bed.picture();
    let of = |receive: u32| {
        let links = json!([{
            "kind": "function", "of": function.address(), "rings": [receive, 512], "queuelength": 77,
            "alternativename": "fabric-a",
        }]);
        network("tuned", links)
    };
    let tuned = of(1024);
    bed.add(&pod, &tuned);
    let inside = pod.inside(|| read("eth0", RINGS)).expect("igbvf has rings");
    assert_eq!([inside[5], inside[8]], [1024, 512], "{rings:?} before");
    assert_eq!(pod.link("fabric-a").unwrap()["txqlen"], 77);
    bed.delete(&pod, &tuned);
    before.assert_unchanged();
    assert_eq!(
        read(&function.netdev().expect("it is home"), RINGS),
        Some(rings)
    );

    let outcome = bed.call("ADD", &pod, &of(1 << 20)).run();
    outcome.expect_error(
        7,
        "receive 1048576 is more than the driver of the pod's interface eth0 takes",
    );
    before.assert_unchanged();
}
