//! The block of a network's `cniType`.

use serde_json::Value;

use super::bond::Parent;
use super::infiniband;
use crate::fields::Fields;

/// The types, and the field that has each one's block.
const TYPES: [(&str, &str); 8] = [
    ("macvlan", "macvlan"),
    ("ipvlan", "ipvlan"),
    ("vlan", "vlan"),
    ("sriov", "sriov"),
    ("ovs", "ovs"),
    ("ib-sriov", "ibsriov"),
    ("ipoib", "ipoib"),
    ("custom", "customCNI"),
];

/// What makes the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// `macvlan` or `ipvlan`
    Child {
        /// `macvlan` or `ipvlan`.
        kind: &'static str,
        /// What it is made on.
        parent: Parent,
        /// Bytes; 0 is the parent's.
        mtu: i64,
        /// 0 is none.
        vlan: i64,
    },
    /// `vlan`
    Vlan {
        /// What it is made on.
        parent: Parent,
        /// Bytes; 0 is the parent's.
        mtu: i64,
        /// `manual` or `auto`.
        mode: &'static str,
        /// With `manual`.
        id: Option<i64>,
    },
    /// `sriov`
    Sriov {
        /// The resource of the device plugin.
        resource: String,
        /// 0 is none.
        vlan: i64,
        /// Megabits in a second; 0 is no limit.
        least_rate: i64,
        /// Megabits in a second; 0 is no limit.
        most_rate: i64,
        /// Bytes; 0 leaves it as it is.
        mtu: i64,
        /// Whether the pod gets the RDMA device for itself.
        isolation: bool,
    },
    /// `ib-sriov`
    InfinibandSriov {
        /// The resource of the device plugin.
        resource: String,
        /// In hexadecimal with `0x`; empty is none.
        partition_key: String,
        /// `enable`, `disable` or `auto`.
        link_state: &'static str,
        /// Whether the pod gets the RDMA device for itself.
        isolation: bool,
        /// Whether ib-kubernetes gives GUIDs and partitions.
        ib_kubernetes: bool,
    },
    /// `ipoib`
    Ipoib {
        /// The node's IPoIB interface.
        master: String,
    },
    /// `ovs`
    Ovs(Ovs),
    /// `custom`: the text as it is; none leaves the configuration to a file of the node.
    Custom(Option<String>),
}

/// A port of Open vSwitch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ovs {
    /// The bridge.
    pub bridge: String,
    /// 0 is none.
    pub vlan: i64,
    /// The VLANs of a trunk.
    pub trunk: Vec<Trunk>,
    /// A PCI function that is offloaded to; empty is none.
    pub device: String,
}

/// VLANs of a trunk: one, or a range.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trunk {
    /// One VLAN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The first one of a range.
    #[serde(rename = "minID", skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// The last one of a range.
    #[serde(rename = "maxID", skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
}

/// The pools that a network's addresses come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pools {
    /// Names and patterns of IPv4 pools.
    pub ipv4: Vec<String>,
    /// Names and patterns of IPv6 pools.
    pub ipv6: Vec<String>,
    /// Whether only those of the parent's subnet serve.
    pub match_master_subnet: bool,
}

impl Pools {
    pub(super) fn read(fields: &Fields<'_>, may_match: bool) -> Self {
        let Some(inside) = fields.inside("ippools") else {
            return Self::default();
        };
        inside.only(&["ipv4", "ipv6", "matchMasterSubnet"]);
        let matches = inside.flag("matchMasterSubnet").unwrap_or(false);
        if matches && !may_match {
            inside.problems.add(format!(
                "{} is true, which only sriov has: take it out",
                inside.name("matchMasterSubnet")
            ));
        }
        Self {
            ipv4: inside.texts("ipv4", "[\"rail1\"]"),
            ipv6: inside.texts("ipv6", "[\"rail1-v6\"]"),
            match_master_subnet: matches,
        }
    }
}

/// The network and its pools. What cannot be read is noted, and stands for something empty.
pub(super) fn read(fields: &Fields<'_>, notes: &mut Vec<String>) -> (Network, Option<Pools>) {
    let words = TYPES.map(|(word, _)| word);
    let written = fields.value("cniType").is_some();
    let kind = match written {
        true => fields.word("cniType", &words),
        false => Some("custom"),
    };
    let Some(kind) = kind else {
        return (Network::Custom(None), None);
    };
    let block = block_of(kind);
    for (other, field) in TYPES.iter().filter(|(word, _)| *word != kind) {
        if fields.value(field).is_none_or(|value| value == "") {
            continue;
        }
        fields.problems.add(match written {
            true => format!(
                "{} is {kind}, and {} is written, which is for {other}: take it out, or write {other} as {}",
                fields.name("cniType"),
                fields.name(field),
                fields.name("cniType")
            ),
            false => format!(
                "{} is not written, which means custom, and {} is: write {other} as {}",
                fields.name("cniType"),
                fields.name(field),
                fields.name("cniType")
            ),
        });
    }
    if kind == "custom" {
        return (Network::Custom(custom(fields)), None);
    }
    let Some(inside) = fields.inside(block) else {
        if fields.value(block).is_none() {
            fields.problems.add(format!(
                "{} is {kind}, and there is no {}, which has what it needs",
                fields.name("cniType"),
                fields.name(block)
            ));
        }
        return (Network::Custom(None), None);
    };
    match kind {
        "vlan" => vlan(&inside),
        "sriov" => virtual_function(&inside),
        "ovs" => ovs(&inside),
        "ib-sriov" => infiniband::virtual_function(&inside, notes),
        "ipoib" => infiniband::child(&inside),
        kind => child(kind, &inside),
    }
}

