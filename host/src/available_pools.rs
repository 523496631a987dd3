//! The pools that an interface may have addresses of, and those that it may not, with why.
//!
//! An address policy selects among the first and is told of the second ([`UnusablePool`]). What depends on the pod's
//! namespace or the node, the policy looks at itself.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;
use serde_json::{Map, Value};

use crate::cni::Request;
use crate::components::UnusablePool;
use crate::facts::{Facts, LinkFacts, Place};
use crate::pod_choice::Known;
use crate::pools::{self, Folder, LeftOut, NetworkName, Pool, Set};
use crate::{Error, Result, owned};

/// Pools, sorted out.
#[derive(Debug, Default)]
pub struct AvailablePools {
    /// Those that can be used.
    pub pools: Vec<Pool>,
    /// Those that cannot.
    pub unusable: Vec<UnusablePool>,
    /// Whether only pools of the master's subnets are wanted.
    match_master_subnet: bool,
}

impl AvailablePools {
    /// The pools of a configuration that serve its network: those that it states itself, else those of the node's folder.
    ///
    /// # Errors
    ///
    /// For a pool of the configuration that is wrong or that the policy does not allow; for a folder that cannot be
    /// listed, or that somebody else than root may write to.
    pub fn of(request: &Request) -> Result<Self> {
        let empty = Map::new();
        let ipam = request.configuration.ipam().unwrap_or(&empty);
        let inline = ipam.get("pools").filter(|pools| !pools.is_null());
        let Set { pools, left_out } = match inline {
            Some(inline) => Set {
                pools: stated(inline, request)?,
                left_out: Vec::new(),
            },
            None => {
                owned::check(&request.folders.pools)?;
                pools::folder(Folder {
                    path: &request.folders.pools,
                    key: "ipam.poolFolder",
                })?
            }
        };
        let mut available = Self {
            pools: Vec::new(),
            unusable: left_out.into_iter().map(unusable).collect(),
            match_master_subnet: flag(ipam, "match_master_subnet", "matchmastersubnet")?,
        };
        let namespaces = namespaces_of(&request.attachment.network, &pools);
        available.sort_out(pools, |pool| match &pool.unusable {
            Some(reason) => Err(reason.clone()),
            None => serves(pool, request, &namespaces),
        });
        Ok(available)
    }

    /// Leaves out the pools that are not for the pod, and those of which that is not known.
    #[must_use]
    pub fn to(mut self, known: &Known) -> Self {
        let is_known = |pool: &Pool| {
            match known {
            Known::NotAsked => Ok(()),
            Known::Nothing if pool.by_pod_affinity => Err(
                "it is for some pods only, which the agent of a node tells from others, and this node has none".to_owned(),
            ),
            Known::Unanswered(why) if pool.by_pod_affinity => Err(format!(
                "it is for some pods only, and whether this is one is not known: {why}"
            )),
            Known::Nothing | Known::Unanswered(_) => Ok(()),
            Known::Choice(choice) => {
                let mut refused = choice.refused_pools.iter();
                match refused.find(|(name, _)| *name == pool.name) {
                    Some((_, reason)) => Err(reason.clone()),
                    None => Ok(()),
                }
            }
        }
        };
        let pools = std::mem::take(&mut self.pools);
        self.sort_out(pools, is_known);
        self
    }

    /// Leaves out the pools of other subnets than those of the link on which the interface lies, where the network says
    /// `match_master_subnet`, and only then asks for that link: networks of several nodes or rails name pools by a wildcard and have each node take its own.
    ///
    /// # Errors
    ///
    /// Where the kernel does not give the link or its addresses.
    pub fn on(
        mut self,
        master: impl FnOnce() -> Result<Option<LinkFacts>>,
        facts: &dyn Facts,
    ) -> Result<Self> {
        if !self.match_master_subnet {
            return Ok(self);
        }
        let master = master()?;
        let addresses = match &master {
            Some(master) => facts.addresses(Place::Host, master)?,
            None => Vec::new(),
        };
        let pools = std::mem::take(&mut self.pools);
        self.sort_out(pools, |pool| lies_on(pool, master.as_ref(), &addresses));
        Ok(self)
    }

