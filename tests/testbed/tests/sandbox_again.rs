//! A pod's sandbox is made again and no DEL came for the one before: the pod gets its function at once, as the operator
//! had it.

use cni_harness::{Call, Pod};
use plumb_testbed::configuration::{ib_sriov, ib_sriov_with_everything, sriov, without_ipam};
use plumb_testbed::program::{inside, run};
use plumb_testbed::{Bed, Function, Setup, bed};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const BEDS: [Setup; 2] = [Setup::ETHERNET, Setup::INFINIBAND];
const UID: &str = "5b2c7d6e-0000-4000-8000-000000000001";
const OTHER_UID: &str = "5b2c7d6e-0000-4000-8000-000000000002";

/// All that can be set, so that it shows when the next sandbox begins with what the last one had.
fn everything(bed: &Bed, function: &Function) -> Value {
    match bed.setup() == Setup::INFINIBAND {
        true => ib_sriov_with_everything(function),
        false => with(
            sriov(function),
            json!({
                "mac": "02:00:00:00:0a:01", "vlan": 100, "trust": "on", "spoofchk": "off",
                "link_state": "enable", "rdmaIsolation": true,
            }),
        ),
    }
}

/// The same network, which leaves everything of the function as it is.
fn nothing(bed: &Bed, function: &Function) -> Value {
    without_ipam(match bed.setup() == Setup::INFINIBAND {
        true => ib_sriov(function),
        false => sriov(function),
    })
}

fn add(bed: &Bed, pod: &Pod, configuration: &Value, uid: &str) -> Call {
    let arguments = format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID={uid}");
    bed.call("ADD", pod, configuration).arguments(&arguments)
}

/// Its namespace may be there still: a runtime that lost its containers ends nobody's processes.
#[test]
fn the_next_sandbox_gets_the_function_at_once() {
    for (setup, is_gone) in [(0, false), (0, true), (1, false), (1, true)] {
        let bed = bed(BEDS[setup]);
        let function = bed.function(0);
        let (first, second) = (bed.pod(), bed.pod());
        let before = bed.picture_without_pods();
        let operators = bed.settings(0);
        let (everything, nothing) = (everything(&bed, function), nothing(&bed, function));
        add(&bed, &first, &everything, UID).run().expect_result();
        run(&inside(
            first.name(),
            "ip link set eth0 alias pods txqueuelen 7",
        ));
        if is_gone {
            first.remove();
        }
        let added = add(&bed, &second, &nothing, UID).run().expect_result();
        let how = format!("{:?}, namespace gone: {is_gone}", bed.setup());
        assert!(second.link("eth0").is_some(), "{how}");
        assert!(is_gone || first.link("eth0").is_none(), "{how}");
        // It sets nothing, so what is there is what the operator had.
        for (key, value) in operators.as_object().expect("an object") {
            assert_eq!(bed.settings(0)[key], *value, "{how}: {key}");
        }
        bed.check(&second, &nothing, &added).expect_silence();
        // A late DEL of the first is none of the second's.
        bed.delete(&first, &everything);
        assert!(second.link("eth0").is_some(), "{how}");
        bed.delete(&second, &nothing);
        before.assert_unchanged();
    }
}

/// With another UID it is another pod, which may run on when its deletion was forced.
#[test]
fn another_pod_of_the_same_name_gets_it_only_when_the_first_is_gone() {
    for setup in BEDS {
        let bed = bed(setup);
        let function = bed.function(0);
        let (first, second) = (bed.pod(), bed.pod());
        let before = bed.picture_without_pods();
        let configuration = everything(&bed, function);
        add(&bed, &first, &configuration, UID).run().expect_result();
        let attached = bed.picture();
        let refused = add(&bed, &second, &configuration, OTHER_UID).run();
        refused.expect_error(111, first.container());
        bed.delete(&second, &configuration);
        attached.assert_unchanged();
        first.remove();
        add(&bed, &second, &configuration, OTHER_UID)
            .run()
            .expect_result();
        bed.delete(&second, &configuration);
        before.assert_unchanged();
    }
}
