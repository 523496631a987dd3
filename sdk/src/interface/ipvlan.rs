//! An ipvlan in the pod.

use super::macvlan::check_child;
use crate::Error;
use crate::facts::Link;
use crate::operations::{IpvlanMode, IpvlanOptions, PodLink, create_ipvlan};

/// An ipvlan child of an Ethernet interface.
#[derive(Debug)]
#[must_use = "it is recorded by `create`"]
pub struct Ipvlan<'a> {
    parent: &'a Link,
    options: IpvlanOptions,
}

// Inlined for the reason that `operations` gives.
impl<'a> Ipvlan<'a> {
    /// Of this parent, in mode l2, with the parent's MTU.
    #[inline(always)]
    pub fn on(parent: &'a Link) -> Self {
        let options = IpvlanOptions::default();
        Self { parent, options }
    }

    /// Where its packets are switched or routed.
    #[inline(always)]
    pub fn mode(mut self, mode: IpvlanMode) -> Self {
        self.options.mode = mode;
        self
    }

    /// Bytes; none: the parent's.
    #[inline(always)]
    pub fn mtu(mut self, bytes: impl Into<Option<u32>>) -> Self {
        self.options.mtu = bytes.into();
        self
    }

    /// Checks that the parent can have such a child, as far as that is known before.
    ///
    /// Errors: `invalid-configuration`.
    #[inline(always)]
    pub fn check(&self) -> Result<(), Error> {
        check_child("ipvlan", self.parent, self.options.mtu)
    }

    /// Records it: the pod gets it under the requested name, down.
    ///
    /// Errors: those of [`Self::check`] and of [`create_ipvlan`].
    #[inline(always)]
    pub fn create(self) -> Result<PodLink, Error> {
        self.check()?;
        create_ipvlan(self.parent, &self.options)
    }
}
