//! STATUS: what can be known before a device is allotted.

use super::*;

fn ready(facts: PciFacts, mode: RdmaNamespaceMode, request: Request) -> Outcome<()> {
    node(facts, mode).ready::<Component>(request)
}

#[test]
fn without_a_device_keys_and_mode_are_checked() {
    let network = |keys: &str| request(&format!(r#"{{"type": "ib-sriov"{keys}}}"#));
    let ready = |mode, keys: &str| {
        let facts = infiniband_virtual_function(ADDRESS);
        self::ready(facts, mode, network(keys))
    };
    let (shared, exclusive) = (RdmaNamespaceMode::Shared, RdmaNamespaceMode::Exclusive);
    let isolated = r#", "rdmaIsolation": true"#;

    ready(shared, "").result.unwrap();
    ready(exclusive, isolated).result.unwrap();
    let outcome = ready(shared, isolated);
    outcome.assert_refused(ErrorCode::NotAvailable, &["netns exclusive"]);
    for way_round in [r#", "allowSharedRDMA": true"#, r#", "vfioPciMode": true"#] {
        let keys = format!("{isolated}{way_round}");
        ready(shared, &keys).result.unwrap();
    }
    let outcome = ready(exclusive, r#", "link_state": "up""#);
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["up"]);
    ready(exclusive, r#", "pkey": "0x0""#).result.unwrap();
    // There is no pod yet that ib-kubernetes could have handled.
    ready(exclusive, r#", "ibKubernetesEnabled": true"#)
        .result
        .unwrap();
}

#[test]
fn a_device_of_the_configuration_is_looked_at_even_while_a_pod_has_it() {
    let mut taken = infiniband_virtual_function(ADDRESS);
    taken.links.clear();
    taken.rdma_devices.clear();
    let exclusive = RdmaNamespaceMode::Exclusive;
    let isolated = r#", "rdmaIsolation": true"#;
    ready(taken, exclusive, configuration(isolated))
        .result
        .unwrap();

    let outcome = ready(virtual_function(ADDRESS), exclusive, configuration(""));
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["type sriov"]);

    let shared = RdmaNamespaceMode::Shared;
    ready(bound_to("vfio-pci"), shared, configuration(isolated))
        .result
        .unwrap();
}
