//! The entries of a list of plugins, each with its keys in the order in which Spiderpool writes them.

use serde::Serialize;
use serde_json::Value;

use crate::coordinator::{Coordinator, PolicyRoute};
use crate::multus_config::{Bond, MultusConfig, Network, Parent, Pools, Trunk};

/// One plugin of a list.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Entry<'a> {
    Ifacer(Ifacer<'a>),
    Main(Main<'a>),
    Rdma(Typed),
    Chained(&'a Value),
    Coordinator(CoordinatorEntry<'a>),
    Tuning(Tuning),
}

impl Entry<'_> {
    /// `type`
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Ifacer(entry) => entry.kind,
            Self::Main(entry) => entry.device.kind(),
            Self::Rdma(entry) => entry.kind,
            Self::Chained(plugin) => plugin
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            Self::Coordinator(entry) => entry.kind,
            Self::Tuning(entry) => entry.kind,
        }
        .to_owned()
    }
}

/// A plugin without keys.
#[derive(Serialize)]
pub(super) struct Typed {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct Ifacer<'a> {
    #[serde(rename = "vlanID", skip_serializing_if = "is_zero")]
    vlan: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    interfaces: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    bond: Option<BondKeys<'a>>,
}

#[derive(Serialize)]
struct BondKeys<'a> {
    name: &'a str,
    mode: i64,
    options: &'a str,
}

/// The plugin that makes the interface.
#[derive(Serialize)]
pub(super) struct Main<'a> {
    #[serde(flatten)]
    pub(super) device: Device<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipam: Option<Ipam<'a>>,
    /// plumb's own: whether the gateways must answer.
    #[serde(rename = "gatewayCheck", skip_serializing_if = "Option::is_none")]
    gateway_check: Option<&'static str>,
    /// plumb's own: whether an address that somebody has is passed over.
    #[serde(rename = "conflictCheck", skip_serializing_if = "std::ops::Not::not")]
    conflict_check: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Device<'a> {
    Macvlan {
        #[serde(rename = "type")]
        kind: &'static str,
        master: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<&'static str>,
        mtu: i64,
    },
    Vlan {
        #[serde(rename = "type")]
        kind: &'static str,
        master: &'a str,
        #[serde(rename = "vlanMode")]
        mode: &'static str,
        #[serde(rename = "vlanId", skip_serializing_if = "Option::is_none")]
        id: Option<i64>,
        mtu: i64,
    },
    Sriov {
        vlan: i64,
        min_tx_rate: i64,
        max_tx_rate: i64,
        #[serde(rename = "type")]
        kind: &'static str,
    },
    InfinibandSriov {
        #[serde(rename = "type")]
        kind: &'static str,
        pkey: &'a str,
        link_state: &'static str,
        #[serde(rename = "rdmaIsolation")]
        isolation: bool,
        #[serde(rename = "ibKubernetesEnabled")]
        ib_kubernetes: bool,
    },
    Ipoib {
        #[serde(rename = "type")]
        kind: &'static str,
        master: &'a str,
    },
    Ovs {
        vlan: i64,
        #[serde(rename = "type")]
        kind: &'static str,
        bridge: &'a str,
        #[serde(rename = "deviceID", skip_serializing_if = "str::is_empty")]
        device: &'a str,
        #[serde(skip_serializing_if = "<[Trunk]>::is_empty")]
        trunk: &'a [Trunk],
    },
}

impl Device<'_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Macvlan { kind, .. }
            | Self::Vlan { kind, .. }
            | Self::Sriov { kind, .. }
            | Self::InfinibandSriov { kind, .. }
            | Self::Ipoib { kind, .. }
            | Self::Ovs { kind, .. } => kind,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Ipam<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(
        rename = "default_ipv4_ippool",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    ipv4: &'a [String],
    #[serde(
        rename = "default_ipv6_ippool",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    ipv6: &'a [String],
    #[serde(
        rename = "match_master_subnet",
        skip_serializing_if = "std::ops::Not::not"
    )]
    match_master_subnet: bool,
}

#[derive(Serialize)]
pub(super) struct CoordinatorEntry<'a> {
    #[serde(rename = "txQueueLen", skip_serializing_if = "Option::is_none")]
    queue_length: Option<i64>,
    #[serde(rename = "vethLinkAddress", skip_serializing_if = "Option::is_none")]
    veth_address: Option<&'a str>,
    #[serde(rename = "vethMTU", skip_serializing_if = "Option::is_none")]
    veth_mtu: Option<i64>,
    #[serde(rename = "tunePodRoutes")]
    tunes_routes: bool,
    #[serde(rename = "podMACPrefix", skip_serializing_if = "Option::is_none")]
    mac_prefix: Option<&'a str>,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "podDefaultRouteNic", skip_serializing_if = "Option::is_none")]
    default_route_interface: Option<&'a str>,
    #[serde(rename = "podRPFilter", skip_serializing_if = "Option::is_none")]
    reverse_path_filter: Option<i64>,
    #[serde(rename = "hostRuleTable", skip_serializing_if = "Option::is_none")]
    host_table: Option<i64>,
    #[serde(
        rename = "overlayPodCIDR",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    pod_networks: &'a [String],
    #[serde(rename = "serviceCIDR", skip_serializing_if = "<[String]>::is_empty")]
    service_networks: &'a [String],
    #[serde(rename = "hijackCIDR", skip_serializing_if = "<[String]>::is_empty")]
    hijacked: &'a [String],
    #[serde(
        rename = "policyRoutes",
        skip_serializing_if = "<[PolicyRoute]>::is_empty"
    )]
    policy_routes: &'a [PolicyRoute],
}

