//! A scalable function in the place of a virtual one: a device of the auxiliary bus, which a real kernel makes and moves.
//! The adapter is simulated, so what mlx5's own driver does when its devices move is not seen here.

use cni_harness::result;
use plumb_testbed::configuration::{sriov, without_ipam};
use plumb_testbed::program::{inside, run};
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::{Bed, Chain, Function, Setup, bed, modules, pod, rdma};
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, held, leases};
use serde_json::{Value, json};

const BED: Setup = Setup::ETHERNET.with_scalable(2);

#[track_caller]
fn scalable(number: usize) -> Function {
    modules::scalable().remove(number)
}

fn everything() -> Value {
    with(
        sriov(&scalable(0)),
        json!({"mac": "02:00:00:00:0a:01", "mtu": 1400, "rdmaIsolation": true, "rdmaDeviceName": "rail0"}),
    )
}

/// What of a scalable function must be as before: its name, flags, addresses, and its RDMA device.
#[track_caller]
fn looks(function: &Function) -> Value {
    let link = function.link();
    let keys = [
        "ifname", "address", "mtu", "flags", "txqlen", "altnames", "ifalias",
    ];
    let link: Vec<&Value> = keys.iter().map(|key| &link[*key]).collect();
    json!({"link": link, "rdma": function.rdma_device(), "driver": function.driver()})
}

#[test]
fn it_becomes_the_pods_interface_and_comes_back() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = scalable(0);
    let (before, picture) = (looks(&function), bed.picture_without_pods());
    let added = bed.add(&pod, &everything());
    let interface = &added["interfaces"][0];
    assert_eq!(interface["mac"], "02:00:00:00:0a:01");
    assert_eq!(interface["mtu"], 1400);
    // The key is for PCI addresses.
    assert!(interface["pciID"].is_null(), "{added}");
    let eth0 = pod::eth0(&pod);
    assert_eq!(eth0["parentdev"], function.address());
    assert!(pod::is_up(&eth0), "{eth0}");
    assert_eq!(pod.addresses("eth0"), result::addresses(&added));
    assert_eq!(rdma::names(Some(pod.name())), ["rail0"]);
    assert_eq!((function.netdev(), function.rdma_device()), (None, None));
    bed.check(&pod, &everything(), &added).expect_silence();

    run(&inside(
        pod.name(),
        "ip link set eth0 promisc on alias pods txqueuelen 7",
    ));
    bed.delete(&pod, &everything());
    assert_eq!(looks(&function), before);
    picture.assert_unchanged();
    bed.delete(&pod, &everything());
    picture.assert_unchanged();
}

#[test]
fn it_comes_back_when_the_pod_is_gone() {
    let bed = bed(BED);
    let function = scalable(0);
    let (before, picture) = (looks(&function), bed.picture_without_pods());
    for ends in [
        |bed: &Bed, pod: &cni_harness::Pod| bed.delete(pod, &everything()),
        |bed: &Bed, _: &cni_harness::Pod| bed.gc(&everything(), &[]),
    ] {
        let pod = bed.pod();
        bed.add(&pod, &everything());
        pod.remove();
        ends(&bed, &pod);
        assert_eq!(looks(&function), before);
        picture.assert_unchanged();
    }
}

#[test]
fn two_pods_talk_by_theirs() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let added: Vec<Value> = pods
        .iter()
        .enumerate()
        .map(|(number, pod)| bed.add(pod, &sriov(&scalable(number))))
        .collect();
    let address = result::addresses(&added[1]).remove(0);
    let (address, _) = address.split_once('/').expect("it has a prefix");
    assert_reaches(&pods[0], address);
    for (number, pod) in pods.iter().enumerate() {
        bed.delete(pod, &sriov(&scalable(number)));
    }
}

/// The hold is by the name on the auxiliary bus, so one pod has it at a time.
#[test]
fn it_is_one_pods_at_a_time() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let function = scalable(0);
    let configuration = without_ipam(sriov(&function));
    bed.add(&pods[0], &configuration);
    let refused = bed.call("ADD", &pods[1], &configuration).run();
    refused.expect_error(111, "auxiliary device ibvsim.sf.");
    bed.delete(&pods[1], &configuration);
    assert_eq!(function.netdev(), None, "it is the first pod's");
    bed.delete(&pods[0], &configuration);
    assert_eq!(
        (held(STATE_FOLDER).len(), leases(STATE_FOLDER).len()),
        (0, 0)
    );
}

#[test]
fn the_rdma_plugin_moves_its_device_in_a_chain() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = scalable(0);
    let device = function.rdma_device().expect("it has an RDMA device");
    let rdma_plugin = json!({"type": "rdma", "deviceID": function.address()});
    let chain = Chain::new(&bed, &[sriov(&function), rdma_plugin]);
    let added = chain.add_each(&pod).remove(1);
    assert_eq!(rdma::names(Some(pod.name())), [device.as_str()]);
    for outcome in chain.check(&pod, &added) {
        outcome.expect_silence();
    }
    chain.delete(&pod, &added);
    assert_eq!(function.rdma_device(), Some(device));
    bed.before().assert_unchanged();
}

#[test]
fn what_is_refused_leaves_it_where_it_is() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = scalable(0);
    let before = looks(&function);
    let cases = [
        (
            with(sriov(&function), json!({"vlan": 100})),
            2,
            "devlink-port",
        ),
        (
            with(sriov(&function), json!({"type": "ib-sriov"})),
            7,
            "use type sriov",
        ),
        (
            sriov(&Function::new("ibvsim.sf.999")),
            50,
            "no auxiliary device ibvsim.sf.999",
        ),
        (sriov(&Function::new("ibvsim.sf.x")), 7, "mlx5_core.sf.4"),
    ];
    for (configuration, code, words) in cases {
        let refused = bed.call("ADD", &pod, &configuration).run();
        refused.expect_error(code, words);
        assert_eq!(looks(&function), before);
    }
}
