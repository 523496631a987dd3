//! Multus with an adapter: the functions that kubelet gave to a pod become its interfaces.

use std::path::Path;

use cni_harness::node::files_below;
use cni_harness::{Outcome, Pod};
use plumb_runtimes::kubernetes::kubelet::{Allocation, write_checkpoint, write_device_information};
use plumb_runtimes::kubernetes::{Kubernetes, NETWORKS, RESOURCE_NAME};
use plumb_runtimes::multus::tools::Tools;
use plumb_runtimes::multus::{CACHE, DEVICE_INFORMATION, Multus, uid};
use plumb_testbed::program::run;
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::{Bed, Function, PATIENCE, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const RESOURCE: &str = "vendor.example/functions";

/// The machine as a cluster of one node.
struct Cluster<'bed> {
    bed: &'bed Bed,
    kubernetes: Kubernetes,
    multus: Multus,
}

impl<'bed> Cluster<'bed> {
    /// With this network for the pods' first interfaces.
    #[track_caller]
    fn new(bed: &'bed Bed, first: &Value) -> Self {
        let list = json!({"cniVersion": "1.1.0", "name": "cluster", "plugins": [first]});
        let kubernetes = Kubernetes::new();
        let folder = Path::new("/run/multus");
        Self {
            bed,
            multus: Multus::new(&Tools::find(), folder, &kubernetes, &list),
            kubernetes,
        }
    }

    /// A network of these plugins, whose devices are functions of the adapter.
    fn network(&self, name: &str, plugins: &[Value]) {
        let list = json!({"cniVersion": "1.1.0", "name": name, "plugins": plugins});
        self.kubernetes
            .network(name, &list, &json!({RESOURCE_NAME: RESOURCE}));
    }

    /// A pod that asks for these networks.
    fn pod(&self, selection: &Value) -> Pod {
        let pod = self.bed.pod();
        let annotations = json!({NETWORKS: selection.to_string()});
        self.kubernetes.pod(pod.name(), &uid(&pod), &annotations);
        pod
    }

    /// Calls Multus.
    fn call(&self, verb: &str, pod: &Pod) -> Outcome {
        let call = self.multus.call(self.bed.node(), verb, pod);
        call.deadline(PATIENCE).run()
    }

    /// What the network status says of one interface of the pod.
    #[track_caller]
    fn status(&self, pod: &Pod, interface: &str) -> Value {
        let status = self.kubernetes.interfaces(pod.name());
        let entry = status.iter().find(|entry| entry["interface"] == interface);
        entry
            .unwrap_or_else(|| panic!("{interface} is not in {status:?}"))
            .clone()
    }
}

/// What kubelet writes down for these pods.
fn allocate(pods: &[Pod; 2], functions: [&[&Function]; 2]) {
    let uids = pods.each_ref().map(uid);
    let devices = functions.map(|functions| -> Vec<&str> {
        functions
            .iter()
            .map(|function| function.address())
            .collect()
    });
    let allocations = [0, 1].map(|number| Allocation {
        pod: &uids[number],
        resource: RESOURCE,
        devices: &devices[number],
    });
    write_checkpoint(&allocations);
}

/// Addresses of a subnet that no other network has.
fn addresses(number: u8) -> Value {
    let subnet = format!("10.{number}.0.0/24");
    json!({"ipam": {"type": "pool", "pools": [{"name": format!("rail{number}"), "subnet": subnet}]}})
}

/// The address of an interface, which has one.
#[track_caller]
fn address(pod: &Pod, interface: &str) -> String {
    let addresses = pod.addresses(interface);
    let [address] = addresses.as_slice() else {
        panic!("{interface} has {addresses:?}");
    };
    address.split('/').next().unwrap_or_default().to_owned()
}

/// The interface is this function, and the pod's network status says so.
#[track_caller]
fn assert_is(cluster: &Cluster<'_>, pod: &Pod, interface: &str, function: &Function, device: &str) {
    let link = pod::link(pod, interface);
    assert_eq!(link["parentdev"], function.address());
    assert!(pod::is_up(&link), "{link}");
    assert!(
        rdma::names(Some(pod.name())).contains(&device.to_owned()),
        "{device} is not in {}",
        pod.name()
    );
    let status = cluster.status(pod, interface);
    assert_eq!(status["ips"], json!([address(pod, interface)]));
    assert_eq!(status["mac"], link["address"]);
    assert_eq!(status["mtu"], link["mtu"]);
    assert_eq!(
        status["device-info"],
        json!({"type": "pci", "version": "1.1.0", "pci": {
            "pci-address": function.address(),
            "pf-pci-address": cluster.bed.physical().address(),
            "rdma-device": device,
        }})
    );
}

/// The pods go, each twice, and nothing is left of what Multus knew.
#[track_caller]
fn assert_go(cluster: &Cluster<'_>, pods: &[Pod]) {
    for pod in pods {
        for _ in 0..2 {
            cluster.call("DEL", pod).expect_silence();
        }
    }
    for folder in [DEVICE_INFORMATION, CACHE] {
        let left = files_below(Path::new(folder));
        assert!(left.is_empty(), "{left:?}");
    }
}

