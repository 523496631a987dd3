//! A real driver, igb with igbvf, and RDMA traffic over siw on its functions. Only for machines with
//! igb cards.

use std::process::Stdio;

use cni_harness::{Pod, result, wait};
use plumb_testbed::configuration::sriov;
use plumb_testbed::program::{inside, output, run};
use plumb_testbed::traffic::{assert_does_not_reach, assert_reaches};
use plumb_testbed::{Bed, PATIENCE, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const BED: Setup = Setup::IGB;

fn attach(bed: &Bed, pods: &[Pod], configurations: &[Value]) -> Vec<String> {
    pods.iter()
        .zip(configurations)
        .map(|(pod, configuration)| result::address(&bed.add(pod, configuration)).to_string())
        .collect()
}

#[test]
fn a_function_comes_and_goes() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = with(
        sriov(bed.function(0)),
        json!({"mac": "02:00:00:00:0a:01", "vlan": 100, "vlanQoS": 3, "spoofchk": "off", "trust": "on"}),
    );
    let before = bed.picture();
    let added = bed.add(&pod, &configuration);
    assert_eq!(pod::eth0(&pod)["address"], "02:00:00:00:0a:01");
    assert_eq!(added["interfaces"][0]["mac"], "02:00:00:00:0a:01");
    assert_eq!(added["interfaces"][0]["pciID"], bed.function(0).address());
    let settings = bed.settings(0);
    assert_eq!(settings["vlan_list"], json!([{"vlan": 100, "qos": 3}]));
    assert_eq!(settings["spoofchk"], false);
    assert_eq!(settings["trust"], true);
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
}

/// igb has no link state, no minimal rate and no 802.1ad: the driver's refusal is reported, and what was set
/// before it is taken back.
#[test]
fn what_the_driver_cannot_do_is_told_and_nothing_is_left() {
    let bed = bed(BED);
    let pod = bed.pod();
    let parent = bed.physical().netdev().expect("it has a netdev");
    let before = bed.picture();
    let refused = [
        json!({"link_state": "enable"}),
        json!({"min_tx_rate": 10}),
        json!({"vlan": 5, "vlanProto": "802.1ad"}),
    ];
    for change in refused {
        let configuration = with(
            with(
                sriov(bed.function(0)),
                json!({"trust": "on", "mac": "02:00:00:00:0a:01"}),
            ),
            change,
        );
        let outcome = bed.call("ADD", &pod, &configuration).run();
        let object = format!("virtual function 0 of {parent}");
        outcome.expect_one_of(&[100, 50, 7], &object);
        before.assert_unchanged();
    }
}

/// igb lets a function whose address it was given set none before it is trusted, not even this one.
#[test]
fn an_address_that_needs_trust_is_refused_with_the_setting_that_is_missing() {
    let bed = bed(BED);
    let pod = bed.pod();
    let before = bed.picture();
    let configuration = with(sriov(bed.function(0)), json!({"mac": "02:00:00:00:0a:01"}));
    let error = bed
        .call("ADD", &pod, &configuration)
        .run()
        .expect_one_of(&[100, 50, 7], "02:00:00:00:0a:01");
    for word in [bed.function(0).address(), "\"trust\": \"on\""] {
        assert!(error.details.contains(word), "{word} in {}", error.details);
    }
    before.assert_unchanged();
    let trusted = with(configuration, json!({"trust": "on"}));
    bed.add(&pod, &trusted);
    bed.delete(&pod, &trusted);
    before.assert_unchanged();
}

#[test]
fn pods_of_one_vlan_reach_each_other_and_no_others() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod(), bed.pod()];
    for vlans in [[Some(100), Some(100), Some(200)], [None, None, Some(100)]] {
        let configurations: Vec<Value> = (0..3)
            .map(|number| match vlans[number] {
                Some(vlan) => with(sriov(bed.function(number)), json!({"vlan": vlan})),
                None => sriov(bed.function(number)),
            })
            .collect();
        let addresses = attach(&bed, &pods, &configurations);
        assert_reaches(&pods[0], &addresses[1]);
        assert_does_not_reach(&pods[0], &addresses[2]);
        for (pod, configuration) in pods.iter().zip(&configurations) {
            bed.delete(pod, configuration);
        }
        bed.before().assert_unchanged();
    }
}

/// Puts an RDMA device with a data path on each of the first functions.
#[track_caller]
fn add_siw(bed: &Bed, functions: usize) {
    run("modprobe siw");
    for number in 0..functions {
        let netdev = bed.function(number).netdev().expect("it has a netdev");
        run(&format!(
            "rdma link add siw{number} type siw netdev {netdev}"
        ));
        wait::until("siw is below the function", || {
            bed.function(number).rdma_device().is_some()
        });
    }
}

fn delete_siw(functions: usize) {
    for number in 0..functions {
        run(&format!("rdma link delete siw{number}"));
    }
}

