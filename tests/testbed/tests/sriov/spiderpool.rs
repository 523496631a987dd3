//! Networks of virtual functions as Spiderpool's controller writes them. Multus adds the function to each of the plugins.

use cni_harness::{ip, result};
use plumb_testbed::program::run;
use plumb_testbed::{Bed, Chain, PoolFile, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use super::BED;

/// A chain as it is written, on `net1` of a pod that has another first interface.
fn chain<'bed>(bed: &'bed Bed, version: &str, plugins: &[Value]) -> Chain<'bed> {
    let common =
        json!({"cniVersion": version, "name": "rail1", "deviceID": bed.function(0).address()});
    let plugins: Vec<Value> = plugins
        .iter()
        .map(|plugin| with(plugin.clone(), common.clone()))
        .collect();
    Chain::new(bed, &plugins).on("net1")
}

#[test]
fn a_chain_of_four_plugins_makes_a_rail_of_a_function() {
    let bed = bed(BED);
    let _pools = PoolFile::new(&[(
        "rail1",
        "subnet: 172.18.4.0/24, ips: [172.18.4.10], gateway: 172.18.4.254",
    )]);
    let device = bed.function(0).rdma_device().expect("it has one");
    let plugins = [
        json!({"type": "sriov", "vlan": 0, "min_tx_rate": 10, "max_tx_rate": 30,
               "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["rail1"]}}),
        json!({"type": "rdma"}),
        json!({"tunePodRoutes": true, "mode": "auto", "type": "coordinator"}),
        json!({"type": "tuning", "mtu": 1400}),
    ];
    // The controller writes the first, which has no CHECK.
    for version in ["0.3.1", "1.0.0"] {
        let chain = chain(&bed, version, &plugins);
        let pod = bed.pod();
        pod::join_cluster(&pod);
        let added = chain.add(&pod);
        assert_eq!(result::addresses(&added), ["172.18.4.10/24"]);
        assert_eq!(pod.addresses("net1"), ["172.18.4.10/24"]);
        let rate = &bed.settings(0)["rate"];
        assert_eq!(*rate, json!({"min_tx": 10, "max_tx": 30}));
        assert_eq!(rdma::names(Some(pod.name())), [device.as_str()]);
        let net1 = pod::link(&pod, "net1");
        assert_eq!((pod::is_up(&net1), &net1["mtu"]), (true, &json!(1400)));
        for (source, interface) in [("", "eth0"), ("from 172.18.4.10", "net1")] {
            let way = ip::json(Some(pod.name()), &format!("route get 192.0.2.7 {source}"));
            assert_eq!(way[0]["dev"], interface, "{way:?}");
        }
        if version == "1.0.0" {
            for outcome in chain.check(&pod, &added) {
                outcome.expect_silence();
            }
            chain.delete(&pod, &added);
            bed.before().assert_unchanged();
        }
        chain.delete(&pod, &Value::Null);
        bed.before().assert_unchanged();
        let rules = ip::json(Some(pod.name()), "rule show");
        assert_eq!(rules.len(), 3, "{rules:?}");
    }
}

/// One network for all nodes: each takes the pool of its own subnet, or no address at all.
#[test]
fn a_function_gets_the_pool_of_its_physical_functions_subnet_or_none() {
    let bed = bed(BED);
    let _pools = PoolFile::new(&[
        (
            "rdmarail1-node1",
            "subnet: 172.18.0.0/24, ips: [172.18.0.10-172.18.0.20], gateway: 172.18.0.254",
        ),
        (
            "rdmarail1-node2",
            "subnet: 172.18.1.0/24, ips: [172.18.1.10-172.18.1.20], gateway: 172.18.1.254",
        ),
    ]);
    let parent = bed.physical().netdev().expect("it has a netdev");
    run(&format!("ip address add 172.18.1.1/24 dev {parent}"));
    let pool = json!({
        "type": "spiderpool", "default_ipv4_ippool": ["rdmarail1-*"], "match_master_subnet": true,
    });
    for (keys, expected) in [
        (
            json!({"type": "sriov", "ipam": pool}),
            &["172.18.1.10/24"][..],
        ),
        (json!({"type": "sriov"}), &[]),
    ] {
        let chain = chain(&bed, "0.3.1", &[keys]);
        let pod = bed.pod();
        pod::join_cluster(&pod);
        let added = chain.add(&pod);
        assert_eq!(result::addresses(&added), expected);
        let net1 = pod::link(&pod, "net1");
        assert_eq!(net1["parentdev"], bed.function(0).address());
        assert!(pod::is_up(&net1), "{net1}");
        chain.delete(&pod, &Value::Null);
        assert!(pod.link("net1").is_none());
    }
    run(&format!("ip address delete 172.18.1.1/24 dev {parent}"));
    bed.before().assert_unchanged();
}
