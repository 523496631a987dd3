//! Reading the request.

use serde::de::DeserializeOwned;

use crate::operations::AddressSource;
use crate::{Error, Request, json};

impl Request {
    /// The network configuration as a type of the component. Keys are in **lower case**,
    /// however the user wrote them; keys that the type does not have are left alone,
    /// because other plugins of the chain may own them.
    ///
    /// Errors: `invalid-configuration`, naming the key, the value and what would be right.
    pub fn configuration<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::read(&self.configuration).map_err(|error| {
            Error::invalid_configuration(format!("network configuration: {error}"))
        })
    }

    /// The addresses that the configuration's `ipam` gives; none: it has no `ipam`.
    pub fn configured_addresses(&self) -> Option<AddressSource> {
        self.has_ipam.then_some(AddressSource::Configured)
    }
}
