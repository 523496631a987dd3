//! A function that a virtual machine drives.

use super::*;

const REPORT: fn() -> Operation = || Operation::ReportFunction {
    function: ADDRESS.to_owned(),
    mac: None,
};

/// A whole adapter that is bound to `vfio-pci`.
fn physical() -> PciFacts {
    testing::physical(bound_to("vfio-pci"))
}

#[test]
fn its_guid_and_link_state_are_set_and_it_is_reported() {
    let outcome = attach_to(
        bound_to("vfio-pci"),
        &format!(r#", "link_state": "disable", "pkey": "0x5"{GUID}{IPAM}"#),
    );
    outcome.result.unwrap();
    let disable = Some(VirtualFunctionLinkState::Disable);
    // Nothing of the node reads the GUID: there is no driver to bind again.
    assert_eq!(outcome.plan, [set(true, disable, false), REPORT()]);
}

#[test]
fn it_may_have_no_guid() {
    for driver in ["vfio-pci", "mlx5_vfio_pci"] {
        for keys in ["", r#", "vfioPciMode": true"#, r#", "vfioPciMode": false"#] {
            let outcome = attach_to(bound_to(driver), keys);
            outcome.result.unwrap();
            assert_eq!(outcome.plan, [REPORT()], "{driver}{keys}");
        }
    }
}

#[test]
fn isolation_has_nothing_to_move_and_needs_no_mode() {
    let shared = node(bound_to("vfio-pci"), RdmaNamespaceMode::Shared);
    let outcome = shared.attach::<Component>(configuration(r#", "rdmaIsolation": true"#));
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [REPORT()]);
}

#[test]
fn the_driver_can_be_demanded() {
    let outcome = attach(r#", "vfioPciMode": true"#);
    let words = [ADDRESS, "mlx5_core", "vfio-pci", "vfioPciMode"];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);
}

#[test]
fn a_physical_function_is_reported_and_nothing_is_set() {
    let outcome = attach_to(physical(), &format!(r#", "link_state": "enable"{GUID}"#));
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [REPORT()]);
    assert!(outcome.log[0].contains("physical"), "{:?}", outcome.log);
}

#[test]
fn it_has_no_mtu() {
    let outcome = attach_to(bound_to("vfio-pci"), r#", "mtu": 2044"#);
    outcome.assert_refused(ErrorCode::UnsupportedField, &["mtu", "2044"]);
}
