//! What a plan may have in it, as `wit/0.1/operations.wit` and the kernel's headers say.

use std::collections::BTreeSet;

use plumb::components::session::Recorded;
use plumb::kernel::route::Route;
use plumb::kernel::virtual_function::Settings;
use plumb::operations::{LinkNumber, Operation, Parent, Reversible};
use plumb::trace::Level;
use plumb_engine::limits;
use plumb_values::names::check_link_name;

use super::attach::{INTERFACE, is_named};

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
    let links = operations.iter().filter_map(Reversible::makes_link);
    let links: Vec<(LinkNumber, &str)> = links.collect();
    let numbers: BTreeSet<_> = links.iter().map(|(number, _)| *number).collect();
    let names: BTreeSet<_> = links.iter().map(|(_, name)| *name).collect();
    assert!(links.len() <= 8, "{links:?}");
    assert_eq!([numbers.len(), names.len()], [links.len(); 2], "{links:?}");
    for (number, name) in &links {
        assert_eq!(*number == LinkNumber(0), *name == INTERFACE, "{links:?}");
        assert!(check_link_name(name).is_ok(), "{name:?}");
    }
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
        }
        Operation::CreateIpvlan(made) => {
            parent(&made.parent);
            mtu(made.mtu);
        }
        Operation::CreateIpoib(made) => {
            let of = (made.parent.name.as_str(), made.parent.in_pod);
            assert_eq!(of, ("ib0", false));
            mtu(made.mtu);
            assert!(made.partition_key.is_none_or(|key| key & 0x7fff != 0));
        }
        Operation::MoveLink(made) => {
            function(&made.address);
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
        Operation::SetNeighbourSysctl(made) => {
            assert!(matches!(made.family.as_str(), "ipv4" | "ipv6"));
            assert!(!made.name.is_empty() && !made.name.contains(['/', '.']));
            plain(&made.value);
        }
        Operation::SetPodSysctl(made) => {
            assert!(matches!(made.family.as_str(), "ipv4" | "ipv6"));
            assert!(matches!(made.scope.as_str(), "all" | "default"));
            assert!(!matches!(made.name.as_str(), "forwarding" | "disable_ipv6"));
            plain(&made.value);
        }
        Operation::AddAddress(_) | Operation::SetUp(_) => {}
        Operation::AddRoute(made) => route(&made.route),
        Operation::AddRule(made) => {
            if let (Some(source), Some(destination)) = (made.rule.source, made.rule.destination) {
                assert_eq!(source.is_ipv4(), destination.is_ipv4());
            }
            let selectors = &made.rule.selectors;
            let names = [&selectors.input_interface, &selectors.output_interface];
            for name in names.into_iter().flatten() {
                assert!((1..16).contains(&name.len()) && !name.contains(['/', '\0']));
            }
            let ports = [selectors.source_ports, selectors.destination_ports];
            for ports in ports.into_iter().flatten() {
                assert!(1 <= ports.first && ports.first <= ports.last && ports.last < 65_535);
            }
        }
        Operation::AddNeighbour(made) => hardware(&made.mac),
        Operation::CreateVlan(made) => {
            parent(&made.parent);
            mtu(made.mtu);
            if let Some(mac) = &made.mac {
                ethernet(mac);
            }
            assert!((1..=4094).contains(&made.id), "{made:?}");
            assert!(matches!(made.protocol, 0x8100 | 0x88a8), "{made:?}");
        }
        Operation::CreateVeth(made) => {
            // The node has no bridge: it is one that the plan shares, of which a name alone is known.
            assert!(made.host_name.is_empty(), "{made:?}");
            match &made.bridge {
                Some(bridge) => {
                    assert!(is_named(&bridge.name), "{made:?}");
                    assert_eq!((bridge.index, bridge.in_pod), (0, false), "{made:?}");
                }
                None => assert!(!made.port.hairpin && !made.port.isolated, "{made:?}"),
            }
            mtu(Some(made.mtu));
            if !made.mac.is_empty() {
                ethernet(&made.mac);
            }
        }
        Operation::ShareBridge(made) => {
            // Neither nic0 nor ib0 is a bridge.
            assert!(is_named(&made.name) && !matches!(made.name.as_str(), "nic0" | "ib0"));
            assert!(check_link_name(&made.name).is_ok(), "{made:?}");
            mtu(made.mtu);
        }
        // By nic0 the default route leads.
        Operation::MoveNetdev(made) => assert_eq!(made.netdev.name, "ib0"),
        Operation::SetQueueLength(_) => {}
        Operation::AddAlternativeName(made) => {
            assert!((1..128).contains(&made.name.len()) && !made.name.contains('/'));
            plain(&made.name);
        }
        Operation::SetRings(made) => {
            let stated = [made.receive, made.transmit];
            assert!(stated.iter().any(Option::is_some) && !stated.contains(&Some(0)));
        }
        Operation::SetChannels(made) => {
            let stated = [made.receive, made.transmit, made.combined];
            assert!(stated.iter().any(Option::is_some), "{made:?}");
        }
        other => panic!("no function of the contract records {other:?}"),
    }
}

/// One family, for the kernel takes no other.
///
/// # Panics
///
/// When it mixes two.
pub fn route(route: &Route) {
    for gateway in route.gateways().into_iter().flatten() {
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
