//! One file of another plugin.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::libc;
use plumb_values::names::{check_link_name, is_identifier};
use plumb_values::{DeviceId, HardwareAddress};
use serde_json::Value;

use super::Plugin;
use crate::attachment::Attachment;
use crate::functions::OriginalLink;
use crate::kernel::virtual_function::Settings;
use crate::owned;

/// Largest file, in bytes: a network configuration with a few values beside.
const LARGEST: u64 = 1 << 20;

/// Most files of a plugin that are looked at. A node has some hundred functions.
pub const MOST_FILES: usize = 4096;

/// What a file says of its function.
#[derive(Debug)]
pub struct Known {
    /// Which function it is.
    pub address: DeviceId,
    /// The network; empty where only the file's name has it.
    pub network: String,
    /// Its netdev on the host; none where the function is driven from user space, or another plugin gave it to the pod.
    pub link: Option<OriginalLink>,
    /// The name of its RDMA device on the host, where that went to the pod.
    pub rdma_device: Option<String>,
    /// The settings that were changed, as they were.
    pub settings: Settings,
    /// What was changed, or may have been, and the file does not have.
    pub unknown: Vec<&'static str>,
}

/// A file that was read.
#[derive(Debug)]
pub struct Cache {
    /// Whose it is.
    pub plugin: &'static Plugin,
    /// Where it is.
    pub path: PathBuf,
    /// When it was written.
    pub modified: SystemTime,
    /// What it says.
    pub known: Known,
}

impl Cache {
    /// Reads a file; none where there is none.
    ///
    /// # Errors
    ///
    /// Why it is not to be used: somebody else may have written it, or it cannot be understood.
    pub fn read(plugin: &'static Plugin, path: &Path) -> Result<Option<Self>, String> {
        let opened = OpenOptions::new()
            .read(true)
            // A named pipe would be waited for.
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        };
        let folder = path.parent().unwrap_or(path);
        owned::check(folder).map_err(|error| error.to_string())?;
        owned::check_open(&file, path).map_err(|error| error.to_string())?;
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(format!("it is no file of at most {LARGEST} bytes"));
        }
        let mut text = Vec::new();
        file.take(LARGEST)
            .read_to_end(&mut text)
            .map_err(|error| error.to_string())?;
        let content: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        Ok(Some(Self {
            plugin,
            path: path.to_owned(),
            modified: metadata.modified().map_err(|error| error.to_string())?,
            known: (plugin.read)(&content)?,
        }))
    }

    /// Whether it is of a plugin that gave a netdev to a pod of this network.
    pub fn is_of_network(&self, network: &str) -> bool {
        !self.plugin.names_network && self.known.network == network
    }

    /// The attachment that the file's name speaks of; none where the parts cannot be told.
    pub fn attachment(&self) -> Option<Attachment> {
        let name = self.path.file_name()?.to_str()?;
        // rdma-cni's names begin with the network, and nothing says where that ends.
        let (container_id, interface_name) = name.rsplit_once('-')?;
        let network = match self.known.network.as_str() {
            "" => self.plugin.name,
            network => network,
        };
        let is_one = is_identifier(network)
            && is_identifier(container_id)
            && check_link_name(interface_name).is_ok();
        is_one.then(|| Attachment {
            network: network.to_owned(),
            container_id: container_id.to_owned(),
            interface_name: interface_name.to_owned(),
            plugin: None,
        })
    }

    /// Where sriov-cni notes the namespace of the pod that has the function.
    fn allocation(&self) -> Option<PathBuf> {
        let folder = self.path.parent()?.join("pci");
        Some(folder.join(self.known.address.to_string()))
    }

    /// The path of the pod's namespace, where it is noted.
    pub fn netns_path(&self) -> Option<PathBuf> {
        let file = fs::File::open(self.allocation()?).ok()?;
        let mut path = String::new();
        file.take(LARGEST).read_to_string(&mut path).ok()?;
        Some(PathBuf::from(path)).filter(|path| path.is_absolute())
    }

    /// Removes the file, and the note that the function is allotted. What cannot be removed is found again by the next
    /// call.
    pub fn remove(&self) -> std::io::Result<()> {
        if let Some(allocation) = self.allocation() {
            let _ = fs::remove_file(allocation);
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The text of a key; empty where it is missing or null.
///
/// # Errors
///
/// When it is something else.
pub fn text<'a>(content: &'a Value, key: &str) -> Result<&'a str, String> {
    match content.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("{key:?} is {other} and no text")),
    }
}

/// The number of a key; none where it is missing or null.
///
/// # Errors
///
/// When it is something else, or above `largest`.
pub fn number<T: TryFrom<u64>>(
    content: &Value,
    key: &str,
    largest: u64,
) -> Result<Option<T>, String> {
    let Some(value) = content.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_u64().filter(|number| *number <= largest);
    let number = number.and_then(|number| T::try_from(number).ok());
    number
        .map(Some)
        .ok_or_else(|| format!("{key:?} is {value} and no number from 0 to {largest}"))
}

/// The function that `deviceID` names.
///
/// # Errors
///
/// When it is neither a PCI address nor the name of an auxiliary device.
pub fn address(content: &Value) -> Result<DeviceId, String> {
    let device = text(content, "deviceID")?;
    device
        .parse()
        .map_err(|error| format!("\"deviceID\" {device:?} {error}"))
}

/// A netdev of which only some things are known: an empty address and an MTU of 0 stand for "not known". All three
/// plugins leave a netdev down that they bring back.
///
/// # Errors
///
/// When the name is none for a netdev.
pub fn link(
    name: &str,
    hardware_type: u16,
    mac: HardwareAddress,
    mtu: u32,
) -> Result<OriginalLink, String> {
    check_link_name(name)?;
    Ok(OriginalLink {
        name: name.to_owned(),
        hardware_type,
        mac,
        mtu,
        up: false,
        traits: None,
    })
}
