//! How children of a link are made. What is not set is left to the host. What passes options
//! is inlined for the reason that `operations` gives.

use plumb_values::Mac;

use crate::contract::operations;

/// How macvlans of one parent reach each other: `MACVLAN_MODE_*` (linux/if_link.h).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum MacvlanMode {
    Private,
    Vepa,
    #[default]
    Bridge,
    Passthru,
}

impl MacvlanMode {
    /// The contract's word for it, which is the kernel's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Vepa => "vepa",
            Self::Bridge => "bridge",
            Self::Passthru => "passthru",
        }
    }
}

/// How a macvlan is made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct MacvlanOptions {
    /// How it reaches other children of its parent.
    pub mode: MacvlanMode,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: a random locally administered one.
    pub mac: Option<Mac>,
    /// Length of the queue for broadcasts (`IFLA_MACVLAN_BC_QUEUE_LEN`); none: the kernel's.
    pub broadcast_queue_length: Option<u32>,
    /// None: the requested one. With a name it is an interface beside that.
    pub name: Option<String>,
}

impl MacvlanOptions {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::MacvlanOptions {
        let options = operations::MacvlanOptions::new();
        options.set_mode(self.mode.word());
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(mac) = self.mac {
            options.set_mac(&mac.into());
        }
        if let Some(packets) = self.broadcast_queue_length {
            options.set_broadcast_queue_length(packets);
        }
        if let Some(name) = &self.name {
            options.set_name(name);
        }
        options
    }
}

/// Where an ipvlan's packets are switched or routed: `IPVLAN_MODE_*` (linux/if_link.h).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum IpvlanMode {
    #[default]
    L2,
    L3,
    L3s,
}

impl IpvlanMode {
    /// The contract's word for it, which is the kernel's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::L3 => "l3",
            Self::L3s => "l3s",
        }
    }
}

/// How an ipvlan is made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct IpvlanOptions {
    /// Where its packets are switched or routed.
    pub mode: IpvlanMode,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: the requested one. With a name it is an interface beside that.
    pub name: Option<String>,
}

impl IpvlanOptions {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::IpvlanOptions {
        let options = operations::IpvlanOptions::new();
        options.set_mode(self.mode.word());
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(name) = &self.name {
            options.set_name(name);
        }
        options
    }
}

/// How IPoIB carries packets: `IPOIB_MODE_*` (linux/if_link.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum IpoibMode {
    Datagram,
    Connected,
}

impl IpoibMode {
    /// The contract's word for it, which is the kernel's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Datagram => "datagram",
            Self::Connected => "connected",
        }
    }
}

/// How an IPoIB child is made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct IpoibOptions {
    /// Partition key; bit 15 is full membership. None: the parent's.
    pub partition_key: Option<u16>,
    /// None: the parent's.
    pub mode: Option<IpoibMode>,
    /// Whether user space handles multicast joins (`IFLA_IPOIB_UMCAST`); none: the kernel's
    /// default.
    pub user_multicast: Option<bool>,
    /// Bytes; none: what the kernel chooses.
    pub mtu: Option<u32>,
    /// None: the requested one. With a name it is an interface beside that.
    pub name: Option<String>,
}

impl IpoibOptions {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::IpoibOptions {
        let options = operations::IpoibOptions::new();
        if let Some(key) = self.partition_key {
            options.set_partition_key(key);
        }
        if let Some(mode) = self.mode {
            options.set_mode(mode.word());
        }
        if let Some(enabled) = self.user_multicast {
            options.set_user_multicast(enabled);
        }
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(name) = &self.name {
            options.set_name(name);
        }
        options
    }
}
