//! Type `ib-sriov`: an InfiniBand function as the pod's interface.

use cni_harness::{ip, result};
use plumb_testbed::checks::{
    Damage, assert_finds, assert_goes_without_trace, assert_speaks_version_1_0,
    assert_takes_addresses_of_host_local, damages_in_pod,
};
use plumb_testbed::configuration::{
    GUID, GUID_IN_SYSFS, ib_sriov, ib_sriov_with_everything, without_ipam,
};
use plumb_testbed::program::{inside, run};
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::{Chain, PoolFile, Setup, bed, plumbctl, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const BED: Setup = Setup::INFINIBAND;

#[test]
fn a_function_becomes_the_pods_interface_and_comes_back() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = bed.function(0);
    let device = function.rdma_device().expect("it has an RDMA device");
    let configuration = ib_sriov_with_everything(function);
    bed.status(&configuration).expect_silence();

    let before = bed.picture();
    let added = bed.add(&pod, &configuration);
    result::assert_layout(&added, "1.1.0", &pod);

    let eth0 = pod::eth0(&pod);
    assert_eq!(pod::guid(&eth0), GUID);
    assert!(pod::is_up(&eth0), "{eth0}");
    assert_eq!(eth0["parentdev"], function.address());
    assert_eq!(pod.addresses("eth0"), result::addresses(&added));
    assert_eq!(result::addresses(&added).len(), 1, "{added}");
    let interface = &added["interfaces"][0];
    assert_eq!(interface["mac"], eth0["address"]);
    assert_eq!(interface["mtu"], eth0["mtu"]);
    assert_eq!(interface["pciID"], function.address());

    let settings = bed.settings(0);
    assert_eq!(settings["node guid"], GUID);
    assert_eq!(settings["port guid"], GUID);
    assert_eq!(settings["link_state"], "enable");
    let devices = rdma::devices(Some(pod.name()));
    assert_eq!(devices.len(), 1, "{devices:?}");
    assert_eq!(devices[0].name, device);
    assert_eq!(devices[0].node_guid, GUID_IN_SYSFS);
    assert!(
        !rdma::names(None).contains(&device),
        "{device} is on the host as well"
    );

    assert_goes_without_trace(&bed, &pod, &configuration, &added, &before);
}

#[test]
fn a_result_of_version_1_0_has_no_key_that_is_newer() {
    let bed = bed(BED);
    assert_speaks_version_1_0(&bed, &ib_sriov(bed.function(0)));
}

#[test]
fn addresses_come_from_another_makers_plugin() {
    let bed = bed(BED);
    assert_takes_addresses_of_host_local(&bed, &ib_sriov(bed.function(0)));
}

/// A source of the GUID goes before those after it.
#[test]
fn the_guid_is_the_runtimes_then_the_pods_then_the_networks() {
    let bed = bed(BED);
    let pod = bed.pod();
    let sources = [
        json!({"guid": "02:00:00:00:00:00:0c:03"}),
        json!({"args": {"cni": {"guid": "02:00:00:00:00:00:0b:02"}}}),
        json!({"runtimeConfig": {"infinibandGUID": GUID}}),
    ];
    let expected = ["02:00:00:00:00:00:0c:03", "02:00:00:00:00:00:0b:02", GUID];
    let mut configuration = without_ipam(ib_sriov(bed.function(0)));
    for (source, guid) in sources.into_iter().zip(expected) {
        configuration = with(configuration, source);
        bed.add(&pod, &configuration);
        assert_eq!(pod::guid(&pod::eth0(&pod)), guid);
        bed.delete(&pod, &configuration);
    }
}

#[test]
fn without_isolation_the_rdma_device_stays_on_the_host() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = ib_sriov(bed.function(0));
    let guid = pod::guid(&bed.function(0).link());
    let before = rdma::devices(None);
    bed.add(&pod, &configuration);
    assert_eq!(rdma::devices(None), before);
    assert_eq!(rdma::devices(Some(pod.name())), []);
    assert_eq!(
        pod::guid(&pod::eth0(&pod)),
        guid,
        "nobody asked for another GUID"
    );
    bed.delete(&pod, &configuration);
}

#[test]
fn the_rdma_device_gets_the_name_that_the_pod_asks_for() {
    let bed = bed(BED);
    let pod = bed.pod();
    let wishes = [
        json!({"rdmaDeviceName": "rail0"}),
        json!({"args": {"cni": {"rdmaDeviceName": "rail0"}}}),
    ];
    for wish in wishes {
        let configuration = with(ib_sriov_with_everything(bed.function(0)), wish);
        let added = bed.add(&pod, &configuration);
        assert_eq!(rdma::names(Some(pod.name())), ["rail0"]);
        bed.check(&pod, &configuration, &added).expect_silence();
        bed.delete(&pod, &configuration);
        bed.before().assert_unchanged();
    }
}

