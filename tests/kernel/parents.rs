//! One network text for nodes that differ: the parent by a list, a pattern or its place, and pools of the parent's subnet.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::thread;

use cni_harness::{Call, Node, Oracle, Pod, ip, result};
use nix::mount::{MsFlags, mount};
use plumb_tests::binaries;
use plumb_tests::configuration::{host_local, pool, with, without_ipam};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

fn on(master: Value) -> Value {
    with(without_ipam(), json!({"master": master}))
}

fn from_master(keys: Value) -> Value {
    with(
        pool(),
        json!({"ipam": {"type": "pool", "fromMaster": keys}}),
    )
}

/// The name of the link that the pod's `eth0` lies on.
fn parent(pod: &Pod) -> String {
    let index = &pod.link("eth0").expect("the pod has eth0")["link_index"];
    let links = ip::links(None);
    let found = links.iter().find(|link| link["ifindex"] == *index);
    found.expect("its parent is on the node")["ifname"]
        .as_str()
        .expect("a name")
        .to_owned()
}

fn address(command: &str) {
    ip::batch(None, &format!("address {command} nodad\n"));
}

#[test]
fn a_list_means_the_first_that_the_node_has() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for (master, expected) in [
        (json!(["ens1f0np0", "nic1", "nic0"]), "nic1"),
        (json!(["nic0", "nic1"]), "nic0"),
    ] {
        node.add(&pod, &on(master.clone()));
        assert_eq!(parent(&pod), expected, "{master}");
        node.delete(&pod, &on(master));
    }
    let absent = on(json!(["ens1f0np0", "ens2f0np0"]));
    let error = Call::add(&node, &pod, &absent)
        .run()
        .expect_error(50, "ens1f0np0, ens2f0np0");
    assert!(error.message.contains("nic0"), "{}", error.message);
    node.delete(&pod, &absent);
    oracle.assert_unchanged();
}

#[test]
fn a_pattern_means_one_interface_by_any_of_its_names() {
    let node = plumb_tests::node();
    let pod = node.pod();
    ip::batch(None, "link property add dev nic1 altname fabric-rail-1\n");
    let oracle = Oracle::new(&node);
    for pattern in ["*c1", "nic?", "fabric-*"] {
        let network = on(json!(pattern));
        let outcome = Call::add(&node, &pod, &network).run();
        if pattern == "nic?" {
            let error = outcome.expect_error(7, "nic0");
            assert!(error.message.contains("nic1"), "{}", error.message);
        } else {
            outcome.expect_result();
            assert_eq!(parent(&pod), "nic1", "{pattern}");
        }
        node.delete(&pod, &network);
    }
    Call::add(&node, &pod, &on(json!("ens*")))
        .run()
        .expect_error(50, "there are: lo, ");
    oracle.assert_unchanged();
}

