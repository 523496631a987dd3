//! STATUS: whether an ADD could succeed.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::clean_up;
use crate::cni::{AddRequest, Request};
use crate::components::{Asked, Sandbox};
use crate::decide::{self, Ipam};
use crate::facts::{Facts, KernelFacts, Place};
use crate::leases::{Lease, Owner};
use crate::node::Node;
use crate::operations::Records;
use crate::pod::Pod;
use crate::policy::NODE_SPACE;
use crate::pools::Pool;
use crate::{Code, Error, Result};

/// Checks in turn what an ADD needs. Every failure says that the network is not
/// available; runtimes that ask do so every few seconds, so nothing here waits.
pub fn status(call: Request, node: &Node<'_>) -> Result<()> {
    check(call, node).map_err(|error| Error {
        code: Code::NOT_AVAILABLE,
        ..error
    })
}

fn check(call: Request, node: &Node<'_>) -> Result<()> {
    Records::new(&node.state).probe()?;
    let request = &AddRequest::of(call)?;
    let flavour = decide::flavour(request)?;
    let facts: Rc<dyn Facts> = Rc::new(KernelFacts::new(Rc::clone(&node.kernel), None));
    let sandbox = Sandbox::new(node.trace)?;
    let asked = Arc::new(Asked::of(request)?);
    sandbox.ready(&flavour, Rc::clone(&facts), &asked)?;
    match decide::ipam(request)? {
        Ipam::None => Ok(()),
        Ipam::Policy(policy, pools) => {
            // There is no pod yet that could be in a namespace.
            let mut pools = pools;
            for pool in &mut pools {
                pool.namespaces.clear();
            }
            let proposal = sandbox.propose(&policy, &asked, &pools)?;
            let claim = decide::claim(proposal, NODE_SPACE, false);
            // Where no parent is named, any wire that has addresses left will do.
            let mut refusal = Ok(());
            for space in spaces(&request.call, facts.as_ref())? {
                refusal = exhaustion(&claim.candidates(), &pools, &space, node);
                if refusal.is_ok() {
                    break;
                }
            }
            refusal
        }
        Ipam::Delegate(plugin) => {
            let call = Pod::of_request(&request.call, None).call;
            if !call.run_if_known(&plugin, "STATUS")? {
                node.trace
                    .info(format_args!("ipam plugin {plugin} does not know STATUS"));
            }
            Ok(())
        }
    }
}

/// The spaces in which the pods of a network can be: a plan would say which, and there is none yet. Nearly all
/// flavours name their parent by `master`.
fn spaces(call: &Request, facts: &dyn Facts) -> Result<Vec<String>> {
    let policy = &call.policy;
    if !policy.wires.is_empty()
        && let Ok(Some(parent)) = call.configuration.string("master")
        && let Some(link) = facts.link(Place::Host, parent)?
    {
        return Ok(vec![policy.space(&link, facts)?]);
    }
    Ok(policy.spaces())
}

/// Every address that an interface needs must have a free one in some pool, or one that an ADD
/// would free.
fn exhaustion(
    claims: &[Vec<crate::leases::Candidate>],
    pools: &[Pool],
    space: &str,
    node: &Node<'_>,
) -> Result<()> {
    for candidates in claims {
        let ranges: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| candidate.ranges.iter().copied())
            .collect();
        let usage = node.leases.usage(space, &ranges)?;
        if usage.taken >= usage.size && !dead_pods_hold_one(space, &ranges, node)? {
            let names: Vec<_> = candidates
                .iter()
                .map(|candidate| candidate.pool.as_str())
                .collect();
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "all {} addresses of pool {} are taken ({} pools are configured)",
                    usage.size,
                    names.join(", "),
                    pools.len()
                ),
            ));
        }
    }
    Ok(())
}

/// Whether one of the addresses belongs to a pod that is gone without a DEL: an ADD that
/// misses an address undoes the records of such pods first. A lease without a record stays
/// taken until a GC whose list leaves its owner out.
fn dead_pods_hold_one(space: &str, ranges: &[(IpAddr, IpAddr)], node: &Node<'_>) -> Result<bool> {
    for attachment in clean_up::dead_attachments(&Records::new(&node.state))? {
        let held = node.leases.held_by(&Owner::from(&attachment))?;
        let is_wanted = |lease: &Lease| {
            let mut ranges = ranges.iter();
            lease.space == space
                && ranges.any(|(first, last)| (first..=last).contains(&&lease.address))
        };
        if held.iter().any(is_wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}
