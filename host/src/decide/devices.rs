//! The devices of a plan: which the node's policy gives to networks, which are held, and what is told of them.

use plumb_values::names::check_pci_address;

use crate::cni::AddRequest;
use crate::components::Recorded;
use crate::facts::{Facts, LinkFacts, Place};
use crate::operations::{HoldFunction, Operation, Reversible, WriteDeviceInfo};
use crate::plan::{Plan, Step};
use crate::policy::NODE_SPACE;
use crate::{Result, kubelet, octets};

/// Bytes of a GUID, which is no hardware address.
const GUID_BYTES: usize = 8;

/// The space in which the addresses of a plan's interfaces must be unique: by the link on which they lie.
pub(super) fn space(
    recorded: &[Recorded],
    request: &AddRequest,
    facts: &dyn Facts,
) -> Result<String> {
    let policy = &request.call.policy;
    let link = match policy.wires.is_empty() {
        // Which link it is makes no difference.
        true => None,
        // The pods that come later find the bridge there, and are on the same wire.
        false => link_of(recorded, facts)?.or_else(|| bridge_to_come(recorded)),
    };
    match link {
        Some(link) => policy.space(&link, facts),
        None => Ok(NODE_SPACE.to_owned()),
    }
}

/// The link of the host on which a plan's interfaces lie: their parent, or that of the physical function.
pub(super) fn link_of(recorded: &[Recorded], facts: &dyn Facts) -> Result<Option<LinkFacts>> {
    for item in recorded {
        let Recorded::Operation(operation) = item else {
            continue;
        };
        if let Some(parent) = operation.parent().filter(|parent| !parent.in_pod) {
            return facts.link(Place::Host, &parent.name);
        }
        if let Some((address, _)) = operation.function()
            && let Some(function) = facts.pci_function(address)?
        {
            let own = function.links.into_iter().next();
            return Ok(function.parent_link.or(own));
        }
    }
    Ok(None)
}

/// The bridge that a plan shares, before it is made.
fn bridge_to_come(recorded: &[Recorded]) -> Option<LinkFacts> {
    recorded.iter().find_map(|item| match item {
        Recorded::Operation(Operation::ShareBridge(share)) => Some(share.to_come()),
        _ => None,
    })
}

/// The link of the host that an operation makes something on, or shares: that is judged before it is there, too.
fn parent_of(operation: &Operation, facts: &dyn Facts) -> Result<Option<LinkFacts>> {
    if let Operation::ShareBridge(share) = operation {
        let found = facts.link(Place::Host, &share.name)?;
        return Ok(Some(found.unwrap_or_else(|| share.to_come())));
    }
    match operation.parent().filter(|parent| !parent.in_pod) {
        Some(parent) => facts.link(Place::Host, &parent.name),
        None => Ok(None),
    }
}

/// Whether an address policy, which may put what it knows into an error that a tenant reads, is told of a link: the node's
/// policy gives it to networks.
pub fn may_be_told(link: &LinkFacts, request: &AddRequest, facts: &dyn Facts) -> bool {
    request.call.policy.check_parent(link, facts).is_ok()
}

/// The hardware address that a plan's interface will have, as far as it is known before anything is done.
pub(super) fn hardware_address(
    recorded: &[Recorded],
    facts: &dyn Facts,
) -> Result<Option<Vec<u8>>> {
    let mut known = None;
    for item in recorded {
        let Recorded::Operation(operation) = item else {
            continue;
        };
        match operation {
            Operation::MoveLink(moved) => {
                let function = facts.pci_function(&moved.address)?;
                let link = function.and_then(|function| function.links.into_iter().next());
                known = known.or(link.and_then(|link| octets::parse(&link.mac)));
            }
            Operation::CreateIpvlan(child) if !child.parent.in_pod => {
                let parent = facts.link(Place::Host, &child.parent.name)?;
                known = parent.and_then(|parent| octets::parse(&parent.mac));
            }
            other => {
                let mut given = other.hardware_addresses().into_iter();
                known = given.rfind(|address| address.len() != GUID_BYTES).or(known);
            }
        }
    }
    Ok(known)
}

/// Refuses a plan that works on devices which the node's policy does not give to networks.
pub(super) fn check_devices(plan: &Plan, request: &AddRequest, facts: &dyn Facts) -> Result<()> {
    let policy = &request.call.policy;
    for operation in plan.operations() {
        if policy.limits_parents()
            && let Some(link) = parent_of(operation, facts)?
        {
            policy.check_parent(&link, facts)?;
        }
        if let Operation::HoldFunction(hold) = operation
            && let Some(function) = facts.pci_function(&hold.address)?
        {
            policy.check_function(&function, facts)?;
            let pod = request.call.pod.as_ref();
            let uid = pod.map_or("", |pod| pod.uid.as_str());
            kubelet::check(&policy.folders.kubelet, &function.address, uid)?;
        }
    }
    Ok(())
}

/// Puts before everything else a hold for each PCI function that the plan works on, and
/// behind it the information about the device, when Multus wants it.
pub(super) fn hold_functions(plan: &mut Plan, request: &AddRequest) {
    let mut holds: Vec<HoldFunction> = Vec::new();
    for (address, changes) in plan.operations().filter_map(Reversible::function) {
        match holds.iter_mut().find(|hold| hold.address == address) {
            Some(hold) => hold.changes = changes.or(&hold.changes),
            None => holds.push(HoldFunction {
                address: address.to_owned(),
                changes,
                ..HoldFunction::default()
            }),
        }
    }
    // The specification knows no auxiliary devices.
    let first = holds
        .first()
        .filter(|hold| check_pci_address(&hold.address).is_ok());
    if let (Some(first), Some(path)) = (first, &request.device_info_file) {
        let information = WriteDeviceInfo {
            path: path.clone(),
            address: first.address.clone(),
            before: None,
        };
        let write = Operation::WriteDeviceInfo(information);
        plan.steps.push(Step::Operation(write));
    }
    let holds = holds
        .into_iter()
        .map(|hold| Step::Operation(Operation::HoldFunction(hold)));
    plan.steps.splice(0..0, holds);
}