    fn sort_out(
        &mut self,
        pools: Vec<Pool>,
        check: impl Fn(&Pool) -> std::result::Result<(), String>,
    ) {
        for pool in pools {
            match check(&pool) {
                Ok(()) => self.pools.push(pool),
                Err(reason) => self.unusable.push(UnusablePool {
                    name: Some(pool.name),
                    is_default: pool.is_default,
                    reason,
                }),
            }
        }
    }
}

/// The pools that a configuration states itself.
fn stated(inline: &Value, request: &Request) -> Result<Vec<Pool>> {
    let pools = pools::inline(inline)?;
    pools
        .iter()
        .try_for_each(|pool| request.policy.check_pool(pool))?;
    Ok(pools)
}

fn unusable(left_out: LeftOut) -> UnusablePool {
    UnusablePool {
        name: left_out.name,
        is_default: left_out.is_default,
        reason: left_out.error.to_string(),
    }
}

fn flag(ipam: &Map<String, Value>, key: &str, other: &str) -> Result<bool> {
    match ipam.get(key).or_else(|| ipam.get(other)) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(value) => Err(Error::configuration(format!(
            "{key:?} of \"ipam\" must be true or false, not {value}"
        ))),
    }
}

/// The namespaces that pools know networks of this name in.
fn namespaces_of(network: &str, pools: &[Pool]) -> BTreeSet<String> {
    let names = pools.iter().flat_map(|pool| &pool.networks);
    names
        .filter(|name| name.name == network)
        .filter_map(|name| name.namespace.clone())
        .collect()
}

/// Whether a pool is for the network, or why not.
///
/// Spiderpool compares the namespace and the name of the NetworkAttachmentDefinition. A plugin is told its name, as `name`
/// of the configuration, and never its namespace; so the name decides, in whatever namespace it is. Only where pools
/// know networks of this name in several namespaces the one that counts is the pod's.
fn serves(
    pool: &Pool,
    request: &Request,
    namespaces: &BTreeSet<String>,
) -> std::result::Result<(), String> {
    let network = &request.attachment.network;
    let of_name: Vec<_> = pool
        .networks
        .iter()
        .filter(|name| name.name == *network)
        .collect();
    if pool.networks.is_empty() {
        return Ok(());
    }
    let names = || {
        let names: Vec<_> = pool.networks.iter().map(NetworkName::to_string).collect();
        names.join(", ")
    };
    if of_name.is_empty() {
        return Err(format!(
            "its `multusName` is {}, and the `name` of this network is {network:?}",
            names()
        ));
    }
    let Some(pod) = request.pod.as_ref().filter(|_| namespaces.len() > 1) else {
        return Ok(());
    };
    let is_pods = |name: &&NetworkName| {
        let namespace = name.namespace.as_deref();
        namespace.is_none_or(|namespace| namespace == pod.namespace)
    };
    match of_name.iter().any(is_pods) {
        true => Ok(()),
        false => Err(format!(
            "its `multusName` is {}, other pools are for networks of this name in other namespaces, and the pod is in {:?}",
            names(),
            pod.namespace
        )),
    }
}

