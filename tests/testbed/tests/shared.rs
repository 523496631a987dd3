//! A node in shared mode: RDMA devices cannot be moved, and every pod sees all of them.

use cni_harness::result;
use plumb_testbed::configuration::{ib_sriov, ib_sriov_with_everything, sriov};
use plumb_testbed::program::run;
use plumb_testbed::{Bed, Chain, Function, Setup, bed, pod, rdma};
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

/// Virtual functions have RDMA devices of their own, and netdevs on the host while no pod has them: they are no rails, but
/// somebody may name the device of one.
#[test]
fn a_parent_is_found_by_its_rail_or_its_device_and_lends_its_subnet() {
    let bed = bed(ETHERNET);
    let parent = bed.physical().netdev().expect("it has a netdev");
    let device = |function: &Function| function.rdma_device().expect("it has an RDMA device");
    run(&format!("ip address add 10.9.0.1/24 dev {parent}"));
    let network = |master: Value| {
        json!({
            "cniVersion": "1.1.0", "name": "rail0", "type": "macvlan", "master": master, "requireRDMA": true,
            "ipam": {"type": "pool", "fromMaster": {"range": [10, 10]}},
        })
    };
    for master in [json!({"rail": 1}), json!({"rdma": device(bed.physical())})] {
        let pod = bed.pod();
        let added = bed.add(&pod, &network(master.clone()));
        assert_eq!(result::addresses(&added), ["10.9.0.10/24"], "{master}");
        let link = pod::eth0(&pod);
        assert_eq!(
            link["link_index"],
            bed.physical().link()["ifindex"],
            "{master}"
        );
        bed.delete(&pod, &network(master));
    }
    let pod = bed.pod();
    let second = bed.call("ADD", &pod, &network(json!({"rail": 2}))).run();
    let error = second.expect_error(50, "rail 2, and this node has 1");
    for word in [&parent, bed.physical().address(), &device(bed.physical())] {
        assert!(error.message.contains(word), "{word} in {}", error.message);
    }

    let of_function = with(
        sriov(bed.function(0)),
        json!({"ipam": {"type": "pool", "fromMaster": {"range": [10, 10]}}}),
    );
    let added = bed.add(&pod, &of_function);
    assert_eq!(result::addresses(&added), ["10.9.0.10/24"]);
    bed.delete(&pod, &of_function);

    let mut named = network(json!({"rdma": device(bed.function(0))}));
    named["ipam"] = sriov(bed.physical())["ipam"].clone();
    bed.add(&pod, &named);
    let link = pod::eth0(&pod);
    assert_eq!(link["link_index"], bed.function(0).link()["ifindex"]);
    bed.delete(&pod, &named);
    run(&format!("ip address delete 10.9.0.1/24 dev {parent}"));
    bed.before().assert_unchanged();
}