/// The whole way: devices of their own in exclusive mode, and RDMA between the pods.
#[test]
fn rdma_works_between_two_pods() {
    let bed = bed(BED);
    add_siw(&bed, 2);
    let before = bed.picture();
    let pods = [bed.pod(), bed.pod()];
    let configurations: Vec<Value> = (0..2)
        .map(|number| with(sriov(bed.function(number)), json!({"rdmaIsolation": true})))
        .collect();
    let addresses = attach(&bed, &pods, &configurations);
    for (number, pod) in pods.iter().enumerate() {
        assert_eq!(rdma::names(Some(pod.name())), [format!("siw{number}")]);
    }
    assert_reaches(&pods[0], &addresses[1]);
    let server = &addresses[1];
    assert_talks(
        &pods,
        &format!("rping -s -a {server} -C 3"),
        &format!("rping -c -a {server} -C 3"),
    );
    assert_talks(
        &pods,
        "ib_read_lat -R -n 20",
        &format!("ib_read_lat -R -n 20 {server}"),
    );
    for (pod, configuration) in pods.iter().zip(&configurations) {
        bed.delete(pod, configuration);
        pod.remove();
    }
    before.without_pods().assert_unchanged();
    delete_siw(2);
}

/// The leaves of two rails and of the server behind them: networks `172.16.N.0/24`, each in a VLAN of its own.
const LEAVES: [u32; 3] = [11, 12, 21];

/// Makes a router of the functions from the fourth on, one in each leaf. It takes from each only what can be from there.
#[track_caller]
fn route_leaves(bed: &Bed) -> Pod {
    let router = bed.pod();
    let physical = bed.physical().netdev().expect("it has a netdev");
    for (number, leaf) in (3..).zip(LEAVES) {
        let netdev = bed.function(number).netdev().expect("it has a netdev");
        for line in [
            format!("ip link set {physical} vf {number} vlan {leaf}"),
            format!(
                "ip link set {netdev} netns {} name leaf{leaf}",
                router.name()
            ),
        ] {
            run(&line);
        }
        router.ip(&format!("link set leaf{leaf} up"));
        router.ip(&format!("address add 172.16.{leaf}.254/24 dev leaf{leaf}"));
    }
    router.inside(|| {
        for file in ["ip_forward", "conf/all/rp_filter"] {
            std::fs::write(format!("/proc/sys/net/ipv4/{file}"), "1").expect("make it a router");
        }
    });
    router
}

/// RDMA-CM looks its paths up as the kernel routes: with the source of a rail it leaves by that rail's leaf, also for another
/// leaf, and though the pod's default route leads elsewhere.
#[test]
fn rdma_cm_reaches_another_leaf_from_the_source_of_each_rail() {
    let bed = bed(BED.with_functions(6));
    add_siw(&bed, 3);
    let router = route_leaves(&bed);
    let network = |function: usize| {
        let leaf = LEAVES[function];
        let pools = json!([{
            "subnet": format!("172.16.{leaf}.0/24"), "ips": [format!("172.16.{leaf}.10")],
            "gateway": format!("172.16.{leaf}.254"),
        }]);
        with(
            sriov(bed.function(function)),
            json!({"name": format!("leaf{leaf}"), "vlan": leaf, "rdmaIsolation": true, "rails": {},
                   "ipam": {"type": "pool", "pools": pools}}),
        )
    };
    let pods = [bed.pod(), bed.pod()];
    pods.iter().for_each(pod::join_cluster);
    for (function, (pod, interface)) in [(0, "net1"), (0, "net2"), (1, "net1")].iter().enumerate() {
        let call = bed.call("ADD", &pods[*pod], &network(function));
        call.interface(interface).run().expect_result();
    }
    for source in ["172.16.11.10", "172.16.12.10"] {
        assert_talks(
            &pods,
            "rping -s -a 172.16.21.10 -C 3",
            &format!("rping -c -a 172.16.21.10 -I {source} -C 3"),
        );
    }
    // Without its rule a source has no way: what was reached, was reached by it.
    pods[0].ip("rule delete from 172.16.12.10");
    let client = "timeout 10 rping -c -a 172.16.21.10 -I 172.16.12.10 -C 3";
    let lost = output(&inside(pods[0].name(), client));
    let says = String::from_utf8_lossy(&[lost.stdout, lost.stderr].concat()).into_owned();
    assert!(!lost.status.success(), "{says}");
    assert!(says.contains("ADDR_ERROR"), "{says}");
    for (function, (pod, interface)) in [(0, "net1"), (0, "net2"), (1, "net1")].iter().enumerate() {
        let call = bed.call("DEL", &pods[*pod], &network(function));
        call.interface(interface).run().expect_silence();
    }
    pods.iter().chain([&router]).for_each(Pod::remove);
    // The router's functions have other names and VLANs.
    delete_siw(3);
    bed.rebuild();
}

/// How often a client tries one server.
const ATTEMPTS: usize = 3;

/// Runs a server in the second pod and its client in the first, until the client has succeeded: the server
/// needs a moment to listen, and does not say when it does.
#[track_caller]
fn assert_talks(pods: &[Pod; 2], server: &str, client: &str) {
    let started = std::time::Instant::now();
    loop {
        let line = inside(pods[1].name(), server);
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut listening = std::process::Command::new(words[0])
            .args(&words[1..])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("run {server}: {error}"));
        let talk = || output(&inside(pods[0].name(), &format!("timeout 10 {client}")));
        let mut last = talk();
        // The server ends when it is served. One that a client has left in the middle, because the machine
        // was slow, serves nobody any more: after some attempts another one is started.
        for _ in 0..ATTEMPTS {
            let is_waiting = listening.try_wait().is_ok_and(|ended| ended.is_none());
            if last.status.success() || !is_waiting || started.elapsed() > PATIENCE {
                break;
            }
            last = talk();
        }
        let _ = listening.kill();
        let _ = listening.wait();
        if last.status.success() {
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{client}: {}{}",
            String::from_utf8_lossy(&last.stdout),
            String::from_utf8_lossy(&last.stderr)
        );
    }
}