fn rdma_device(function: &Function) -> String {
    function.rdma_device().expect("it has an RDMA device")
}

#[test]
fn a_pod_gets_an_ipoib_child_and_infiniband_functions_on_two_rails() {
    let bed = bed(Setup::INFINIBAND.with_functions(4));
    let parent = bed.physical().netdev().expect("it has a netdev");
    let child = json!({"type": "ipoib", "master": parent});
    let cluster = Cluster::new(&bed, &with(child, addresses(20)));
    for number in [0, 1] {
        let plugin = json!({
            "type": "ib-sriov", "link_state": "enable", "rdmaIsolation": true,
            "capabilities": {"infinibandGUID": true, "CNIDeviceInfoFile": true},
        });
        let name = format!("rail{number}");
        cluster.network(&name, &[with(plugin, addresses(21 + number))]);
    }
    let guid = |pod: usize, rail: usize| format!("02:00:00:00:00:00:{pod:02x}:{rail:02x}");
    let pods = [0, 1].map(|number| {
        cluster.pod(&json!([
            {"name": "rail0", "interface": "rdma0", "infiniband-guid": guid(number, 0)},
            {"name": "rail1", "interface": "rdma1", "infiniband-guid": guid(number, 1)},
        ]))
    });
    let functions = [0, 1, 2, 3].map(|number| bed.function(number));
    let devices = functions.map(rdma_device);
    allocate(&pods, [&functions[..2], &functions[2..]]);
    // Some device plugins describe their devices, and plumb adds what it knows; others do not.
    let reported =
        json!({"type": "pci", "version": "1.0.0", "pci": {"pci-address": functions[0].address()}});
    write_device_information(RESOURCE, functions[0].address(), &reported);

    let before = bed.picture();
    for pod in &pods {
        let added = cluster.call("ADD", pod).expect_result();
        assert_eq!(added["interfaces"][0]["name"], "eth0", "{added}");
    }
    for (number, pod) in pods.iter().enumerate() {
        for rail in [0, 1] {
            let nth = 2 * number + rail;
            let interface = format!("rdma{rail}");
            assert_is(&cluster, pod, &interface, functions[nth], &devices[nth]);
            assert_eq!(pod::guid(&pod::link(pod, &interface)), guid(number, rail));
            assert_eq!(bed.settings(nth)["port guid"], guid(number, rail));
        }
        assert_eq!(rdma::names(Some(pod.name())).len(), 2);
        let first = cluster.status(pod, "eth0");
        assert_eq!(first["ips"], json!([address(pod, "eth0")]));
        assert_eq!(first["default"], true);
    }
    for interface in ["eth0", "rdma0", "rdma1"] {
        assert_reaches(&pods[0], &address(&pods[1], interface));
    }
    assert_go(&cluster, &pods);
    before.assert_unchanged();
}

/// The list that Spiderpool renders: the function, then its RDMA device.
#[test]
fn a_pod_gets_a_macvlan_and_a_roce_function_with_its_rdma_device() {
    const MAC: [&str; 2] = ["02:00:00:00:0a:01", "02:00:00:00:0a:02"];
    let bed = bed(Setup::ETHERNET);
    // On the adapter itself it would be refused: its RDMA device is not shared.
    run("ip link add nic0 type dummy");
    run("ip link set nic0 up");
    let macvlan = json!({"type": "macvlan", "master": "nic0"});
    let cluster = Cluster::new(&bed, &with(macvlan, addresses(20)));
    let function = json!({
        "type": "sriov", "vlan": 100,
        "capabilities": {"mac": true, "CNIDeviceInfoFile": true},
    });
    let plugins = [with(function, addresses(21)), json!({"type": "rdma"})];
    cluster.network("rail0", &plugins);
    let pods = MAC.map(|mac| cluster.pod(&json!([{"name": "rail0", "mac": mac}])));
    let functions = [0, 1].map(|number| bed.function(number));
    let devices = functions.map(rdma_device);
    allocate(&pods, [&functions[..1], &functions[1..]]);

    let before = bed.picture();
    for pod in &pods {
        cluster.call("ADD", pod).expect_result();
    }
    for number in [0, 1] {
        assert_is(
            &cluster,
            &pods[number],
            "net1",
            functions[number],
            &devices[number],
        );
        assert_eq!(pod::link(&pods[number], "net1")["address"], MAC[number]);
        assert_eq!(bed.settings(number)["vlan_list"], json!([{"vlan": 100}]));
        assert_eq!(
            rdma::names(Some(pods[number].name())),
            [devices[number].as_str()]
        );
    }
    for interface in ["eth0", "net1"] {
        assert_reaches(&pods[0], &address(&pods[1], interface));
    }
    assert_go(&cluster, &pods);
    before.assert_unchanged();
    run("ip link delete nic0");
}
