//! What keeps the interfaces of a pod apart: the block `coordinator` of a network, and `SpiderCoordinator`, which has the
//! values of all networks that say nothing.

use std::net::{IpAddr, Ipv4Addr};

use plumb_values::IpNetwork;
use serde::Serialize;
use serde_json::Value;

use crate::fields::{Fields, Problems};

const FIELDS: &[&str] = &[
    "mode",
    "podCIDRType",
    "hijackCIDR",
    "podMACPrefix",
    "tunePodRoutes",
    "podDefaultRouteNIC",
    "hostRuleTable",
    "hostRPFilter",
    "podRPFilter",
    "txQueueLen",
    "vethLinkAddress",
    "vethMTU",
    "policyRoutes",
    "detectGateway",
    "detectIPConflict",
];

const MODES: [&str; 5] = ["auto", "underlay", "overlay", "disable", "disabled"];

/// What the replaced product has where nothing is said; so written it says nothing.
const HOST_TABLE: i64 = 500;

/// What is asked for. What is not written says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coordinator {
    /// `mode`
    pub mode: Option<&'static str>,
    /// `tunePodRoutes`
    pub tunes_routes: Option<bool>,
    /// `podDefaultRouteNIC`
    pub default_route_interface: Option<String>,
    /// `podMACPrefix`
    pub mac_prefix: Option<String>,
    /// `podRPFilter`
    pub reverse_path_filter: Option<i64>,
    /// `txQueueLen`: packets.
    pub queue_length: Option<i64>,
    /// `vethLinkAddress`
    pub veth_address: Option<String>,
    /// `vethMTU`: bytes.
    pub veth_mtu: Option<i64>,
    /// `hostRuleTable`
    pub host_table: Option<i64>,
    /// `hijackCIDR`
    pub hijacked: Vec<String>,
    /// The networks of the cluster's pods, of a `SpiderCoordinator`'s status.
    pub pod_networks: Vec<String>,
    /// The networks of the cluster's services, of a `SpiderCoordinator`'s status.
    pub service_networks: Vec<String>,
    /// `policyRoutes`
    pub policy_routes: Vec<PolicyRoute>,
    /// `detectGateway`: a gateway that does not answer fails the pod.
    pub detects_gateway: bool,
    /// `detectIPConflict`: an address that somebody has is not given.
    pub detects_conflicts: bool,
}

/// A route of the interface's own table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyRoute {
    /// The destination.
    pub dst: String,
    /// The next hop.
    pub gw: String,
}

impl Coordinator {
    /// Understands a `SpiderCoordinator`: its `spec`, and the networks that its `status` has.
    ///
    /// # Errors
    ///
    /// All that is wrong, in sentences that name the field.
    pub fn of_cluster(object: &Value) -> Result<(Self, Vec<String>), Vec<String>> {
        let problems = Problems::default();
        let mut notes = Vec::new();
        let specification = object.get("spec").unwrap_or(&Value::Null);
        let mut read = Fields::of("spec", specification, &problems)
            .map(|fields| Self::read(&fields, &mut notes))
            .unwrap_or_default();
        let status = object.get("status").unwrap_or(&Value::Null);
        if let Some(fields) = Fields::of("status", status, &problems) {
            read.pod_networks = fields.texts("overlayPodCIDR", "[\"10.233.64.0/18\"]");
            read.service_networks = fields.texts("serviceCIDR", "[\"10.233.0.0/18\"]");
        }
        problems.unless_any((read, notes))
    }

