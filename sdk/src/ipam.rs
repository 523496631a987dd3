//! What matters of the key `ipam` to a flavour: the host asks the policy or the plugin.

use plumb_sdk_macros::Keys;
use serde::Deserialize;

use crate::Error;

/// The key `ipam`, to be a field of a component's own keys.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize, Keys)]
#[serde(default)]
pub struct Ipam {
    /// The address policy or the IPAM plugin; empty without `ipam`.
    #[serde(rename = "type")]
    #[keys(name = "type", default)]
    pub plugin: String,
}

impl Ipam {
    /// Refuses the plugin `dhcp`; `reason` says why, and what would be right.
    ///
    /// Errors: `unsupported-field`.
    pub fn refuse_dhcp(&self, reason: &str) -> Result<(), Error> {
        match self.plugin.as_str() {
            "dhcp" => Err(Error::unsupported_field("ipam.type", "dhcp", reason)),
            _ => Ok(()),
        }
    }

    /// Refuses DHCP on InfiniBand, where it has no hardware addresses (RFC 4390).
    ///
    /// Errors: `unsupported-field`.
    pub fn refuse_dhcp_on_infiniband(&self) -> Result<(), Error> {
        self.refuse_dhcp(
            "the dhcp plugin speaks DHCP as on Ethernet, InfiniBand has its own (RFC 4390); \
             use another ipam, such as pool, host-local or static",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn only_dhcp_is_refused_and_with_what_to_use() {
        let ipam = |plugin: &str| Ipam {
            plugin: plugin.to_owned(),
        };
        for plugin in ["", "pool", "host-local", "static"] {
            ipam(plugin).refuse_dhcp_on_infiniband().unwrap();
        }
        let error = ipam("dhcp").refuse_dhcp_on_infiniband().unwrap_err();
        let words = ["ipam.type", "dhcp", "RFC 4390", "host-local"];
        error.assert_says(ErrorCode::UnsupportedField, &words);
    }
}
