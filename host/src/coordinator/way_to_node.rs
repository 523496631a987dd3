//! A second interface, `veth0`, for a pod whose first one is on the fabric: by it the node reaches the pod (the kubelet's
//! probes, what kube-proxy sends on), and the pod its node and the networks of the cluster.
//!
//! | where | what |
//! |---|---|
//! | pod | rule 32763: table 98 for everything: the node's addresses and the cluster's networks, and no default route |
//! | | rule 1000: table 97 for what is marked, because it came by `veth0`: all by the node |
//! | node | rule 1000: table 500 for everything: the pods' addresses |
//!
//! Rules of rails, which come by the sources that sockets have, are behind 32763, so that rails that come later change nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use crate::cni::Request;
use crate::cni::coordinator::Coordinator;
use crate::facts::{Facts, LinkFacts, Place, PodInterface};
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::operations::{
    AddAddress, AddRoute, AddRule, CreateVeth, JoinEnds, MarkConnections, Operation,
    RelaxReversePath, RouteToPod, SetLinkSysctl, SetUp,
};
use crate::outcome::LinkNumber;
use crate::rails::layout;
use crate::{Code, Error, Result};

/// The interface beside that of the chain.
const LINK: LinkNumber = LinkNumber(1);

/// Its name in the pod.
const NAME: &str = "veth0";

/// The tables in the pod: before those of the primary interface and of rails.
const NODE_TABLE: u32 = 98;
const ANSWERS_TABLE: u32 = 97;

/// Before the rules of rails and of the primary interface.
const NODE_PRIORITY: u32 = 32_763;

/// Before all rules that others make, in the pod and on the node.
const FIRST_PRIORITY: u32 = 1000;

/// What connections are marked with, and the table of nftables that does it.
const MARK: u32 = 1;
const MARKS: &str = "plumb";

const EVERYTHING_IPV4: Ipv4Network =
    Ipv4Network::new_checked(Ipv4Addr::UNSPECIFIED, 0).expect("zero is a prefix of every family");
const EVERYTHING_IPV6: Ipv6Network =
    Ipv6Network::new_checked(Ipv6Addr::UNSPECIFIED, 0).expect("zero is a prefix of every family");

/// Kinds of interfaces that have no address of the node, unless its default route leads by them: those of pods, and those that
/// hold the addresses of services.
const NOT_THE_NODES: [&str; 9] = [
    "veth",
    "dummy",
    "macvlan",
    "ipvlan",
    "vxlan",
    "tun",
    "ipip",
    "sit",
    "wireguard",
];

/// What makes the interface and all that leads by it.
///
/// # Errors
///
/// [`Code::INVALID_CONFIGURATION`] where the pod has no address yet, or the node none of its families; [`Code::DENIED`] for an
/// address that is the node's own, or that the node's policy does not let networks have.
pub fn operations(
    wanted: &Coordinator,
    call: &Request,
    primary: &PodInterface,
    facts: &dyn Facts,
) -> Result<Vec<Operation>> {
    let default = facts.default_route_link(Place::Host)?;
    let nodes = node_addresses(default.as_ref(), facts)?;
    let routers = routers(default.as_ref(), facts)?;
    let pod: Vec<IpAddr> = layout::lasting(&primary.addresses).collect();
    for address in &pod {
        require_pods_own(*address, &nodes, &routers)?;
        call.policy.check_route_to_pod(*address)?;
    }
    let of = |address: IpAddr| {
        let is_like = |node: &&IpAddr| node.is_ipv4() == address.is_ipv4();
        nodes.iter().find(is_like).map(|node| (address, *node))
    };
    let pairs: Vec<(IpAddr, IpAddr)> = pod.iter().copied().filter_map(of).collect();
    if pairs.is_empty() {
        return Err(without_addresses(primary, &pod, &nodes));
    }
    let is_served = |address: &IpAddr| {
        pairs
            .iter()
            .any(|(_, node)| node.is_ipv4() == address.is_ipv4())
    };
    let nodes: Vec<IpAddr> = nodes.iter().copied().filter(is_served).collect();
    let link = LINK;
    let host_name = host_name(&call.attachment.container_id);

    let mut operations: Vec<Operation> = vec![
        CreateVeth {
            link,
            name: NAME.to_owned(),
            host_name: host_name.clone(),
            mtu: wanted.veth_mtu,
            ..CreateVeth::default()
        }
        .into(),
        RelaxReversePath {
            link,
            all_before: None,
        }
        .into(),
    ];
    if pairs.iter().any(|(pod, _)| pod.is_ipv6()) {
        operations.push(SetLinkSysctl::optional(link, "ipv6", "disable_ipv6", "0").into());
    }
    let address = wanted
        .veth_address
        .map(|address| IpNetwork::from(IpAddr::V4(address)));
    operations.extend(address.map(|address| AddAddress { link, address }.into()));
    operations.push(
        SetUp {
            link,
            before: false,
        }
        .into(),
    );
    operations.push(
        JoinEnds {
            link,
            host_name: host_name.clone(),
            pod: pairs.iter().map(|(pod, _)| *pod).collect(),
            node: nodes.clone(),
            ..JoinEnds::default()
        }
        .into(),
    );
    let mut networks = wanted.cluster_networks.clone();
    let of_node = call.policy.cluster_networks.iter();
    networks.extend(of_node.filter(|network| !wanted.cluster_networks.contains(network)));
    operations.extend(in_pod(&networks, &pairs, &nodes));
    operations.push(
        RouteToPod {
            host_name,
            addresses: pairs,
            table: wanted.host_table,
            priority: FIRST_PRIORITY,
        }
        .into(),
    );
    Ok(operations)
}