#[test]
fn what_it_meant_is_in_the_log_and_in_the_plan() {
    let node = plumb_tests::node();
    let pod = node.pod();
    address("add 172.16.11.1/24 dev nic1");
    let network = with(
        from_master(json!({"gateway": "last"})),
        json!({"master": ["ens1", "nic1"], "logLevel": "info"}),
    );
    let path = node.scratch().join("network.json");
    fs::write(&path, network.to_string()).expect("write the network");
    let plan = |more: &[&str]| {
        let output = Command::new(binaries::plumbctl())
            .arg("plan")
            .arg(&path)
            .args(more)
            .output()
            .expect("plumbctl runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let said = [
        "\"master\" [\"ens1\",\"nic1\"] is nic1 on this node",
        "\"fromMaster\" is 172.16.11.0/24 on this node, where nic1 has 172.16.11.1/24: pods get \
         172.16.11.2-172.16.11.253, gateway 172.16.11.254",
    ];
    let text = plan(&[]);
    let planned: Value = serde_json::from_str(&plan(&["--json"])).expect("JSON");
    assert_eq!(planned[0]["found"], json!(said));
    let outcome = Call::add(&node, &pod, &network).run();
    for line in said {
        assert!(text.contains(line), "{line} in {text}");
        assert!(outcome.stderr.contains(line), "{line} in {outcome}");
    }
    assert!(text.contains("172.16.11.2/24 now"), "{text}");
    node.delete(&pod, &network);
}

/// Interfaces come and go while a pod runs: what was attached is known by its record.
#[test]
fn an_attachment_stays_where_it_is_when_the_node_changes() {
    let node = plumb_tests::node();
    address("add 172.16.11.1/24 dev nic0");
    for master in [json!(["nic01", "nic0"]), json!("nic0*")] {
        let network = with(from_master(json!({})), json!({"master": master}));
        let pod = node.pod();
        let oracle = Oracle::new(&node);
        let result = node.add(&pod, &network);
        ip::batch(
            None,
            "link add nic01 type veth peer name far1\nlink set nic01 up\naddress flush dev nic0\n",
        );
        Call::check(&node, &pod, &network, &result)
            .run()
            .expect_silence();
        let next = node.pod();
        let error = Call::add(&node, &next, &network).run().expect_failure();
        assert!(error.message.contains("nic01"), "{}", error.message);
        Call::gc(&node, &network, &[(&pod, "eth0")])
            .run()
            .expect_silence();
        Call::check(&node, &pod, &network, &result)
            .run()
            .expect_silence();
        node.delete(&pod, &network);
        assert!(pod.link("eth0").is_none() && leases(STATE_FOLDER).is_empty());
        next.remove();
        ip::batch(None, "link delete nic01\n");
        address("add 172.16.11.1/24 dev nic0");
        oracle.assert_unchanged();
        pod.remove();
    }
}

/// A node whose rail has this address: what two of its pods get of one network, and their default routes.
fn on_a_node_with(own: &'static str, network: Value) -> Vec<(Vec<String>, String)> {
    let attach = move || {
        let node = plumb_tests::node();
        address(&format!("add {own} dev nic0"));
        let pods = [node.pod(), node.pod()];
        let oracle = Oracle::new(&node);
        let seen = pods.iter().map(|pod| {
            let result = node.add(pod, &network);
            assert_eq!(pod.addresses("eth0"), result::addresses(&result));
            Call::check(&node, pod, &network, &result)
                .run()
                .expect_silence();
            let routes = pod.routes("-4");
            let default = routes.iter().find(|route| route["dst"] == "default");
            let gateway = default.map_or("none", |route| route["gateway"].as_str().unwrap_or("?"));
            (pod.addresses("eth0"), gateway.to_owned())
        });
        let seen = seen.collect();
        assert_eq!(leases(STATE_FOLDER).len(), 2);
        pods.iter().for_each(|pod| node.delete(pod, &network));
        oracle.assert_unchanged();
        seen
    };
    thread::spawn(attach)
        .join()
        .expect("the node is as it should be")
}

#[test]
fn one_network_gives_each_node_addresses_of_its_own_subnet() {
    let network = from_master(json!({"range": [10, 200], "gateway": "last"}));
    for (own, subnet) in [
        ("172.16.11.1/24", "172.16.11"),
        ("172.16.12.10/24", "172.16.12"),
    ] {
        // On the second node the first place of the range is the node's own.
        let first = if own.contains(".10/") { 11 } else { 10 };
        let expected = [first, first + 1]
            .map(|host| (vec![format!("{subnet}.{host}/24")], format!("{subnet}.254")));
        assert_eq!(on_a_node_with(own, network.clone()), expected);
    }
    let without_gateway = from_master(json!({}));
    let seen = on_a_node_with("172.16.11.1/29", without_gateway.clone());
    assert_eq!(
        seen[0],
        (vec!["172.16.11.2/29".to_owned()], "none".to_owned())
    );
}

#[test]
fn both_families_come_from_one_parent() {
    let node = plumb_tests::node();
    let pod = node.pod();
    address("add 172.16.11.1/24 dev nic0");
    address("add fd00:11::1/64 dev nic0");
    let network = from_master(json!({"family": "both", "range": [16, 31]}));
    node.add(&pod, &network);
    assert_eq!(pod.addresses("eth0"), ["172.16.11.16/24", "fd00:11::10/64"]);
    node.delete(&pod, &network);
}

#[test]
fn what_is_the_parents_or_the_gateways_goes_to_no_pod() {
    let node = plumb_tests::node();
    address("add 172.16.11.3/29 dev nic0");
    address("add 172.16.11.5/29 dev nic0");
    let network = from_master(json!({"gateway": "last", "exclude": [1]}));
    let mut got = BTreeSet::new();
    loop {
        let pod = node.pod();
        let outcome = Call::add(&node, &pod, &network).run();
        if !outcome.succeeded() {
            outcome.expect_error(101, "from-master-ipv4");
            break;
        }
        got.extend(result::addresses(&outcome.expect_result()));
    }
    // Of the hosts 1 to 6, without 1, the parent's 3 and 5, and the gateway.
    let expected = ["172.16.11.2/29", "172.16.11.4/29"];
    assert_eq!(got, expected.map(str::to_owned).into());
    let asked = with(network, json!({"runtimeConfig": {"ips": ["172.16.11.3"]}}));
    let pod = node.pod();
    Call::add(&node, &pod, &asked).run().expect_failure();
    assert!(pod.link("eth0").is_none());
}

#[test]
fn a_parent_without_one_clear_subnet_is_refused_and_nothing_is_left() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let network = from_master(json!({}));
    let oracle = Oracle::new(&node);
    let error = Call::add(&node, &pod, &network)
        .run()
        .expect_error(50, "nic0");
    assert!(
        error.message.contains("no IPv4 address"),
        "{}",
        error.message
    );
    Call::status(&node, &network)
        .run()
        .expect_error(50, "no IPv4 address");
    node.delete(&pod, &network);
    oracle.assert_unchanged();

    address("add 172.16.11.1/24 dev nic0");
    address("add 10.7.0.1/16 dev nic0");
    let oracle = Oracle::new(&node);
    let error = Call::add(&node, &pod, &network)
        .run()
        .expect_error(7, "within");
    for own in ["172.16.11.1/24", "10.7.0.1/16"] {
        assert!(error.message.contains(own), "{}", error.message);
    }
    let chosen = from_master(json!({"within": "172.16.0.0/12"}));
    Call::status(&node, &chosen).run().expect_silence();
    node.add(&pod, &chosen);
    assert_eq!(pod.addresses("eth0"), ["172.16.11.2/24"]);
    node.delete(&pod, &chosen);
    let other = with(host_local(), json!({"fromMaster": {}}));
    Call::add(&node, &pod, &with(pool(), json!({"ipam": other})))
        .run()
        .expect_error(2, "\"host-local\"");
    oracle.assert_unchanged();
}

