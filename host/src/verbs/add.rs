//! ADD: request, component, plan, journal, kernel, result.

use std::rc::Rc;

use serde_json::Value;

use super::{clean_up, earlier_sandbox, open_netns};
use crate::cni::result::{Address, Attached, Interface, render};
use crate::cni::{AddRequest, Request, Version, old_result};
use crate::components::Sandbox;
use crate::coordinator;
use crate::facts::{Facts, KernelFacts};
use crate::journal::{Header, LAYOUT, Moment};
use crate::kernel::route::Route;
use crate::kernel::{Boot, Netns, PodNetns};
use crate::machine::Machine;
use crate::node::Node;
use crate::operations::{Journal, Operation, Records};
use crate::outcome::{self, Outcome};
use crate::plan::Plan;
use crate::pod::Pod;
use crate::{Code, Error, Result, changed_result, decide, octets, perform, pod_choice, undo};

/// Attaches the pod and returns the result.
pub fn add(mut request: AddRequest, node: &Node<'_>) -> Result<Value> {
    check_size(&request.call)?;
    let netns = Rc::new(open_netns(&request.call)?);
    clean_up::earlier_attachment(&request.call, node)?;
    clean_up::wanted_function(&request, node)?;

    pod_choice::apply(&mut request, node)?;
    let (request, call) = (&request, &request.call);
    let plan = decide(request, node, &netns).map_err(|error| because(error, request))?;
    for line in &plan.found {
        node.trace.info(format_args!("found: {line}"));
    }
    for (number, line) in plan.describe().iter().enumerate() {
        node.trace.info(format_args!("plan {}: {line}", number + 1));
    }
    if plan.makes_returning_link() {
        clean_up::returned_links(node)?;
    }

    earlier_sandbox::free_addresses(&plan, call, node);

    let pod = || Pod::of_request(call, Some(Rc::clone(&netns)));
    let outcome = match attach(node, pod(), &plan) {
        // Multus sends neither GC nor CHECK to a secondary network: pods that died
        // without a DEL are found when their addresses are missed.
        Err(error) if is_for_want_of_addresses(&error) && clean_up::dead_pods(call, node)? > 0 => {
            attach(node, pod(), &plan)
        }
        outcome => outcome,
    };
    let outcome = outcome.map_err(|error| match clean_up::waiting_addresses(node) {
        Ok(Some(waiting)) if is_for_want_of_addresses(&error) => error.with_details(waiting),
        _ => error,
    });
    let outcome = outcome.map_err(|error| match is_for_want_of_addresses(&error) {
        true if plan.tries_again() => Error {
            code: Code::TRY_AGAIN_LATER,
            ..error
        },
        _ => error,
    })?;
    if let Some(wanted) = &request.coordinator
        && !coordinator::is_primary(wanted, &call.attachment.interface_name)
    {
        for key in &wanted.without_purpose {
            node.trace.info(format_args!(
                "{key:?} has no effect: rules by the addresses of the primary interface do what it was for"
            ));
        }
    }
    let is_changed = request.coordinator.is_some() || request.is_chained;
    let previous = call.configuration.previous_result.as_ref();
    let changed = previous
        .filter(|_| is_changed)
        .map(|result| changed_result::of(result, &plan, call));
    let previous = changed
        .as_ref()
        .or(call.configuration.previous_result.as_ref());
    let attached = attached(call, &outcome);
    let version = call.configuration.version;
    if version.has_one_address_of_a_family() {
        for address in old_result::without_room(&attached) {
            node.trace.warning(format_args!(
                "the pod has {address} as well, which the result cannot say: in cniVersion {version} it has one \
                 address of each family, in 0.3.1 all"
            ));
        }
    }
    Ok(render(version, previous, &attached))
}

/// Pools that the pod names are not in the network, where a person would look.
fn because(error: Error, request: &AddRequest) -> Error {
    let because = request
        .pod_choice
        .choice()
        .and_then(|choice| choice.because.as_deref());
    match because {
        Some(because) => error.with_details(format!("its pools are named by {because}")),
        None => error,
    }
}

fn is_for_want_of_addresses(error: &Error) -> bool {
    matches!(error.code, Code::POOL_EXHAUSTED | Code::ADDRESS_TAKEN)
}

/// Largest configuration of an attachment, in bytes. Kubernetes objects end there (`--max-request-bytes` of etcd), and
/// each record of a pod with an IPAM plugin holds one, in memory. Other verbs take what they get: GC has a list of all
/// attachments, and what an earlier release attached must be detached.
const MAXIMAL_SIZE: usize = 3 * 512 * 1024;

