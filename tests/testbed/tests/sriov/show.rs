//! `plumbctl show` of a pod whose interface is an Ethernet function.

use plumb_testbed::configuration::sriov;
use plumb_testbed::program::{inside, run};
use plumb_testbed::{bed, plumbctl, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use super::BED;

#[test]
fn a_function_is_shown_with_its_device_and_the_device_that_left_is_told() {
    let bed = bed(BED);
    let pod = bed.pod();
    let device = bed.function(1).rdma_device().expect("it has one");
    let configuration = with(
        sriov(bed.function(1)),
        json!({"mac": "02:00:00:00:0a:01", "mtu": 1400, "vlan": 100, "rdmaIsolation": true}),
    );
    bed.add(&pod, &configuration);
    let interface = plumbctl::assert_shows_function(&bed, &pod, 1);
    assert_eq!(interface["function"]["rdmaDevices"][0]["name"], device);
    assert_eq!(interface["link"]["mac"], "02:00:00:00:0a:01");
    assert_eq!(interface["link"]["mtu"], 1400);
    assert_eq!(interface["guid"], Value::Null);
    assert_eq!(plumbctl::complaints(&pod), [""; 0]);

    run(&inside(pod.name(), "ip link set eth0 mtu 1300"));
    rdma::give_back(pod.name(), &device);
    let told = plumbctl::complaints(&pod);
    for words in [
        "record says mtu 1400, the pod has 1300".to_owned(),
        format!("record says RDMA device {device}, the pod has no such device by this interface"),
    ] {
        assert!(told.contains(&words), "{words} in {told:?}");
    }
    assert_eq!(told.len(), 2, "{told:?}");
    let shown = plumbctl::shown(&pod);
    assert_eq!(
        shown["interfaces"][0]["function"]["rdmaDevices"],
        json!([{"name": device, "inPod": false}])
    );
    bed.delete(&pod, &configuration);
    bed.before().assert_unchanged();
}
