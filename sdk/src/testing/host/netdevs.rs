//! The builders of the interface `operations` for VLANs, pairs and queues. What was set is checked when it is used.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use plumb_values::HardwareAddress;
use plumb_values::arguments::{
    VLAN_FLAGS, check_channel_counts, check_mtu, check_ring_sizes, check_vlan_child, check_word,
};

use super::bridges::SharedBridge;
use super::facts::Link;
use super::options::unicast;
use crate::bindings::flavour::plumb::cni::types;
use crate::operations::{self, VlanProtocol};

#[derive(Debug)]
pub struct VlanOptions {
    id: u16,
    protocol: Cell<u16>,
    flags: RefCell<BTreeMap<String, bool>>,
    mtu: Cell<Option<u32>>,
    mac: RefCell<Option<HardwareAddress>>,
    name: RefCell<Option<String>>,
}

impl VlanOptions {
    pub fn new(id: u16) -> Self {
        Self {
            id,
            protocol: Cell::new(VlanProtocol::Q as u16),
            flags: RefCell::default(),
            mtu: Cell::default(),
            mac: RefCell::default(),
            name: RefCell::default(),
        }
    }

    pub fn set_protocol(&self, ethertype: u16) {
        self.protocol.set(ethertype);
    }

    pub fn set_flag(&self, flag: &str, enabled: bool) {
        self.flags.borrow_mut().insert(flag.to_owned(), enabled);
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_mac(&self, mac: &types::HardwareAddress) {
        self.mac.replace(Some(mac.clone().into()));
    }

    pub fn set_name(&self, name: &str) {
        self.name.replace(Some(name.to_owned()));
    }

    pub(super) fn checked(self) -> Result<operations::VlanOptions, String> {
        check_vlan_child(self.id, self.protocol.get())?;
        let flags = self.flags.into_inner();
        for flag in flags.keys() {
            check_word("vlan flag", flag, &VLAN_FLAGS)?;
        }
        self.mtu.get().map_or(Ok(()), check_mtu)?;
        let is_set = |flag: &str| flags.get(flag) == Some(&true);
        Ok(operations::VlanOptions {
            id: self.id,
            protocol: match self.protocol.get() == VlanProtocol::Ad as u16 {
                true => VlanProtocol::Ad,
                false => VlanProtocol::Q,
            },
            reorder_header: flags.get("reorder_hdr").copied(),
            gvrp: is_set("gvrp"),
            mvrp: is_set("mvrp"),
            loose_binding: is_set("loose_binding"),
            bridge_binding: is_set("bridge_binding"),
            mtu: self.mtu.get(),
            mac: self.mac.into_inner().map(unicast).transpose()?,
            name: self.name.into_inner(),
        })
    }
}

#[derive(Debug, Default)]
pub struct VethOptions {
    pub(super) bridge: RefCell<Option<Link>>,
    pub(super) shared_bridge: RefCell<Option<Link>>,
    hairpin: Cell<bool>,
    isolated: Cell<bool>,
    mtu: Cell<Option<u32>>,
    mac: RefCell<Option<HardwareAddress>>,
    name: RefCell<Option<String>>,
}

impl VethOptions {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set_bridge(&self, bridge: &Link) {
        self.bridge.replace(Some(bridge.clone()));
    }

    pub fn set_shared_bridge(&self, bridge: &SharedBridge) {
        self.shared_bridge.replace(Some(bridge.0.clone()));
    }

    pub fn set_hairpin(&self, enabled: bool) {
        self.hairpin.set(enabled);
    }

    pub fn set_isolated(&self, enabled: bool) {
        self.isolated.set(enabled);
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_mac(&self, mac: &types::HardwareAddress) {
        self.mac.replace(Some(mac.clone().into()));
    }

    pub fn set_name(&self, name: &str) {
        self.name.replace(Some(name.to_owned()));
    }

    pub(super) fn checked(self) -> Result<operations::VethOptions, String> {
        self.mtu.get().map_or(Ok(()), check_mtu)?;
        Ok(operations::VethOptions {
            hairpin: self.hairpin.get(),
            isolated: self.isolated.get(),
            mtu: self.mtu.get(),
            mac: self.mac.into_inner().map(unicast).transpose()?,
            name: self.name.into_inner(),
        })
    }
}

#[derive(Debug, Default)]
pub struct RingSizes(Cell<operations::RingSizes>);

impl RingSizes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set_receive(&self, packets: u32) {
        let receive = Some(packets);
        self.0.set(operations::RingSizes {
            receive,
            ..self.0.get()
        });
    }

    pub fn set_transmit(&self, packets: u32) {
        let transmit = Some(packets);
        self.0.set(operations::RingSizes {
            transmit,
            ..self.0.get()
        });
    }

    pub(super) fn checked(self) -> Result<operations::RingSizes, String> {
        let sizes = self.0.get();
        check_ring_sizes(sizes.receive, sizes.transmit)?;
        Ok(sizes)
    }
}

#[derive(Debug, Default)]
pub struct ChannelCounts(Cell<operations::ChannelCounts>);

impl ChannelCounts {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set_receive(&self, count: u32) {
        let receive = Some(count);
        self.0.set(operations::ChannelCounts {
            receive,
            ..self.0.get()
        });
    }

    pub fn set_transmit(&self, count: u32) {
        let transmit = Some(count);
        self.0.set(operations::ChannelCounts {
            transmit,
            ..self.0.get()
        });
    }

    pub fn set_combined(&self, count: u32) {
        let combined = Some(count);
        self.0.set(operations::ChannelCounts {
            combined,
            ..self.0.get()
        });
    }

    pub(super) fn checked(self) -> Result<operations::ChannelCounts, String> {
        let counts = self.0.get();
        check_channel_counts(counts.receive, counts.transmit, counts.combined)?;
        Ok(counts)
    }
}