/// Refuses what the node itself needs: its own addresses, and those of its routers. A network says which addresses its pods
/// have, and the node would send what is for these to the pod.
fn require_pods_own(address: IpAddr, nodes: &[IpAddr], routers: &[IpAddr]) -> Result<()> {
    let whose = match nodes.contains(&address) {
        true => "the node",
        false if routers.contains(&address) => "the router of the node's default route",
        false => return Ok(()),
    };
    Err(Error::new(
        Code::DENIED,
        format!(
            "the pod has the address {address}, which is that of {whose}: the node is not led to the pod for it; take it out \
             of the pool"
        ),
    ))
}

/// How the pod routes: to the node, to the cluster's networks, and what it answers.
fn in_pod(networks: &[IpNetwork], pairs: &[(IpAddr, IpAddr)], nodes: &[IpAddr]) -> Vec<Operation> {
    let of = |is_ipv4: bool| pairs.iter().find(|(pod, _)| pod.is_ipv4() == is_ipv4);
    let families: Vec<_> = [true, false].into_iter().filter_map(of).copied().collect();
    let mut operations: Vec<Operation> = Vec::new();
    for (source, _) in &families {
        let is_ipv6 = source.is_ipv6();
        let rules = [
            Rule::of_all(is_ipv6, None, NODE_TABLE, NODE_PRIORITY),
            Rule::of_all(is_ipv6, Some(MARK), ANSWERS_TABLE, FIRST_PRIORITY),
        ];
        operations.extend(rules.map(|rule| AddRule::of(rule).into()));
    }
    let mut routes: Vec<Route> = Vec::new();
    for (source, node) in &families {
        let own = nodes.iter().filter(|own| own.is_ipv4() == source.is_ipv4());
        routes.extend(own.map(|own| Route::on_link(*own, *source).in_table(NODE_TABLE)));
        let networks = networks.iter();
        let networks = networks.filter(|network| network.is_ipv4() == source.is_ipv4());
        routes.extend(networks.map(|network| by_node(*network, *source, *node, NODE_TABLE)));
        routes.push(by_node(everything(source), *source, *node, ANSWERS_TABLE));
    }
    operations.extend(
        routes
            .into_iter()
            .map(|route| AddRoute::by(LINK, route).into()),
    );
    operations.push(
        MarkConnections {
            table: MARKS.to_owned(),
            interface: NAME.to_owned(),
            mark: MARK,
            done: false,
        }
        .into(),
    );
    operations
}

/// The network of all addresses of a family.
fn everything(family: &IpAddr) -> IpNetwork {
    match family {
        IpAddr::V4(_) => IpNetwork::V4(EVERYTHING_IPV4),
        IpAddr::V6(_) => IpNetwork::V6(EVERYTHING_IPV6),
    }
}

/// By the node, of whose address no other table says that it is on the link.
fn by_node(network: IpNetwork, source: IpAddr, node: IpAddr, table: u32) -> Route {
    Route {
        source: Some(source),
        on_link: true,
        ..Route::new(network, Some(node)).in_table(table)
    }
}

/// The name of the host's end: the end of the container's identifier, which distinguishes it also where these are counted.
fn host_name(container: &str) -> String {
    let skipped = container.chars().count().saturating_sub(11);
    let end: String = container.chars().skip(skipped).collect();
    format!("veth{end}")
}

/// The node's addresses, those of the default route's interface first.
fn node_addresses(default: Option<&LinkFacts>, facts: &dyn Facts) -> Result<Vec<IpAddr>> {
    let is_default = |link: &LinkFacts| default.is_some_and(|default| default.index == link.index);
    // A node that announces its address by a routing protocol has it on the loopback.
    let mut links: Vec<LinkFacts> = facts.link(Place::Host, "lo")?.into_iter().collect();
    links.extend(facts.links(Place::Host)?);
    links.sort_by_key(|link| !is_default(link));
    let mut addresses = Vec::new();
    for link in links {
        let kind = link.kind.as_deref();
        let is_of_others = kind.is_some_and(|kind| NOT_THE_NODES.contains(&kind));
        // A node that is a container itself has a veth or a macvlan for its own.
        if is_of_others && !is_default(&link) {
            continue;
        }
        let found = facts.addresses(Place::Host, &link)?;
        addresses.extend(layout::lasting(&found).filter(|address| !address.is_loopback()));
    }
    Ok(addresses)
}

/// The next hops by the default route's interface.
fn routers(default: Option<&LinkFacts>, facts: &dyn Facts) -> Result<Vec<IpAddr>> {
    let routes = default.map_or(Ok(Vec::new()), |link| facts.routes(Place::Host, link))?;
    Ok(routes
        .into_iter()
        .filter_map(|route| route.gateway)
        .collect())
}

fn without_addresses(primary: &PodInterface, pod: &[IpAddr], nodes: &[IpAddr]) -> Error {
    let list = |addresses: &[IpAddr]| match addresses {
        [] => "none".to_owned(),
        addresses => {
            let texts: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
            texts.join(", ")
        }
    };
    Error::configuration(format!(
        "the pod's {} cannot have a way to the node: the pod has the addresses {}, the node {}, and there must be one of \
         the same family; give the network an \"ipam\", or set \"mode\" to \"disabled\"",
        primary.name,
        list(pod),
        list(nodes)
    ))
}
