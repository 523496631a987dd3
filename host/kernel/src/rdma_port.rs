//! RDMA devices with their ports, as sysfs shows them (Documentation/ABI/stable/sysfs-class-infiniband).

use std::path::Path;

use plumb_values::Guid;

use super::Result;
use super::sysfs::{Sysfs, names, target_name, text};

/// An RDMA device of the view's namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdmaDevice {
    /// Such as `mlx5_0`.
    pub name: String,
    /// The PCI function below it; none for a device of software.
    pub pci_address: Option<String>,
    /// None where the driver does not say.
    pub node_guid: Option<Guid>,
    /// In the order of their numbers.
    pub ports: Vec<RdmaPort>,
}

/// A port of an RDMA device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdmaPort {
    /// From 1 on.
    pub number: u32,
    /// `ACTIVE`, `INIT`, `DOWN` and others; empty where the driver does not say.
    pub state: String,
    /// `LinkUp`, `Polling`, `Disabled` and others.
    pub physical_state: String,
    /// `InfiniBand` or `Ethernet`.
    pub link_layer: String,
    /// The address that the subnet manager gave it; 0 before that, and on Ethernet.
    pub lid: u32,
    /// The subnet manager's address; 0 where the port knows of none.
    pub subnet_manager: u32,
    /// The netdev that gives a RoCE port its GIDs.
    pub link: Option<String>,
}

impl RdmaPort {
    /// Whether its fabric is InfiniBand.
    #[must_use]
    pub fn is_infiniband(&self) -> bool {
        self.link_layer == "InfiniBand"
    }
}

impl Sysfs {
    /// The RDMA devices of the view's namespace, in the order of their names; none without the subsystem.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) when this process may not look.
    pub fn rdma_devices(&self) -> Result<Vec<RdmaDevice>> {
        let folder = self.root().join("class/infiniband");
        names(&folder)?
            .into_iter()
            .map(|name| device(&folder.join(&name), name))
            .collect()
    }
}

fn device(folder: &Path, name: String) -> Result<RdmaDevice> {
    let below = folder.join("device");
    let pci_address = match target_name(&below.join("subsystem"))? {
        Some(subsystem) if subsystem == "pci" => target_name(&below)?,
        _ => None,
    };
    let node_guid = text(&folder.join("node_guid"))?;
    let mut ports = Vec::new();
    for number in names(&folder.join("ports"))? {
        if let Ok(number) = number.parse() {
            ports.push(port(&folder.join(format!("ports/{number}")), number)?);
        }
    }
    ports.sort_by_key(|port| port.number);
    Ok(RdmaDevice {
        name,
        pci_address,
        node_guid: node_guid.and_then(|guid| Guid::parse_groups(&guid)),
        ports,
    })
}

fn port(folder: &Path, number: u32) -> Result<RdmaPort> {
    let word = |name: &str| -> Result<String> {
        let text = text(&folder.join(name))?.unwrap_or_default();
        // A number and a word: `4: ACTIVE`.
        Ok(text
            .split_once(": ")
            .map_or(text.as_str(), |(_, word)| word)
            .to_owned())
    };
    let address = |name: &str| -> Result<u32> {
        let text = text(&folder.join(name))?.unwrap_or_default();
        Ok(u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0))
    };
    Ok(RdmaPort {
        number,
        state: word("state")?,
        physical_state: word("phys_state")?,
        link_layer: word("link_layer")?,
        lid: address("lid")?,
        subnet_manager: address("sm_lid")?,
        link: text(&folder.join("gid_attrs/ndevs/0"))?.filter(|link| !link.is_empty()),
    })
}
