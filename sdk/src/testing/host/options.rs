//! The builders of the interface `operations`. What was set is checked when it is used.

use std::cell::{Cell, RefCell};

use plumb_values::arguments::{
    IPOIB_MODES, IPVLAN_MODES, LINK_STATES, MACVLAN_MODES, check_guid, check_mtu,
    check_partition_key, check_unicast, check_vlan, check_word,
};
use plumb_values::{Guid, HardwareAddress, Mac};

use crate::bindings::flavour::plumb::cni::types;
use crate::operations::{
    self, IpoibMode, IpvlanMode, MacvlanMode, VirtualFunctionLinkState, VlanProtocol, VlanTag,
};

#[derive(Debug)]
pub struct MacvlanOptions {
    mode: RefCell<String>,
    mtu: Cell<Option<u32>>,
    mac: RefCell<Option<HardwareAddress>>,
    broadcast_queue_length: Cell<Option<u32>>,
    name: RefCell<Option<String>>,
}

impl MacvlanOptions {
    pub fn new() -> Self {
        Self {
            mode: RefCell::new("bridge".to_owned()),
            mtu: Cell::default(),
            mac: RefCell::default(),
            broadcast_queue_length: Cell::default(),
            name: RefCell::default(),
        }
    }

    pub fn set_mode(&self, mode: &str) {
        mode.clone_into(&mut self.mode.borrow_mut());
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_mac(&self, mac: &types::HardwareAddress) {
        self.mac.replace(Some(mac.clone().into()));
    }

    pub fn set_broadcast_queue_length(&self, packets: u32) {
        self.broadcast_queue_length.set(Some(packets));
    }

    pub fn set_name(&self, name: &str) {
        self.name.replace(Some(name.to_owned()));
    }

    pub(super) fn checked(self) -> Result<operations::MacvlanOptions, String> {
        use MacvlanMode::{Bridge, Passthru, Private, Vepa};
        let mode = self.mode.into_inner();
        check_word("macvlan mode", &mode, &MACVLAN_MODES)?;
        self.mtu.get().map_or(Ok(()), check_mtu)?;
        Ok(operations::MacvlanOptions {
            mode: of_word(&mode, [Private, Vepa, Bridge, Passthru], MacvlanMode::word),
            mtu: self.mtu.get(),
            mac: self.mac.into_inner().map(unicast).transpose()?,
            broadcast_queue_length: self.broadcast_queue_length.get(),
            name: self.name.into_inner(),
        })
    }
}

#[derive(Debug)]
pub struct IpvlanOptions {
    mode: RefCell<String>,
    mtu: Cell<Option<u32>>,
    name: RefCell<Option<String>>,
}

impl IpvlanOptions {
    pub fn new() -> Self {
        Self {
            mode: RefCell::new("l2".to_owned()),
            mtu: Cell::default(),
            name: RefCell::default(),
        }
    }

    pub fn set_mode(&self, mode: &str) {
        mode.clone_into(&mut self.mode.borrow_mut());
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_name(&self, name: &str) {
        self.name.replace(Some(name.to_owned()));
    }

    pub(super) fn checked(self) -> Result<operations::IpvlanOptions, String> {
        use IpvlanMode::{L2, L3, L3s};
        let mode = self.mode.into_inner();
        check_word("ipvlan mode", &mode, &IPVLAN_MODES)?;
        self.mtu.get().map_or(Ok(()), check_mtu)?;
        Ok(operations::IpvlanOptions {
            mode: of_word(&mode, [L2, L3, L3s], IpvlanMode::word),
            mtu: self.mtu.get(),
            name: self.name.into_inner(),
        })
    }
}

#[derive(Debug)]
pub struct IpoibOptions {
    partition_key: Cell<Option<u16>>,
    mode: RefCell<Option<String>>,
    user_multicast: Cell<Option<bool>>,
    mtu: Cell<Option<u32>>,
    name: RefCell<Option<String>>,
}

impl IpoibOptions {
    pub fn new() -> Self {
        Self {
            partition_key: Cell::default(),
            mode: RefCell::default(),
            user_multicast: Cell::default(),
            mtu: Cell::default(),
            name: RefCell::default(),
        }
    }

    pub fn set_partition_key(&self, key: u16) {
        self.partition_key.set(Some(key));
    }

    pub fn set_mode(&self, mode: &str) {
        self.mode.replace(Some(mode.to_owned()));
    }

