//! RDMA devices for one pod alone: the keys `rdmaIsolation`, `allowSharedRDMA` and
//! `rdmaDeviceName`.

use std::ops::Deref;

use plumb_sdk_macros::Keys;
use plumb_values::Device;
use plumb_values::arguments::is_rdma_name;

use crate::facts::{PciFunction, RdmaNamespaceMode, get_rdma_namespace_mode};
use crate::keys::{Fault, Reader, Schema, Value};
use crate::operations::move_rdma_device;
use crate::{Arguments, Error, Request, log};

/// What users write.
#[derive(Keys)]
struct Keys {
    /// Whether the RDMA devices are for the pod alone.
    #[keys(default)]
    rdma_isolation: bool,
    /// Whether a pod starts without its own RDMA device on a node that shares all of them.
    #[keys(name = "allowSharedRDMA", default)]
    allow_shared: bool,
    /// The device's name in the pod.
    #[keys(name = "rdmaDeviceName")]
    device_name: Option<String>,
    #[keys(default)]
    args: Arguments<OfPod>,
}

#[derive(Default, Keys)]
struct OfPod {
    #[keys(name = "rdmaDeviceName")]
    device_name: Option<String>,
}

/// The wish to move the RDMA devices of a function into the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    /// `allowSharedRDMA`: a node that shares all RDMA devices starts the pod without.
    pub allow_shared: bool,
    /// The device's name in the pod: `args.cni.rdmaDeviceName`, else `rdmaDeviceName`; none:
    /// as it is.
    pub device_name: Option<String>,
}

impl Isolation {
    /// The wish of a configuration; none without `rdmaIsolation`.
    ///
    /// Errors: `invalid-configuration`, and `unsupported-field` for a `rdmaDeviceName` without
    /// `rdmaIsolation`. One in `args.cni` may be meant for the next plugin of the chain.
    pub fn read(request: &Request) -> Result<Option<Self>, Error> {
        Ok(request.keys::<Wanted>()?.0)
    }

    fn of(keys: Keys) -> Result<Option<Self>, Error> {
        if keys.rdma_isolation {
            return wish(keys).map(Some);
        }
        match keys.device_name {
            None => Ok(None),
            Some(name) => Err(Error::unsupported_field(
                "rdmaDeviceName",
                &name,
                "without isolation the RDMA device stays with the node; add \"rdmaIsolation\": true",
            )),
        }
    }

    /// The wish of a plugin that is there for nothing else: `rdmaIsolation` need not be set.
    ///
    /// Errors: `invalid-configuration`.
    pub fn read_implied(request: &Request) -> Result<Self, Error> {
        wish(request.keys()?)
    }

    /// Whether RDMA devices can be moved on this node. `false`: they cannot, and
    /// `allowSharedRDMA` says to go on.
    ///
    /// Errors: `not-available`, with what would change it.
    pub fn is_possible(&self) -> Result<bool, Error> {
        match get_rdma_namespace_mode()? {
            RdmaNamespaceMode::Exclusive => Ok(true),
            RdmaNamespaceMode::Shared if self.allow_shared => {
                log::warning(
                    "no RDMA isolation: this node shares its RDMA devices among all network \
                     namespaces, and allowSharedRDMA is set",
                );
                Ok(false)
            }
            RdmaNamespaceMode::Shared => Err(Error::not_available(
                "an RDMA device cannot be given to one pod alone, because this node shares them \
                 among all network namespaces: run `rdma system set netns exclusive`, which the \
                 kernel accepts only while no other network namespace exists, or boot with \
                 `options ib_core netns_mode=0` in /etc/modprobe.d; \"allowSharedRDMA\": true \
                 starts pods without isolation",
            )),
            RdmaNamespaceMode::None => Err(Error::not_available(
                "an RDMA device cannot be given to a pod, because this node has no RDMA \
                 subsystem: load ib_core and the RDMA driver of the adapter, such as mlx5_ib",
            )),
        }
    }

    /// Records the move of a function's RDMA devices, if the node can do it.
    ///
    /// Errors: those of [`Self::is_possible`]; `not-available` when the function has no RDMA
    /// device, or several and one name.
    pub fn record(&self, function: &PciFunction) -> Result<(), Error> {
        if !self.is_possible()? {
            return Ok(());
        }
        let (id, devices) = (function.id(), function.rdma_devices());
        if devices.is_empty() {
            return Err(Error::not_available(format!(
                "{} has no RDMA device on the node that could be moved into \
                 the pod: either it is in another network namespace, or its RDMA driver, such as \
                 mlx5_ib, is not loaded (`rdma dev`)",
                Device(&id)
            )));
        }
        match &self.device_name {
            Some(name) if devices.len() > 1 => Err(Error::not_available(format!(
                "{} has several RDMA devices ({}), which cannot all be named \
                 {name:?}: leave \"rdmaDeviceName\" out",
                Device(&id),
                devices.join(", ")
            ))),
            name => move_rdma_device(function, name.as_deref()),
        }
    }
}

/// The wish of a configuration, to be flattened into the keys of a flavour: see [`Isolation::read`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wanted(pub Option<Isolation>);

impl Deref for Wanted {
    type Target = Option<Isolation>;

    fn deref(&self) -> &Option<Isolation> {
        &self.0
    }
}

impl Value for Wanted {
    const EXPECTED: &'static str = Keys::EXPECTED;
    const SCHEMA: Schema = Keys::SCHEMA;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let keys = Keys::read_item(reader)?;
        Ok(Some(Self(Isolation::of(keys)?)))
    }
}

fn wish(keys: Keys) -> Result<Isolation, Error> {
    let device_name = keys.args.cni.device_name.or(keys.device_name);
    if let Some(name) = &device_name {
        check_device_name(name)?;
    }
    Ok(Isolation {
        allow_shared: keys.allow_shared,
        device_name,
    })
}

fn check_device_name(name: &str) -> Result<(), Error> {
    if is_rdma_name(name) {
        return Ok(());
    }
    Err(Error::invalid_configuration(format!(
        "rdmaDeviceName {name:?} is no name for an RDMA device: use up to 63 letters, digits, _, - \
         and ., as in rdma_net1"
    )))
}

#[cfg(test)]
mod tests;
