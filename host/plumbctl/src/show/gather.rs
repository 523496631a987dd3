//! Asks records, lease store and kernel for all that is shown of a pod. Nothing is changed and nothing is sent.

use std::rc::Rc;
use std::time::Duration;

use plumb::facts::KernelFacts;
use plumb::kernel::{Kernel, Netns, Whereabouts};
use plumb::leases::{Lease, Leases, Owner, Store};
use plumb::pod::ENDING;
use plumb::state::StateFolder;

use super::interfaces::{Sources, interfaces};
use super::model::{NetnsState, Shown};
use super::namespace::Namespace;
use super::recorded;
use crate::Failure;
use crate::pods::Pod;

/// Gathers what is known of a pod.
///
/// # Errors
///
/// When the kernel cannot be asked at all. What it does not say of one thing is among the problems.
pub fn gather(pod: &Pod, state: &StateFolder) -> Result<Shown, Failure> {
    let kernel = Rc::new(Kernel::open()?);
    let mut problems = Vec::new();
    let (netns_state, netns) = whereabouts(pod, &kernel)?;
    let recorded = recorded::interfaces(&pod.records);
    let named: Vec<&str> = recorded.keys().map(String::as_str).collect();
    let namespace = match &netns {
        Some(netns) => Some(Namespace::read(netns, &named, &mut problems)?),
        None => None,
    };
    let facts = KernelFacts::new(Rc::clone(&kernel), netns.clone());
    let leases = leases(pod, state, &mut problems);
    let interfaces = interfaces(
        &Sources {
            records: &pod.records,
            recorded: &recorded,
            namespace: namespace.as_ref(),
            host: &kernel.host,
            facts: &facts,
            leases: leases.as_deref(),
        },
        &mut problems,
    );
    Ok(Shown {
        pod: pod.identity.clone(),
        container_id: pod.container_id.clone(),
        netns: pod.records.first().map_or_else(String::new, |record| {
            record.header.netns.path.to_string_lossy().into_owned()
        }),
        netns_state,
        interfaces,
        problems,
    })
}

/// The pod's namespace: that of the first record which leads to one.
pub fn whereabouts(pod: &Pod, kernel: &Kernel) -> Result<(NetnsState, Option<Rc<Netns>>), Failure> {
    let mut state = NetnsState::Gone;
    // One that has just been left ends some milliseconds later. All records are of one namespace as a rule.
    let mut patience = ENDING;
    for record in &pod.records {
        let header = &record.header;
        match header.netns.find(&header.boot, None, kernel, patience)? {
            Whereabouts::Found(netns) => return Ok((NetnsState::Present, Some(Rc::new(netns)))),
            Whereabouts::Kept => state = NetnsState::Kept,
            Whereabouts::Gone => {}
        }
        patience = Duration::ZERO;
    }
    Ok((state, None))
}

/// The leases of the pod's attachments; none where the store does not say. A store that is missing or damaged stays as it is.
fn leases(pod: &Pod, state: &StateFolder, problems: &mut Vec<String>) -> Option<Vec<Lease>> {
    let read = || {
        let Some(store) = Store::open_existing(state.path())? else {
            return Ok(None);
        };
        let mut leases = Vec::new();
        for record in &pod.records {
            leases.extend(store.held_by(&Owner::from(&record.header.attachment))?);
        }
        Ok(Some(leases))
    };
    read().unwrap_or_else(|error: plumb::leases::Error| {
        problems.push(format!("the leases cannot be read: {error}"));
        None
    })
}