    pub fn set_user_multicast(&self, enabled: bool) {
        self.user_multicast.set(Some(enabled));
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_name(&self, name: &str) {
        self.name.replace(Some(name.to_owned()));
    }

    pub(super) fn checked(self) -> Result<operations::IpoibOptions, String> {
        use IpoibMode::{Connected, Datagram};
        let mode = self.mode.into_inner();
        let check_mode = |mode: &str| check_word("ipoib mode", mode, &IPOIB_MODES);
        mode.as_deref().map_or(Ok(()), check_mode)?;
        self.mtu.get().map_or(Ok(()), check_mtu)?;
        self.partition_key
            .get()
            .map_or(Ok(()), check_partition_key)?;
        Ok(operations::IpoibOptions {
            partition_key: self.partition_key.get(),
            mode: mode.map(|mode| of_word(&mode, [Datagram, Connected], IpoibMode::word)),
            user_multicast: self.user_multicast.get(),
            mtu: self.mtu.get(),
            name: self.name.into_inner(),
        })
    }
}

#[derive(Debug)]
pub struct VirtualFunctionSettings {
    mac: RefCell<Option<HardwareAddress>>,
    vlan: Cell<Option<(u16, u8, u16)>>,
    link_state: RefCell<Option<String>>,
    /// Those that are kept as they come.
    others: RefCell<operations::VirtualFunctionSettings>,
}

impl VirtualFunctionSettings {
    pub fn new() -> Self {
        Self {
            mac: RefCell::default(),
            vlan: Cell::default(),
            link_state: RefCell::default(),
            others: RefCell::default(),
        }
    }

    pub fn set_mac(&self, mac: &types::HardwareAddress) {
        self.mac.replace(Some(mac.clone().into()));
    }

    pub fn set_vlan(&self, id: u16, priority: u8, protocol: u16) {
        self.vlan.set(Some((id, priority, protocol)));
    }

    pub fn set_minimum_rate(&self, rate: u32) {
        self.others.borrow_mut().minimum_rate = Some(rate);
    }

    pub fn set_maximum_rate(&self, rate: u32) {
        self.others.borrow_mut().maximum_rate = Some(rate);
    }

    pub fn set_spoof_check(&self, enabled: bool) {
        self.others.borrow_mut().spoof_check = Some(enabled);
    }

    pub fn set_trust(&self, enabled: bool) {
        self.others.borrow_mut().trust = Some(enabled);
    }

    pub fn set_link_state(&self, state: &str) {
        self.link_state.replace(Some(state.to_owned()));
    }

    pub fn set_guid(&self, guid: types::Guid) {
        self.others.borrow_mut().guid = Some(Guid::from(guid));
    }

    pub fn rebind(&self) {
        self.others.borrow_mut().rebind = true;
    }

    pub(super) fn checked(self) -> Result<operations::VirtualFunctionSettings, String> {
        use VirtualFunctionLinkState::{Auto, Disable, Enable};
        let others = self.others.into_inner();
        let mac = self.mac.into_inner().map(unicast).transpose()?;
        let check_tag = |(id, priority, protocol)| check_vlan(id, priority, protocol);
        self.vlan.get().map_or(Ok(()), check_tag)?;
        others.guid.map_or(Ok(()), check_guid)?;
        let state = self.link_state.into_inner();
        let check_state = |state: &str| check_word("link state", state, &LINK_STATES);
        state.as_deref().map_or(Ok(()), check_state)?;
        let word = VirtualFunctionLinkState::word;
        Ok(operations::VirtualFunctionSettings {
            mac,
            vlan: self.vlan.get().map(|(id, priority, protocol)| VlanTag {
                id,
                priority,
                protocol: if protocol == VlanProtocol::Ad as u16 {
                    VlanProtocol::Ad
                } else {
                    VlanProtocol::Q
                },
            }),
            link_state: state.map(|state| of_word(&state, [Auto, Enable, Disable], word)),
            ..others
        })
    }
}

pub(super) fn unicast(address: HardwareAddress) -> Result<Mac, String> {
    check_unicast(&address)?;
    Ok(address.mac().expect("it was just checked"))
}

fn of_word<T: Copy, const N: usize>(word: &str, all: [T; N], word_of: fn(T) -> &'static str) -> T {
    let mut all = all.into_iter();
    all.find(|one| word_of(*one) == word)
        .expect("words of the contract have their names here")
}
