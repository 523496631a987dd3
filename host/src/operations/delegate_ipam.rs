//! Asks an IPAM plugin for addresses (CNI specification, section 4).

use plumb_values::names::check_file_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible};
use crate::cni::keys;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::outcome::{Assigned, AssignedAddress};
use crate::{Code, Error, Result, ipam_plugin};

/// What is recorded. The intent is on disk before the plugin runs, so that whatever it
/// reserved is released by a DEL even when this process dies meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegateIpam {
    /// The interface that gets them, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// File name of the plugin.
    pub plugin: String,
}

impl Reversible for DelegateIpam {
    fn check_record(&self) -> Checked {
        check_file_name("plugin", &self.plugin)
    }

    fn describe(&self) -> String {
        format!("ask ipam plugin {} for addresses", self.plugin)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Unbounded
    }

    fn gives_addresses(&self) -> bool {
        true
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        Ok(ipam_plugin::check(&self.plugin, &machine.pod.call.path)?)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let answer = machine.pod.call.run(&self.plugin, "ADD")?;
        let result = answer.as_ref().and_then(|answer| answer.as_object());
        let whose = format!("the result of ipam plugin {}", self.plugin);
        let previous = match result {
            Some(result) => Previous::parse(result, &whose).map_err(|error| Error {
                code: Code::DELEGATE_FAILED,
                ..error
            })?,
            None => Previous::default(),
        };
        if previous.addresses.is_empty() {
            return Err(Error::new(
                Code::DELEGATE_FAILED,
                format!("{whose} has no address"),
            ));
        }
        machine.outcome.interface(self.link).assigned = Assigned {
            dns: result
                .and_then(|result| keys::get(result, "dns"))
                .filter(|dns| dns.as_object().is_some_and(|dns| !dns.is_empty()))
                .cloned(),
            ..assigned(&previous)
        };
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        match machine.pod.call.run(&self.plugin, "DEL") {
            // The plugin was taken off the node, or never could be one: nobody can release
            // anything, and no retry would change that.
            Err(
                error @ (ipam_plugin::Error::NotInPath { .. } | ipam_plugin::Error::Name { .. }),
            ) => {
                machine.node.trace.error(format_args!(
                    "cannot release the addresses of {}: {error}",
                    machine.pod.attachment
                ));
                Ok(())
            }
            // It refused the ADD for the same reason, so there is nothing to release.
            Err(error) if error.is_incompatible_version() || error.is_itself() => {
                machine.node.trace.warning(&error);
                Ok(())
            }
            result => Ok(result.map(drop)?),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        match machine.pod.call.run(&self.plugin, "CHECK") {
            Err(error) if error.is_itself() => Ok(()),
            result => Ok(result.map(drop)?),
        }
    }
}

/// The addresses and routes of a result. A route without a next hop goes by the first
/// gateway of its family, as the reference plugins read it.
pub fn assigned(previous: &Previous) -> Assigned {
    let gateway = |is_ipv4: bool| {
        previous
            .addresses
            .iter()
            .filter(|address| address.address.is_ipv4() == is_ipv4)
            .find_map(|address| address.gateway)
    };
    Assigned {
        addresses: previous
            .addresses
            .iter()
            .map(|address| AssignedAddress {
                address: address.address,
                gateway: address.gateway,
            })
            .collect(),
        routes: previous
            .routes
            .iter()
            .map(|route| {
                let mut route = route.clone();
                route.gateway = route
                    .gateway
                    .or_else(|| gateway(route.destination.is_ipv4()));
                route
            })
            .collect(),
        dns: None,
    }
}