/// Whether a pool's subnet is one of the link's, or why not.
fn lies_on(
    pool: &Pool,
    master: Option<&LinkFacts>,
    addresses: &[IpNetwork],
) -> std::result::Result<(), String> {
    let Some(master) = master else {
        return Err(
            "the network says match_master_subnet, and it has no master that could be known"
                .to_owned(),
        );
    };
    if addresses
        .iter()
        .any(|address| pool.subnet.contains(address.ip()))
    {
        return Ok(());
    }
    let has: Vec<_> = addresses.iter().map(IpNetwork::to_string).collect();
    Err(format!(
        "the network says match_master_subnet, and {} has no address of its subnet {}, but {}",
        master.name,
        pool.subnet,
        match has.is_empty() {
            true => "none at all".to_owned(),
            false => has.join(", "),
        }
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cni::{Configuration, Environment, Verb};
    use crate::policy::Policy;

    fn request(network: &str, namespace: &str, pools: &Value) -> Request {
        let arguments = match namespace {
            "" => String::new(),
            namespace => format!("K8S_POD_NAMESPACE={namespace};K8S_POD_NAME=a"),
        };
        let variable = |name: &str| match name {
            "CNI_COMMAND" => Some("STATUS".into()),
            "CNI_ARGS" => Some(arguments.clone().into()),
            _ => None,
        };
        let text = json!({
            "cniVersion": "1.1.0", "name": network, "type": "macvlan",
            "ipam": {"type": "pool", "pools": pools},
        });
        let configuration =
            Configuration::parse(Verb::Status, text.to_string().into_bytes()).unwrap();
        let environment = Environment::read(variable).unwrap();
        Request::new(environment, configuration, Policy::default()).unwrap()
    }

    /// The pools that serve a network, of those with these `multusName`s.
    fn serving(network: &str, namespace: &str, pools: &[&[&str]]) -> Vec<String> {
        let pools: Vec<_> = pools
            .iter()
            .enumerate()
            .map(|(number, names)| json!({"subnet": format!("10.{number}.0.0/16"), "multusName": names}))
            .collect();
        let available = AvailablePools::of(&request(network, namespace, &json!(pools))).unwrap();
        assert_eq!(
            available.pools.len() + available.unusable.len(),
            pools.len()
        );
        available.pools.into_iter().map(|pool| pool.name).collect()
    }

    #[test]
    fn a_pool_serves_the_networks_that_it_names() {
        for (pools, expected) in [
            (
                &[&["kube-system/rail0"][..], &["rail0"], &[]][..],
                &["pool-1", "pool-2", "pool-3"][..],
            ),
            (
                &[&["kube-system/rail1"], &["rail1"], &["rail1", "rail0"]],
                &["pool-3"],
            ),
            // A bare name is a network in any namespace.
            (
                &[&["team-a/rail0"], &["team-b/rail0"], &["rail0"]],
                &["pool-1", "pool-3"],
            ),
            (&[&["team-b/rail0"], &["team-c/rail0"]], &[]),
            // Namespaces of other networks do not matter.
            (&[&["team-b/rail0"], &["team-c/rail1"]], &["pool-1"]),
        ] {
            assert_eq!(serving("rail0", "team-a", pools), expected, "{pools:?}");
        }
        // STATUS has no pod.
        assert_eq!(
            serving("rail0", "", &[&["team-a/rail0"], &["team-b/rail0"]]).len(),
            2
        );
    }

    #[test]
    fn what_is_for_another_network_says_so() {
        let pools = json!([{"subnet": "10.0.0.0/16", "multusName": ["kube-system/rail1"], "default": true}]);
        let available = AvailablePools::of(&request("rail0", "team-a", &pools)).unwrap();
        let unusable = &available.unusable[0];
        assert_eq!(unusable.name.as_deref(), Some("pool-1"));
        assert!(unusable.is_default);
        for part in ["kube-system/rail1", "\"rail0\""] {
            assert!(unusable.reason.contains(part), "{}", unusable.reason);
        }
    }

    #[test]
    fn the_masters_subnets_are_those_of_its_addresses() {
        let pools =
            json!([{"subnet": "10.1.0.0/16"}, {"subnet": "10.2.0.0/16"}, {"subnet": "fd00::/64"}]);
        let mut request = request("rail0", "", &pools);
        let facts = crate::facts::RecordedFacts::parse(
            br#"{"host": {"links": [{"name": "ens1", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 1500}],
                "details": {"ens1": {"addresses": ["10.2.0.9/24", "fe80::1/64"]}}}}"#,
        );
        let facts = facts.unwrap();
        let master = facts.link(Place::Host, "ens1").unwrap();
        let names = |request: &Request, master: Option<&LinkFacts>| {
            let available = AvailablePools::of(request)
                .unwrap()
                .on(|| Ok(master.cloned()), &facts)
                .unwrap();
            let names: Vec<_> = available.pools.into_iter().map(|pool| pool.name).collect();
            (names, available.unusable)
        };
        assert_eq!(names(&request, master.as_ref()).0.len(), 3);
        let ipam = request.configuration.lower["ipam"].as_object_mut().unwrap();
        ipam.insert("match_master_subnet".into(), json!(true));
        let (matching, unusable) = names(&request, master.as_ref());
        assert_eq!(matching, ["pool-2"]);
        for part in ["ens1", "10.1.0.0/16", "10.2.0.9/24"] {
            assert!(unusable[0].reason.contains(part), "{}", unusable[0].reason);
        }
        assert_eq!(names(&request, None).0, [""; 0]);
        let ipam = request.configuration.lower["ipam"].as_object_mut().unwrap();
        ipam.insert("match_master_subnet".into(), json!("yes"));
        assert!(AvailablePools::of(&request).is_err());
    }
}
