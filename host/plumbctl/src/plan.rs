//! `plumbctl plan`: what ADD would do, as text and as JSON, touching nothing.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use plumb::cni::master::{Choice, Master};
use plumb::cni::{AddRequest, Configuration, Environment, Request, Verb};
use plumb::components::Sandbox;
use plumb::decide;
use plumb::facts::{Facts, KernelFacts, Place, RecordedFacts};
use plumb::kernel::{Kernel, Netns};
use plumb::leases::{ClaimError, Leases, Owner, Pod};
use plumb::operations::claim_addresses::ClaimAddresses;
use plumb::operations::{Operation, Reversible};
use plumb::plan::{Plan, Step};
use plumb::policy::{Policy, Reader};
use plumb::recovery::NodeLeases;
use plumb::state::StateFolder;
use plumb::trace::Trace;
use plumb::types;
use serde_json::{Map, Value, json};

use crate::{Failure, print_json};

/// Arguments of `plumbctl plan`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A network configuration, a conflist (its plumb plugins are planned), or - for standard input
    configuration: PathBuf,
    /// The pod's namespace, for interfaces that are looked up there
    #[arg(long)]
    netns: Option<PathBuf>,
    /// The interface's name in the pod
    #[arg(long, default_value = "net1")]
    ifname: String,
    /// The container's ID
    #[arg(long, default_value = "plan")]
    container_id: String,
    /// CNI_ARGS, such as "K8S_POD_NAMESPACE=default;K8S_POD_NAME=trainer-0"
    #[arg(long, default_value = "")]
    args: String,
    /// The machine's devices from a file instead of from this machine
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the plan of each plugin of the configuration that is plumb's.
pub fn run(arguments: &Arguments, reader: &Reader) -> Result<(), Failure> {
    let items = plans(arguments, reader)?;
    if arguments.json {
        return print_json(&items);
    }
    items.iter().for_each(print);
    Ok(())
}

/// Refuses a configuration that ADD would refuse.
pub fn check(
    configuration: PathBuf,
    facts: Option<PathBuf>,
    reader: &Reader,
) -> Result<(), Failure> {
    let arguments = Arguments {
        configuration,
        netns: None,
        ifname: "net1".into(),
        container_id: "plan".into(),
        args: String::new(),
        facts,
        json: false,
    };
    plans(&arguments, reader).map(drop)
}

fn plans(arguments: &Arguments, reader: &Reader) -> Result<Vec<Value>, Failure> {
    let text = if arguments.configuration.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        fs::read_to_string(&arguments.configuration).map_err(|error| {
            format!("cannot read {}: {error}", arguments.configuration.display())
        })?
    };
    let policy = reader.read()?;
    let trace = Trace::early();
    let sandbox = Sandbox::new(&trace)?;
    let mut parents = Vec::new();
    let plans: Vec<_> = plugins(&text)?
        .iter()
        .map(|configuration| plan(arguments, &sandbox, configuration, &policy, &mut parents))
        .collect::<Result<_, _>>()?;
    if plans.is_empty() {
        return Err("the configuration has no plugin".into());
    }
    Ok(plans)
}

/// The configurations as the runtime would send them: a plugin of a list gets the name
/// and version of the list (CNI specification, section 3, "Deriving runtime
/// configuration"). Other makers' plugins of a chain are left out.
pub fn plugins(text: &str) -> Result<Vec<Value>, Failure> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("the configuration is not JSON: {error}"))?;
    let Some(list) = value.get("plugins").and_then(Value::as_array) else {
        return Ok(vec![value]);
    };
    let ours = |plugin: &&Value| {
        let kind = plugin
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        kind == "plumb" || types::types().any(|known| known == kind)
    };
    let derived: Vec<_> = list
        .iter()
        .filter(ours)
        .map(|plugin| {
            let mut plugin: Map<_, _> = plugin.as_object().cloned().unwrap_or_default();
            for key in ["name", "cniVersion"] {
                if let Some(value) = value.get(key) {
                    plugin.insert(key.into(), value.clone());
                }
            }
            Value::Object(plugin)
        })
        .collect();
    if derived.is_empty() {
        let types: Vec<_> = types::types().collect();
        return Err(format!(
            "none of the configuration's plugins is plumb, {}",
            types.join(", ")
        )
        .into());
    }
    Ok(derived)
}

