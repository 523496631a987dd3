//! Moves the RDMA devices of a function into the pod (rdma-dev(8)).

use std::os::fd::AsFd;

use nix::errno::Errno;
use plumb_values::Device;
use plumb_values::arguments::check_rdma_name;
use plumb_values::names::check_device_id;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::cni::previous::Previous;
use crate::functions::RdmaLock;
use crate::journal::Checked;
use crate::kernel::pci;
use crate::kernel::rdma::{NamespaceMode, RdmaSocket};
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveRdmaDevice {
    /// PCI address of the function, or the auxiliary device's name.
    pub address: String,
    /// The name it gets in the pod.
    pub name: Option<String>,
    /// The names that the devices have in the pod, once they are there.
    pub devices: Vec<String>,
}

impl MoveRdmaDevice {
    /// The names of the function's devices on the host.
    fn on_host(&self, machine: &Machine<'_>) -> Result<Vec<String>> {
        let function = pci::function(&machine.node.kernel.sysfs, &self.address)?;
        let names = function.map_or_else(Vec::new, |function| function.rdma_devices);
        if names.is_empty() {
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!("{} has no RDMA device on the host", Device(&self.address)),
            ));
        }
        Ok(names)
    }

    fn no_rdma() -> Error {
        Error::new(
            Code::NOT_AVAILABLE,
            "the kernel has no RDMA subsystem: is ib_core loaded?",
        )
    }
}

fn refusal(error: crate::kernel::Error) -> Error {
    match error.errno() {
        Some(Errno::EOPNOTSUPP) => Error::from(error).with_details(
            "its driver cannot take a device from the programs that have it open, which moving \
             needs, or the node is in shared mode (`rdma system`)",
        ),
        _ => error.into(),
    }
}

impl Reversible for MoveRdmaDevice {
    fn check_record(&self) -> Checked {
        check_device_id(&self.address)?;
        self.name
            .iter()
            .chain(&self.devices)
            .try_for_each(|name| check_rdma_name(name))
    }

    fn describe(&self) -> String {
        let name = self
            .name
            .as_ref()
            .map(|name| format!(" as {name}"))
            .unwrap_or_default();
        format!(
            "move the rdma device of {} into the pod{name}",
            self.address
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Function
    }

    fn function(&self) -> Option<(&str, Settings)> {
        Some((&self.address, Settings::default()))
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let socket = RdmaSocket::open()?.ok_or_else(Self::no_rdma)?;
        if socket.namespace_mode()? != NamespaceMode::Exclusive {
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "the rdma device of {} cannot be moved: RDMA devices of this node are visible \
                     in all network namespaces (shared mode); `rdma system set netns exclusive` \
                     changes that while no other namespace exists",
                    self.address
                ),
            ));
        }
        let own = self.on_host(machine)?;
        // Names are unique on the whole node, and the kernel's own error is a bare EEXIST.
        match &self.name {
            Some(name) if !own.contains(name) && socket.device(name)?.is_some() => Err(Error::new(
                Code::ALREADY_EXISTS,
                format!("there is an rdma device named {name:?} on the host already"),
            )),
            _ => Ok(()),
        }
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let _lock = RdmaLock::take(&machine.node.state, &self.address)?;
        let names = self.on_host(machine)?;
        let netns = machine.pod.netns()?;
        let host = RdmaSocket::open()?.ok_or_else(Self::no_rdma)?;
        for device in host.devices()? {
            if names.contains(&device.name) {
                host.move_device(&device, netns.as_fd()).map_err(refusal)?;
            }
        }
        self.devices = names;
        if let (Some(name), [old]) = (&self.name, self.devices.as_slice())
            && name != old
        {
            let pod = netns.rdma_socket()?.ok_or_else(Self::no_rdma)?;
            let device = pod.device(old)?.ok_or_else(|| {
                Error::new(
                    Code::KERNEL,
                    format!("rdma device {old} was moved but is not in the pod"),
                )
            })?;
            pod.rename_device(&device, name)?;
            self.devices = vec![name.clone()];
        }
        machine.outcome.rdma_devices.clone_from(&self.devices);
        Ok(())
    }

    /// The undo of the hold fetches the devices.
    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let netns = machine.pod.netns()?;
        let present = match netns.rdma_socket()? {
            Some(socket) => socket.devices()?,
            None => Vec::new(),
        };
        for name in &self.devices {
            if !present.iter().any(|device| device.name == *name) {
                return Err(difference(format!(
                    "the pod {} has no rdma device {name} any more",
                    netns.path().display()
                )));
            }
        }
        Ok(())
    }
}
