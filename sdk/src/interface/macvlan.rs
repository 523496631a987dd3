//! A macvlan in the pod.

use plumb_values::Mac;
use plumb_values::arguments::{check_child_mtu, check_ethernet_parent, check_mtu};

use crate::Error;
use crate::facts::Link;
use crate::operations::{MacvlanMode, MacvlanOptions, PodLink, create_macvlan};

/// A macvlan child of an Ethernet interface.
#[derive(Debug)]
#[must_use = "it is recorded by `create`"]
pub struct Macvlan<'a> {
    parent: &'a Link,
    options: MacvlanOptions,
}

// Inlined for the reason that `operations` gives.
impl<'a> Macvlan<'a> {
    /// Of this parent, in mode bridge, with the parent's MTU and a random hardware address.
    #[inline(always)]
    pub fn on(parent: &'a Link) -> Self {
        let options = MacvlanOptions::default();
        Self { parent, options }
    }

    /// How it reaches other children of its parent.
    #[inline(always)]
    pub fn mode(mut self, mode: MacvlanMode) -> Self {
        self.options.mode = mode;
        self
    }

    /// Bytes; none: the parent's.
    #[inline(always)]
    pub fn mtu(mut self, bytes: impl Into<Option<u32>>) -> Self {
        self.options.mtu = bytes.into();
        self
    }

    /// Its hardware address; none: a random locally administered one.
    #[inline(always)]
    pub fn mac(mut self, mac: impl Into<Option<Mac>>) -> Self {
        self.options.mac = mac.into();
        self
    }

    /// Length of the queue for broadcasts; none: the kernel's.
    #[inline(always)]
    pub fn broadcast_queue_length(mut self, packets: impl Into<Option<u32>>) -> Self {
        self.options.broadcast_queue_length = packets.into();
        self
    }

    /// Checks that the parent can have such a child, as far as that is known before.
    ///
    /// Errors: `invalid-configuration`.
    #[inline(always)]
    pub fn check(&self) -> Result<(), Error> {
        check_child("macvlan", self.parent, self.options.mtu)
    }

    /// Records it: the pod gets it under the requested name, down.
    ///
    /// Errors: those of [`Self::check`] and of [`create_macvlan`].
    #[inline(always)]
    pub fn create(self) -> Result<PodLink, Error> {
        self.check()?;
        create_macvlan(self.parent, &self.options)
    }
}

/// Checks the parent of a macvlan or an ipvlan, which is its `kind`, and its MTU.
pub(super) fn check_child(kind: &str, parent: &Link, mtu: Option<u32>) -> Result<(), Error> {
    let name = parent.name();
    let checked = check_ethernet_parent(kind, &name, parent.0.hardware_type()).and_then(|()| {
        let Some(mtu) = mtu else {
            return Ok(());
        };
        check_mtu(mtu)?;
        check_child_mtu(kind, mtu, &name, parent.mtu())
    });
    checked.map_err(Error::invalid_configuration)
}
