//! A node in shared mode: RDMA devices cannot be moved, and every pod sees all of them.

use cni_harness::result;
use plumb_testbed::configuration::{ib_sriov, ib_sriov_with_everything, sriov};
use plumb_testbed::{Bed, Chain, Setup, bed, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

const INFINIBAND: Setup = Setup::INFINIBAND.shared();
const ETHERNET: Setup = Setup::ETHERNET.shared();

/// All that a person needs to set it right: the command, how it lasts, and the way round.
const REMEDIES: [&str; 3] = [
    "rdma system set netns exclusive",
    "options ib_core netns_mode=0",
    "allowSharedRDMA",
];

fn assert_refused(bed: &Bed, configuration: &Value) {
    let pod = bed.pod();
    let before = bed.picture();
    for outcome in [
        bed.call("ADD", &pod, configuration).run(),
        bed.status(configuration),
    ] {
        let error = outcome.expect_error(50, "shared");
        for remedy in REMEDIES {
            assert!(
                error.message.contains(remedy),
                "{remedy} is not in {}",
                error.message
            );
        }
    }
    before.assert_unchanged();
    bed.delete(&pod, configuration);
    before.assert_unchanged();
}

/// The pod starts, its network works, and the log says what it does without.
fn assert_starts_without_isolation(bed: &Bed, configuration: &Value) {
    let pod = bed.pod();
    let configuration = with(configuration.clone(), json!({"allowSharedRDMA": true}));
    bed.status(&configuration).expect_silence();
    let before = rdma::devices(None).len();
    let outcome = bed.call("ADD", &pod, &configuration).run();
    let added = outcome.expect_result();
    assert!(
        outcome.stderr.contains("no RDMA isolation"),
        "there is no warning\n{outcome}"
    );
    assert!(pod::is_up(&pod::eth0(&pod)));
    assert_eq!(rdma::devices(None).len(), before);
    assert_eq!(
        rdma::devices(Some(pod.name())).len(),
        before,
        "a pod sees all of them"
    );
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
}

#[test]
fn isolation_of_an_infiniband_function_is_refused() {
    let bed = bed(INFINIBAND);
    let configuration = ib_sriov_with_everything(bed.function(0));
    assert_refused(&bed, &configuration);
    assert_starts_without_isolation(&bed, &configuration);
}

#[test]
fn isolation_of_an_ethernet_function_is_refused() {
    let bed = bed(ETHERNET);
    let configuration = with(
        sriov(bed.function(0)),
        json!({"rdmaIsolation": true, "vlan": 5}),
    );
    assert_refused(&bed, &configuration);
    assert_starts_without_isolation(&bed, &configuration);
}

#[test]
fn the_rdma_plugin_is_refused_in_a_chain() {
    let bed = bed(ETHERNET);
    let pod = bed.pod();
    let network = sriov(bed.function(0));
    let chain = Chain::new(&bed, &[network.clone(), json!({"type": "rdma"})]);
    let first = bed.add(&pod, &network);
    let second = with(chain.plugins()[1].clone(), json!({"prevResult": first}));
    let error = bed
        .call("ADD", &pod, &second)
        .run()
        .expect_error(50, "shared");
    for remedy in REMEDIES {
        assert!(
            error.message.contains(remedy),
            "{remedy} is not in {}",
            error.message
        );
    }
    chain.delete(&pod, &Value::Null);
    bed.before().assert_unchanged();

    let lenient = json!({"type": "rdma", "allowSharedRDMA": true});
    let chain = Chain::new(&bed, &[network, lenient]);
    let results = chain.add_each(&pod);
    assert_eq!(
        results[1], results[0],
        "the second plugin changes nothing of the result"
    );
    chain.delete(&pod, &results[1]);
}

#[test]
fn a_function_without_isolation_works() {
    let bed = bed(INFINIBAND);
    let pod = bed.pod();
    let configuration = with(
        ib_sriov(bed.function(0)),
        json!({"guid": "02:00:00:00:00:00:0a:01"}),
    );
    let added = bed.add(&pod, &configuration);
    assert_eq!(pod::guid(&pod::eth0(&pod)), "02:00:00:00:00:00:0a:01");
    bed.check(&pod, &configuration, &added).expect_silence();
    bed.delete(&pod, &configuration);
}

/// RoCE by a shared device: the pod finds a GID for each address of its macvlan interface.
#[test]
fn a_macvlan_pod_sees_the_gid_of_its_address() {
    let bed = bed(ETHERNET);
    let pods = [bed.pod(), bed.pod()];
    let parent = bed.physical().netdev().expect("it has a netdev");
    let device = bed.physical().rdma_device().expect("it has an RDMA device");
    let mut configuration = sriov(bed.physical());
    configuration["type"] = json!("macvlan");
    configuration["master"] = json!(parent);
    configuration["requireRDMA"] = json!(true);
    for pod in &pods {
        let added = bed.add(pod, &configuration);
        let address = result::address(&added).to_string();
        let last: u8 = address
            .rsplit('.')
            .next()
            .and_then(|part| part.parse().ok())
            .expect("IPv4");
        // RoCE v2, an IPv4 address mapped into IPv6.
        let gid = format!("0000:0000:0000:0000:0000:ffff:0a07:00{last:02x}");
        cni_harness::wait::until("the GID is there", || {
            pod::gids(pod, &device).contains(&gid)
        });
    }
    for pod in &pods {
        bed.delete(pod, &configuration);
    }
}
