//! Network interfaces.

use std::fmt::{Display, Formatter};

use plumb_values::{HardwareAddress, IpNetwork, PciAddress};

use crate::Error;
use crate::contract::facts;
use crate::routing::Route;

/// A network interface that exists (`RTM_GETLINK`), as it was when the handle was made.
#[derive(Debug)]
pub struct Link(pub(crate) facts::Link);

impl Link {
    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Its index.
    pub fn index(&self) -> u32 {
        self.0.index()
    }

    /// Other names that it goes by (`IFLA_ALT_IFNAME`).
    pub fn alternative_names(&self) -> Vec<String> {
        self.0.alternative_names()
    }

    /// What kind of frames it carries.
    pub fn link_type(&self) -> LinkType {
        LinkType::of(self.0.hardware_type())
    }

    /// `IFLA_INFO_KIND`, such as `macvlan` or `ipoib`. Hardware has none.
    pub fn kind(&self) -> Option<String> {
        self.0.kind()
    }

    /// Its hardware address; empty where it has none.
    pub fn mac(&self) -> HardwareAddress {
        self.0.mac().into()
    }

    /// Bytes.
    pub fn mtu(&self) -> u32 {
        self.0.mtu()
    }

    /// `IFF_UP`: set up by the administrator.
    pub fn is_up(&self) -> bool {
        self.0.is_up()
    }

    /// `IFF_LOWER_UP`: the link has carrier.
    pub fn has_carrier(&self) -> bool {
        self.0.has_carrier()
    }

    /// The PCI function below it, when there is one.
    pub fn pci_address(&self) -> Option<PciAddress> {
        self.0.pci_address().map(Into::into)
    }

    /// Names of the RDMA devices of the same function (`device/infiniband`), in the order of
    /// their names.
    pub fn rdma_devices(&self) -> Vec<String> {
        self.0.rdma_devices()
    }

    /// Partition keys of the InfiniBand port below it, in the order of its table; empty for
    /// other links, and for links in the pod.
    pub fn partition_keys(&self) -> Vec<u16> {
        self.0.partition_keys()
    }

    /// The NUMA node of its device (`device/numa_node`).
    pub fn numa_node(&self) -> Option<u32> {
        self.0.numa_node()
    }

    /// Mbit/s (`speed` in sysfs); none without carrier and where the driver does not say.
    pub fn speed(&self) -> Option<u32> {
        self.0.speed()
    }

    /// Its addresses, read now.
    pub fn addresses(&self) -> Result<Vec<IpNetwork>, Error> {
        Ok(self.0.addresses()?.into_iter().map(Into::into).collect())
    }

    /// The routes by it, of all tables but the local one, read now.
    ///
    /// Errors: there are more than 256.
    pub fn routes(&self) -> Result<Vec<Route>, Error> {
        Ok(self.0.routes()?.into_iter().map(Route).collect())
    }

    /// Checks that the link is up: nothing that is made of one that is down gets carrier.
    ///
    /// Errors: `not-available`.
    pub fn check_up(&self) -> Result<(), Error> {
        if self.is_up() {
            return Ok(());
        }
        let name = self.name();
        Err(Error::not_available(format!(
            "parent {name} is down: run `ip link set {name} up`"
        )))
    }
}

/// What kind of frames a link carries: its `ifi_type`, one of `ARPHRD_*` (linux/if_arp.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkType {
    /// `ARPHRD_ETHER`
    Ethernet,
    /// `ARPHRD_INFINIBAND`
    Infiniband,
    /// `ARPHRD_LOOPBACK`
    Loopback,
    /// Another number.
    Other(u16),
}

impl LinkType {
    fn of(number: u16) -> Self {
        match number {
            1 => Self::Ethernet,
            32 => Self::Infiniband,
            772 => Self::Loopback,
            number => Self::Other(number),
        }
    }

    /// The number.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Ethernet => 1,
            Self::Infiniband => 32,
            Self::Loopback => 772,
            Self::Other(number) => number,
        }
    }
}

impl Display for LinkType {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ethernet => formatter.write_str("Ethernet"),
            Self::Infiniband => formatter.write_str("InfiniBand"),
            Self::Loopback => formatter.write_str("loopback"),
            Self::Other(number) => write!(formatter, "type {number} (ARPHRD)"),
        }
    }
}