#[test]
fn the_mtu_is_the_networks_and_the_old_one_comes_back() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = with(ib_sriov(bed.function(0)), json!({"mtu": 2044}));
    let added = bed.add(&pod, &configuration);
    assert_eq!(pod::eth0(&pod)["mtu"], 2044);
    assert_eq!(added["interfaces"][0]["mtu"], 2044);
    bed.delete(&pod, &configuration);
}

/// A pod with the right may do to its interface what it likes.
#[test]
fn what_the_pod_did_to_its_interface_is_gone_afterwards() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = ib_sriov_with_everything(bed.function(0));
    let damages: [&[&str]; 4] = [
        &["ip link set eth0 mtu 1000"],
        &["ip link set eth0 down"],
        &["ip link set eth0 down", "ip link set eth0 name other"],
        &["ip link property add dev eth0 altname longer-name"],
    ];
    for damage in damages {
        bed.add(&pod, &configuration);
        for line in damage {
            run(&inside(pod.name(), line));
        }
        bed.delete(&pod, &configuration);
        bed.before().assert_unchanged();
    }
}

#[test]
fn an_interface_that_was_up_on_the_host_is_up_again() {
    let bed = bed(BED);
    let pod = bed.pod();
    let name = bed.function(0).netdev().expect("it has a netdev");
    run(&format!("ip link set {name} up"));
    let before = bed.picture();
    let configuration = ib_sriov_with_everything(bed.function(0));
    bed.add(&pod, &configuration);
    bed.delete(&pod, &configuration);
    pod.remove();
    let _ = before;
    assert!(
        pod::is_up(&bed.function(0).link()),
        "it was up before the pod had it"
    );
    run(&format!("ip link set {name} down"));
}

#[test]
fn check_finds_what_was_changed() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = ib_sriov_with_everything(bed.function(0));
    let device = bed
        .function(0)
        .rdma_device()
        .expect("it has an RDMA device");
    let parent = bed.physical().netdev().expect("it has a netdev");
    let added = bed.add(&pod, &configuration);
    let address = result::addresses(&added).remove(0);
    let mut damages = damages_in_pod(&pod, &address);
    damages.extend([
        Damage::new(
            format!("ip link set {parent} vf 0 state disable"),
            "state enable",
            format!("ip link set {parent} vf 0 state enable"),
        ),
        Damage::new(
            format!("ip link set {parent} vf 0 port_guid 02:00:00:00:00:00:0f:0f"),
            "02:00:00:00:00:00:0f:0f",
            format!("ip link set {parent} vf 0 port_guid {GUID}"),
        ),
    ]);
    assert_finds(&bed, &pod, &configuration, &added, &damages);

    // The kernel re-creates the netdev when its device leaves: nothing mends that but a new attachment.
    rdma::give_back(pod.name(), &device);
    bed.check(&pod, &configuration, &added)
        .expect_error(110, "");
    bed.delete(&pod, &configuration);
}

#[test]
fn gc_takes_away_what_is_not_valid_and_leaves_the_rest() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let configurations = [
        ib_sriov_with_everything(bed.function(0)),
        ib_sriov(bed.function(1)),
    ];
    for (pod, configuration) in pods.iter().zip(&configurations) {
        bed.add(pod, configuration);
    }
    bed.gc(&configurations[0], &[&pods[1]]);
    assert!(
        pods[0].link("eth0").is_none(),
        "the first pod was not in the list"
    );
    assert!(
        pods[1].link("eth0").is_some(),
        "the second pod was in the list"
    );
    bed.gc(&configurations[0], &[]);
    pods.iter().for_each(cni_harness::Pod::remove);
}

/// NPWG device information specification 1.1.0: what Multus puts into the pod's network status.
#[test]
fn the_device_information_is_written_and_taken_back() {
    let bed = bed(BED);
    let pod = bed.pod();
    let path = "/run/k8s.cni.cncf.io/devinfo/cni/rail0-eth0";
    let device = bed
        .function(0)
        .rdma_device()
        .expect("it has an RDMA device");
    let mut configuration = ib_sriov_with_everything(bed.function(0));
    configuration["runtimeConfig"]["CNIDeviceInfoFile"] = json!(path);
    bed.add(&pod, &configuration);
    let text = std::fs::read_to_string(path).expect("the file was written");
    let written: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(
        written,
        json!({
            "type": "pci",
            "version": "1.1.0",
            "pci": {
                "pci-address": bed.function(0).address(),
                "pf-pci-address": bed.physical().address(),
                "rdma-device": device,
            },
        })
    );
    bed.delete(&pod, &configuration);
    assert!(
        !std::path::Path::new(path).exists(),
        "{path} is still there"
    );
}