    pub(crate) fn read(fields: &Fields<'_>, notes: &mut Vec<String>) -> Self {
        fields.only(FIELDS);
        fields.word(
            "podCIDRType",
            &["auto", "cluster", "calico", "cilium", "none"],
        );
        if fields.value("hostRPFilter").is_some() {
            notes.push(format!(
                "{} has no effect: plumb sets no rp_filter of the node",
                fields.name("hostRPFilter")
            ));
        }
        Self {
            mode: fields.word("mode", &MODES),
            tunes_routes: fields.flag("tunePodRoutes"),
            default_route_interface: fields.text("podDefaultRouteNIC").map(str::to_owned),
            mac_prefix: mac_prefix(fields),
            reverse_path_filter: fields.number("podRPFilter", i64::from(i32::MIN)..=2),
            queue_length: fields
                .number("txQueueLen", 0..=i64::from(u32::MAX))
                .filter(|length| *length != 0),
            veth_address: veth_address(fields),
            veth_mtu: fields
                .number("vethMTU", 0..=65_535)
                .filter(|bytes| *bytes != 0),
            host_table: fields
                .number("hostRuleTable", 1..=i64::from(u32::MAX))
                .filter(|table| *table != HOST_TABLE),
            hijacked: networks(fields, "hijackCIDR"),
            policy_routes: policy_routes(fields),
            detects_gateway: fields.flag("detectGateway").unwrap_or(false),
            detects_conflicts: fields.flag("detectIPConflict").unwrap_or(false),
            ..Self::default()
        }
    }

    /// What holds where the cluster's `SpiderCoordinator` has something to say of what this one does not. Mode and
    /// `tunePodRoutes` are always the network's, as in the replaced product, which writes them into each.
    #[must_use]
    pub fn or(&self, cluster: &Self) -> Self {
        fn either<T: Clone>(own: &[T], cluster: &[T]) -> Vec<T> {
            match own.is_empty() {
                true => cluster.to_vec(),
                false => own.to_vec(),
            }
        }
        let (own, cluster) = (self.clone(), cluster.clone());
        Self {
            mode: own.mode,
            tunes_routes: own.tunes_routes,
            default_route_interface: own
                .default_route_interface
                .or(cluster.default_route_interface),
            mac_prefix: own.mac_prefix.or(cluster.mac_prefix),
            reverse_path_filter: own.reverse_path_filter.or(cluster.reverse_path_filter),
            queue_length: own.queue_length.or(cluster.queue_length),
            veth_address: own.veth_address.or(cluster.veth_address),
            veth_mtu: own.veth_mtu.or(cluster.veth_mtu),
            host_table: own.host_table.or(cluster.host_table),
            hijacked: either(&own.hijacked, &cluster.hijacked),
            pod_networks: either(&own.pod_networks, &cluster.pod_networks),
            service_networks: either(&own.service_networks, &cluster.service_networks),
            policy_routes: either(&own.policy_routes, &cluster.policy_routes),
            detects_gateway: own.detects_gateway || cluster.detects_gateway,
            detects_conflicts: own.detects_conflicts || cluster.detects_conflicts,
        }
    }
}

fn mac_prefix(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("podMACPrefix")?;
    let octets: Option<Vec<u8>> = text
        .split(':')
        .map(|octet| {
            u8::from_str_radix(octet, 16)
                .ok()
                .filter(|_| octet.len() == 2)
        })
        .collect();
    // The lowest bit of the first octet is that of a group's address.
    if !matches!(octets.as_deref(), Some([first, _]) if first & 1 == 0) {
        let expected = "the first two bytes of an address of one interface, like \"0a:1b\"";
        fields.wrong("podMACPrefix", &Value::from(text), expected);
    }
    Some(text.to_owned())
}

fn veth_address(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("vethLinkAddress")?;
    if text.parse::<Ipv4Addr>().is_err() {
        fields.wrong(
            "vethLinkAddress",
            &Value::from(text),
            "an IPv4 address, like \"169.254.100.1\"",
        );
    }
    Some(text.to_owned())
}

/// Networks; an address is the network of it alone, as Spiderpool's webhook has it.
fn networks(fields: &Fields<'_>, field: &str) -> Vec<String> {
    let texts = fields.texts(field, "[\"169.254.0.0/16\"]");
    for (index, text) in texts.iter().enumerate() {
        if network(text).is_none() {
            fields.wrong(
                &format!("{field}[{index}]"),
                &Value::from(text.as_str()),
                "a network like \"169.254.0.0/16\"",
            );
        }
    }
    texts
        .iter()
        .filter_map(|text| network(text))
        .map(|network| network.to_string())
        .collect()
}

fn network(text: &str) -> Option<IpNetwork> {
    let address = |address: IpAddr| IpNetwork {
        address,
        prefix_length: if address.is_ipv4() { 32 } else { 128 },
    };
    text.parse().ok().or_else(|| text.parse().ok().map(address))
}

