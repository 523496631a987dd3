//! Many functions of one card: all of them, fresh ones, and two pods at a time.

use std::collections::BTreeSet;

use cni_harness::wait;
use plumb_testbed::configuration::{ib_sriov, without_ipam};
use plumb_testbed::{Bed, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

/// All that the controller has.
const ALL: usize = 16;

/// As many as a usual network card of a node gives to pods.
const SOME: usize = 7;

fn guid(number: usize) -> String {
    format!("02:00:00:00:00:00:0e:{:02x}", number + 1)
}

/// GUID, link state and isolation; with the number of the function in the GUID.
fn configuration(bed: &Bed, number: usize) -> Value {
    with(
        without_ipam(ib_sriov(bed.function(number))),
        json!({"guid": guid(number), "link_state": "enable", "rdmaIsolation": true}),
    )
}

/// With all of them the kernel's description of the physical function is longer than what
/// programs expect ("message too long").
#[test]
fn every_function_of_a_full_card_can_be_attached() {
    let bed = bed(Setup::INFINIBAND.with_functions(ALL));
    let pods: Vec<_> = (0..ALL).map(|_| bed.pod()).collect();
    let mut devices = BTreeSet::new();
    for (number, pod) in pods.iter().enumerate() {
        bed.add(pod, &configuration(&bed, number));
        assert_eq!(pod::guid(&pod::eth0(pod)), guid(number));
        devices.extend(rdma::names(Some(pod.name())));
    }
    assert_eq!(devices.len(), ALL, "{devices:?}");
    for number in 0..ALL {
        assert_eq!(bed.settings(number)["port guid"], guid(number));
        assert_eq!(bed.settings(number)["link_state"], "enable");
    }
    for (number, pod) in pods.iter().enumerate() {
        bed.delete(pod, &configuration(&bed, number));
    }
}

/// A card that was just started gives its functions the GUID zero.
#[test]
fn a_fresh_function_needs_a_guid_and_takes_one() {
    let bed = bed(Setup {
        guid_zero: true,
        ..Setup::INFINIBAND
    });
    let pod = bed.pod();
    let function = bed.function(0);
    assert_eq!(function.node_guid().as_deref(), Some("0000:0000:0000:0000"));
    let before = bed.picture();
    let without = without_ipam(ib_sriov(function));
    let error = bed
        .call("ADD", &pod, &without)
        .run()
        .expect_one_of(&[7, 50], function.address());
    assert!(error.message.contains("GUID"), "{error:?}");
    before.assert_unchanged();
    let configuration = configuration(&bed, 0);
    let added = bed.add(&pod, &configuration);
    assert_eq!(pod::guid(&pod::eth0(&pod)), guid(0));
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
    before.assert_unchanged();
}

/// Names are given again when a device leaves and comes back, and another one may be faster.
#[test]
fn a_function_is_found_under_another_name() {
    let bed = bed(Setup::INFINIBAND);
    let pods = [bed.pod(), bed.pod()];
    let names = || [0, 1].map(|number| bed.function(number).netdev());
    let before = names();
    bed.add(&pods[0], &configuration(&bed, 0));
    // What the first function left behind is the first free name: the second takes it.
    bed.function(1).unbind();
    bed.function(1).bind_again("ibvsim");
    wait::until("the second function is back", || {
        bed.function(1).rdma_device().is_some()
    });
    assert_eq!(
        names()[1],
        before[0],
        "the kernel gives the first free name"
    );
    bed.add(&pods[1], &configuration(&bed, 1));
    for (number, pod) in pods.iter().enumerate() {
        assert_eq!(pod::guid(&pod::eth0(pod)), guid(number));
        assert_eq!(pod::eth0(pod)["parentdev"], bed.function(number).address());
    }
    for (number, pod) in pods.iter().enumerate() {
        bed.delete(pod, &configuration(&bed, number));
    }
    for number in 0..2 {
        assert!(
            bed.function(number).netdev().is_some(),
            "function {number} lost its netdev"
        );
        assert!(
            bed.function(number).rdma_device().is_some(),
            "function {number} lost its device"
        );
    }
    // The card makes them anew, under their first names: what they were called meanwhile is of no account.
    bed.physical().write("sriov_numvfs", "0");
    bed.physical()
        .write("sriov_numvfs", &bed.setup().functions.to_string());
    wait::until("the functions are back", || {
        (0..2).all(|number| {
            bed.function(number).netdev().is_some() && bed.function(number).rdma_device().is_some()
        })
    });
    assert_eq!(names(), before);
    for (number, pod) in pods.iter().enumerate() {
        bed.add(pod, &configuration(&bed, number));
    }
    bed.delete(&pods[1], &configuration(&bed, 1));
    assert_eq!(names()[1], before[1]);
    bed.delete(&pods[0], &configuration(&bed, 0));
    assert_eq!(names(), before);
    bed.rebuild();
}

/// One pod comes while another goes, on functions of one card.
#[test]
fn pods_come_and_go_at_the_same_time() {
    const ROUNDS: usize = 50;
    let bed = bed(Setup::INFINIBAND.with_functions(SOME));
    let pods: Vec<_> = (0..SOME).map(|_| bed.pod()).collect();
    let before = bed.picture();
    let mut leaving = None;
    for round in 0..=ROUNDS {
        let number = round % SOME;
        let coming = (round < ROUNDS).then(|| {
            bed.call("ADD", &pods[number], &configuration(&bed, number))
                .start()
        });
        let going = leaving.take().map(|number: usize| {
            bed.call("DEL", &pods[number], &configuration(&bed, number))
                .start()
        });
        if let Some(add) = coming {
            add.finish().expect_result();
            assert_eq!(
                pod::guid(&pod::eth0(&pods[number])),
                guid(number),
                "round {round}"
            );
            assert_eq!(
                rdma::names(Some(pods[number].name())).len(),
                1,
                "round {round}"
            );
            leaving = Some(number);
        }
        if let Some(delete) = going {
            delete.finish().expect_silence();
        }
    }
    before.assert_unchanged();
}

/// All functions at once, in both directions.
#[test]
fn all_pods_come_at_once_and_go_at_once() {
    let bed = bed(Setup::INFINIBAND.with_functions(SOME));
    let pods: Vec<_> = (0..SOME).map(|_| bed.pod()).collect();
    let before = bed.picture();
    let all = |verb: &str| -> Vec<_> {
        pods.iter()
            .enumerate()
            .map(|(number, pod)| bed.call(verb, pod, &configuration(&bed, number)).start())
            .collect()
    };
    for add in all("ADD") {
        add.finish().expect_result();
    }
    for (number, pod) in pods.iter().enumerate() {
        assert_eq!(pod::guid(&pod::eth0(pod)), guid(number));
        assert_eq!(rdma::names(Some(pod.name())).len(), 1, "{}", pod.name());
    }
    for delete in all("DEL") {
        delete.finish().expect_silence();
    }
    before.assert_unchanged();
}