#[test]
fn a_function_of_vfio_gets_its_settings_and_is_reported() {
    let bed = bed(BED);
    let pod = bed.pod();
    let function = bed.function(0);
    function.unbind();
    function.bind("vfio-pci");
    for mode in [json!({}), json!({"vfioPciMode": true})] {
        let before = bed.picture();
        let configuration = with(
            without_ipam(ib_sriov(function)),
            json!({"guid": GUID, "link_state": "enable"}),
        );
        let configuration = with(configuration, mode);
        let added = bed.add(&pod, &configuration);
        let interface = &added["interfaces"][0];
        assert_eq!(interface["name"], "eth0");
        assert_eq!(interface["pciID"], function.address());
        assert_eq!(interface["sandbox"], pod.path());
        assert!(pod.link("eth0").is_none());
        let settings = bed.settings(0);
        assert_eq!(settings["port guid"], GUID);
        assert_eq!(settings["link_state"], "enable");
        assert_eq!(function.driver().as_deref(), Some("vfio-pci"));
        bed.check(&pod, &configuration, &added).expect_silence();
        bed.delete(&pod, &configuration);
        before.assert_unchanged();
    }
    function.bind_again("ibvsim");
}

/// A virtual machine gets a whole card.
#[test]
fn a_physical_function_of_vfio_is_reported() {
    let bed = bed(BED.with_functions(0));
    let pod = bed.pod();
    let physical = bed.physical();
    physical.unbind();
    physical.bind("vfio-pci");
    let before = bed.picture();
    let configuration = without_ipam(ib_sriov(physical));
    let added = bed.add(&pod, &configuration);
    assert_eq!(added["interfaces"][0]["pciID"], physical.address());
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
    physical.bind_again("ibvsim");
    run(&format!(
        "ip link set {} up",
        physical.netdev().expect("it has a netdev")
    ));
}

#[test]
fn two_pods_reach_each_other() {
    let bed = bed(BED);
    let pods = [bed.pod(), bed.pod()];
    let guids = ["02:00:00:00:00:00:0a:01", "02:00:00:00:00:00:0a:02"];
    let configurations: Vec<Value> = (0..2)
        .map(|number| {
            with(
                ib_sriov(bed.function(number)),
                json!({"guid": guids[number], "rdmaIsolation": true}),
            )
        })
        .collect();
    let results: Vec<Value> = pods
        .iter()
        .zip(&configurations)
        .map(|(pod, configuration)| bed.add(pod, configuration))
        .collect();
    assert_reaches(&pods[0], &result::address(&results[1]).to_string());
    assert_reaches(&pods[1], &result::address(&results[0]).to_string());
    for (pod, configuration) in pods.iter().zip(&configurations) {
        bed.delete(pod, configuration);
    }
}

/// ib-kubernetes writes its mark and the GUID when the subnet manager knows it.
#[test]
fn a_pod_that_ib_kubernetes_has_handled_starts() {
    let bed = bed(BED);
    let pod = bed.pod();
    let configuration = with(
        ib_sriov(bed.function(0)),
        json!({
            "ibKubernetesEnabled": true,
            "pkey": "0x7abc",
            "args": {"cni": {"mellanox.infiniband.app": "configured", "guid": GUID, "pkey": "0x7abc"}},
        }),
    );
    bed.add(&pod, &configuration);
    assert_eq!(pod::guid(&pod::eth0(&pod)), GUID);
    bed.delete(&pod, &configuration);
}

/// The example of ib-sriov-cni has a partition on a node without ib-kubernetes. The key is for
/// that, and the pod works in the partitions that the port has.
#[test]
fn a_partition_that_nobody_has_put_the_port_into_is_warned_of() {
    let bed = bed(BED);
    let pod = bed.pod();
    for (key, says) in [
        (json!("0x7abc"), "0x7abc is not in the table"),
        (json!("1000"), "\"1000\" is not a partition key"),
        (json!(1000), "0x03e8 is not in the table"),
    ] {
        let configuration = with(
            ib_sriov(bed.function(0)),
            json!({"pkey": key, "link_state": "enable", "ibKubernetesEnabled": false}),
        );
        let outcome = bed.call("ADD", &pod, &configuration).run();
        outcome.expect_result();
        assert!(outcome.stderr.contains(says), "{outcome}");
        assert!(pod::is_up(&pod::eth0(&pod)));
        bed.delete(&pod, &configuration);
        bed.before().assert_unchanged();
    }
}

