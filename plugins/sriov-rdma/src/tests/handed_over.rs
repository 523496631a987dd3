//! A function that a program in the pod drives.

use plumb_sdk::Mac;
use plumb_sdk::operations::{VirtualFunctionLinkState, VirtualFunctionSettings};

use super::*;

fn attach(driver: &str, keys: &str) -> Outcome<()> {
    node(bound_to(driver), RdmaNamespaceMode::Shared).attach::<Component>(configuration(keys))
}

fn report(mac: Option<Mac>) -> Operation {
    Operation::ReportFunction {
        function: ADDRESS.to_owned(),
        mac: mac.map(Into::into),
    }
}

#[test]
fn it_is_set_reported_and_its_addresses_are_reserved() {
    for driver in ["vfio-pci", "mlx5_vfio_pci", "uio_pci_generic", "igb_uio"] {
        let outcome = attach(
            driver,
            &format!(
                r#", "mac": "02:00:00:00:00:aa", "trust": "on", "link_state": "auto",
                    "max_tx_rate": 1000{IPAM}"#
            ),
        );
        outcome.result.unwrap();
        let mac = Some(Mac::new([2, 0, 0, 0, 0, 0xaa]));
        assert_eq!(
            outcome.plan,
            [
                Operation::SetVirtualFunction {
                    function: ADDRESS.to_owned(),
                    settings: VirtualFunctionSettings {
                        mac,
                        maximum_rate: Some(1000),
                        trust: Some(true),
                        link_state: Some(VirtualFunctionLinkState::Auto),
                        ..Default::default()
                    },
                },
                report(mac),
                Operation::ReserveAddresses {
                    addresses: AddressSource::Configured
                },
            ],
            "{driver}"
        );
    }
}

#[test]
fn without_settings_and_ipam_it_is_only_reported() {
    let outcome = attach("vfio-pci", "");
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [report(None)]);
}

#[test]
fn isolation_has_nothing_to_move_and_needs_no_mode() {
    let outcome = attach("vfio-pci", r#", "rdmaIsolation": true"#);
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [report(None)]);
    assert!(outcome.log[0].contains("vfio-pci"), "{:?}", outcome.log);
}

#[test]
fn what_needs_an_interface_is_refused() {
    let outcome = attach("vfio-pci", r#", "mtu": 1500"#);
    let words = ["mtu", "1500", "vfio-pci"];
    outcome.assert_refused(ErrorCode::UnsupportedField, &words);

    let outcome = attach("vfio-pci", r#", "ipam": {"type": "dhcp"}"#);
    let words = ["ipam.type", "dhcp", "static"];
    outcome.assert_refused(ErrorCode::UnsupportedField, &words);
    super::attach(r#", "ipam": {"type": "dhcp"}"#)
        .result
        .unwrap();
}