/// Whatever words a network has for it: the parent is one that the policy allows, and so is the subnet.
#[test]
fn the_policy_judges_what_was_meant() {
    let node = plumb_tests::node();
    let pod = node.pod();
    ip::batch(
        None,
        "address add 192.0.2.1/24 dev nic0\n\
         route add default via 192.0.2.254 dev nic0\n\
         address add 172.16.11.1/24 dev nic1\n",
    );
    policy::write(
        "profile = \"shared\"\n\
         [networks]\n\
         parents = [\"ni??\"]\n\
         flavours = [\"macvlan-shared\"]\n\
         ipam = [\"pool\"]\n\
         address-space = [\"10.1.0.0/16\"]\n",
    );
    let oracle = Oracle::new(&node);
    for master in [json!("*0"), json!(["ens1", "nic0"])] {
        Call::add(&node, &pod, &on(master))
            .run()
            .expect_error(108, "default route leads");
    }
    // What addresses the node's own interface has is not told.
    let management = with(
        from_master(json!({"family": "ipv6"})),
        json!({"master": "*0"}),
    );
    let error = Call::add(&node, &pod, &management)
        .run()
        .expect_error(108, "nic0");
    assert!(!error.message.contains("192.0.2"), "{}", error.message);
    let outside = with(from_master(json!({})), json!({"master": "*1"}));
    Call::add(&node, &pod, &outside)
        .run()
        .expect_error(108, "172.16.11.0/24");
    oracle.assert_unchanged();
    node.add(&pod, &on(json!(["nic1"])));
    node.delete(&pod, &on(json!(["nic1"])));
}

