//! What is asked: the flavour, and where addresses come from.

use plumb_values::similar::question;

use crate::available_pools::AvailablePools;
use crate::cni::{AddRequest, Request};
use crate::components::{self, Sandbox, Source, World};
use crate::types::{FLAVOURS, OWN_TYPE, POOL_TYPES, types};
use crate::{Error, Result, ipam_keys, ipam_plugin};

/// Where the addresses of an interface come from.
pub enum Ipam {
    /// The configuration has no `ipam`.
    None,
    /// A component, and the pools it may choose from.
    Policy(Source, AvailablePools),
    /// An IPAM plugin.
    Delegate(String),
}

/// The flavour that a configuration asks for.
pub fn flavour(request: &AddRequest, sandbox: &Sandbox<'_>) -> Result<Source> {
    let configuration = &request.call.configuration;
    let plugin_type = configuration.plugin_type.as_str();
    let name = match FLAVOURS.iter().find(|(kind, _)| *kind == plugin_type) {
        Some((_, flavour)) => flavour,
        None if plugin_type == OWN_TYPE => configuration.string("flavour")?.ok_or_else(|| {
            Error::configuration(format!(
                "type \"plumb\" needs a \"flavour\": built in are {}",
                Source::built_in(World::Flavour).join(", ")
            ))
        })?,
        None => {
            return Err(Error::configuration(format!(
                "type {plugin_type:?} is not one that plumb answers to: {}use {}, or plumb with a \
                 \"flavour\"",
                question(plugin_type, types().chain([OWN_TYPE])),
                types().collect::<Vec<_>>().join(", ")
            )));
        }
    };
    request.call.policy.check_flavour(name)?;
    match sandbox.find(name, World::Flavour, &request.call.folders.components)? {
        Some(source) => Ok(source),
        None => {
            let built_in = Source::built_in(World::Flavour);
            let folder = &request.call.folders.components;
            if components::store::is_policy(name, folder) {
                return Err(Error::configuration(format!(
                    "{name:?} is an address policy, and no flavour: a network names it as \"type\" of its \"ipam\""
                )));
            }
            let installed = components::store::names(folder);
            let known = built_in
                .iter()
                .copied()
                .chain(installed.iter().map(String::as_str));
            Err(Error::configuration(format!(
                "there is no flavour {name:?}: {}built in are {}, and {} has none of this name",
                question(name, known),
                built_in.join(", "),
                folder.display()
            )))
        }
    }
}

/// The configuration's IPAM, with its pools read and checked.
pub fn ipam(request: &AddRequest, sandbox: &Sandbox<'_>) -> Result<Ipam> {
    let Some(name) = request.ipam_type.as_deref() else {
        return Ok(Ipam::None);
    };
    let known = &request.pod_choice;
    let request = &request.call;
    let policy = if POOL_TYPES.contains(&name) {
        "pool"
    } else {
        name
    };
    request.policy.check_ipam(policy)?;
    match sandbox.find(policy, World::AddressPolicy, &request.folders.components)? {
        Some(source) => {
            ipam_keys::check(request)?;
            let pools = AvailablePools::of(request)?.to(known);
            Ok(Ipam::Policy(source, pools))
        }
        None => {
            ipam_plugin::check(name, &request.environment.path)?;
            Ok(Ipam::Delegate(name.to_owned()))
        }
    }
}

/// Whether the addresses come from pools, without looking whether the rest is right.
pub fn has_policy(request: &AddRequest) -> bool {
    let folder = &request.call.folders.components;
    let is_policy = |name: &str| {
        POOL_TYPES.contains(&name)
            || Source::find(name, World::AddressPolicy, folder).is_ok_and(|found| found.is_some())
    };
    request.ipam_type.as_deref().is_some_and(is_policy)
}

/// The IPAM plugin that a configuration names, without looking whether it is there or
/// whether the rest of the configuration is right: DEL and GC work on what there is.
pub fn delegate_of(request: &Request) -> Result<Option<String>> {
    let Some(name) = request.ipam_type()? else {
        return Ok(None);
    };
    let is_policy = POOL_TYPES.contains(&name)
        || components::store::is_policy(name, &request.folders.components);
    Ok((!is_policy).then(|| name.to_owned()))
}
