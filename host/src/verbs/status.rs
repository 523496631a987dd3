//! STATUS: whether an ADD could succeed.

use std::rc::Rc;
use std::sync::Arc;

use crate::cni::{AddRequest, Request};
use crate::components::{About, Asked, Sandbox};
use crate::decide::{self, Ipam};
use crate::facts::{Facts, KernelFacts, LinkFacts, Place};
use crate::leases::Candidate;
use crate::node::Node;
use crate::operations::Records;
use crate::pod::Pod;
use crate::policy::NODE_SPACE;
use crate::{Code, Error, Result, ifacer, parent};

/// Checks in turn what every ADD needs. Every failure says that the network is not
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
    // It needs nothing but the pod.
    if request.coordinator.is_some() {
        return Ok(());
    }
    let facts: Rc<dyn Facts> = Rc::new(KernelFacts::new(Rc::clone(&node.kernel), None));
    if let Some(wanted) = &request.ifacer {
        return ifacer::plan(wanted, request, facts.as_ref()).map(drop);
    }
    let sandbox = Sandbox::new(node.trace)?;
    let flavour = decide::flavour(request, &sandbox)?;
    let resolved = parent::resolve(request, facts.as_ref())?;
    let request = resolved.request.as_ref();
    let asked = Arc::new(Asked::of(request)?);
    sandbox.ready(&flavour, Rc::clone(&facts), &asked)?;
    // Whose subnet the addresses are of is known when a device plugin has allotted a function.
    if request.from_master.is_some() {
        return Ok(());
    }
    match decide::ipam(request, &sandbox)? {
        Ipam::None => Ok(()),
        Ipam::Policy(policy, pools) => {
            // There is no pod yet that could be in a namespace.
            let mut pools = pools;
            for pool in &mut pools.pools {
                pool.namespaces.clear();
            }
            let about = About {
                parent: named_parent(&request.call, facts.as_ref())?
                    .filter(|link| decide::may_be_told(link, request, facts.as_ref())),
                hardware_address: None,
            };
            let facts_of_policy = Rc::clone(&facts);
            let proposal =
                decide::propose(&sandbox, &policy, facts_of_policy, &asked, &about, &pools)?;
            let claim = decide::claim(proposal, NODE_SPACE, false);
            let claims = claim.candidates();
            report_full(&claims, &request.call, facts.as_ref(), node)?;
            can_share(&claims, &request.call, facts.as_ref(), node)
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

/// The parent that a network names; there is no plan yet that would say it for sure.
fn named_parent(call: &Request, facts: &dyn Facts) -> Result<Option<LinkFacts>> {
    match call.configuration.string("master") {
        Ok(Some(parent)) => facts.link(Place::Host, parent),
        _ => Ok(None),
    }
}

/// The spaces in which the pods of a network can be: a plan would say which, and there is none yet. Nearly all
/// flavours name their parent by `master`.
fn spaces(call: &Request, facts: &dyn Facts) -> Result<Vec<String>> {
    let policy = &call.policy;
    if !policy.wires.is_empty()
        && let Some(link) = named_parent(call, facts)?
    {
        return Ok(vec![policy.space(&link, facts)?]);
    }
    Ok(policy.spaces())
}

/// Whether addresses of pools that nodes share can be had: this node holds free ones, or its agent listens. Where another
/// pool serves as well, that one is enough.
fn can_share(
    claims: &[Vec<Candidate>],
    call: &Request,
    facts: &dyn Facts,
    node: &Node<'_>,
) -> Result<()> {
    let is_all_shared = |claim: &&Vec<Candidate>| claim.iter().all(|candidate| candidate.shared);
    for candidates in claims.iter().filter(is_all_shared) {
        let ranges: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| candidate.ranges.iter().copied())
            .collect();
        let mut is_held = false;
        for space in spaces(call, facts)? {
            let usage = node.leases.usage(&space, &ranges)?;
            is_held |= usage.held_taken < usage.held;
        }
        if !is_held {
            let names: Vec<_> = candidates
                .iter()
                .map(|candidate| candidate.pool.as_str())
                .collect();
            node.agent.listens().map_err(|error| {
                Error::new(
                    error.code,
                    format!(
                        "this node holds no free address of pool {}, which the nodes of a cluster share: {}",
                        names.join(", "),
                        error.message
                    ),
                )
            })?;
        }
    }
    Ok(())
}

/// Says which addresses are all taken. That is no failure: it ends with the next DEL, an ADD takes back what dead pods
/// hold, a pod that comes again gets its own, and no ADD is refused for good. The CNI project's host-local says nothing
/// of it either. A runtime that is told otherwise takes the node out of service, with all pods that it has:
/// containerd reports `NetworkReady=false`, and Kubernetes evicts them five minutes later.
fn report_full(
    claims: &[Vec<Candidate>],
    call: &Request,
    facts: &dyn Facts,
    node: &Node<'_>,
) -> Result<()> {
    // Where no parent is named, any wire that has addresses left will do.
    let spaces = spaces(call, facts)?;
    for candidates in claims {
        let ranges: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| candidate.ranges.iter().copied())
            .collect();
        let mut are_full = true;
        for space in &spaces {
            let usage = node.leases.usage(space, &ranges)?;
            are_full &= usage.taken >= usage.size;
        }
        if are_full {
            let names: Vec<_> = candidates
                .iter()
                .map(|candidate| candidate.pool.as_str())
                .collect();
            node.trace.info(format_args!(
                "all addresses of pool {} are taken: an ADD succeeds only for a pod that has one already, or when one can be \
                 taken back from a pod that is gone",
                names.join(", ")
            ));
        }
    }
    Ok(())
}
