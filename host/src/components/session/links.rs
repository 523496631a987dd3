//! What a flavour may record of the pod's interface: children of a parent, functions, those of an earlier plugin.

use plumb_values::arguments::{
    IPOIB_MODES, IPVLAN_MODES, MACVLAN_MODES, check_child_mtu, check_ethernet_parent,
    check_infiniband_parent, check_ipoib_mtu, check_mtu, check_partition_key, check_unicast,
    check_word, is_connected,
};
use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::operations::Answer;
use super::{LinkHandle, PciHandle, PodLinkHandle, Recorded};
use crate::components::refusal::{Reason, Refusal};
use crate::facts::Place;
use crate::operations::{
    CreateIpoib, CreateIpvlan, CreateMacvlan, LinkNumber, MoveLink, Operation, Parent,
    UsePreviousLink,
};

/// Options of `create-macvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacvlanOptions {
    /// None: `bridge`.
    pub mode: Option<String>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: a random locally administered one.
    pub mac: Option<Vec<u8>>,
    /// Packets.
    pub broadcast_queue_length: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Options of `create-ipvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpvlanOptions {
    /// None: `l2`.
    pub mode: Option<String>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Options of `create-ipoib`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpoibOptions {
    /// None: the parent's.
    pub partition_key: Option<u16>,
    /// None: the parent's.
    pub mode: Option<String>,
    /// Whether user space handles multicast joins.
    pub user_multicast: Option<bool>,
    /// Bytes; none: what the kernel chooses.
    pub mtu: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// [`Reason::Denied`] without a grant, [`Reason::InvalidConfiguration`] for an argument that is
/// out of range.
impl Authority {
    pub(super) fn create_macvlan(
        &mut self,
        parent: &LinkHandle,
        options: MacvlanOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-macvlan", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-macvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "bridge".to_owned());
            check_word("macvlan mode", &mode, &MACVLAN_MODES)?;
            authority.child_of(link, "macvlan", parent, options.mtu)?;
            options.mac.as_deref().map_or(Ok(()), check_unicast)?;
            Ok(Operation::CreateMacvlan(CreateMacvlan {
                link,
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                mac: options.mac,
                broadcast_queue_length: options.broadcast_queue_length,
                name,
                temporary_name: String::new(),
                index: None,
                below: None,
            }))
        })
    }

    pub(super) fn create_ipvlan(
        &mut self,
        parent: &LinkHandle,
        options: IpvlanOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-ipvlan", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-ipvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "l2".to_owned());
            check_word("ipvlan mode", &mode, &IPVLAN_MODES)?;
            authority.child_of(link, "ipvlan", parent, options.mtu)?;
            Ok(Operation::CreateIpvlan(CreateIpvlan {
                link,
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                name,
                temporary_name: String::new(),
                index: None,
                below: None,
            }))
        })
    }

    pub(super) fn create_ipoib(
        &mut self,
        parent: &LinkHandle,
        options: IpoibOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-ipoib", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-ipoib", parent)?;
            if let Some(mode) = &options.mode {
                check_word("ipoib mode", mode, &IPOIB_MODES)?;
            }
            let of = parent_of(parent);
            check_infiniband_parent(&of.name, parent.facts.hardware_type, of.in_pod)?;
            check_ipoib_child(parent, &options)?;
            options.partition_key.map_or(Ok(()), check_partition_key)?;
            Ok(Operation::CreateIpoib(CreateIpoib {
                link,
                parent: of,
                partition_key: options.partition_key,
                mode: options.mode,
                user_multicast: options.user_multicast,
                mtu: options.mtu,
                name,
                temporary_name: String::new(),
                alias: String::new(),
                permanent_address: None,
                index: None,
            }))
        })
    }

    pub(super) fn move_link(&mut self, function: &PciHandle) -> Answer<PodLinkHandle> {
        self.create("move-link", None, |authority, link, name| {
            authority.may_use_function("move-link", function)?;
            Ok(Operation::MoveLink(MoveLink {
                link,
                address: function.facts.address.clone(),
                name,
                index: None,
            }))
        })
    }

    /// An interface of an earlier plugin of the chain.
    pub(super) fn use_previous_link(&mut self, name: String) -> Answer<PodLinkHandle> {
        self.may_record("use-previous-link")?;
        if !self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "component {} works on interface {name:?} of an earlier plugin, and the network is not chained: add \
                 \"chained\": true to it, which tells DEL as well whose the interface is",
                self.component
            )));
        }
        let mut listed = self.asked.previous_interfaces.iter();
        if !listed.any(|interface| interface.in_pod && interface.name == name) {
            let inside = self.asked.previous_interfaces.iter();
            let inside = inside.filter(|interface| interface.in_pod);
            let names: Vec<_> = inside.map(|interface| interface.name.as_str()).collect();
            return Err(Refusal::new(
                Reason::NotFound,
                format!(
                    "prevResult has no interface {name:?} in the pod: it lists {}",
                    match names.is_empty() {
                        true => "none".to_owned(),
                        false => names.join(", "),
                    }
                ),
            ));
        }
        let known = self.pod_links.iter().find(|(_, known)| **known == name);
        if let Some((number, _)) = known {
            return Ok(PodLinkHandle { number: *number });
        }
        // No result of a plugin has as many interfaces in a pod.
        let number = u8::try_from(self.pod_links.len()).map_err(|_| {
            Refusal::denied(format!(
                "component {} works on more than 256 interfaces",
                self.component
            ))
        })?;
        let link = LinkNumber(number);
        self.pod_links.insert(link, name.clone());
        let operation = UsePreviousLink {
            link,
            name,
            index: None,
        };
        self.record(Recorded::Operation(operation.into()));
        Ok(PodLinkHandle { number: link })
    }

    /// Checks what a child of an Ethernet interface is to be made of, and notes its largest MTU.
    pub(super) fn child_of(
        &mut self,
        link: LinkNumber,
        kind: &'static str,
        parent: &LinkHandle,
        mtu: Option<u32>,
    ) -> Answer<()> {
        let (name, most) = (&parent.facts.name, parent.facts.mtu);
        check_ethernet_parent(kind, name, parent.facts.hardware_type)?;
        if let Some(mtu) = mtu {
            check_mtu(mtu)?;
            check_child_mtu(kind, mtu, name, most)?;
        }
        self.child_of.insert(link, (kind, name.clone(), most));
        Ok(())
    }
}

/// Checks the MTU of an IPoIB child. Without a mode it gets its parent's, which the MTU shows.
fn check_ipoib_child(parent: &LinkHandle, options: &IpoibOptions) -> Answer<()> {
    let Some(mtu) = options.mtu else {
        return Ok(());
    };
    let facts = &parent.facts;
    let is_connected = match options.mode.as_deref() {
        Some(mode) => mode == "connected",
        None => is_connected(facts.mtu),
    };
    check_mtu(mtu)?;
    Ok(check_ipoib_mtu(mtu, is_connected, &facts.name, facts.mtu)?)
}

pub(super) fn parent_of(link: &LinkHandle) -> Parent {
    Parent {
        name: link.facts.name.clone(),
        index: link.facts.index,
        in_pod: link.place == Place::Pod,
    }
}