/// Two rails of one node may have the same addresses where the policy says that they are separate wires, and not otherwise.
#[test]
fn addresses_are_unique_as_those_of_any_pool() {
    let node = plumb_tests::node();
    address("add 172.16.11.1/24 dev nic0");
    address("add 172.16.11.2/24 dev nic1");
    let network = |name: &str, master: Value| {
        with(
            from_master(json!({})),
            json!({"name": name, "master": master}),
        )
    };
    let (left, right) = (
        network("left", json!("*0")),
        network("right", json!(["nic1"])),
    );
    let pods = [node.pod(), node.pod()];
    let add = |pod: &Pod, network: &Value| {
        node.add(pod, network);
        pod.addresses("eth0").remove(0)
    };
    // Both of the node's own are nobody else's.
    assert_eq!(add(&pods[0], &left), "172.16.11.3/24");
    assert_eq!(add(&pods[1], &right), "172.16.11.4/24");
    pods.iter()
        .zip([&left, &right])
        .for_each(|(pod, network)| node.delete(pod, network));
    policy::write(
        "[[wires]]\nname = \"left\"\nparents = [\"nic0\"]\n[[wires]]\nname = \"right\"\nparents = [\"nic1\"]\n",
    );
    // A pod that comes again has its address again; these are others.
    let pods = [node.pod(), node.pod(), node.pod()];
    assert_eq!(add(&pods[0], &left), "172.16.11.3/24");
    assert_eq!(add(&pods[1], &left), "172.16.11.4/24");
    assert_eq!(add(&pods[2], &right), "172.16.11.3/24");
    let spaces: BTreeSet<_> = leases(STATE_FOLDER)
        .iter()
        .map(|lease| lease["space"].to_string())
        .collect();
    assert_eq!(
        spaces,
        ["\"wire/left\"", "\"wire/right\""]
            .map(str::to_owned)
            .into()
    );
    Call::status(&node, &right).run().expect_silence();
}

#[test]
fn in_the_pod_a_list_means_the_pods_own() {
    let node = plumb_tests::node();
    let pod = node.pod();
    pod.ip("link add net7 type veth peer name net8");
    pod.ip("link set net7 up");
    let in_pod = |master: Value| with(on(master), json!({"linkInContainer": true}));
    // The node has nic0, and the pod does not.
    let network = in_pod(json!(["nic0", "net7"]));
    Call::status(&node, &network).run().expect_silence();
    node.add(&pod, &network);
    assert_eq!(pod.link("eth0").expect("it is there")["link"], "net7");
    node.delete(&pod, &network);
    for master in [json!("net*"), json!({"rail": 1}), json!({"rdma": "mlx5_0"})] {
        Call::add(&node, &pod, &in_pod(master))
            .run()
            .expect_error(7, "linkInContainer");
    }
    let addressed = with(
        from_master(json!({})),
        json!({"linkInContainer": true, "master": "net7"}),
    );
    Call::add(&node, &pod, &addressed)
        .run()
        .expect_error(7, "linkInContainer");
}

/// A PCI function as sysfs shows it.
struct Function {
    address: &'static str,
    numa: &'static str,
    /// The netdevs, and what they say of the port that they are.
    links: &'static [(&'static str, &'static str)],
    rdma: &'static [&'static str],
}

/// Puts these functions into the node's `/sys`, below links that it has.
fn show(functions: &[Function]) {
    mount(
        Some("tmpfs"),
        "/sys",
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=755"),
    )
    .expect("mount a private /sys");
    let folder = |path: String| {
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("make {path}: {error}"));
        path
    };
    folder("/sys/bus/pci/drivers/mlx5_core".to_owned());
    for function in functions {
        let device = folder(format!("/sys/bus/pci/devices/{}", function.address));
        let write = |path: String, text: &str| fs::write(path, format!("{text}\n")).expect("write");
        let link = |to: &str, path: String| symlink(to, path).expect("make a link");
        write(format!("{device}/numa_node"), function.numa);
        link("/sys/bus/pci", format!("{device}/subsystem"));
        link("/sys/bus/pci/drivers/mlx5_core", format!("{device}/driver"));
        for name in function.rdma {
            folder(format!("{device}/infiniband/{name}"));
        }
        for (name, port) in function.links {
            folder(format!("{device}/net/{name}"));
            let class = folder(format!("/sys/class/net/{name}"));
            link(&device, format!("{class}/device"));
            if !port.is_empty() {
                write(format!("{class}/phys_port_name"), port);
            }
        }
    }
    assert!(Path::new("/sys/class/net/nic0/device/subsystem").exists());
}

