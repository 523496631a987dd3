//! A PCI function that goes to the pod.

use plumb_values::Mac;

use crate::Error;
use crate::facts::PciFunction;
use crate::isolation::Isolation;
use crate::operations::{PodLink, VirtualFunctionSettings, move_link, set_mac, set_mtu};

/// A PCI function whose interface becomes the pod's. [`PciFunction::allotted`] finds the one that the device
/// plugin allotted.
#[derive(Debug)]
#[must_use = "it is recorded by `move_in`"]
pub struct MovedFunction<'a> {
    function: &'a PciFunction,
    settings: VirtualFunctionSettings,
    isolation: Option<&'a Isolation>,
    mtu: Option<u32>,
}

// Inlined for the reason that `operations` gives.
impl<'a> MovedFunction<'a> {
    /// This one, as it is.
    #[inline(always)]
    pub fn of(function: &'a PciFunction) -> Self {
        Self {
            function,
            settings: VirtualFunctionSettings::default(),
            isolation: None,
            mtu: None,
        }
    }

    /// With what its physical function holds for it.
    #[inline(always)]
    pub fn settings(mut self, settings: VirtualFunctionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// With this hardware address, which the physical function holds and the interface gets; none: its own. It
    /// comes after [`Self::settings`].
    #[inline(always)]
    pub fn mac(mut self, mac: impl Into<Option<Mac>>) -> Self {
        self.settings.mac = mac.into();
        self
    }

    /// With its RDMA devices, where they are wanted for the pod alone.
    #[inline(always)]
    pub fn isolation(mut self, isolation: Option<&'a Isolation>) -> Self {
        self.isolation = isolation;
        self
    }

    /// Bytes; none: as it is.
    #[inline(always)]
    pub fn mtu(mut self, bytes: impl Into<Option<u32>>) -> Self {
        self.mtu = bytes.into();
        self
    }

    /// Checks that there is one interface to move, and that it can have the MTU.
    ///
    /// Errors: those of [`PciFunction::link`] and [`PciFunction::check_mtu`].
    pub fn check(&self) -> Result<(), Error> {
        self.function.link()?;
        self.function.check_mtu(self.mtu)
    }

    /// Records it: the settings, then the RDMA devices, without which the kernel would make an InfiniBand
    /// interface anew in the pod, then the interface, under the requested name, down.
    ///
    /// Errors: those of [`Self::check`], of [`PciFunction::set`], [`Isolation::record`] and the operations.
    #[inline(always)]
    pub fn move_in(self) -> Result<PodLink, Error> {
        self.check()?;
        self.function.set(&self.settings)?;
        if let Some(isolation) = self.isolation {
            isolation.record(self.function)?;
        }
        let link = move_link(self.function)?;
        if let Some(mtu) = self.mtu {
            set_mtu(&link, mtu)?;
        }
        if let Some(mac) = self.settings.mac {
            // The interface keeps the one that it had when its driver was bound.
            set_mac(&link, mac)?;
        }
        Ok(link)
    }
}
