//! A PCI function that goes to a pod: which one, what has it in hand, and whether it can be
//! set up as wanted.

use crate::facts::{LinkFacts, LinkType, PciFacts, PciFunction, VirtualFunction, get_pci_function};
use crate::operations::{VirtualFunctionSettings, set_virtual_function};
use crate::{Error, Request, log};

pub use plumb_values::driver::{USER_SPACE as USER_SPACE_DRIVERS, is_for_user_space, is_vfio};

/// A PCI function with what the kernel says about it.
#[derive(Debug)]
pub struct Function {
    /// What operations take.
    pub handle: PciFunction,
    /// Read once, when the handle was made.
    pub facts: PciFacts,
}

impl Function {
    /// The function that the device plugin allotted to the pod.
    ///
    /// Errors: `invalid-configuration` without a `deviceID` or when it is no PCI address,
    /// `not-found` when there is none.
    pub fn allotted(request: &Request) -> Result<Self, Error> {
        match &request.device_id {
            Some(address) => Self::at(address),
            None => Err(Error::invalid_configuration(
                "\"deviceID\" is missing, the PCI address of the function that the pod is to get: \
                 Multus adds it when the network has the annotation \
                 k8s.v1.cni.cncf.io/resourceName and the pod a limit of this resource",
            )),
        }
    }

    /// The function at this address.
    ///
    /// Errors: those of [`get_pci_function`].
    pub fn at(address: &str) -> Result<Self, Error> {
        let handle = get_pci_function(address)?;
        let facts = handle.facts();
        Ok(Self { handle, facts })
    }

    /// The driver of user space that it is bound to, if it is one.
    pub fn user_space_driver(&self) -> Option<&str> {
        let driver = self.facts.driver.as_deref();
        driver.filter(|driver| is_for_user_space(driver))
    }

    /// Its place below the physical function.
    ///
    /// Errors: `invalid-configuration` for a physical function.
    pub fn virtual_function(&self) -> Result<&VirtualFunction, Error> {
        let address = &self.facts.address;
        self.facts.virtual_function.as_ref().ok_or_else(|| {
            Error::invalid_configuration(format!(
                "deviceID {address:?} is a physical function, a virtual one is needed: \
                 /sys/bus/pci/devices/{address}/virtfn* are its virtual functions, and \
                 sriov_numvfs next to them makes some"
            ))
        })
    }

    /// Its netdev.
    ///
    /// Errors: `not-available` when it has none or several.
    pub fn link(&self) -> Result<&LinkFacts, Error> {
        let address = &self.facts.address;
        let Some(driver) = &self.facts.driver else {
            return Err(Error::not_available(format!(
                "PCI function {address} is bound to no driver: run `echo {address} > \
                 /sys/bus/pci/drivers_probe`, or bind it to one of {}",
                USER_SPACE_DRIVERS.join(", ")
            )));
        };
        match self.facts.links.as_slice() {
            [link] => Ok(link),
            [] => Err(Error::not_available(format!(
                "PCI function {address} has no network interface on the node: either it is in \
                 another network namespace, or its driver {driver} makes none (InfiniBand needs \
                 ib_ipoib as well); a driver of network interfaces or one of {} is needed",
                USER_SPACE_DRIVERS.join(", ")
            ))),
            several => {
                let names: Vec<&str> = several.iter().map(|link| link.name.as_str()).collect();
                Err(Error::not_available(format!(
                    "PCI function {address} has several network interfaces ({}), only a function \
                     with one can be given to a pod",
                    names.join(", ")
                )))
            }
        }
    }

    /// The type of its netdev; without one, of its physical function's.
    pub fn link_type(&self) -> Option<LinkType> {
        let own = self.facts.links.first();
        own.or(self.facts.parent_link.as_ref())
            .map(|link| link.link_type)
    }

    /// Checks the type of its netdev, as far as [`Self::link_type`] tells; `hint` says which
    /// plugin is for other functions.
    ///
    /// Errors: `invalid-configuration`.
    pub fn check_link_type(&self, wanted: LinkType, hint: &str) -> Result<(), Error> {
        match self.link_type() {
            Some(other) if other != wanted => Err(Error::invalid_configuration(format!(
                "deviceID {:?} is a function of an adapter for {other}, not for {wanted}: {hint}",
                self.facts.address
            ))),
            _ => Ok(()),
        }
    }

    /// Checks an MTU in bytes against the physical function's, which carries the packets.
    ///
    /// Errors: `invalid-configuration`, with what there is; `unsupported-field` when no
    /// interface could get it.
    pub fn check_mtu(&self, mtu: Option<u32>) -> Result<(), Error> {
        let Some(mtu) = mtu else {
            return Ok(());
        };
        if let Some(driver) = self.user_space_driver() {
            return Err(Error::unsupported_field(
                "mtu",
                &mtu.to_string(),
                &format!(
                    "PCI function {} is bound to {driver} and has no interface; the program that \
                     drives it sets its own",
                    self.facts.address
                ),
            ));
        }
        let smallest = smallest_mtu(self.link()?);
        let (largest, whose) = match &self.facts.parent_link {
            Some(parent) => (parent.mtu, format!("the physical function {}", parent.name)),
            None => (u32::MAX, "a physical function without interface".to_owned()),
        };
        if (smallest..=largest).contains(&mtu) {
            return Ok(());
        }
        Err(Error::invalid_configuration(format!(
            "mtu {mtu} is not possible below {whose}: use {smallest} to {largest}"
        )))
    }

    /// Records the settings that there are, if any; with `rebind` as in
    /// [`set_virtual_function`].
    ///
    /// Errors: `not-available` when the physical function has no netdev, by which they are
    /// changed.
    pub fn set(&self, settings: &VirtualFunctionSettings, rebind: bool) -> Result<(), Error> {
        if *settings == VirtualFunctionSettings::default() {
            return Ok(());
        }
        match &self.facts.parent_link {
            Some(parent) if !parent.up => {
                log::warning(format!("physical function {} is down", parent.name));
            }
            Some(_) => {}
            None => {
                let parent = &self.virtual_function()?.parent;
                return Err(Error::not_available(format!(
                    "settings of {} are changed by the interface of its physical function \
                     {parent}, which has none on the node: is its driver loaded?",
                    self.facts.address
                )));
            }
        }
        set_virtual_function(&self.handle, settings, rebind)
    }
}

/// What the kernel takes at least, in bytes: `ETH_MIN_MTU` (linux/if_ether.h), and on
/// InfiniBand four bytes more (`ipoib_change_mtu`).
pub fn smallest_mtu(link: &LinkFacts) -> u32 {
    match link.link_type {
        LinkType::Infiniband => 72,
        _ => 68,
    }
}

#[cfg(test)]
mod tests;
