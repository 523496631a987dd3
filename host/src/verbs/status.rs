//! STATUS: whether an ADD could succeed.

use std::rc::Rc;

use crate::cni::Request;
use crate::cni::previous::Previous;
use crate::components::{self, Sandbox};
use crate::decide::{self, Ipam};
use crate::facts::{Facts, KernelFacts};
use crate::ipam_plugin::Call;
use crate::journal::Folder;
use crate::kernel::Kernel;
use crate::leases::Leases;
use crate::pools::Pool;
use crate::trace::Trace;
use crate::{Code, Error, Result, recovery};

/// Checks in turn what an ADD needs. Every failure says that the network is not
/// available; runtimes that ask do so every few seconds, so nothing here waits.
pub fn status(request: &Request, trace: &Trace) -> Result<()> {
    check(request, trace).map_err(|error| Error {
        code: Code::NOT_AVAILABLE,
        ..error
    })
}

fn check(request: &Request, trace: &Trace) -> Result<()> {
    Folder::new(&request.state_folder).probe()?;
    let flavour = decide::flavour(request)?;
    let facts: Rc<dyn Facts> = Rc::new(KernelFacts::new(Rc::new(Kernel::open()?), None));
    let sandbox = Sandbox::new(trace)?;
    let wish = components::request(request, &Previous::default())?;
    sandbox.ready(&flavour, Rc::clone(&facts), &wish)?;
    match decide::ipam(request)? {
        Ipam::None => Ok(()),
        Ipam::Policy(policy, pools, space) => {
            // There is no pod yet whose namespace could be told.
            let mut pools = pools;
            for pool in &mut pools {
                pool.namespaces.clear();
            }
            let proposal = sandbox.propose(&policy, facts, &wish, &pools)?;
            let claim = decide::claim(proposal, &space, false);
            exhaustion(request, &claim.candidates(), &pools, &space, trace)
        }
        Ipam::Delegate(plugin) => match Call::of_request(request).run(&plugin, "STATUS") {
            Err(error) if error.is_unknown_verb() => {
                trace.info(format_args!("ipam plugin {plugin} does not know STATUS"));
                Ok(())
            }
            result => Ok(result.map(drop)?),
        },
    }
}

/// Every address that an interface needs must have a free one in some pool.
fn exhaustion(
    request: &Request,
    claims: &[Vec<crate::leases::Candidate>],
    pools: &[Pool],
    space: &str,
    trace: &Trace,
) -> Result<()> {
    let Some(store) = recovery::open_existing(&request.state_folder, trace)? else {
        return Ok(());
    };
    for candidates in claims {
        let ranges: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| candidate.ranges.iter().copied())
            .collect();
        let usage = store.usage(space, &ranges)?;
        if usage.taken >= usage.size {
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
