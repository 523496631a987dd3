//! STATUS: what can be known before a device is allotted.

use super::*;

fn ready(facts: PciFacts, mode: RdmaNamespaceMode, request: Request) -> Outcome<()> {
    node(facts, mode).ready::<Component>(request)
}

#[test]
fn without_a_device_keys_and_mode_are_checked() {
    let facts = virtual_function(ADDRESS);
    let sriov = |keys: &str| request(&format!(r#"{{"type": "sriov"{keys}}}"#));
    let isolated = r#", "rdmaIsolation": true"#;
    let shared = RdmaNamespaceMode::Shared;

    let outcome = ready(facts.clone(), shared, sriov(""));
    outcome.result.unwrap();
    let outcome = ready(facts.clone(), shared, sriov(isolated));
    outcome.assert_refused(ErrorCode::NotAvailable, &["netns exclusive"]);
    let allowed = sriov(&format!(r#"{isolated}, "allowSharedRDMA": true"#));
    ready(facts.clone(), shared, allowed).result.unwrap();
    let exclusive = RdmaNamespaceMode::Exclusive;
    ready(facts.clone(), exclusive, sriov(isolated))
        .result
        .unwrap();

    let outcome = ready(facts, exclusive, sriov(r#", "vlan": 4095"#));
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["4095"]);
}

#[test]
fn a_device_of_the_configuration_is_looked_at_even_while_a_pod_has_it() {
    let mut taken = virtual_function(ADDRESS);
    taken.links.clear();
    taken.rdma_devices.clear();
    let exclusive = RdmaNamespaceMode::Exclusive;
    let isolated = r#", "rdmaIsolation": true"#;
    ready(taken, exclusive, configuration(isolated))
        .result
        .unwrap();

    let infiniband = infiniband_virtual_function(ADDRESS);
    let outcome = ready(infiniband, exclusive, configuration(""));
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["ib-sriov"]);

    let shared = RdmaNamespaceMode::Shared;
    let outcome = ready(virtual_function(ADDRESS), shared, configuration(isolated));
    outcome.assert_refused(ErrorCode::NotAvailable, &["netns exclusive"]);
    ready(bound_to("vfio-pci"), shared, configuration(isolated))
        .result
        .unwrap();
}

#[test]
fn the_chained_type_needs_the_mode_and_no_previous_result() {
    let chained = || request(r#"{"type": "rdma"}"#);
    let facts = virtual_function(ADDRESS);
    let outcome = ready(facts.clone(), RdmaNamespaceMode::Shared, chained());
    outcome.assert_refused(ErrorCode::NotAvailable, &["netns exclusive"]);
    ready(facts, RdmaNamespaceMode::Exclusive, chained())
        .result
        .unwrap();
}
