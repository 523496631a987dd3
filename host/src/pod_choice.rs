//! What a pod's annotations, its namespace's, and the affinities of pools say about an interface: the agent of the node
//! knows the API server, and has put it together.
//!
//! It has written that into a file for each pod of the node, so that an ADD asks nobody. Where the file is missing or of
//! an earlier pod of that name, the agent is asked. The values are those of the pod's author: a tenant. They choose among
//! the pools that the administrator has put on the node, and everything else is checked as if the network said it.

mod file;

use ipnetwork::IpNetwork;
use plumb_protocol::{ChosenPools, ChosenRoute, PodChoice};
use plumb_values::names::check_link_name;
use plumb_values::text::shorten;
use serde_json::{Map, Value, json};

use crate::cni::AddRequest;
use crate::cni::rails::Disposition;
use crate::kernel::route::Route;
use crate::node::Node;
use crate::{Code, Error, Result, decide};

/// Most bytes of what the agent says to a person.
const SENTENCE_BYTES: usize = 4096;

/// What is known of what a pod asks for beside its network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Known {
    /// Nobody was asked, as long as there is no pod.
    #[default]
    NotAsked,
    /// The node has no agent, or the runtime tells no pod.
    Nothing,
    /// The agent could not be asked, and why.
    Unanswered(String),
    /// What the agent said.
    Choice(Box<Choice>),
}

/// What of it is left when pools are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Pools that are not for the pod, and why.
    pub refused_pools: Vec<(String, String)>,
    /// Routes that it gets with the address in whose subnet their gateway is.
    pub routes: Vec<Route>,
    /// Which annotation names the pools, for errors.
    pub because: Option<String>,
    /// Whether pods of this name come again, so that addresses of shared pools are kept for them.
    pub keep: bool,
}

impl Known {
    /// What was said, if anything.
    pub fn choice(&self) -> Option<&Choice> {
        match self {
            Self::Choice(choice) => Some(choice),
            Self::NotAsked | Self::Nothing | Self::Unanswered(_) => None,
        }
    }
}

/// Puts what the pod asks for in the place of what its network says.
///
/// # Errors
///
/// [`Code::INVALID_CONFIGURATION`] for an annotation that makes no sense; [`Code::TRY_AGAIN_LATER`] when nothing can be
/// learnt and the node's policy wants it.
pub fn apply(request: &mut AddRequest, node: &Node<'_>) -> Result<()> {
    request.pod_choice = Known::Nothing;
    let call = &request.call;
    let Some(pod) = call.pod.clone().filter(|_| call.policy.has_agent()) else {
        return Ok(());
    };
    if !is_concerned(request) {
        return Ok(());
    }
    let pod = &pod;
    let found = file::read(&call.folders.pods, pod).and_then(|choice| match choice {
        Some(choice) => Ok(choice),
        None => node.agent.pod(pod).and_then(|choice| {
            match pod.uid.is_empty() || choice.uid == pod.uid {
                true => Ok(choice),
                false => Err(Error::new(
                    Code::TRY_AGAIN_LATER,
                    format!(
                        "the agent of this node knows pod {pod} with the UID {:?}, and the runtime has {:?}",
                        choice.uid, pod.uid
                    ),
                )),
            }
        }),
    });
    match found {
        Ok(choice) => {
            for line in put_into(request, choice)? {
                node.trace.info(format_args!("pod {pod}: {line}"));
            }
        }
        Err(error) if request.call.policy.needs_pod_choice => {
            return Err(Error::new(
                Code::TRY_AGAIN_LATER,
                format!(
                    "what the annotations of pod {pod} ask for is not known, and needs-pod-choice in {} wants it: {error}",
                    request.call.policy.place()
                ),
            ));
        }
        Err(error) => {
            node.trace.warning(format_args!(
                "going on without the annotations of pod {pod}: {error}"
            ));
            request.pod_choice = Known::Unanswered(error.to_string());
        }
    }
    Ok(())
}

/// Whether the pod has a say: it has none in what an IPAM plugin gives.
fn is_concerned(request: &AddRequest) -> bool {
    request.coordinator.is_some() || decide::has_policy(request)
}

