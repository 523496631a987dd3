//! Keys that name interfaces of the node.

use std::ops::Deref;

use super::{Fault, Reader, Schema, Value};
use crate::Error;
use crate::facts::{Link, Place, get_link};

/// An interface of the node, looked up while the keys are read: the error of a name that is none, or that the
/// component may not see, names the key as well.
#[derive(Debug)]
pub struct HostLink(Link);

impl Deref for HostLink {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.0
    }
}

impl Value for HostLink {
    const EXPECTED: &'static str = "the name of an interface of the node";
    const SCHEMA: Schema = Schema::Text {
        what: Self::EXPECTED,
    };

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let name = reader.text(Self::EXPECTED)?;
        if name.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self(get_link(Place::Host, &name)?)))
    }
}

/// What is asked of the interfaces that a key lists.
pub trait Links {
    /// The first of them that is of this RDMA device, such as `mlx5_0`; without one, the first.
    ///
    /// Errors: `not-available`, with those that there are.
    fn with_rdma_device(&self, device: Option<&str>) -> Result<&Link, Error>;
}

impl Links for [HostLink] {
    fn with_rdma_device(&self, device: Option<&str>) -> Result<&Link, Error> {
        let is_wanted = |link: &&HostLink| match device {
            Some(device) => link.rdma_devices().iter().any(|one| one == device),
            None => true,
        };
        if let Some(link) = self.iter().find(is_wanted) {
            return Ok(link);
        }
        let Some(device) = device else {
            return Err(Error::invalid_configuration(
                "no interface of the node is named",
            ));
        };
        let of_link = |link: &HostLink| format!("{} has {:?}", link.name(), link.rdma_devices());
        let there: Vec<String> = self.iter().map(of_link).collect();
        Err(Error::not_available(format!(
            "no interface that is named has the RDMA device {device}: {}",
            there.join(", ")
        )))
    }
}
