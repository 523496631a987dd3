//! plumbctl, as an operator calls it on the node.

use cni_harness::Pod;
use plumb_tests::binaries;
use serde_json::{Value, json};

use crate::program::run;
use crate::{Bed, pod, rdma};

/// `plumbctl show`, in JSON.
#[track_caller]
pub fn shown(pod: &Pod) -> Value {
    let text = run(&format!("{} --json", show(pod)));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("plumbctl show: {error}\n{text}"))
}

/// The lines of `plumbctl show` about what is not as it should be.
#[track_caller]
pub fn complaints(pod: &Pod) -> Vec<String> {
    let text = run(&show(pod));
    let complaints = text.lines().filter_map(|line| line.split_once("! "));
    complaints.map(|(_, words)| words.to_owned()).collect()
}

/// What is shown of `eth0`, which is virtual function `number` with its RDMA device: each value is that of ip(8), rdma(8) or
/// sysfs, and nothing is amiss.
#[track_caller]
pub fn assert_shows_function(bed: &Bed, pod: &Pod, number: usize) -> Value {
    let mut shown = shown(pod);
    assert_eq!(shown["netnsState"], "present", "{shown:#}");
    assert_eq!(shown["problems"], json!([]), "{shown:#}");
    let interface = shown["interfaces"][0].take();
    assert_eq!(interface["name"], "eth0");
    assert_eq!(interface["differences"], json!([]), "{interface:#}");
    assert_eq!(interface["attachments"][0]["condition"], "attached");
    let eth0 = pod::eth0(pod);
    let link = &interface["link"];
    assert_eq!(
        [&link["mac"], &link["mtu"], &link["up"]],
        [&eth0["address"], &eth0["mtu"], &json!(pod::is_up(&eth0))]
    );
    let own: Vec<&Value> = interface["addresses"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|address| address["pool"] == "p" && address["inPod"] == true)
        .map(|address| &address["address"])
        .collect();
    assert_eq!(json!(own), json!(pod.addresses("eth0")), "{interface:#}");

    let function = bed.function(number);
    let devices: Vec<Value> = rdma::names(Some(pod.name()))
        .into_iter()
        .map(|name| json!({"name": name, "inPod": true}))
        .collect();
    assert_eq!(devices.len(), 1, "{devices:?}");
    // -1 where the machine has no such nodes.
    let numa_node = function.read("numa_node").parse::<u32>().ok();
    assert_eq!(
        interface["function"],
        json!({
            "address": function.address(), "present": true, "driver": function.driver(),
            "physicalFunction": bed.physical().address(), "number": number, "numaNode": numa_node,
            "rdmaDevices": devices,
        })
    );
    let (parent, physical) = (&interface["parent"], bed.physical().link());
    assert_eq!(
        [&parent["name"], &parent["link"]["mtu"], &parent["inPod"]],
        [&physical["ifname"], &physical["mtu"], &json!(false)]
    );
    interface
}

fn show(pod: &Pod) -> String {
    format!(
        "{} show {}",
        binaries::plumbctl().display(),
        pod.container()
    )
}
