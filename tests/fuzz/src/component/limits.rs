//! What a plan may have in it, as `wit/0.1/operations.wit` and the kernel's headers say.

use plumb::components::session::Recorded;
use plumb::kernel::route::Route;
use plumb::kernel::virtual_function::Settings;
use plumb::operations::{Operation, Parent, Reversible};
use plumb::trace::Level;
use plumb_engine::limits;

use super::attach::INTERFACE;

/// Looks at each operation of a plan.
///
/// # Panics
///
/// When one is out of its limits.
pub fn check_plan(recorded: Vec<Recorded>) {
    assert!(recorded.len() <= limits::OPERATIONS);
    let operations: Vec<_> = recorded
        .into_iter()
        .filter_map(|recorded| match recorded {
            Recorded::Operation(operation) => Some(operation),
            _ => None,
        })
        .collect();
    let links = operations
        .iter()
        .filter(|operation| operation.makes_link().is_some());
    assert!(links.count() <= 1, "one interface for the pod");
    for operation in &operations {
        check(operation);
        plain(&operation.describe());
        let line = serde_json::to_string(operation).expect("it fits into the journal");
        assert!(!line.contains('\n'));
        let again: Operation = serde_json::from_str(&line).expect("and is read from it");
        assert_eq!(&again, operation);
    }
}

fn check(operation: &Operation) {
    match operation {
        Operation::CreateMacvlan(made) => {
            parent(&made.parent);
            mtu(made.mtu);
            if let Some(mac) = &made.mac {
                ethernet(mac);
            }
            own_name(&made.name);
        }
        Operation::CreateIpvlan(made) => {
            parent(&made.parent);
            mtu(made.mtu);
            own_name(&made.name);
        }
        Operation::CreateIpoib(made) => {
            let of = (made.parent.name.as_str(), made.parent.in_pod);
            assert_eq!(of, ("ib0", false));
            mtu(made.mtu);
            assert!(made.partition_key.is_none_or(|key| key & 0x7fff != 0));
            own_name(&made.name);
        }
        Operation::MoveLink(made) => {
            function(&made.address);
            assert_eq!(made.name, INTERFACE);
        }
        Operation::SetVirtualFunction(made) => {
            assert_eq!(made.address, "0000:3b:00.2", "the one that is virtual");
            settings(&made.settings);
        }
        Operation::MoveRdmaDevice(made) => {
            function(&made.address);
            if let Some(name) = &made.name {
                assert!((1..64).contains(&name.len()) && !name.starts_with('.'));
                assert!(!name.contains(['/', '%', ' ', '\0']), "{name:?}");
                plain(name);
                assert_eq!(made.address, "0000:3b:00.2", "the one with one device");
            }
        }
        Operation::ReportFunction(made) => {
            function(&made.address);
            made.mac.iter().for_each(|mac| hardware(mac));
        }
        Operation::SetMtu(made) => mtu(Some(made.mtu)),
        Operation::SetMac(made) => ethernet(&made.mac),
        Operation::SetLinkSysctl(made) => {
            assert!(matches!(made.family.as_str(), "ipv4" | "ipv6"));
            assert!(!made.name.is_empty() && !made.name.contains(['/', '.']));
            plain(&made.value);
        }
        Operation::AddAddress(_) | Operation::SetUp(_) => {}
        Operation::AddRoute(made) => route(&made.route),
        Operation::AddRule(made) => {
            if let (Some(source), Some(destination)) = (made.rule.source, made.rule.destination) {
                assert_eq!(source.is_ipv4(), destination.is_ipv4());
            }
        }
        Operation::AddNeighbour(made) => hardware(&made.mac),
        other => panic!("no function of the contract records {other:?}"),
    }
}

/// One family, for the kernel takes no other.
///
/// # Panics
///
/// When it mixes two.
pub fn route(route: &Route) {
    if let Some(gateway) = route.gateway {
        assert_eq!(gateway.is_ipv4(), route.destination.is_ipv4(), "{route}");
    }
}

/// Lines of a component's log.
///
/// # Panics
///
/// When there are too many, or one could pass for something else.
pub fn check_log(log: &[(Level, String)]) {
    assert!(log.len() <= limits::LOG_LINES);
    for (_, line) in log {
        assert!(line.len() <= limits::LOG_LINE_BYTES);
        plain(line);
    }
}

/// Text of a component must not steer a terminal, nor begin a line of its own.
///
/// # Panics
///
/// When it could.
pub fn plain(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

fn parent(parent: &Parent) {
    assert!(matches!(parent.name.as_str(), "nic0" | "ib0"), "{parent:?}");
}

fn function(address: &str) {
    assert!(matches!(address, "0000:3b:00.2" | "0000:3b:00.0"));
}

fn own_name(name: &str) {
    assert_eq!(name, INTERFACE);
}

/// 68 is the least of IPv4 (RFC 791), 65535 the most that a packet can have.
fn mtu(mtu: Option<u32>) {
    assert!(
        mtu.is_none_or(|mtu| (68..=65_535).contains(&mtu)),
        "{mtu:?}"
    );
}

/// Unicast and not zero, as the kernel wants it (`is_valid_ether_addr`, linux/etherdevice.h).
fn ethernet(mac: &[u8]) {
    assert!(
        mac.len() == 6 && mac[0] & 1 == 0 && mac != [0; 6],
        "{mac:?}"
    );
}

/// Of Ethernet or of InfiniBand.
fn hardware(mac: &[u8]) {
    assert!(
        matches!(mac.len(), 6 | 20),
        "{mac:?} is no hardware address"
    );
}

fn settings(settings: &Settings) {
    if let Some(mac) = settings.mac() {
        ethernet(mac.bytes());
    }
    if let Some(vlan) = settings.vlan() {
        assert!(vlan.id <= 4094 && vlan.priority <= 7, "{vlan:?}");
    }
    for guid in [settings.node_guid(), settings.port_guid()]
        .into_iter()
        .flatten()
    {
        assert!(!guid.is_zero() && !guid.is_multicast(), "{guid:?}");
    }
}
