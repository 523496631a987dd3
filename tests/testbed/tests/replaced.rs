//! Pods that sriov-cni, ib-sriov-cni and rdma-cni attached, before plumb was put in their place: plumb deletes them, and
//! their functions come home as they were. What these plugins do to a function is done by hand here, and their files are
//! written as their sources say.

use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::{Pod, wait};
use plumb_testbed::configuration::{GUID, ib_sriov, ib_sriov_with_everything, sriov, version_1_0};
use plumb_testbed::program::{inside, run};
use plumb_testbed::{Bed, Chain, Function, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const ETHERNET: Setup = Setup::ETHERNET;
const INFINIBAND: Setup = Setup::INFINIBAND;

/// Where the three have their folders.
const FOLDER: &str = "/var/lib/cni";

/// A file of one of them about `eth0` of the pod.
fn cache(plugin: &str, pod: &Pod) -> PathBuf {
    let interface = format!("{}-eth0", pod.container());
    let name = match plugin {
        "rdma" => format!("rail0-{interface}"),
        _ => interface,
    };
    Path::new(FOLDER).join(plugin).join(name)
}

#[track_caller]
fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("it is in a folder");
    fs::create_dir_all(folder).expect("make the folder");
    fs::write(path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
}

/// The files that are left of the three.
fn files() -> Vec<PathBuf> {
    let folders = ["sriov", "ib-sriov", "rdma"];
    let below = folders.map(|folder| Path::new(FOLDER).join(folder));
    let all = below
        .iter()
        .flat_map(|folder| cni_harness::node::files_below(folder));
    all.filter(|path| path.is_file()).collect()
}

/// The number of a virtual function below the physical one.
fn number_of(bed: &Bed, function: &Function) -> usize {
    let is_it = |number: &usize| bed.function(*number) == function;
    (0..3).find(is_it).expect("it is one of the bed's")
}

/// ADD of sriov-cni, with all that a network can set.
#[track_caller]
fn attach_as_sriov_cni(bed: &Bed, pod: &Pod, function: &Function) {
    let number = number_of(bed, function);
    let (own, link) = (function.netdev().expect("it is home"), function.link());
    let parent = bed.physical().netdev().expect("it has a netdev");
    let before = bed.settings(number);
    for settings in [
        "vlan 100 qos 3 proto 802.1ad",
        "mac 02:00:00:00:0a:01",
        "min_tx_rate 10 max_tx_rate 100",
        "spoofchk off",
        "trust on",
        "state enable",
    ] {
        run(&format!("ip link set {parent} vf {number} {settings}"));
    }
    run(&format!("ip link set {own} down"));
    run(&format!("ip link set {own} netns {} name eth0", pod.name()));
    for line in [
        "ip link set eth0 address 02:00:00:00:0a:01",
        "ip link set eth0 up",
        // What the pod itself does.
        "ip link set eth0 promisc on mtu 1400",
    ] {
        run(&inside(pod.name(), line));
    }
    let content = json!({
        "cniVersion": "1.0.0", "name": "rail0", "type": "sriov", "deviceID": function.address(),
        "Master": parent, "VFID": number, "MAC": "02:00:00:00:0a:01",
        "vlan": 100, "vlanQoS": 3, "vlanProto": "802.1ad", "min_tx_rate": 10, "max_tx_rate": 100,
        "spoofchk": "off", "trust": "on", "link_state": "enable",
        "OrigVfState": {
            "HostIFName": own, "SpoofChk": before["spoofchk"], "Trust": before["trust"],
            "AdminMAC": before["address"], "EffectiveMAC": link["address"],
            "Vlan": 0, "VlanQoS": 0, "VlanProto": 33024, "MinTxRate": 0, "MaxTxRate": 0,
            "LinkState": 0, "MTU": link["mtu"],
        },
    });
    write(&cache("sriov", pod), &content.to_string());
    let allotted = Path::new(FOLDER).join("sriov/pci").join(function.address());
    write(&allotted, &format!("/run/netns/{}", pod.name()));
}

/// ADD of ib-sriov-cni with a GUID and `rdmaIsolation`.
#[track_caller]
fn attach_as_ib_sriov_cni(bed: &Bed, pod: &Pod, function: &Function) {
    let number = number_of(bed, function);
    let (own, guid) = (
        function.netdev().expect("it is home"),
        pod::guid(&function.link()),
    );
    let device = function.rdma_device().expect("it has an RDMA device");
    let parent = bed.physical().netdev().expect("it has a netdev");
    for settings in [
        "state enable".to_owned(),
        format!("node_guid {GUID}"),
        format!("port_guid {GUID}"),
    ] {
        run(&format!("ip link set {parent} vf {number} {settings}"));
    }
    function.unbind();
    function.bind_again("ibvsim");
    let moved = function.rdma_device().expect("it is there again");
    run(&format!("rdma dev set {moved} netns {}", pod.name()));
    // Up to Linux 6.16 the kernel makes the netdev anew on the host.
    wait::until("its netdev is there", || function.netdev().is_some());
    let name = function.netdev().expect("it is there");
    run(&format!("ip link set {name} down"));
    run(&format!(
        "ip link set {name} netns {} name eth0",
        pod.name()
    ));
    run(&inside(pod.name(), "ip link set eth0 up"));
    let content = json!({
        "cniVersion": "1.0.0", "name": "rail0", "type": "ib-sriov", "deviceID": function.address(),
        "Master": parent, "VFID": number, "HostIFNames": own, "HostIFGUID": guid, "ContIFNames": "eth0",
        "pkey": "", "link_state": "enable", "rdmaIsolation": true,
        "RdmaNetState": {"version": "", "deviceID": function.address(), "sandboxRdmaDevName": device, "containerRdmaDevName": device},
        "runtimeConfig": {"infinibandGUID": GUID}, "args": {"cni": null},
    });
    write(&cache("ib-sriov", pod), &content.to_string());
}

fn configuration(bed: &Bed) -> Value {
    match bed.setup() == INFINIBAND {
        true => ib_sriov_with_everything(bed.function(0)),
        false => with(
            sriov(bed.function(0)),
            json!({"vlan": 100, "trust": "on", "rdmaIsolation": true}),
        ),
    }
}

#[track_caller]
fn attach(bed: &Bed, pod: &Pod) {
    match bed.setup() == INFINIBAND {
        true => attach_as_ib_sriov_cni(bed, pod, bed.function(0)),
        false => attach_as_sriov_cni(bed, pod, bed.function(0)),
    }
}

/// ib-sriov-cni gives one GUID to node and port, and writes down the port's: only a function that has one for both comes
/// home as it was. The bed must be made anew afterwards.
#[track_caller]
fn give_one_guid(bed: &Bed) {
    if bed.setup() == INFINIBAND {
        let function = bed.function(0);
        let parent = bed.physical().netdev().expect("it has a netdev");
        let guid = pod::guid(&function.link());
        run(&format!("ip link set {parent} vf 0 node_guid {guid}"));
        function.unbind();
        function.bind_again("ibvsim");
        bed.rebuild();
    }
}

/// Has a pod attached on each bed, lets `end` end it, and wants everything back.
fn comes_home(end: impl Fn(&Bed, &Pod, &Value)) {
    for setup in [ETHERNET, INFINIBAND] {
        let bed = bed(setup);
        give_one_guid(&bed);
        let pod = bed.pod();
        let before = bed.picture_without_pods();
        attach(&bed, &pod);
        assert!(
            !before.difference().is_empty(),
            "{setup:?}: nothing was done"
        );
        end(&bed, &pod, &configuration(&bed));
        before.assert_unchanged();
        let flags = bed.function(0).link()["flags"].to_string();
        assert!(!flags.contains("PROMISC"), "{setup:?}: {flags}");
        assert_eq!(files(), [""; 0].map(PathBuf::from), "{setup:?}");
        bed.delete(&pod, &configuration(&bed));
        before.assert_unchanged();
    }
}

#[test]
fn their_pods_are_deleted() {
    comes_home(|bed, pod, configuration| bed.delete(pod, configuration));
}

#[test]
fn their_pods_are_deleted_when_the_namespace_is_gone() {
    comes_home(|bed, pod, configuration| {
        pod.remove();
        bed.delete(pod, configuration);
    });
}

#[test]
fn their_pods_are_deleted_when_the_namespace_is_not_told() {
    for gone in [true, false] {
        comes_home(|bed, pod, configuration| {
            if gone {
                pod.remove();
            }
            let delete = bed.call("DEL", pod, configuration);
            delete.variable("CNI_NETNS", "").run().expect_silence();
        });
    }
}

/// libcni sends DEL to all plugins of the list, the last first.
#[test]
fn a_chain_with_rdma_cni_is_deleted() {
    for is_gone in [false, true] {
        let bed = bed(ETHERNET);
        let pod = bed.pod();
        let function = bed.function(0);
        let device = function.rdma_device().expect("it has an RDMA device");
        let chain = Chain::new(
            &bed,
            &[
                sriov(function),
                json!({"type": "rdma", "deviceID": function.address()}),
            ],
        );
        let before = bed.picture_without_pods();
        attach_as_sriov_cni(&bed, &pod, function);
        run(&format!("rdma dev set {device} netns {}", pod.name()));
        run(&inside(
            pod.name(),
            &format!("rdma dev set {device} name pods0"),
        ));
        let content = json!({
            "version": "1.0", "deviceID": function.address(),
            "sandboxRdmaDevName": device, "containerRdmaDevName": device,
        });
        write(&cache("rdma", &pod), &content.to_string());
        if is_gone {
            pod.remove();
        }
        bed.delete(&pod, &chain.plugins()[1]);
        assert_eq!(function.rdma_device(), Some(device));
        assert!(rdma::names(None).len() > 1);
        bed.delete(&pod, &chain.plugins()[0]);
        before.assert_unchanged();
        assert_eq!(files(), [""; 0].map(PathBuf::from));
    }
}

/// The address is host-local's, which plumb asks as the other plugin did.
#[test]
fn the_address_of_host_local_is_released() {
    const LEASES: &str = "/run/host-local";
    let bed = bed(ETHERNET);
    let pod = bed.pod();
    let mut configuration = version_1_0(configuration(&bed));
    configuration["ipam"] =
        json!({"type": "host-local", "dataDir": LEASES, "subnet": "10.8.0.0/24"});
    attach(&bed, &pod);
    let lease = Path::new(LEASES).join("rail0/10.8.0.20");
    write(&lease, &format!("{}\r\neth0", pod.container()));
    bed.delete(&pod, &configuration);
    assert!(!lease.exists());
}

/// Multus sends no GC, and a pod that died has had no DEL.
#[test]
fn the_next_pod_gets_the_function_as_it_was() {
    for setup in [ETHERNET, INFINIBAND] {
        let bed = bed(setup);
        give_one_guid(&bed);
        let (old, new) = (bed.pod(), bed.pod());
        let configuration = match setup == INFINIBAND {
            true => ib_sriov(bed.function(0)),
            false => sriov(bed.function(0)),
        };
        let before = bed.picture_without_pods();
        let operators = bed.settings(0);
        attach(&bed, &old);
        // Not while the old one lives.
        let file = cache(
            if setup == INFINIBAND {
                "ib-sriov"
            } else {
                "sriov"
            },
            &old,
        );
        let attached = bed.picture();
        let refused = bed.call("ADD", &new, &configuration).run();
        refused.expect_error(111, &file.display().to_string());
        bed.delete(&new, &configuration);
        attached.assert_unchanged();

        old.remove();
        let added = bed.add(&new, &configuration);
        // The network sets nothing, and what the last pod had is gone.
        for (key, value) in operators.as_object().expect("an object") {
            assert_eq!(bed.settings(0)[key], *value, "{key}");
        }
        bed.check(&new, &configuration, &added).expect_silence();
        bed.delete(&new, &configuration);
        before.assert_unchanged();
        assert_eq!(files(), [""; 0].map(PathBuf::from), "{setup:?}");
    }
}

#[test]
fn gc_takes_what_is_not_valid_and_leaves_the_rest() {
    let bed = bed(ETHERNET);
    let (living, gone) = (bed.pod(), bed.pod());
    let before = bed.picture_without_pods();
    attach_as_sriov_cni(&bed, &living, bed.function(0));
    let without_gone = bed.picture_without_pods();
    attach_as_sriov_cni(&bed, &gone, bed.function(1));
    bed.gc(&configuration(&bed), &[&living]);
    without_gone.assert_unchanged();
    assert!(living.link("eth0").is_some());
    bed.gc(&configuration(&bed), &[]);
    before.assert_unchanged();
    assert_eq!(files(), [""; 0].map(PathBuf::from));
}

/// A file may have been left by a DEL that was lost, long before another pod got the function.
#[test]
fn the_function_of_a_newer_pod_stays_with_it() {
    let bed = bed(ETHERNET);
    let (old, new) = (bed.pod(), bed.pod());
    let before = bed.picture_without_pods();
    attach_as_sriov_cni(&bed, &old, bed.function(0));
    let left = fs::read_to_string(cache("sriov", &old)).expect("its file");
    old.remove();
    bed.delete(&old, &configuration(&bed));
    before.assert_unchanged();

    write(&cache("sriov", &old), &left);
    cni_harness::wait::until("the clock of the file system goes on", || {
        write(&cache("sriov", &new), "");
        let age = |pod| {
            fs::metadata(cache("sriov", pod))
                .and_then(|file| file.modified())
                .ok()
        };
        age(&new) > age(&old)
    });
    attach_as_sriov_cni(&bed, &new, bed.function(0));
    let attached = bed.picture();
    bed.delete(&old, &configuration(&bed));
    attached.assert_unchanged();
    assert!(new.link("eth0").is_some());
    bed.delete(&new, &configuration(&bed));
    before.assert_unchanged();
}

/// DEL succeeds, and says what it does not know.
#[test]
fn a_file_that_cannot_be_used_is_said() {
    let bed = bed(ETHERNET);
    let pod = bed.pod();
    attach(&bed, &pod);
    let file = cache("sriov", &pod);
    write(&file, "{}");
    let outcome = bed.call("DEL", &pod, &configuration(&bed)).run();
    outcome.expect_silence();
    for word in [file.to_str().expect("a text"), "OrigVfState", "not known"] {
        assert!(outcome.stderr.contains(word), "{word} in {outcome}");
    }
    assert!(file.exists(), "a person may want to read it");
    fs::remove_dir_all(Path::new(FOLDER).join("sriov")).expect("remove it");
    // It serves the next pod, and is not taken for a clean one: until a person says so, or it is made anew.
    let mark = format!("/run/plumb/functions/{}.unclean", bed.function(0).address());
    fs::remove_file(&mark).unwrap_or_else(|error| panic!("{mark}: {error}"));
    pod.remove();
    wait::until("it is home", || bed.function(0).netdev().is_some());
    bed.rebuild();
}