fn block_of(kind: &str) -> &'static str {
    let found = TYPES.iter().find(|(word, _)| *word == kind);
    found.map_or("customCNI", |(_, block)| block)
}

fn child(kind: &'static str, fields: &Fields<'_>) -> (Network, Option<Pools>) {
    fields.only(&[
        "master",
        "mtu",
        "vlanID",
        "bond",
        "rdmaResourceName",
        "enableRdma",
        "ippools",
    ]);
    let parent = Parent::read(fields);
    let vlan = fields.number("vlanID", 0..=4094).unwrap_or(0);
    parent.check_vlan(fields, vlan);
    let network = Network::Child {
        kind,
        parent,
        mtu: mtu(fields),
        vlan,
    };
    (network, Some(Pools::read(fields, false)))
}

fn vlan(fields: &Fields<'_>) -> (Network, Option<Pools>) {
    fields.only(&[
        "master",
        "mtu",
        "bond",
        "rdmaResourceName",
        "vlanMode",
        "vlanID",
        "ippools",
    ]);
    let mode = fields
        .word("vlanMode", &["manual", "auto"])
        .unwrap_or("manual");
    let id = fields.number("vlanID", 0..=4094).filter(|id| *id != 0);
    let place = fields.name("vlanID");
    match (mode, id) {
        ("manual", None) => fields.problems.add(format!(
            "{place} is missing: mode manual needs the VLAN, from 1 to 4094"
        )),
        ("auto", Some(id)) => fields.problems.add(format!(
            "{place} is {id}, and mode auto has the VLAN chosen: take one of them out"
        )),
        _ => {}
    }
    let network = Network::Vlan {
        parent: Parent::read(fields),
        mtu: mtu(fields),
        mode,
        id,
    };
    (network, Some(Pools::read(fields, false)))
}

fn virtual_function(fields: &Fields<'_>) -> (Network, Option<Pools>) {
    fields.only(&[
        "resourceName",
        "vlanID",
        "minTxRateMbps",
        "maxTxRateMbps",
        "mtu",
        "rdmaIsolation",
        "enableRdma",
        "ippools",
    ]);
    let rate = |field| fields.number(field, 0..=i64::from(u32::MAX)).unwrap_or(0);
    let (least_rate, most_rate) = (rate("minTxRateMbps"), rate("maxTxRateMbps"));
    if most_rate != 0 && least_rate > most_rate {
        fields.problems.add(format!(
            "{} is {least_rate}, more than {}, which is {most_rate}",
            fields.name("minTxRateMbps"),
            fields.name("maxTxRateMbps")
        ));
    }
    let network = Network::Sriov {
        resource: resource_name(fields),
        vlan: fields.number("vlanID", 0..=4094).unwrap_or(0),
        least_rate,
        most_rate,
        mtu: mtu(fields),
        isolation: renamed_flag(fields, "rdmaIsolation", "enableRdma").unwrap_or(false),
    };
    (network, Some(Pools::read(fields, true)))
}

fn ovs(fields: &Fields<'_>) -> (Network, Option<Pools>) {
    fields.only(&["bridge", "vlan", "trunk", "deviceID", "ippools"]);
    let trunk = fields
        .list("trunk", "[{\"minID\": 100, \"maxID\": 200}]")
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let path = fields.name(&format!("trunk[{index}]"));
            let inside = Fields::of(&path, item, fields.problems)?;
            inside.only(&["id", "minID", "maxID"]);
            let id = |field| inside.number(field, 0..=4094);
            let trunk = Trunk {
                id: id("id"),
                first: id("minID"),
                last: id("maxID"),
            };
            if let (Some(first), Some(last)) = (trunk.first, trunk.last)
                && first > last
            {
                fields.problems.add(format!(
                    "{path} is from {first} to {last}: minID is at most maxID"
                ));
            }
            Some(trunk)
        })
        .collect();
    let network = Network::Ovs(Ovs {
        bridge: fields.required_text("bridge", "the name of the bridge"),
        vlan: fields.number("vlan", 0..=4094).unwrap_or(0),
        trunk,
        device: fields.text("deviceID").unwrap_or_default().to_owned(),
    });
    (network, Some(Pools::read(fields, false)))
}

fn custom(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("customCNI")?;
    let place = fields.name("customCNI");
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => {}
        Ok(_) => fields.problems.add(format!(
            "{place} is JSON, but no object: write the configuration of a network"
        )),
        Err(error) => fields.problems.add(format!("{place} is no JSON: {error}")),
    }
    Some(text.to_owned())
}

/// Bytes; 0 where nothing is said. The kernel's own limit (`IP_MAX_MTU`, include/net/ip.h) is the most.
fn mtu(fields: &Fields<'_>) -> i64 {
    fields.number("mtu", 0..=65_535).unwrap_or(0)
}

pub(super) fn resource_name(fields: &Fields<'_>) -> String {
    const FIELD: &str = "resourceName";
    let name = fields.required_text(
        FIELD,
        "the resource of the SR-IOV device plugin, like \"spidernet.io/gpu1sriov\"",
    );
    if !name.is_empty() && !name.contains('/') {
        fields.problems.add(format!(
            "{} is {name:?}, expected prefix and name, like \"spidernet.io/{name}\"",
            fields.name(FIELD)
        ));
    }
    name
}

/// A flag under the name of today or that of before.
pub(super) fn renamed_flag(fields: &Fields<'_>, today: &str, before: &str) -> Option<bool> {
    match (fields.flag(today), fields.flag(before)) {
        (Some(new), Some(old)) if new != old => {
            fields.problems.add(format!(
                "{} is {new}, and {}, which is its former name, is {old}: leave one of them",
                fields.name(today),
                fields.name(before)
            ));
            Some(new)
        }
        (new, old) => new.or(old),
    }
}
