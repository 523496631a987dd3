//! An IPoIB child in the pod.

use plumb_values::arguments::{check_infiniband_parent, check_ipoib_mtu, is_connected};

use crate::facts::Link;
use crate::operations::{IpoibMode, IpoibOptions, PodLink, create_ipoib};
use crate::{Error, partition_key};

/// An IPoIB child of an InfiniBand interface.
#[derive(Debug)]
#[must_use = "it is recorded by `create`"]
pub struct Ipoib<'a> {
    parent: &'a Link,
    options: IpoibOptions,
}

// Inlined for the reason that `operations` gives.
impl<'a> Ipoib<'a> {
    /// Of this parent, which is on the host: in its partition and its mode, with the MTU that the kernel chooses.
    #[inline(always)]
    pub fn on(parent: &'a Link) -> Self {
        let options = IpoibOptions::default();
        Self { parent, options }
    }

    /// The partition, with or without the bit of full membership: the kernel makes every child a full member. None:
    /// the parent's.
    #[inline(always)]
    pub fn partition_key(mut self, key: impl Into<Option<u16>>) -> Self {
        self.options.partition_key = key.into();
        self
    }

    /// How it carries packets. None: like the parent, as far as its MTU shows it; the kernel itself would give every
    /// child datagram mode.
    #[inline(always)]
    pub fn mode(mut self, mode: impl Into<Option<IpoibMode>>) -> Self {
        self.options.mode = mode.into();
        self
    }

    /// Whether user space handles multicast joins; none: the kernel's default.
    #[inline(always)]
    pub fn user_multicast(mut self, enabled: impl Into<Option<bool>>) -> Self {
        self.options.user_multicast = enabled.into();
        self
    }

    /// Bytes; none: what the kernel chooses.
    #[inline(always)]
    pub fn mtu(mut self, bytes: impl Into<Option<u32>>) -> Self {
        self.options.mtu = bytes.into();
        self
    }

    /// Checks that the parent can have such a child, and that its port is in the partition: without that the child
    /// would never get carrier.
    ///
    /// Errors: `invalid-configuration`, `not-available` for the partition.
    #[inline(always)]
    pub fn check(&self) -> Result<(), Error> {
        check(self.parent, &self.options, self.is_connected())
    }

    /// Records it: the pod gets it under the requested name, down.
    ///
    /// Errors: those of [`Self::check`] and of [`create_ipoib`].
    #[inline(always)]
    pub fn create(mut self) -> Result<PodLink, Error> {
        self.check()?;
        if self.is_connected() {
            self.options.mode = Some(IpoibMode::Connected);
        }
        let as_full_member = |key: u16| key | partition_key::FULL_MEMBER;
        self.options.partition_key = self.options.partition_key.map(as_full_member);
        create_ipoib(self.parent, &self.options)
    }

    fn is_connected(&self) -> bool {
        match self.options.mode {
            Some(mode) => mode == IpoibMode::Connected,
            None => is_connected(self.parent.mtu()),
        }
    }
}

fn check(parent: &Link, options: &IpoibOptions, is_connected: bool) -> Result<(), Error> {
    let name = parent.name();
    check_infiniband_parent(&name, parent.0.hardware_type(), false)
        .and_then(|()| match options.mtu {
            Some(mtu) => check_ipoib_mtu(mtu, is_connected, &name, parent.mtu()),
            None => Ok(()),
        })
        .map_err(Error::invalid_configuration)?;
    match options.partition_key {
        Some(key) => partition_key::check_in_table(key, parent),
        None => Ok(()),
    }
}
