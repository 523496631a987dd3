//! What will be done, decided before anything is.

use crate::cni::gateway_check::GatewayCheck;
use crate::operations::{LinkNumber, Operation, Reversible};
use crate::outcome::{AddressSource, Assigned};
use crate::rails::Rail;
use crate::routing::{RouteTemplate, RuleTemplate};

/// A step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Perform this operation.
    Operation(Operation),
    /// Take these addresses as assigned to this interface.
    Assign(LinkNumber, Assigned),
    /// Keep this interface apart from the pod's others: its routes go where its rail's belong.
    KeepApart(LinkNumber, Rail),
    /// Give this interface what is assigned to it by then from this source, and set it up. It
    /// becomes one operation for each address and route when they are known.
    AssignAddresses(LinkNumber, AddressSource),
    /// Add the routes by this interface that assigned addresses make of the template.
    AddRoutes(LinkNumber, RouteTemplate),
    /// Add the rules that assigned addresses make of the template.
    AddRules(RuleTemplate),
    /// Have nobody else answer for the addresses of this interface, before it has them.
    ProveAddresses(LinkNumber, Wire),
    /// Tell all on the wire that this interface has its addresses.
    AnnounceAddresses(LinkNumber),
    /// Have the gateways of this interface answer.
    ProveGateways(LinkNumber, Proof),
}

/// What is known of an interface whose gateways are asked, for the message when they do not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What is done then.
    pub check: GatewayCheck,
    /// Where they are asked.
    pub wire: Wire,
}

/// Where an interface meets others, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// What it lies on: a parent interface or a PCI function.
    pub below: String,
    /// The VLAN that the adapter adds.
    pub vlan: Option<u16>,
}

impl std::fmt::Display for Wire {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "on {}", self.below)?;
        match self.vlan {
            Some(vlan) => write!(formatter, ", VLAN {vlan}"),
            None => Ok(()),
        }
    }
}

/// The steps of an attachment, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What the network's words mean on this node, a line each.
    pub found: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The vendors' components that decided it, by name: flavour, address policy.
    pub components: Vec<String>,
}

impl Plan {
    /// Whether it makes a link that the kernel gives back to the host when the pod's namespace ends: an IPoIB child.
    pub fn makes_returning_link(&self) -> bool {
        self.operations()
            .any(|operation| matches!(operation, Operation::CreateIpoib(_)))
    }

    /// Whether the want of an address is to be told as something that passes: the address policy said so.
    pub fn tries_again(&self) -> bool {
        self.operations().any(
            |operation| matches!(operation, Operation::ClaimAddresses(claim) if claim.tries_again),
        )
    }

    /// The operations among the steps.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.steps.iter().filter_map(|step| match step {
            Step::Operation(operation) => Some(operation),
            Step::Assign(..)
            | Step::KeepApart(..)
            | Step::AssignAddresses(..)
            | Step::AddRoutes(..)
            | Step::AddRules(_)
            | Step::ProveAddresses(..)
            | Step::AnnounceAddresses(_)
            | Step::ProveGateways(..) => None,
        })
    }

    /// One line for each step.
    pub fn describe(&self) -> Vec<String> {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Operation(operation) => operation.describe(),
                Step::Assign(_, assigned) => {
                    let addresses: Vec<_> = assigned
                        .addresses
                        .iter()
                        .map(|assigned| assigned.address.to_string())
                        .collect();
                    format!("take the previous result's {}", addresses.join(", "))
                }
                Step::KeepApart(_, rail) => {
                    format!("keep the interface apart, by table {}", rail.table)
                }
                Step::AssignAddresses(..) => {
                    "give the interface its addresses, set it up, add its routes".into()
                }
                Step::AddRoutes(_, template) => format!("add route {template}"),
                Step::AddRules(template) => format!("add rule {template}"),
                Step::ProveAddresses(_, wire) => {
                    format!("set it up and ask whether somebody has its addresses, {wire}")
                }
                Step::AnnounceAddresses(_) => "announce its addresses".into(),
                Step::ProveGateways(_, proof) => match proof.check {
                    GatewayCheck::Fail => format!("have the gateways answer, {}", proof.wire),
                    _ => format!("ask the gateways, {}", proof.wire),
                },
            })
            .collect()
    }
}