fn policy_routes(fields: &Fields<'_>) -> Vec<PolicyRoute> {
    const FIELD: &str = "policyRoutes";
    let example = "[{\"dst\": \"10.6.0.0/16\", \"gw\": \"10.7.0.1\"}]";
    let mut routes = Vec::new();
    for (index, item) in fields.list(FIELD, example).iter().enumerate() {
        let path = fields.name(&format!("{FIELD}[{index}]"));
        let Some(inside) = Fields::of(&path, item, fields.problems) else {
            continue;
        };
        inside.only(&["dst", "gw"]);
        let dst = inside.required_text("dst", "a network like \"10.6.0.0/16\"");
        let gw = inside.required_text("gw", "an address like \"10.7.0.1\"");
        match (network(&dst), gw.parse::<IpAddr>().ok()) {
            (Some(network), Some(gateway))
                if network.address.is_ipv4() == gateway.is_ipv4() =>
            {
                let (dst, gw) = (network.to_string(), gateway.to_string());
                routes.push(PolicyRoute { dst, gw });
            }
            _ if dst.is_empty() || gw.is_empty() => {}
            _ => fields.problems.add(format!(
                "{path} is from {dst:?} by {gw:?}, expected a network and an address of one family, like {example}"
            )),
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_network_says_goes_before_what_the_cluster_says() {
        let (cluster, _) = Coordinator::of_cluster(&json!({
            "spec": {"mode": "underlay", "tunePodRoutes": false, "podCIDRType": "auto", "hostRuleTable": 500,
                     "hijackCIDR": ["169.254.0.0/16", "10.0.0.1"], "podRPFilter": 2, "txQueueLen": 0},
            "status": {"overlayPodCIDR": ["10.233.64.0/18"], "serviceCIDR": ["10.233.0.0/18"], "phase": "Synced"},
        }))
        .unwrap();
        let own = Coordinator {
            reverse_path_filter: Some(1),
            ..Coordinator::default()
        };
        let both = own.or(&cluster);
        assert_eq!(both.mode, None);
        assert_eq!(both.tunes_routes, None);
        assert_eq!(both.reverse_path_filter, Some(1));
        assert_eq!(both.hijacked, ["169.254.0.0/16", "10.0.0.1/32"]);
        assert_eq!(both.service_networks, ["10.233.0.0/18"]);
        assert_eq!((both.host_table, both.queue_length), (None, None));
    }

    #[test]
    fn each_wrong_value_is_a_sentence() {
        let problems = Coordinator::of_cluster(&json!({"spec": {
            "mode": "overlya", "podMACPrefix": "01:00", "vethLinkAddress": "fd00::1", "hijackCIDR": ["10.0.0.0/33"],
            "policyRoutes": [{"dst": "10.0.0.0/8", "gw": "fd00::1"}], "podRPFilter": 3, "podCidrType": "auto",
        }}))
        .unwrap_err();
        assert_eq!(
            problems,
            [
                "spec.podCidrType is not known: did you mean \"podCIDRType\"? the fields there are mode, podCIDRType, \
                 hijackCIDR, podMACPrefix, tunePodRoutes, podDefaultRouteNIC, hostRuleTable, hostRPFilter, podRPFilter, \
                 txQueueLen, vethLinkAddress, vethMTU, policyRoutes, detectGateway, detectIPConflict",
                "spec.mode is \"overlya\": did you mean \"overlay\"? it is one of auto, underlay, overlay, disable, disabled",
                "spec.podMACPrefix is \"01:00\", expected the first two bytes of an address of one interface, like \"0a:1b\"",
                "spec.podRPFilter is 3, expected a number from -2147483648 to 2",
                "spec.vethLinkAddress is \"fd00::1\", expected an IPv4 address, like \"169.254.100.1\"",
                "spec.hijackCIDR[0] is \"10.0.0.0/33\", expected a network like \"169.254.0.0/16\"",
                "spec.policyRoutes[0] is from \"10.0.0.0/8\" by \"fd00::1\", expected a network and an address of one family, \
                 like [{\"dst\": \"10.6.0.0/16\", \"gw\": \"10.7.0.1\"}]",
            ]
        );
    }
}