/// Zero is how the physical function says that it was never given a GUID, which is so after
/// each reboot. What counts is the GUID that the function itself shows.
#[test]
fn a_function_shows_its_own_guid_again_when_the_physical_one_was_never_told_it() {
    let bed = bed(BED);
    let pod = bed.pod();
    let parent = bed.physical().netdev().expect("it has a netdev");
    for key in ["node_guid", "port_guid"] {
        run(&format!(
            "ip link set {parent} vf 0 {key} 00:00:00:00:00:00:00:00"
        ));
    }
    let shown = pod::guid(&bed.function(0).link());
    let configuration = ib_sriov_with_everything(bed.function(0));
    bed.add(&pod, &configuration);
    bed.delete(&pod, &configuration);
    assert_ne!(shown, "00:00:00:00:00:00:00:00");
    assert_eq!(pod::guid(&bed.function(0).link()), shown);
}

#[test]
fn a_function_is_shown_with_its_device_port_and_partition_and_the_device_that_left_is_told() {
    let bed = bed(BED);
    let pod = bed.pod();
    let device = bed.function(0).rdma_device().expect("it has one");
    let configuration = ib_sriov_with_everything(bed.function(0));
    bed.add(&pod, &configuration);
    let interface = plumbctl::assert_shows_function(&bed, &pod, 0);
    assert_eq!(interface["function"]["rdmaDevices"][0]["name"], device);
    assert_eq!(interface["guid"], GUID);
    assert_eq!(interface["guid"], pod::guid(&pod::eth0(&pod)));
    // ip netns exec mounts the namespace's own sysfs.
    let key = run(&format!(
        "ip netns exec {} cat /sys/class/net/eth0/pkey",
        pod.name()
    ));
    assert_eq!(interface["partitionKey"], key.trim());
    assert_eq!(plumbctl::complaints(&pod), [""; 0]);

    // Up to Linux 6.16 the netdev goes with its device.
    rdma::give_back(pod.name(), &device);
    let told = plumbctl::complaints(&pod);
    assert!(
        told.iter()
            .any(|words| words.starts_with("record says interface eth0, the pod has")),
        "{told:?}"
    );
    let shown = plumbctl::shown(&pod);
    assert_eq!(shown["interfaces"][0]["link"], Value::Null);
    assert_eq!(
        shown["interfaces"][0]["function"]["rdmaDevices"],
        json!([{"name": device, "inPod": false}])
    );
    bed.delete(&pod, &configuration);
    bed.before().assert_unchanged();
}

/// As Spiderpool's controller writes the network. Multus adds the function to each of the plugins.
#[test]
fn a_chain_of_spiderpools_controller_makes_a_rail_of_a_function() {
    let bed = bed(BED);
    let _pools = PoolFile::new(&[(
        "v4-91",
        "subnet: 172.91.0.0/16, ips: [172.91.0.100-172.91.0.120], gateway: 172.91.0.1",
    )]);
    let device = bed.function(0).rdma_device().expect("it has one");
    let address = bed.function(0).address();
    let chain = Chain::new(
        &bed,
        &[
            json!({
                "cniVersion": "0.3.1", "name": "rail1", "deviceID": address,
                "type": "ib-sriov", "pkey": "", "link_state": "enable", "rdmaIsolation": true,
                "ibKubernetesEnabled": false,
                "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-91"]},
            }),
            json!({"tunePodRoutes": true, "mode": "auto", "type": "coordinator", "deviceID": address}),
        ],
    )
    .on("net1");
    let pod = bed.pod();
    pod::join_cluster(&pod);
    let added = chain.add(&pod);
    assert_eq!(result::addresses(&added), ["172.91.0.100/16"]);
    assert_eq!(pod.addresses("net1"), ["172.91.0.100/16"]);
    assert!(pod::is_up(&pod::link(&pod, "net1")));
    assert_eq!(bed.settings(0)["link_state"], "enable");
    assert_eq!(rdma::names(Some(pod.name())), [device]);
    for (source, interface) in [("", "eth0"), ("from 172.91.0.100", "net1")] {
        let way = ip::json(Some(pod.name()), &format!("route get 192.0.2.7 {source}"));
        assert_eq!(way[0]["dev"], interface, "{way:?}");
    }
    for _ in 0..2 {
        chain.delete(&pod, &Value::Null);
        bed.before().assert_unchanged();
    }
}
