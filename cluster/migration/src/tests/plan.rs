//! What is imported where nothing contradicts itself.

use std::collections::BTreeMap;
use std::fs;

use plumb_resources::IPBlockSpec;
use serde_json::{Value, json};

use super::{SPIDERPOOL, WHEREABOUTS, objects, pod, yaml};
use crate::{Fact, IMPORTED_ANNOTATION, Plan, cni_cache, gate, host_local};

fn facts(plan: &Plan, pool: &str) -> BTreeMap<String, (String, Fact)> {
    let blocks = plan.pools[pool].blocks.iter();
    blocks
        .map(|(name, block)| {
            assert_eq!(block.facts.len(), 1, "a block of one address");
            assert_eq!(block.block.size, 1);
            (
                name.clone(),
                (block.block.node.clone(), block.facts[0].clone()),
            )
        })
        .collect()
}

fn closed(pool: &Value) -> Option<String> {
    let metadata = serde_json::from_value(pool["metadata"].clone()).unwrap();
    gate::closed(&metadata, pool)
}

#[test]
fn each_address_of_a_running_pod_becomes_a_block_of_its_node() {
    let plan = Plan::of(&objects(SPIDERPOOL), &[]);
    assert!(plan.is_clear(), "{plan}");
    assert_eq!(plan.told, Vec::<String>::new());
    let facts = facts(&plan, "gpu1-net11");
    let (node, web) = &facts["default-172.16.11.10"];
    assert_eq!(node, "node-a");
    assert_eq!(web.pod, Some(pod("web-0")));
    assert_eq!(web.uid, "11111111-0000-4000-8000-000000000001");
    assert_eq!(web.interface.as_deref(), Some("net1"));
    assert!(web.keep, "a StatefulSet's pod gets its address again");
    let (node, train) = &facts["default-172.16.11.11"];
    assert_eq!(
        (node.as_str(), train.interface.as_deref()),
        ("node-b", Some("net2"))
    );
    assert!(!train.keep);
    let text = plan.to_string();
    assert!(text.contains("pool gpu1-net11: 2 addresses"), "{text}");
    assert!(
        text.contains("  node node-b\n    172.16.11.11 pod team-a/train-x7k2p net2\n"),
        "{text}"
    );
}

#[test]
fn a_pool_is_closed_until_what_it_has_given_out_is_imported_and_again_when_that_changes() {
    let list = yaml(SPIDERPOOL);
    let pool = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "SpiderIPPool");
    let mut pool = pool.unwrap().clone();
    let reason = closed(&pool).expect("nothing is imported yet");
    assert!(reason.contains("plumb-migrate import"), "{reason}");
    let mark = Plan::of(&objects(SPIDERPOOL), &[]).pools["gpu1-net11"]
        .mark
        .clone()
        .unwrap();
    pool["metadata"]["annotations"] = json!({IMPORTED_ANNOTATION: mark});
    assert_eq!(closed(&pool), None);
    // An import that is over is not done again.
    let mut again = objects(SPIDERPOOL);
    again.add(pool.clone());
    let plan = Plan::of(&again, &[]);
    assert!(plan.pools["gpu1-net11"].blocks.is_empty(), "{plan}");
    assert!(plan.to_string().contains("imported already"), "{plan}");
    let more = r#"{"172.16.11.12":{"pod":"team-a/new","podUid":"u"}}"#;
    pool["status"]["allocatedIPs"] = json!(more);
    assert!(
        closed(&pool).is_some(),
        "Spiderpool has given out more since"
    );
    for none in ["", "{}", " "] {
        pool["status"]["allocatedIPs"] = json!(none);
        assert_eq!(closed(&pool), None, "{none:?}");
    }
}

#[test]
fn an_import_goes_on_where_it_ended() {
    let mut half = objects(SPIDERPOOL);
    let plan = Plan::of(&half, &[]);
    let (name, planned) = plan.pools["gpu1-net11"].blocks.first_key_value().unwrap();
    half.blocks
        .insert(name.clone(), (planned.block.clone(), true));
    half.block_sizes.insert("gpu1-net11".to_owned(), 1);
    let plan = Plan::of(&half, &[]);
    assert!(plan.is_clear(), "{plan}");
    assert_eq!(plan.told, Vec::<String>::new());
    let exists: Vec<bool> = plan.pools["gpu1-net11"]
        .blocks
        .values()
        .map(|one| one.exists)
        .collect();
    assert_eq!(exists, [true, false]);
}