fn check_size(call: &Request) -> Result<()> {
    let size = call.configuration.text.len();
    if size <= MAXIMAL_SIZE {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "the network configuration of {} has {size} bytes: {MAXIMAL_SIZE} are as many as an object of Kubernetes may have",
        call.attachment.network
    )))
}

/// Looks and decides; nothing is touched.
fn decide(request: &AddRequest, node: &Node<'_>, netns: &Rc<Netns>) -> Result<Plan> {
    let facts: Rc<dyn Facts> = Rc::new(KernelFacts::new(
        Rc::clone(&node.kernel),
        Some(Rc::clone(netns)),
    ));
    let sandbox = Sandbox::new(node.trace)?;
    decide::plan(request, &sandbox, &facts)
}

/// Performs the plan, or undoes what was done of it.
fn attach(node: &Node<'_>, pod: Pod, plan: &Plan) -> Result<Outcome> {
    let mut journal = Records::new(&node.state).create(&pod.attachment)?;
    if journal.record().is_some() {
        return Err(clean_up::attached_already(&pod.attachment, journal.path()));
    }
    let mut machine = Machine::new(node, pod);
    let performed = begin(node, &machine.pod, plan, &mut journal)
        .and_then(|()| perform::perform(plan, &mut journal, &mut machine))
        .and_then(|()| Ok(journal.complete()?));
    match performed {
        Ok(()) => Ok(machine.outcome),
        Err(error) => Err(match undo::undo(journal, &mut machine) {
            Ok(_) => error,
            Err(left) => error.with_details(format!("undoing it failed as well: {left}")),
        }),
    }
}

/// The record's first line, before anything that it could speak of.
fn begin(node: &Node<'_>, pod: &Pod, plan: &Plan, journal: &mut Journal) -> Result<()> {
    let is_delegated = |operation: &Operation| matches!(operation, Operation::DelegateIpam(_));
    let configuration = match plan.operations().any(is_delegated) {
        true => String::from_utf8_lossy(&pod.call.configuration).into_owned(),
        false => String::new(),
    };
    let now = Moment::now();
    Ok(journal.begin(Header {
        layout: LAYOUT,
        boot: Boot::current()?,
        attachment: pod.attachment.clone(),
        netns: PodNetns::of(pod.netns()?, &node.kernel.host)?,
        pod: pod.identity.clone(),
        since: now.since_1970,
        uptime: Some(now.uptime),
        configuration,
        arguments: pod.call.arguments.clone(),
        path: pod.call.path.clone(),
        components: plan.components.clone(),
    })?)
}

/// What the pod has now: its interfaces, or the function in their place, or nothing of this
/// plugin's own.
fn attached(call: &Request, outcome: &Outcome) -> Attached {
    let mut attached = Attached::default();
    let can_say_tables = call.configuration.version >= Version::V1_1_0;
    for interface in outcome.interfaces.values() {
        let number = attached.interfaces.len();
        let assigned = &interface.assigned;
        let addresses = assigned.addresses.iter().map(|assigned| Address {
            address: assigned.address,
            gateway: assigned.gateway,
            interface: number,
        });
        attached.addresses.extend(addresses);
        // Without its table a rail's route would be taken for one of the whole pod.
        let can_be_said = |route: &&Route| {
            can_say_tables || interface.table.is_none() || interface.table != route.table
        };
        let routes = assigned.routes.iter().filter(can_be_said);
        attached.routes.extend(routes.cloned());
        attached.dns = attached.dns.or_else(|| assigned.dns.clone());
        attached.interfaces.extend(reported(call, interface));
    }
    attached.dns = call.configuration.dns().cloned().or(attached.dns);
    attached
}

/// An interface as the result reports it; none when this plugin made nothing of it.
fn reported(call: &Request, interface: &outcome::Interface) -> Option<Interface> {
    let (mac, mtu) = match &interface.made {
        Some(link) => (Some(&link.mac), Some(link.mtu)),
        None => (interface.reported_mac.as_ref(), None),
    };
    let sandbox = call.environment.netns.clone().unwrap_or_default();
    let is_ours = interface.made.is_some() || interface.pci_address.is_some();
    is_ours.then(|| Interface {
        name: interface
            .name
            .clone()
            .unwrap_or_else(|| call.attachment.interface_name.clone()),
        mac: mac.map(|mac| octets::text(mac)).unwrap_or_default(),
        mtu,
        sandbox: sandbox.to_string_lossy().into_owned(),
        pci_address: interface.pci_address.clone(),
    })
}
