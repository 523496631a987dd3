//! A network whose GUIDs come from ib-kubernetes.

use super::*;

fn attach(keys: &str) -> Outcome<()> {
    super::attach(&format!(r#", "ibKubernetesEnabled": true{keys}"#))
}

#[test]
fn a_pod_that_it_has_handled_gets_its_guid() {
    let outcome = attach(
        r#", "pkey": "0x5", "args": {"cni": {"mellanox.infiniband.app": "configured",
            "pkey": "0x5", "guid": "02:00:00:00:00:00:00:aa"}}"#,
    );
    outcome.result.unwrap();
    assert_eq!(outcome.plan.first(), Some(&set(true, None, true)));
}

#[test]
fn a_pod_that_it_has_not_handled_is_tried_again() {
    for keys in [
        "",
        r#", "args": {"cni": {"mellanox.infiniband.app": ""}}"#,
        r#", "args": {"cni": {"mellanox.infiniband.app": "pending"}}"#,
        GUID,
    ] {
        let outcome = attach(keys);
        let words = ["ib-kubernetes", "mellanox.infiniband.app", "\"configured\""];
        outcome.assert_refused(ErrorCode::TryAgainLater, &words);
    }
}

#[test]
fn a_guid_that_does_not_come_through_is_said_with_what_is_missing() {
    let handled = r#", "args": {"cni": {"mellanox.infiniband.app": "configured"}}"#;
    let words = ["GUID", "\"capabilities\"", "infinibandGUID"];
    attach(handled).assert_refused(ErrorCode::InvalidConfiguration, &words);

    // A whole adapter keeps the GUID of its maker.
    let physical = testing::physical(bound_to("vfio-pci"));
    let keys = format!(r#", "ibKubernetesEnabled": true{handled}"#);
    attach_to(physical, &keys).result.unwrap();
}

#[test]
fn its_mark_does_not_matter_to_other_networks() {
    let outcome = super::attach(r#", "args": {"cni": {"mellanox.infiniband.app": "pending"}}"#);
    outcome.result.unwrap();
}
