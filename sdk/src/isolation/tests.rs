use super::*;
use crate::testing::{Node, Operation, Outcome, PciFacts, request, virtual_function};
use crate::{ErrorCode, Flavour};

const ADDRESS: &str = "0000:3b:00.2";

/// Moves the RDMA devices and nothing else: the plugin before it has given the pod its interface.
struct Move;

impl Flavour for Move {
    fn attach(request: &Request) -> Result<(), Error> {
        match Isolation::read(request)? {
            Some(isolation) => isolation.record(&PciFunction::allotted(request)?),
            None => Ok(()),
        }
    }
}

fn attach(mode: RdmaNamespaceMode, facts: PciFacts, keys: &str) -> Outcome<()> {
    let before = r#""prevResult": {"interfaces": [{"name": "net1", "sandbox": "/run/netns/pod"}]}"#;
    let text = format!(r#"{{"deviceID": "{ADDRESS}", "rdmaIsolation": true, {before}{keys}}}"#);
    Node::new()
        .with_pci_function(facts)
        .with_rdma_namespace_mode(mode)
        .attach::<Move>(request(&text))
}

fn exclusive(keys: &str) -> Outcome<()> {
    let facts = virtual_function(ADDRESS);
    attach(RdmaNamespaceMode::Exclusive, facts, keys)
}

fn moved(name: Option<&str>) -> [Operation; 1] {
    [Operation::MoveRdmaDevice {
        function: ADDRESS.to_owned(),
        name: name.map(str::to_owned),
    }]
}

#[test]
fn nothing_is_moved_unless_it_is_wanted() {
    for text in ["{}", r#"{"rdmaIsolation": false, "allowSharedRDMA": true}"#] {
        assert_eq!(Isolation::read(&request(text)).unwrap(), None, "{text}");
    }
    let implied = Isolation::read_implied(&request(r#"{"allowSharedRDMA": true}"#)).unwrap();
    let expected = Isolation {
        allow_shared: true,
        device_name: None,
    };
    assert_eq!(implied, expected);
}

#[test]
fn in_exclusive_mode_the_device_moves_and_may_be_renamed() {
    assert_eq!(exclusive("").plan, moved(None));
    let named = exclusive(r#", "rdmaDeviceName": "rdma_net1""#);
    assert_eq!(named.plan, moved(Some("rdma_net1")));
    let by_pod = exclusive(
        r#", "rdmaDeviceName": "rdma_net1", "args": {"cni": {"rdmaDeviceName": "rail-1.0"}}"#,
    );
    assert_eq!(by_pod.plan, moved(Some("rail-1.0")));
}

#[test]
fn a_node_that_shares_is_refused_with_what_changes_it_and_the_way_round() {
    let facts = virtual_function(ADDRESS);
    let outcome = attach(RdmaNamespaceMode::Shared, facts.clone(), "");
    let words = [
        "rdma system set netns exclusive",
        "no other network namespace exists",
        "options ib_core netns_mode=0",
        "/etc/modprobe.d",
        "allowSharedRDMA",
    ];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);

    let allowed = r#", "allowSharedRDMA": true"#;
    let outcome = attach(RdmaNamespaceMode::Shared, facts, allowed);
    outcome.result.unwrap();
    assert_eq!(outcome.plan, []);
    let [warning] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log);
    };
    assert!(
        warning.starts_with("warning: no RDMA isolation"),
        "{warning}"
    );

    // There is no device either that could be shared.
    let outcome = attach(RdmaNamespaceMode::None, virtual_function(ADDRESS), allowed);
    let words = ["ib_core", "mlx5_ib"];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);
}

#[test]
fn a_function_needs_a_device_and_for_a_name_exactly_one() {
    let with = |devices: &[&str]| {
        let mut facts = virtual_function(ADDRESS);
        facts.rdma_devices = devices.iter().map(|name| (*name).to_owned()).collect();
        facts
    };
    let outcome = attach(RdmaNamespaceMode::Exclusive, with(&[]), "");
    outcome.assert_refused(ErrorCode::NotAvailable, &[ADDRESS, "mlx5_ib"]);

    let several = with(&["mlx4_0", "mlx4_1"]);
    let outcome = attach(RdmaNamespaceMode::Exclusive, several.clone(), "");
    assert_eq!(outcome.plan, moved(None));
    let outcome = attach(
        RdmaNamespaceMode::Exclusive,
        several,
        r#", "rdmaDeviceName": "rdma_net1""#,
    );
    let words = ["mlx4_0, mlx4_1", "rdma_net1", "rdmaDeviceName"];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);
}

#[test]
fn a_name_that_the_kernel_cannot_keep_is_refused() {
    let long = "a".repeat(64);
    for name in ["a/b", "..", "with space", "mlx5_%d", long.as_str()] {
        let outcome = exclusive(&format!(r#", "rdmaDeviceName": "{name}""#));
        let words = [name, "63", "rdma_net1"];
        outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    }
    let longest = "a".repeat(63);
    let outcome = exclusive(&format!(r#", "rdmaDeviceName": "{longest}""#));
    assert_eq!(outcome.plan, moved(Some(&longest)));
}

#[test]
fn a_name_without_isolation_is_refused_unless_another_plugin_may_use_it() {
    let error = Isolation::read(&request(r#"{"rdmaDeviceName": "rdma_net1"}"#)).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedField);
    for word in ["rdmaDeviceName", "rdma_net1", "rdmaIsolation"] {
        assert!(error.message.contains(word), "{word} in {}", error.message);
    }

    let of_pod = request(r#"{"args": {"cni": {"rdmaDeviceName": "rdma_net1"}}}"#);
    assert_eq!(Isolation::read(&of_pod).unwrap(), None);
}

#[test]
fn a_wrong_type_is_named_with_key_and_value() {
    let error = Isolation::read(&request(r#"{"rdmaIsolation": "yes"}"#)).unwrap_err();
    for word in ["\"rdmaIsolation\"", "\"yes\"", "true or false"] {
        assert!(error.message.contains(word), "{word} in {}", error.message);
    }
}