#[test]
fn a_pool_that_is_given_out_in_larger_blocks_keeps_their_size_where_one_node_has_each() {
    let mut objects = objects(SPIDERPOOL);
    objects.block_sizes.insert("gpu1-net11".to_owned(), 16);
    let plan = Plan::of(&objects, &[]);
    let stops = &plan.pools["gpu1-net11"].stops;
    assert_eq!(stops.len(), 1, "{plan}");
    assert!(stops[0].contains("node-a and node-b"), "{plan}");
    // .10 and .11 are in blocks of one node each when these have two addresses of the same node.
    objects.pods.get_mut(&pod("train-x7k2p")).unwrap().node = Some("node-a".to_owned());
    let plan = Plan::of(&objects, &[]);
    assert!(plan.is_clear(), "{plan}");
    let block = &plan.pools["gpu1-net11"].blocks["default-172.16.11.0"];
    assert_eq!((block.block.size, block.facts.len()), (16, 2));
}

#[test]
fn whereabouts_allocations_count_from_the_network_and_a_reservation_is_the_same_lease() {
    let plan = Plan::of(&objects(WHEREABOUTS), &[]);
    assert!(plan.is_clear() && plan.told.is_empty(), "{plan}");
    let (node, fact) = &facts(&plan, "rail1")["default-192.168.2.225"];
    assert_eq!(node, "node-a");
    assert_eq!(fact.container.as_deref(), Some("c0ffee"));
    assert_eq!(
        (fact.uid.as_str(), fact.interface.as_deref()),
        ("u1", Some("net1"))
    );
    let v6 = facts(&plan, "rail1-v6");
    assert_eq!(v6.len(), 1);
    assert_eq!(
        v6["default-fd000002000000000000000000000005"]
            .1
            .container
            .as_deref(),
        Some("c0ffee")
    );
    assert!(
        plan.pools["rail1"].mark.is_some(),
        "nodes look when a mark is new"
    );
    assert!(!plan.pools["rail1"].is_imported);
}

/// As host-local, containerd and Multus write them.
#[test]
fn files_of_host_local_are_leases_of_the_containers_that_a_runtime_has() {
    let node = tempfile::tempdir().unwrap();
    let networks = node.path().join("networks/rail1");
    fs::create_dir_all(&networks).unwrap();
    for (name, text) in [
        ("192.168.2.226", "c1\r\nnet1"),
        ("192.168.2.227", "c2\r\nnet1"),
        ("192.168.2.228", ""),
        ("last_reserved_ip.0", "192.168.2.228"),
        ("lock", ""),
    ] {
        fs::write(networks.join(name), text).unwrap();
    }
    let results = node.path().join("multus/results");
    fs::create_dir_all(&results).unwrap();
    let cache = json!({
        "kind": "cniCacheV1", "containerId": "c1", "ifName": "net1", "networkName": "rail1",
        "config": "e30=", "netns": "/var/run/netns/cni-1",
        "cniArgs": [["IgnoreUnknown", "true"], ["K8S_POD_NAMESPACE", "team-a"], ["K8S_POD_NAME", "web-0"],
            ["K8S_POD_INFRA_CONTAINER_ID", "c1"], ["K8S_POD_UID", "u1"]],
        "result": {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "192.168.2.226/27"}], "dns": {}},
    });
    fs::write(results.join("rail1-c1-net1"), cache.to_string()).unwrap();
    fs::write(results.join("rail1-c3-net1"), "{").unwrap();
    let cached = cni_cache::read(node.path());
    assert_eq!(cached.len(), 1);
    let (found, told) = host_local::read(&node.path().join("networks"), "node-a", &cached).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("192.168.2.227") && told[0].contains("container c2"),
        "{told:?}"
    );
    assert!(told[1].contains("is empty"), "{told:?}");
    let mut cluster = objects(WHEREABOUTS);
    cluster.others.clear();
    let plan = Plan::of(&cluster, &found);
    assert!(plan.is_clear() && plan.told.is_empty(), "{plan}");
    let (on, fact) = &facts(&plan, "rail1")["default-192.168.2.226"];
    assert_eq!(on, "node-a");
    assert_eq!(
        (fact.network.as_deref(), fact.container.as_deref()),
        (Some("rail1"), Some("c1"))
    );
    assert_eq!((&fact.pod, fact.uid.as_str()), (&Some(pod("web-0")), "u1"));
    assert_eq!(
        plan.pools["rail1"].mark, None,
        "not on each of thousands of nodes"
    );
    // Where no runtime tells, every file counts.
    let (found, told) = host_local::read(&node.path().join("networks"), "node-a", &[]).unwrap();
    assert_eq!((found.len(), told.len()), (2, 1));
    let plan = Plan::of(&cluster, &found);
    assert_eq!(facts(&plan, "rail1").len(), 2, "{plan}");
    // Another node has a file of the same address.
    let block = IPBlockSpec {
        node: "node-b".to_owned(),
        ..plan.pools["rail1"].blocks["default-192.168.2.226"]
            .block
            .clone()
    };
    cluster
        .blocks
        .insert("default-192.168.2.226".to_owned(), (block, true));
    let plan = Plan::of(&cluster, &found);
    assert!(plan.pools["rail1"].stops[0].contains("node-b"), "{plan}");
}
