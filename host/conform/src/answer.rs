//! What came of asking.

use plumb::components::FailureKind;
use plumb::operations::{Operation, Reversible};
use plumb::plan::{Plan, Step};
use plumb::{Code, Error};

/// What came of asking.
pub struct Answer {
    /// The plan, or why there is none.
    pub outcome: Outcome,
    /// Units of fuel that the component took.
    pub fuel: u64,
}

/// The plan, or why there is none.
#[derive(Debug)]
pub enum Outcome {
    /// What would be done.
    Plan(Plan),
    /// The component is ready; of a call that asks for nothing else.
    Ready,
    /// The component, or the host before or after it, refused.
    Refused(Error),
    /// The component gave no answer.
    Broken(FailureKind, Error),
}

impl Answer {
    /// The plan, if it is one.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.outcome {
            Outcome::Plan(plan) => Some(plan),
            _ => None,
        }
    }

    /// What would be shown to a person: the steps, a line each, or the error.
    pub fn lines(&self) -> Vec<String> {
        match &self.outcome {
            Outcome::Plan(plan) => [plan.found.clone(), plan.describe()].concat(),
            Outcome::Ready => vec!["ready".to_owned()],
            Outcome::Refused(error) | Outcome::Broken(_, error) => {
                vec![format!("code {}: {error}", error.code.0)]
            }
        }
    }

    /// Whether two are the same, to the last field.
    pub fn is_like(&self, other: &Self) -> bool {
        match (&self.outcome, &other.outcome) {
            (Outcome::Plan(one), Outcome::Plan(other)) => {
                one.steps == other.steps && one.found == other.found
            }
            _ => self.lines() == other.lines(),
        }
    }

    /// Why the answer is none that a user could do something about: neither a plan nor an error of the documented codes.
    pub fn fault(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Plan(_) | Outcome::Ready => None,
            Outcome::Broken(_, error) => Some(error.to_string()),
            Outcome::Refused(error) => (!is_documented(error)).then(|| {
                format!(
                    "code {}, which is for faults of a component or of plumb: {error}",
                    error.code.0
                )
            }),
        }
    }
}

/// Codes of `docs/errors.md` that say "report it", or that the node is not as plumb needs it: no value of a configuration
/// and no fact may lead to them.
const FAULTS: [Code; 5] = [
    Code::COMPONENT_FAILED,
    Code::COMPONENT_NOT_LOADED,
    Code::NOT_PERFORMED,
    Code::POLICY,
    Code::INTERNAL,
];

/// Whether an error says what a user can do.
pub fn is_documented(error: &Error) -> bool {
    !FAULTS.contains(&error.code)
}

/// Whether an error says that the configuration is wrong (CNI specification, section 5: codes 2, 4 and 7).
pub fn is_about_configuration(error: &Error) -> bool {
    [
        Code::INVALID_CONFIGURATION,
        Code::UNSUPPORTED_FIELD,
        Code::INVALID_ENVIRONMENT,
    ]
    .contains(&error.code)
}

/// Whether a plan takes the addresses that the configuration's `ipam` has for the pod.
pub fn takes_addresses(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match step {
        Step::Assign(..) => true,
        Step::Operation(operation) => operation.gives_addresses(),
        _ => false,
    })
}

/// The interfaces that a plan gives the pod, by name, and the functions in an interface's place.
pub fn given(plan: &Plan) -> (Vec<&str>, usize) {
    let links = plan.operations().filter_map(Reversible::makes_link);
    let functions = plan
        .operations()
        .filter(|operation| operation.replaces_link());
    (links.map(|(_, name)| name).collect(), functions.count())
}

/// The name of an operation in the contract, in the journal and in grants.
pub fn name_of(operation: &Operation) -> String {
    let value = serde_json::to_value(operation).unwrap_or_default();
    let name = value.as_object().and_then(|object| object.keys().next());
    name.cloned().unwrap_or_default()
}
