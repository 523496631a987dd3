//! ADD: request, component, plan, journal, kernel, result.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{open_netns, reclaim, reconcile};
use crate::cni::Request;
use crate::cni::result::{Address, Attached, Interface, render};
use crate::components::Sandbox;
use crate::facts::{Facts, KernelFacts};
use crate::ipam_plugin::Call;
use crate::journal::{Folder, Header, Journal, LAYOUT, PodNetns};
use crate::kernel::{Kernel, Netns, boot};
use crate::machine::Machine;
use crate::plan::Plan;
use crate::trace::Trace;
use crate::watch::Watcher;
use crate::{Code, Result, decide, mac, perform, undo};

/// Attaches the pod and returns the result.
pub fn add(request: &Request, trace: &Trace, watcher: &mut dyn Watcher) -> Result<Value> {
    let netns = Rc::new(open_netns(request)?);
    let kernel = Rc::new(Kernel::open()?);
    let folder = Folder::new(&request.state_folder);
    reconcile::same_attachment(request, &kernel, &folder, trace)?;
    reclaim::requested_function(request, &kernel, &folder, trace)?;

    let plan = decide(request, &kernel, &netns, trace)?;
    for (number, line) in plan.describe().iter().enumerate() {
        trace.info(format_args!("plan {}: {line}", number + 1));
    }
    if plan.makes_ipoib_link() {
        reclaim::returned_links(&kernel, &folder, trace)?;
    }

    let attached = match attach(request, &plan, &kernel, &netns, &folder, trace, watcher) {
        // Multus sends neither GC nor CHECK to a secondary network: pods that died
        // without a DEL are found when their addresses are missed.
        Err(error)
            if matches!(error.code, Code::POOL_EXHAUSTED | Code::ADDRESS_TAKEN)
                && reconcile::dead_pods(request, &kernel, &folder, trace)? > 0 =>
        {
            attach(request, &plan, &kernel, &netns, &folder, trace, watcher)?
        }
        outcome => outcome?,
    };
    let previous = request.configuration.previous_result.as_ref();
    Ok(render(request.configuration.version, previous, &attached))
}

/// Looks and decides; nothing is touched.
fn decide(
    request: &Request,
    kernel: &Rc<Kernel>,
    netns: &Rc<Netns>,
    trace: &Trace,
) -> Result<Plan> {
    let facts: Rc<dyn Facts> = Rc::new(KernelFacts::new(Rc::clone(kernel), Some(Rc::clone(netns))));
    let sandbox = Sandbox::new(trace)?;
    decide::plan(request, &sandbox, &facts)
}

/// Performs the plan, or walks back what of it was done.
fn attach(
    request: &Request,
    plan: &Plan,
    kernel: &Kernel,
    netns: &Rc<Netns>,
    folder: &Folder,
    trace: &Trace,
    watcher: &mut dyn Watcher,
) -> Result<Attached> {
    let mut journal = folder.create(&request.attachment)?;
    if journal.record().is_some() {
        return Err(reconcile::attached_already(request, journal.path()));
    }
    let mut machine = Machine::new(
        kernel,
        trace,
        request.attachment.clone(),
        request.pod.clone(),
        Call::of_request(request),
        request.state_folder.clone(),
        Some(Rc::clone(netns)),
    );
    let outcome = begin(request, netns, &mut journal).and_then(|()| {
        perform::perform(plan.clone(), &mut journal, &mut machine, watcher)?;
        journal.complete()?;
        Ok(attached(request, &machine))
    });
    outcome.map_err(
        |error| match undo::undo(journal, folder, &mut machine, watcher) {
            Ok(()) => error,
            Err(left) => error.with_details(format!("undoing it failed as well: {left}")),
        },
    )
}

/// The record's first line, before anything that it could speak of.
fn begin(request: &Request, netns: &Netns, journal: &mut Journal) -> Result<()> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(journal.begin(Header {
        layout: LAYOUT,
        boot: boot::id(),
        attachment: request.attachment.clone(),
        netns: PodNetns {
            path: netns.path().to_owned(),
            identity: netns.identity(),
        },
        pod: request.pod.clone(),
        since: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        configuration: String::from_utf8_lossy(&request.configuration.text).into_owned(),
        arguments: request.environment.arguments.clone(),
        path: request.environment.path.clone(),
    })?)
}

/// What the pod has now: its interface, or the function in its place, or nothing of this
/// plugin's own.
fn attached(request: &Request, machine: &Machine<'_>) -> Attached {
    let sandbox = request.environment.netns.clone().unwrap_or_default();
    let (mac, mtu) = match &machine.made {
        Some(link) => (mac::text(&link.mac), Some(link.mtu)),
        None => (machine.reported_mac.clone(), None),
    };
    let has_interface = machine.made.is_some() || machine.pci_address.is_some();
    Attached {
        interface: has_interface.then(|| Interface {
            name: request.attachment.interface_name.clone(),
            mac,
            mtu,
            sandbox: sandbox.to_string_lossy().into_owned(),
            pci_address: machine.pci_address.clone(),
        }),
        addresses: machine
            .assigned
            .addresses
            .iter()
            .map(|assigned| Address {
                address: assigned.address,
                gateway: assigned.gateway,
            })
            .collect(),
        routes: machine.assigned.routes.clone(),
        dns: request
            .configuration
            .dns()
            .cloned()
            .or_else(|| machine.assigned.dns.clone()),
    }
}
