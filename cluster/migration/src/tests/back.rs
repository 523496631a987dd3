//! The way back, by what Spiderpool itself would read.

use kube::core::ObjectMeta;
use serde_json::{Value, json};

use super::{SPIDERPOOL, objects, pod};
use crate::back::Back;
use crate::{Interface, Objects, Plan, gate};

fn reported() -> Objects {
    let mut objects = objects(SPIDERPOOL);
    objects
        .pods
        .get_mut(&pod("train-x7k2p"))
        .unwrap()
        .interfaces = vec![Interface {
        name: "net2".to_owned(),
        addresses: vec![
            "172.16.11.77".parse().unwrap(),
            "10.233.65.9".parse().unwrap(),
        ],
    }];
    objects
}

#[test]
fn pools_say_which_pod_has_an_address_as_the_pods_report_it() {
    let back = Back::of(&reported());
    let status = &back.pools["gpu1-net11"];
    let allocated: Value = serde_json::from_str(status["allocatedIPs"].as_str().unwrap()).unwrap();
    assert_eq!(
        allocated,
        json!({
            "172.16.11.10": {"pod": "team-a/web-0", "podUid": "11111111-0000-4000-8000-000000000001"},
            "172.16.11.77": {"pod": "team-a/train-x7k2p", "podUid": "11111111-0000-4000-8000-000000000002"},
        })
    );
    assert_eq!(
        (&status["allocatedIPCount"], &status["totalIPCount"]),
        (&json!(2), &json!(200))
    );
    let endpoint = &back.endpoints[&pod("train-x7k2p")];
    assert_eq!(
        endpoint["status"]["current"],
        json!({
            "uid": "11111111-0000-4000-8000-000000000002",
            "node": "node-b",
            "ips": [{"interface": "net2", "ipv4": "172.16.11.77/24", "ipv4Pool": "gpu1-net11",
                "ipv4Gateway": "172.16.11.254", "vlan": 0, "cleanGateway": false}],
        })
    );
    let web = &back.endpoints[&pod("web-0")];
    assert_eq!(web["status"]["ownerControllerType"], "StatefulSet");
    assert_eq!(
        web["metadata"]["ownerReferences"],
        json!([]),
        "it outlives its pod"
    );
    assert_eq!(back.told, Vec::<String>::new());
}

/// There and back and there again: nothing is renumbered, and what was written back is to be imported anew.
#[test]
fn what_is_written_back_is_imported_as_it_was() {
    let mut objects = reported();
    let back = Back::of(&objects);
    let status = back.pools["gpu1-net11"]["allocatedIPs"]
        .as_str()
        .unwrap()
        .to_owned();
    let pool = json!({"status": {"allocatedIPs": status}});
    assert!(gate::closed(&ObjectMeta::default(), &pool).is_some());
    objects.pools.get_mut("gpu1-net11").unwrap().allocated = status;
    objects.others.clear();
    objects.others.extend(back.endpoints.values().cloned());
    let plan = Plan::of(&objects, &[]);
    assert!(plan.is_clear() && plan.told.is_empty(), "{plan}");
    let blocks: Vec<_> = plan.pools["gpu1-net11"].blocks.keys().collect();
    assert_eq!(blocks, ["default-172.16.11.10", "default-172.16.11.77"]);
}

#[test]
fn a_block_whose_address_no_pod_reports_is_told_and_pods_that_have_ended_have_none() {
    let mut objects = reported();
    let plan = Plan::of(&objects, &[]);
    for (name, planned) in &plan.pools["gpu1-net11"].blocks {
        objects
            .blocks
            .insert(name.clone(), (planned.block.clone(), false));
    }
    objects.pods.get_mut(&pod("web-0")).unwrap().is_finished = true;
    let back = Back::of(&objects);
    let allocated = back.pools["gpu1-net11"]["allocatedIPs"].as_str().unwrap();
    assert!(!allocated.contains("172.16.11.10"), "{allocated}");
    assert!(!back.endpoints.contains_key(&pod("web-0")));
    let told = back.told.join("\n");
    assert!(
        told.contains("block default-172.16.11.10 is of node node-a"),
        "{told}"
    );
}
