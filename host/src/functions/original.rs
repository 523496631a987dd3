//! What a function was like before a pod got it.

use plumb_values::arguments::check_rdma_name;
use plumb_values::names::{check_file_name, check_link_name};
use plumb_values::{Guid, HardwareAddress, Mac};
use serde::{Deserialize, Serialize};

use super::find::host_link;
use super::link_traits::LinkTraits;
use crate::journal::Checked;
use crate::kernel::ethtool::Ethtool;
use crate::kernel::link::{ETHERNET, Link};
use crate::kernel::virtual_function::{LinkState, Setting, Settings};
use crate::kernel::{Kernel, Netns, pci, tcx};
use crate::{Code, Error, Result};

/// A function as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Its driver.
    pub driver: Option<String>,
    /// For a virtual function: its number below the physical one.
    pub number: Option<u32>,
    /// Its netdev on the host.
    pub link: Option<OriginalLink>,
    /// Its RDMA devices on the host.
    pub rdma_devices: Vec<String>,
    /// The settings that the attachment changes, and for Ethernet always the address: a pod
    /// that is trusted, or drives the function itself, may change that.
    pub settings: Settings,
}

/// A netdev as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalLink {
    /// Its name.
    pub name: String,
    /// `ARPHRD_*` (linux/if_arp.h)
    pub hardware_type: u16,
    /// Its hardware address; empty where nobody knows it.
    pub mac: HardwareAddress,
    /// Bytes; 0 where nobody knows it.
    pub mtu: u32,
    /// Whether it was up.
    pub up: bool,
    /// What else the pod can set on it; none in holds of earlier releases, and where nobody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traits: Option<LinkTraits>,
}

impl OriginalLink {
    /// What it is like now.
    pub fn of(link: Link, ethtool: Ethtool, tcx_programs: Vec<u32>) -> Self {
        Self {
            traits: Some(LinkTraits {
                flags: link.flags,
                group: link.group,
                queue_length: link.queue_length,
                broadcast: link.broadcast,
                link_mode: link.link_mode,
                segmentation: link.segmentation,
                alias: link.alias.unwrap_or_default(),
                alternative_names: link.alternative_names,
                ethtool,
                tcx_programs,
            }),
            name: link.name,
            hardware_type: link.hardware_type,
            mac: link.mac,
            mtu: link.mtu,
            up: link.up,
        }
    }
}

impl Original {
    /// Whether it is such as plumb writes: names in it become parts of paths.
    pub fn check_record(&self) -> Checked {
        if let Some(driver) = &self.driver {
            check_file_name("driver", driver)?;
        }
        if let Some(link) = &self.link {
            check_link_name(&link.name)?;
        }
        self.rdma_devices
            .iter()
            .try_for_each(|name| check_rdma_name(name))
    }

    /// Looks at the function at a checked address. `wanted` are the settings that will be
    /// changed: only those, and the address of an Ethernet function, are read.
    pub fn read(kernel: &Kernel, address: &str, wanted: &Settings) -> Result<Self> {
        let Some(function) = pci::function(&kernel.sysfs, address)? else {
            return Err(Error::new(Code::NOT_AVAILABLE, pci::absent(address)));
        };
        let link = match host_link(kernel, address)? {
            Some(link) => {
                let ethtool = Ethtool::read(&link.name)?;
                let tcx_programs = tcx::programs(link.index)?;
                Some(OriginalLink::of(link, ethtool, tcx_programs))
            }
            None => None,
        };
        let mut original = Self {
            driver: function.driver,
            number: function.virtual_function.map(|(_, number)| number),
            link,
            rdma_devices: function.rdma_devices,
            settings: Settings::default(),
        };
        original.settings = original.read_settings(kernel, address, wanted)?;
        Ok(original)
    }

