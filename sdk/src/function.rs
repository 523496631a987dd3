//! A PCI function, or a part of one, that goes to a pod: which one, which driver it is bound to, and whether it
//! can be set up as wanted.

use plumb_values::{Device, DeviceId};

use crate::facts::{Link, LinkType, PciFunction, get_auxiliary_function, get_pci_function};
use crate::operations::{VirtualFunctionSettings, set_virtual_function};
use crate::{Error, PciAddress, Request, log};

pub use plumb_values::driver::{USER_SPACE as USER_SPACE_DRIVERS, is_for_user_space, is_vfio};

impl PciFunction {
    /// The function that the device plugin allotted to the pod.
    ///
    /// Errors: `invalid-configuration` without a `deviceID` or when it is neither a PCI address nor the
    /// name of an auxiliary device, `not-found` when there is none.
    pub fn allotted(request: &Request) -> Result<Self, Error> {
        let device = request.device_id().ok_or_else(|| {
            Error::invalid_configuration(
                "\"deviceID\" is missing, the PCI address of the function that the pod is to get: \
                 Multus adds it when the network has the annotation \
                 k8s.v1.cni.cncf.io/resourceName and the pod a limit of this resource",
            )
        })?;
        match device.parse() {
            Ok(DeviceId::Pci(address)) => get_pci_function(address),
            Ok(DeviceId::Auxiliary(_)) => get_auxiliary_function(&device),
            Err(error) => Err(Error::invalid_configuration(format!("{device:?} {error}"))),
        }
    }

    /// The driver of user space that it is bound to, if it is one.
    pub fn user_space_driver(&self) -> Option<String> {
        self.driver().filter(|driver| is_for_user_space(driver))
    }

    /// The address of its physical function.
    ///
    /// Errors: `invalid-configuration` for a physical function.
    pub fn require_parent(&self) -> Result<PciAddress, Error> {
        self.parent().ok_or_else(|| {
            if let Some(name) = self.auxiliary_name() {
                return Error::invalid_configuration(format!(
                    "deviceID \"{name}\" is an auxiliary device, a virtual function is needed: type sriov takes both"
                ));
            }
            let address = self.address();
            Error::invalid_configuration(format!(
                "deviceID \"{address}\" is a physical function, a virtual one is needed: \
                 /sys/bus/pci/devices/{address}/virtfn* are its virtual functions, and \
                 sriov_numvfs next to them makes some"
            ))
        })
    }

    /// Its netdev.
    ///
    /// Errors: `not-available` when it has none or several.
    pub fn link(&self) -> Result<Link, Error> {
        let id = self.id();
        let device = Device(&id);
        let Some(driver) = self.driver() else {
            let bus = match self.auxiliary_name() {
                Some(_) => "auxiliary",
                None => "pci",
            };
            return Err(Error::not_available(format!(
                "{device} is bound to no driver: run `echo {id} > /sys/bus/{bus}/drivers_probe`, or bind it to one of {}",
                user_space_drivers()
            )));
        };
        let mut links = self.links();
        if links.len() > 1 {
            let names: Vec<String> = links.iter().map(Link::name).collect();
            return Err(Error::not_available(format!(
                "{device} has several network interfaces ({}), only a function with \
                 one can be given to a pod",
                names.join(", ")
            )));
        }
        links.pop().ok_or_else(|| {
            Error::not_available(format!(
                "{device} has no network interface on the node: either it is in \
                 another network namespace, or its driver {driver} makes none (InfiniBand needs \
                 ib_ipoib as well); a driver of network interfaces or one of {} is needed",
                user_space_drivers()
            ))
        })
    }

    /// The type of its netdev; without one, of its physical function's.
    pub fn link_type(&self) -> Option<LinkType> {
        let own = self.links().into_iter().next();
        own.or_else(|| self.parent_link())
            .map(|link| link.link_type())
    }

    /// Checks the type of its netdev, as far as [`Self::link_type`] knows it; `hint` says which
    /// plugin is for other functions.
    ///
    /// Errors: `invalid-configuration`.
    pub fn check_link_type(&self, wanted: LinkType, hint: &str) -> Result<(), Error> {
        match self.link_type() {
            Some(other) if other != wanted => Err(Error::invalid_configuration(format!(
                "deviceID \"{}\" is a function of an adapter for {other}, not for {wanted}: {hint}",
                self.id()
            ))),
            _ => Ok(()),
        }
    }

    /// Checks an MTU in bytes against the physical function's, which carries the packets.
    ///
    /// Errors: `invalid-configuration`, with what is possible; `unsupported-field` when no
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
                    "{} is bound to {driver} and has no interface; the program that \
                     drives it sets its own",
                    Device(&self.id())
                ),
            ));
        }
        let smallest = smallest_mtu(&self.link()?);
        let (largest, whose) = match self.parent_link() {
            Some(parent) => (
                parent.mtu(),
                format!("the physical function {}", parent.name()),
            ),
            None => (u32::MAX, "a physical function without interface".to_owned()),
        };
        if (smallest..=largest).contains(&mtu) {
            return Ok(());
        }
        Err(Error::invalid_configuration(format!(
            "mtu {mtu} is not possible below {whose}: use {smallest} to {largest}"
        )))
    }

    /// Records the settings, unless they are [empty](VirtualFunctionSettings::is_empty).
    ///
    /// Errors: `not-available` when the physical function has no netdev, by which they are
    /// changed.
    // Inlined for the reason that `operations` gives.
    #[inline(always)]
    pub fn set(&self, settings: &VirtualFunctionSettings) -> Result<(), Error> {
        if settings.is_empty() {
            return Ok(());
        }
        match self.parent_link() {
            Some(parent) => {
                if !parent.is_up() {
                    log::warning(format!("physical function {} is down", parent.name()));
                }
            }
            None => {
                return Err(Error::not_available(format!(
                    "settings of {} are changed by the interface of its physical function \
                     {}, which has none on the node: is its driver loaded?",
                    self.address(),
                    self.require_parent()?
                )));
            }
        }
        set_virtual_function(self, settings)
    }
}

/// For messages. As owned texts, because all other lists are, and a component has a copy of `join`
/// for each type of item.
fn user_space_drivers() -> String {
    USER_SPACE_DRIVERS.map(str::to_owned).join(", ")
}

/// What the kernel takes at least, in bytes: `ETH_MIN_MTU` (linux/if_ether.h), and on
/// InfiniBand four bytes more (`ipoib_change_mtu`).
pub fn smallest_mtu(link: &Link) -> u32 {
    match link.link_type() {
        LinkType::Infiniband => 72,
        _ => 68,
    }
}

#[cfg(test)]
mod tests;