#[derive(Serialize)]
pub(super) struct Tuning {
    #[serde(rename = "type")]
    kind: &'static str,
    mtu: i64,
}

/// What is done to an interface, in order. That of the MTU of a function comes last, behind the coordinator, as it always did.
pub(super) fn list<'a>(
    network: &'a MultusConfig,
    coordinator: Option<&'a Coordinator>,
) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    match &network.network {
        Network::Child { parent, vlan, .. } => entries.extend(ifacer(parent, *vlan)),
        // The VLAN is the plugin's own to make.
        Network::Vlan { parent, .. } => entries.extend(ifacer(parent, 0)),
        _ => {}
    }
    entries.extend(main(network, coordinator).map(Entry::Main));
    if let Network::Sriov {
        isolation: true, ..
    } = network.network
    {
        entries.push(Entry::Rdma(Typed { kind: "rdma" }));
    }
    entries.extend(network.chained.iter().map(Entry::Chained));
    entries.extend(coordinator.map(coordinator_entry).map(Entry::Coordinator));
    if let Network::Sriov { mtu: mtu @ 1.., .. } = network.network {
        entries.push(Entry::Tuning(Tuning {
            kind: "tuning",
            mtu,
        }));
    }
    entries
}

/// What makes the parent, where that is not there already.
fn ifacer(parent: &Parent, vlan: i64) -> Option<Entry<'_>> {
    let is_needed = vlan != 0 || parent.is_bond();
    let named = |bond: &&Bond| !bond.name.is_empty();
    is_needed.then(|| {
        Entry::Ifacer(Ifacer {
            vlan,
            kind: "ifacer",
            interfaces: &parent.masters,
            bond: parent.bond.as_ref().filter(named).map(|bond| BondKeys {
                name: &bond.name,
                mode: bond.mode,
                options: &bond.options,
            }),
        })
    })
}

/// The plugin that makes the interface; none of a custom network, whose text is the user's own.
pub(super) fn main<'a>(
    network: &'a MultusConfig,
    coordinator: Option<&Coordinator>,
) -> Option<Main<'a>> {
    let device = device(&network.network)?;
    let is_ours = super::ANSWERED.contains(&device.kind());
    let asks = |asks: fn(&Coordinator) -> bool| coordinator.is_some_and(asks) && is_ours;
    Some(Main {
        device,
        ipam: network.pools.as_ref().map(ipam),
        gateway_check: asks(|coordinator| coordinator.detects_gateway).then_some("fail"),
        conflict_check: asks(|coordinator| coordinator.detects_conflicts),
    })
}

fn device(network: &Network) -> Option<Device<'_>> {
    Some(match network {
        Network::Child {
            kind,
            parent,
            mtu,
            vlan,
        } => Device::Macvlan {
            kind,
            master: match vlan {
                0 => parent.name().to_owned(),
                vlan => format!("{}.{vlan}", parent.name()),
            },
            mode: (*kind == "macvlan").then_some("bridge"),
            mtu: *mtu,
        },
        Network::Vlan {
            parent,
            mtu,
            mode,
            id,
        } => Device::Vlan {
            kind: "vlan",
            master: parent.name(),
            mode,
            id: *id,
            mtu: *mtu,
        },
        Network::Sriov {
            vlan,
            least_rate,
            most_rate,
            ..
        } => Device::Sriov {
            vlan: *vlan,
            min_tx_rate: *least_rate,
            max_tx_rate: *most_rate,
            kind: "sriov",
        },
        Network::InfinibandSriov {
            partition_key,
            link_state,
            isolation,
            ib_kubernetes,
            ..
        } => Device::InfinibandSriov {
            kind: "ib-sriov",
            pkey: partition_key,
            link_state,
            isolation: *isolation,
            ib_kubernetes: *ib_kubernetes,
        },
        Network::Ipoib { master } => Device::Ipoib {
            kind: "ipoib",
            master,
        },
        Network::Ovs(ovs) => Device::Ovs {
            vlan: ovs.vlan,
            kind: "ovs",
            bridge: &ovs.bridge,
            device: &ovs.device,
            trunk: &ovs.trunk,
        },
        Network::Custom(_) => return None,
    })
}

fn ipam(pools: &Pools) -> Ipam<'_> {
    Ipam {
        kind: "spiderpool",
        ipv4: &pools.ipv4,
        ipv6: &pools.ipv6,
        match_master_subnet: pools.match_master_subnet,
    }
}

fn coordinator_entry(coordinator: &Coordinator) -> CoordinatorEntry<'_> {
    CoordinatorEntry {
        queue_length: coordinator.queue_length,
        veth_address: coordinator.veth_address.as_deref(),
        veth_mtu: coordinator.veth_mtu,
        tunes_routes: coordinator.tunes_routes.unwrap_or(true),
        mac_prefix: coordinator.mac_prefix.as_deref(),
        mode: coordinator.mode.unwrap_or("auto"),
        kind: "coordinator",
        default_route_interface: coordinator.default_route_interface.as_deref(),
        reverse_path_filter: coordinator.reverse_path_filter,
        host_table: coordinator.host_table,
        pod_networks: &coordinator.pod_networks,
        service_networks: &coordinator.service_networks,
        hijacked: &coordinator.hijacked,
        policy_routes: &coordinator.policy_routes,
    }
}

// serde hands a reference over.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that skip_serializing_if asks for"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