    /// What can be guessed of a function in a pod whose original nobody knows: that its
    /// netdev and its RDMA devices belong on the host, and that it had these settings.
    pub fn of_unknown(
        kernel: &Kernel,
        pod: &Netns,
        address: &str,
        link: Link,
        settings: Settings,
    ) -> Result<Self> {
        let inside = pci::function(&pod.sysfs()?, address)?;
        let outside = pci::function(&kernel.sysfs, address)?;
        let number = outside
            .as_ref()
            .and_then(|function| Some(function.virtual_function.as_ref()?.1));
        Ok(Self {
            driver: outside.and_then(|function| function.driver),
            number,
            link: Some(OriginalLink {
                name: link.name,
                hardware_type: link.hardware_type,
                mac: link.mac,
                mtu: link.mtu,
                up: false,
                traits: None,
            }),
            rdma_devices: inside.map_or_else(Vec::new, |function| function.rdma_devices),
            settings,
        })
    }

    /// The settings as they are now. A function shows its GUIDs itself; the physical one
    /// is asked only for what nobody else knows.
    pub fn read_settings(
        &self,
        kernel: &Kernel,
        address: &str,
        wanted: &Settings,
    ) -> Result<Settings> {
        let Some(number) = self.number else {
            return Ok(Settings::default());
        };
        let Some(parent) = parent_link(kernel, address)? else {
            return Ok(Settings::default());
        };
        let mut mask = wanted.clone();
        if parent.hardware_type == ETHERNET {
            // Whichever: a mask's values play no part.
            mask.set(Setting::Mac(Mac::new([0; 6])));
        }
        let own = self.own_guids(kernel, address)?.restricted_to(wanted);
        let guids_are_known = (wanted.node_guid().is_none() || own.node_guid().is_some())
            && (wanted.port_guid().is_none() || own.port_guid().is_some());
        let mut settings = Settings::default();
        if mask.are_held_by_parent() || !guids_are_known {
            let held = kernel.host.virtual_function(parent.index, number)?;
            settings = held.unwrap_or_default().restricted_to(&mask);
        }
        if mask.link_state().is_some() && settings.link_state().is_none() {
            // The kernel does not report it (see `virtual_function`): its own default.
            settings.set(Setting::LinkState(LinkState::Auto));
        }
        if wanted.node_guid().is_some() {
            settings = own.or(&settings).or(&Settings::guids(Guid::UNSET));
        }
        Ok(settings)
    }

    /// The GUIDs that the function itself shows, when a driver is bound to it.
    fn own_guids(&self, kernel: &Kernel, address: &str) -> Result<Settings> {
        let devices = pci::function(&kernel.sysfs, address)?
            .map_or_else(Vec::new, |function| function.rdma_devices);
        let node_guid = match devices.first() {
            Some(device) => pci::node_guid(&kernel.sysfs, address, device)?,
            None => None,
        };
        let link = host_link(kernel, address)?;
        let port_guid = link.and_then(|link| link.mac.port_guid());
        let shown = [
            node_guid.map(Setting::NodeGuid),
            port_guid.map(Setting::PortGuid),
        ];
        Ok(shown.into_iter().flatten().collect())
    }
}

/// The netdev of the physical function, by which a virtual one's settings are changed. It is
/// looked for each time: it may have been renamed.
pub fn parent_link(kernel: &Kernel, address: &str) -> Result<Option<Link>> {
    let names = pci::function(&kernel.sysfs, address)?
        .map_or_else(Vec::new, |function| function.parent_links);
    for name in names {
        let link = kernel.host.link_by_name(&name)?;
        if let Some(link) = link.filter(|link| !link.is_ipoib_child()) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

/// The physical function's netdev, or the error that says what is missing.
pub fn require_parent_link(kernel: &Kernel, address: &str) -> Result<Link> {
    parent_link(kernel, address)?.ok_or_else(|| {
        Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "the physical function of {address} has no netdev on the host, by which its \
                 settings are changed: is its driver loaded, and is the netdev in another \
                 namespace?"
            ),
        )
    })
}