/// The plan of one plugin, and into `parents` the names of the links that it would make for those behind it.
fn plan(
    arguments: &Arguments,
    sandbox: &Sandbox<'_>,
    configuration: &Value,
    policy: &Policy,
    parents: &mut Vec<String>,
) -> Result<Value, Failure> {
    let variable = |name: &str| -> Option<OsString> {
        match name {
            "CNI_COMMAND" => Some("ADD".into()),
            "CNI_CONTAINERID" => Some(arguments.container_id.clone().into()),
            "CNI_IFNAME" => Some(arguments.ifname.clone().into()),
            "CNI_NETNS" => Some(arguments.netns.clone().unwrap_or("pod".into()).into()),
            "CNI_ARGS" => Some(arguments.args.clone().into()),
            "CNI_PATH" => Some(std::env::var_os(name).unwrap_or("/opt/cni/bin".into())),
            "NODE_NAME" => std::env::var_os(name),
            _ => None,
        }
    };
    let configuration = Configuration::parse(Verb::Add, configuration.to_string().into_bytes())?;
    let request = Request::new(Environment::read(variable)?, configuration, policy.clone())?;
    let request = AddRequest::of(request)?;
    let facts = facts(arguments)?;
    let mut steps = Vec::new();
    // The plugin before it in the chain would have made it by then.
    let waits_for = if request.coordinator.is_some() && !has_interface(&request, facts.as_ref())? {
        Some("keep the interface of the chain apart, when it is there".to_owned())
    } else {
        let parent = parent_to_come(&request, parents, facts.as_ref())?;
        parent.map(|name| format!("make the interface, when its parent {name} is there"))
    };
    let plan = match waits_for {
        Some(description) => {
            steps.push(json!({"description": description}));
            Plan::default()
        }
        None => decide::plan(&request, sandbox, &facts)?,
    };
    parents.extend(plan.operations().filter_map(|operation| match operation {
        Operation::ShareBond(bond) => Some(bond.name.clone()),
        Operation::ShareVlan(vlan) => Some(vlan.name.clone()),
        Operation::ShareBridge(bridge) => Some(bridge.name.clone()),
        _ => None,
    }));
    let request = &request.call;
    let mut assigned = None;
    for (step, line) in plan.steps.iter().zip(plan.describe()) {
        steps.push(match step {
            Step::Operation(Operation::ClaimAddresses(claim)) => {
                let (line, addresses) = preview(claim, request)?;
                assigned = Some(addresses);
                json!({"description": line, "operation": {"claim-addresses": claim}})
            }
            Step::Operation(operation) => json!({"description": line, "operation": operation}),
            Step::Assign(..)
            | Step::KeepApart(..)
            | Step::AssignAddresses(..)
            | Step::AddRoutes(..)
            | Step::AddRules(_)
            | Step::ProveAddresses(..)
            | Step::AnnounceAddresses(_)
            | Step::ProveGateways(..) => {
                json!({"description": configure(&plan, step, assigned.as_deref(), line)})
            }
        });
    }
    Ok(json!({
        "network": request.attachment.network,
        "ifname": request.attachment.interface_name,
        "found": plan.found,
        "steps": steps,
    }))
}

/// The parent that a plugin names, if it is one that a plugin before it would make, and is not there.
fn parent_to_come(
    request: &AddRequest,
    parents: &[String],
    facts: &dyn Facts,
) -> Result<Option<String>, Failure> {
    match &request.master {
        Some(Master {
            place: Place::Host,
            choice: Choice::Name(name),
        }) if parents.contains(name) && facts.link(Place::Host, name)?.is_none() => {
            Ok(Some(name.clone()))
        }
        _ => Ok(None),
    }
}