/// Puts a choice in the place of what the network says; what was changed, for people.
fn put_into(request: &mut AddRequest, choice: PodChoice) -> Result<Vec<String>> {
    // The agent has read what the annotations say, and could not make sense of it.
    if let Some(refusal) = choice.refusal {
        let sentence = shorten(&refusal, SENTENCE_BYTES);
        return Err(Error::configuration(sentence.into_owned()));
    }
    let interface = request.call.attachment.interface_name.clone();
    let mut lines = Vec::new();
    let mut pools = choice.pools;
    let chosen = pools.remove(&interface).or_else(|| pools.remove("*"));
    let because = chosen.as_ref().map(|chosen| chosen.because.clone());
    if let Some(chosen) = chosen
        && let Some(Value::Object(ipam)) = request.call.configuration.lower.get_mut("ipam")
    {
        lines.extend(name_pools(ipam, &chosen));
        request.from_master = None;
    }
    if let Some(name) = choice.default_route_nic.filter(|name| !name.is_empty()) {
        check_link_name(&name).map_err(|problem| {
            Error::configuration(format!(
                "the pod's annotation for the interface of its default route: {problem}"
            ))
        })?;
        lines.extend(lead_default_route(request, &interface, name));
    }
    let routes = choice.routes.iter().map(route).collect::<Result<_>>()?;
    request.pod_choice = Known::Choice(Box::new(Choice {
        refused_pools: choice.refused_pools.into_iter().collect(),
        routes,
        because: because.filter(|because| !because.is_empty()),
        keep: choice.keep,
    }));
    Ok(lines)
}

/// Names pools as the network would, in the place of all that it says about pools.
fn name_pools(ipam: &mut Map<String, Value>, chosen: &ChosenPools) -> Vec<String> {
    let mut lines = Vec::new();
    if !chosen.ipv4.is_empty() || !chosen.ipv6.is_empty() {
        for key in [
            "pools",
            "frommaster",
            "defaultipv4ippool",
            "defaultipv6ippool",
        ] {
            ipam.remove(key);
        }
        ipam.insert("default_ipv4_ippool".to_owned(), json!(chosen.ipv4));
        ipam.insert("default_ipv6_ippool".to_owned(), json!(chosen.ipv6));
        let names: Vec<_> = chosen.ipv4.iter().chain(&chosen.ipv6).cloned().collect();
        lines.push(format!("pools {} by {}", names.join(", "), chosen.because));
    }
    if chosen.clean_gateway {
        ipam.remove("cleangateway");
        ipam.insert("clean_gateway".to_owned(), Value::Bool(true));
        lines.push(format!("no default route by {}", chosen.because));
    }
    lines
}

/// Which interface has the pod's default route: the network's own word, where it has one, comes first.
fn lead_default_route(request: &mut AddRequest, interface: &str, name: String) -> Option<String> {
    if let Some(coordinator) = &mut request.coordinator
        && coordinator.default_route_interface.is_none()
    {
        let line = format!("the default route stays with {name} by its annotation");
        coordinator.default_route_interface = Some(name);
        return Some(line);
    }
    let says = request.call.configuration.lower.get("rails");
    let says_disposition = says.is_some_and(|rails| rails.get("disposition").is_some());
    match &mut request.rails {
        Some(rails) if name == interface && !says_disposition => {
            rails.disposition = Disposition::Copy;
            Some(format!(
                "the default route is that of {name} by its annotation"
            ))
        }
        _ => None,
    }
}

fn route(chosen: &ChosenRoute) -> Result<Route> {
    let (text, gateway) = (&chosen.dst, chosen.gw);
    let wrong = |what: &str| {
        Error::configuration(format!(
            "the pod's annotation for routes has {text:?} by {gateway}: {what}"
        ))
    };
    let destination: IpNetwork = text
        .parse()
        .ok()
        .filter(|_| text.contains('/'))
        .ok_or_else(|| wrong("the destination must be a network like 10.0.0.0/16"))?;
    if destination.ip() != destination.network() {
        return Err(wrong(&format!(
            "the destination is an address within a network: did you mean {}/{}?",
            destination.network(),
            destination.prefix()
        )));
    }
    if destination.is_ipv4() != gateway.is_ipv4() {
        return Err(wrong("both must be of one family"));
    }
    if gateway.is_unspecified() || gateway.is_loopback() || gateway.is_multicast() {
        return Err(wrong("the gateway must be the address of a router"));
    }
    Ok(Route::new(destination, Some(gateway)))
}

#[cfg(test)]
mod tests;
