//! A scalable function in the place of a virtual one.

use plumb_sdk::testing::scalable_function;

use super::*;

const NAME: &str = "mlx5_core.sf.4";

fn attach_scalable(kind: &str, keys: &str) -> Outcome<()> {
    let wish = format!(r#"{{"type": "{kind}", "deviceID": "{NAME}"{keys}}}"#);
    node(scalable_function(NAME), RdmaNamespaceMode::Exclusive).attach::<Component>(request(&wish))
}

#[test]
fn its_interface_and_its_rdma_device_move() {
    let outcome = attach_scalable(
        "sriov",
        r#", "mac": "02:00:00:00:0a:01", "mtu": 1400, "rdmaIsolation": true"#,
    );
    outcome.result.unwrap();
    let function = NAME.to_owned();
    let moved = Operation::MoveRdmaDevice {
        function: function.clone(),
        name: None,
    };
    assert_eq!(outcome.plan[0], moved);
    assert_eq!(outcome.plan[1], Operation::MoveLink { function });
    assert_eq!(outcome.plan[2], Operation::SetMtu { mtu: 1400 });
    assert!(matches!(outcome.plan[3], Operation::SetMac { .. }));
}

#[test]
fn what_only_a_physical_function_could_set_is_refused() {
    for keys in [
        r#", "vlan": 100"#,
        r#", "trust": "on""#,
        r#", "spoofchk": "off""#,
        r#", "link_state": "auto""#,
        r#", "max_tx_rate": 10"#,
    ] {
        attach_scalable("sriov", keys)
            .assert_refused(ErrorCode::UnsupportedField, &[NAME, "devlink"]);
    }
}

#[test]
fn type_rdma_moves_its_rdma_device() {
    let previous = r#", "prevResult": {"cniVersion": "1.0.0",
        "interfaces": [{"name": "net1", "sandbox": "/run/netns/pod"}]}"#;
    let outcome = attach_scalable("rdma", previous);
    outcome.result.unwrap();
    let moved = Operation::MoveRdmaDevice {
        function: NAME.to_owned(),
        name: None,
    };
    assert_eq!(outcome.plan, [moved]);
}
