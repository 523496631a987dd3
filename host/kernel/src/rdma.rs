//! RDMA devices and their namespaces (`NETLINK_RDMA`, rdma/rdma_netlink.h, rdma-dev(8)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_sys::protocols::NETLINK_RDMA;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::nldev::Message;
use super::socket::{Family, Socket};
use super::{Error, Result};

/// `RDMA_NLDEV_CMD_GET`
const GET: u16 = 1;
/// `RDMA_NLDEV_CMD_SET`
const SET: u16 = 2;
/// `RDMA_NLDEV_CMD_SYS_GET`
const SYS_GET: u16 = 6;

/// `RDMA_NLDEV_ATTR_DEV_INDEX`, four bytes.
const DEVICE_INDEX: u16 = 1;
/// `RDMA_NLDEV_ATTR_DEV_NAME`, text with a zero at its end.
const DEVICE_NAME: u16 = 2;
/// `RDMA_NLDEV_SYS_ATTR_NETNS_MODE`: one byte, 0 exclusive, 1 shared.
const NETNS_MODE: u16 = 66;
/// `RDMA_NLDEV_NET_NS_FD`, four bytes.
const NETNS_DESCRIPTOR: u16 = 68;

/// How RDMA devices relate to network namespaces (`rdma system`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamespaceMode {
    /// Every device is visible in every namespace.
    Shared,
    /// A device belongs to one namespace.
    Exclusive,
    /// The kernel has no RDMA subsystem, or its module is not loaded.
    #[default]
    None,
}

/// An RDMA device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// It keeps it as long as its driver is bound, in whatever namespace.
    pub index: u32,
    /// Such as `mlx5_0`; anybody may rename it.
    pub name: String,
}

/// The RDMA family.
pub struct Rdma;

impl Family for Rdma {
    const PROTOCOL: isize = NETLINK_RDMA;
    type Request = Message;
    type Answer = Message;
}

/// A socket of the RDMA family. It sees the devices of the namespace in which it was opened.
pub type RdmaSocket = Socket<Rdma>;

/// The node's mode.
pub fn namespace_mode() -> Result<NamespaceMode> {
    match RdmaSocket::open()? {
        Some(socket) => socket.namespace_mode(),
        None => Ok(NamespaceMode::None),
    }
}

impl RdmaSocket {
    /// Opens a socket in the current network namespace; none when the kernel has no RDMA
    /// subsystem.
    pub fn open() -> Result<Option<Self>> {
        match Self::connect() {
            Ok(socket) => Ok(Some(socket)),
            // ib_core registers the family; without it there is no RDMA device either.
            Err(error) if error.raw_os_error() == Some(Errno::EPROTONOSUPPORT as i32) => Ok(None),
            Err(source) => Err(Error::Io {
                what: "open an rdma netlink socket".into(),
                source,
            }),
        }
    }

    /// The node's mode.
    pub fn namespace_mode(&self) -> Result<NamespaceMode> {
        let what = || "ask for the rdma namespace mode".to_owned();
        let answers = match self.get(what, Message::new(SYS_GET)) {
            Ok(answers) => answers,
            // The family exists, but nobody listens: ib_core was unloaded.
            Err(error) if error.errno() == Some(Errno::ECONNREFUSED) => {
                return Ok(NamespaceMode::None);
            }
            // Kernels before 5.2 do not know the command: all devices are shared.
            Err(error) if matches!(error.errno(), Some(Errno::EINVAL | Errno::EOPNOTSUPP)) => {
                return Ok(NamespaceMode::Shared);
            }
            Err(error) => return Err(error),
        };
        // Kernels before 5.3 answer without the mode.
        let mode = answers.iter().find_map(|answer| answer.byte(NETNS_MODE));
        Ok(match mode {
            Some(0) => NamespaceMode::Exclusive,
            _ => NamespaceMode::Shared,
        })
    }

    /// The device of this name, if it is in the socket's namespace.
    pub fn device(&self, name: &str) -> Result<Option<Device>> {
        Ok(self
            .devices()?
            .into_iter()
            .find(|device| device.name == name))
    }

    /// The devices of the socket's namespace.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let what = || "list the rdma devices".to_owned();
        let answers = self.dump(what, Message::new(GET))?;
        Ok(answers
            .iter()
            .filter_map(|answer| {
                Some(Device {
                    index: answer.number(DEVICE_INDEX)?,
                    name: answer.text(DEVICE_NAME)?,
                })
            })
            .collect())
    }

    /// Moves a device to another namespace. The calling thread must be in the one that has
    /// the device: the kernel looks at the thread, not at the socket, and answers ENODEV.
    pub fn move_device(&self, device: &Device, netns: BorrowedFd<'_>) -> Result<()> {
        let request = Message::new(SET)
            .with_number(DEVICE_INDEX, device.index)
            .with_number(NETNS_DESCRIPTOR, netns.as_raw_fd().unsigned_abs());
        let what = || {
            format!(
                "move rdma device {} to another network namespace",
                device.name
            )
        };
        self.change(what, request, 0)
    }

    /// Renames a device. It is a request of its own: in one that also names a namespace
    /// the kernel ignores the namespace.
    pub fn rename_device(&self, device: &Device, name: &str) -> Result<()> {
        let request = Message::new(SET)
            .with_number(DEVICE_INDEX, device.index)
            .with_text(DEVICE_NAME, name);
        let what = || format!("rename rdma device {} to {name}", device.name);
        self.change(what, request, 0)
    }
}