fn has_interface(request: &AddRequest, facts: &dyn Facts) -> Result<bool, Failure> {
    let name = &request.call.attachment.interface_name;
    Ok(facts
        .pod_routing()?
        .interfaces
        .iter()
        .any(|one| one.name == *name))
}

fn facts(arguments: &Arguments) -> Result<Rc<dyn Facts>, Failure> {
    if let Some(path) = &arguments.facts {
        let text =
            fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        return Ok(Rc::new(RecordedFacts::parse(&text)?));
    }
    let netns = match &arguments.netns {
        Some(path) => Some(Rc::new(Netns::open(path).map_err(plumb::Error::from)?)),
        None => None,
    };
    let kernel = Kernel::open().map_err(plumb::Error::from)?;
    Ok(Rc::new(KernelFacts::new(Rc::new(kernel), netns)))
}

/// What the claim would get now. No store is made for it where there is none.
fn preview(claim: &ClaimAddresses, request: &Request) -> Result<(String, Vec<String>), Failure> {
    let owner = Owner::from(&request.attachment);
    let pod = request.pod.as_ref().map(Pod::from);
    let first: Vec<_> = claim
        .claims
        .iter()
        .filter_map(|sources| {
            let source = sources.first()?;
            let (first, _) = source.candidate.ranges.first()?;
            Some(format!("{first}/{}", source.prefix))
        })
        .collect();
    let (state, trace) = (StateFolder::new(&request.folders.state), Trace::early());
    let leases = NodeLeases::new(&state, &trace);
    let is_shared = claim
        .candidates()
        .iter()
        .flatten()
        .any(|candidate| candidate.shared);
    let addresses = if leases.exist().map_err(plumb::Error::from)? {
        let answer = leases.peek(
            &claim.space,
            &owner,
            pod.as_ref(),
            &claim.candidates(),
            claim.keep,
        );
        match answer {
            Ok(claimed) => claim
                .assigned(&claimed)?
                .addresses
                .iter()
                .map(|assigned| assigned.address.to_string())
                .collect(),
            Err(error @ ClaimError::NotHeld { .. }) => {
                return Ok((
                    format!(
                        "{}: the agent of the node would be asked, because {error}",
                        claim.describe()
                    ),
                    Vec::new(),
                ));
            }
            Err(error @ (ClaimError::Exhausted { .. } | ClaimError::Taken { .. })) => {
                return Ok((
                    format!("{}: fails now: {error}", claim.describe()),
                    Vec::new(),
                ));
            }
            Err(error) => return Err(plumb::Error::from(error).into()),
        }
    } else if is_shared {
        return Ok((
            format!(
                "{}: the agent of the node would be asked, because this node holds nothing yet of what nodes share",
                claim.describe()
            ),
            Vec::new(),
        ));
    } else {
        first
    };
    let line = format!("{}: {} now", claim.describe(), addresses.join(" and "));
    Ok((line, addresses))
}

/// The step that gives the interface its addresses, with those that are known already.
fn configure(plan: &Plan, step: &Step, assigned: Option<&[String]>, line: String) -> String {
    if !matches!(step, Step::AssignAddresses(..)) {
        return line;
    }
    let delegate = plan.steps.iter().find_map(|step| match step {
        Step::Operation(Operation::DelegateIpam(delegate)) => Some(delegate.plugin.as_str()),
        _ => None,
    });
    match (assigned, delegate) {
        (Some(addresses), _) if !addresses.is_empty() => {
            format!(
                "add address {}, set the interface up, add its routes",
                addresses.join(" and ")
            )
        }
        (_, Some(plugin)) => format!("{line} (known when {plugin} has answered)"),
        _ => line,
    }
}

fn print(item: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for line in item["found"].as_array().into_iter().flatten() {
        println!("{}", text(line));
    }
    println!(
        "{} would attach {} by:",
        text(&item["network"]),
        text(&item["ifname"])
    );
    let steps = item["steps"].as_array().map_or(&[][..], Vec::as_slice);
    for (number, step) in steps.iter().enumerate() {
        println!("  {:>2} {}", number + 1, text(&step["description"]));
    }
}
