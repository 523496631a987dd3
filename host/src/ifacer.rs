//! The type `ifacer`: in front of another plugin in a chain, it makes the parent of what this one makes, a VLAN, a bond or both,
//! as Spiderpool's plugin of that name does. All pods of a node share it, and it goes with the last of them.

use crate::cni::AddRequest;
use crate::cni::ifacer::Ifacer;
use crate::facts::{Facts, LinkFacts, Place};
use crate::operations::{ShareBond, ShareVlan};
use crate::plan::{Plan, Step};
use crate::types::IFACER;
use crate::{Code, Error, Result};

/// Makes the plan of an ADD.
///
/// # Errors
///
/// [`Code::DENIED`] for what the node's policy does not give to networks; [`Code::NOT_AVAILABLE`] for an interface that the node
/// does not have.
pub fn plan(wanted: &Ifacer, request: &AddRequest, facts: &dyn Facts) -> Result<Plan> {
    let policy = &request.call.policy;
    policy.check_flavour(IFACER)?;
    let mut interfaces: Vec<LinkFacts> = Vec::new();
    for name in &wanted.interfaces {
        let link = require(name, facts)?;
        match wanted.bond {
            Some(_) => policy.check_member(&link, facts)?,
            None if policy.limits_parents() => policy.check_parent(&link, facts)?,
            None => {}
        }
        if let Some(same) = interfaces.iter().find(|other| other.index == link.index) {
            return Err(Error::configuration(format!(
                "\"interfaces\" of type \"ifacer\" has {} twice, once as {name}",
                same.name
            )));
        }
        interfaces.push(link);
    }
    let mut plan = Plan::default();
    if wanted.has_idle_bond {
        plan.found.push(format!(
            "no bond is made, because {} is the only interface of \"interfaces\"",
            wanted.parent()
        ));
    }
    if let Some(bond) = &wanted.bond {
        let share = ShareBond {
            name: bond.name.clone(),
            mode: bond.mode.to_owned(),
            interval: bond.interval,
            hash_policy: bond.hash_policy.map(str::to_owned),
            lacp_rate: bond.lacp_rate.map(str::to_owned),
            primary: bond.primary.clone(),
            members: wanted.interfaces.clone(),
            keep: wanted.keep,
        };
        plan.steps.push(Step::Operation(share.into()));
    }
    if let (Some(name), Some(id)) = (wanted.vlan_name(), wanted.vlan) {
        let share = ShareVlan {
            name,
            parent: wanted.parent().to_owned(),
            id,
            keep: wanted.keep,
        };
        plan.steps.push(Step::Operation(share.into()));
    }
    Ok(plan)
}

fn require(name: &str, facts: &dyn Facts) -> Result<LinkFacts> {
    match facts.link(Place::Host, name)? {
        Some(link) => Ok(link),
        None => Err(Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "\"interfaces\" of type \"ifacer\" has {name}, and the host has no such interface; there are: {}",
                facts.link_names(Place::Host)?.join(", ")
            ),
        )),
    }
}