/// Two adapters whose order is not that of names or indexes, with a virtual function, what stands for it on its adapter's
/// switch, a child, and an adapter without RDMA.
fn node_with_adapters() -> Node {
    let node = plumb_tests::node();
    ip::batch(
        None,
        "link add vf0 type veth peer name rep0\nlink add plain0 type veth peer name far0\nlink add nic1.5 link nic1 type macvlan mode bridge\n\
         link set vf0 up\nlink set plain0 up\nlink set nic1.5 up\n",
    );
    show(&[
        Function {
            address: "0000:1a:00.2",
            numa: "0",
            links: &[("vf0", "")],
            rdma: &["mlx5_7"],
        },
        Function {
            address: "0000:1a:00.0",
            numa: "0",
            links: &[("nic1", "p0"), ("rep0", "pf0vf0")],
            rdma: &["mlx5_3"],
        },
        Function {
            address: "0000:0b:00.0",
            numa: "-1",
            links: &[("plain0", "")],
            rdma: &[],
        },
        Function {
            address: "10000:01:00.0",
            numa: "1",
            links: &[("nic0", "p0")],
            rdma: &["mlx5_0"],
        },
    ]);
    symlink(
        "/sys/bus/pci/devices/0000:1a:00.0",
        "/sys/bus/pci/devices/0000:1a:00.2/physfn",
    )
    .expect("make a link");
    symlink(
        "/sys/bus/pci/devices/0000:1a:00.2",
        "/sys/bus/pci/devices/0000:1a:00.0/virtfn0",
    )
    .expect("make a link");
    node
}

#[test]
fn rails_are_counted_in_pci_order() {
    let node = node_with_adapters();
    let pod = node.pod();
    for (master, expected) in [
        (json!({"rail": 1}), "nic1"),
        (json!({"rail": 2}), "nic0"),
        (json!({"rail": 1, "numa": 1}), "nic0"),
        (json!({"rail": 1, "match": "nic0"}), "nic0"),
        (json!({"rail": 1, "match": "mlx5_0"}), "nic0"),
        (json!({"rail": 2, "match": "mlx5_core"}), "nic0"),
        (json!({"rdma": "mlx5_3"}), "nic1"),
        (json!({"rdma": "mlx5_7"}), "vf0"),
    ] {
        let network = on(master.clone());
        Call::status(&node, &network).run().expect_silence();
        node.add(&pod, &network);
        assert_eq!(parent(&pod), expected, "{master}");
        node.delete(&pod, &network);
    }
    let rails =
        "1: nic1 (0000:1a:00.0, mlx5_3, NUMA node 0); 2: nic0 (10000:01:00.0, mlx5_0, NUMA node 1)";
    for master in [
        json!({"rail": 3}),
        json!({"rail": 2, "numa": 1}),
        json!({"rail": 1, "match": "ens*"}),
        json!({"rail": 1, "match": "vf*"}),
    ] {
        let outcome = Call::add(&node, &pod, &on(master)).run();
        let error = outcome.expect_error(50, rails);
        assert!(!error.message.contains("vf0"), "{}", error.message);
    }
    Call::add(&node, &pod, &on(json!({"rdma": "mlx5_4"})))
        .run()
        .expect_error(50, "mlx5_3 (nic1)");
    Call::add(&node, &pod, &on(json!({"rial": 1})))
        .run()
        .expect_error(7, "did you mean \"rail\"?");
    policy::write("[networks]\nparents = [\"nic0\"]\n");
    Call::add(&node, &pod, &on(json!({"rail": 1})))
        .run()
        .expect_error(108, "nic1");
}

/// The other plugins' way: what an IPAM plugin is given is what was written.
#[test]
fn an_ipam_plugin_serves_a_rail_as_well() {
    let node = node_with_adapters();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    // Debian's host-local is older than the newest version.
    let keys = json!({"cniVersion": "1.0.0", "ipam": host_local()});
    let network = with(on(json!({"rail": 2})), keys);
    let result = node.add(&pod, &network);
    assert_eq!(parent(&pod), "nic0");
    assert_eq!(pod.addresses("eth0"), result::addresses(&result));
    node.delete(&pod, &network);
    oracle.assert_unchanged();
}
