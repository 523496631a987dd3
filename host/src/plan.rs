//! What will be done, decided before anything is.

use crate::machine::Assigned;
use crate::operations::{Operation, Reversible};

/// A step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Reversible this operation.
    Operation(Operation),
    /// Take these addresses as assigned.
    Assign(Assigned),
    /// Give the pod's interface what is assigned by then, and set it up. It becomes one
    /// operation for each address and route when they are known.
    AssignAddresses,
}

/// The steps of an attachment, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether it makes a link that outlives the pod's namespace.
    pub fn makes_ipoib_link(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Operation(Operation::CreateIpoib(_))))
    }

    /// One line for each step.
    pub fn describe(&self) -> Vec<String> {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Operation(operation) => operation.describe(),
                Step::Assign(assigned) => {
                    let addresses: Vec<_> = assigned
                        .addresses
                        .iter()
                        .map(|assigned| assigned.address.to_string())
                        .collect();
                    format!("take the previous result's {}", addresses.join(", "))
                }
                Step::AssignAddresses => {
                    "give the interface its addresses, set it up, add its routes".into()
                }
            })
            .collect()
    }
}
