//! What holds for a pod, of its annotations, its namespace's and the affinities of pools.
//!
//! In this order, each only where those before say nothing of the interface's pools:
//!
//! 1. `ipam.spidernet.io/ippools` of the pod
//! 2. `ipam.spidernet.io/ippool` of the pod
//! 3. `ipam.spidernet.io/default-ipv4-ippool` and `-ipv6-` of the namespace, where the pod has neither of the two
//! 4. what the network names, then the pools that are marked as default: that is plumb's to see

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::ResourceExt;
use kube::core::PartialObjectMeta;
use plumb_protocol::{ChosenPools, PodChoice};

use super::annotations as read;
use crate::pools::affinity::Labels;
use crate::pools::manifest::Manifest;

/// A pod as its metadata tell of it.
pub type PodMeta = PartialObjectMeta<Pod>;
/// A namespace as its metadata tell of it.
pub type NamespaceMeta = PartialObjectMeta<Namespace>;

/// What holds for a pod, and what its author is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// As plumb reads it.
    pub choice: PodChoice,
    /// Sentences for events on the pod.
    pub complaints: Vec<String>,
}

/// What holds for a pod. A namespace that is not known says nothing.
pub fn of(pod: &PodMeta, namespace: Option<&NamespaceMeta>, pools: &[Manifest]) -> Chosen {
    let mut complaints = Vec::new();
    let mut choice = PodChoice {
        uid: pod.uid().unwrap_or_default(),
        keep: is_of_stateful_set(pod),
        refused_pools: refused(pod, namespace, pools),
        ..PodChoice::default()
    };
    let annotation = |name: &str| pod.annotations().get(name).map(String::as_str);
    let mut note = |complaint: String, refusal: &mut Option<String>| {
        refusal.get_or_insert_with(|| {
            format!("pod {}: {complaint}", crate::pods::folder::name_of(pod))
        });
        complaints.push(complaint);
    };
    match pools_of_interfaces(&annotation, namespace) {
        Ok(pools) => choice.pools = pools,
        Err(complaint) => note(complaint, &mut choice.refusal),
    }
    match annotation(read::ROUTES).map(read::routes).transpose() {
        Ok(routes) => choice.routes = routes.unwrap_or_default(),
        Err(complaint) => note(complaint, &mut choice.refusal),
    }
    match annotation(read::DEFAULT_ROUTE_NIC)
        .map(read::default_route_nic)
        .transpose()
    {
        Ok(nic) => choice.default_route_nic = nic,
        Err(complaint) => note(complaint, &mut choice.refusal),
    }
    let subnet = read::SUBNETS
        .into_iter()
        .find(|name| annotation(name).is_some());
    if let Some(name) = subnet {
        let complaint = format!(
            "annotation {name}: plumb makes no pools of a SpiderSubnet; create a SpiderIPPool with these addresses and \
             name it in {}, or in the network",
            read::POOL
        );
        match choice.pools.is_empty() {
            // The addresses would be others than the pod's author means.
            true => note(complaint, &mut choice.refusal),
            false => complaints.push(complaint),
        }
    }
    Chosen { choice, complaints }
}

fn pools_of_interfaces<'a>(
    annotation: &impl Fn(&str) -> Option<&'a str>,
    namespace: Option<&NamespaceMeta>,
) -> Result<BTreeMap<String, ChosenPools>, String> {
    // Both are read: a mistake in the one that is not used is a mistake as well.
    let single = annotation(read::POOL).map(read::pool).transpose()?;
    let several = annotation(read::POOLS).map(read::pools).transpose()?;
    if let Some(several) = several {
        let mut pools: BTreeMap<_, _> = several.into_iter().collect();
        if let Some((interface, chosen)) = single {
            pools.entry(interface).or_insert(chosen);
        }
        return Ok(pools);
    }
    if let Some(single) = single {
        return Ok([single].into());
    }
    let Some(namespace) = namespace else {
        return Ok(BTreeMap::new());
    };
    let names = |annotation| match namespace.annotations().get(annotation) {
        Some(text) => read::namespace_pools(annotation, text)
            .map_err(|problem| format!("namespace {}: {problem}", namespace.name_any())),
        None => Ok(Vec::new()),
    };
    let chosen = ChosenPools {
        ipv4: names(read::NAMESPACE_IPV4)?,
        ipv6: names(read::NAMESPACE_IPV6)?,
        clean_gateway: false,
        because: format!("annotations of namespace {}", namespace.name_any()),
    };
    Ok(match chosen.ipv4.is_empty() && chosen.ipv6.is_empty() {
        true => BTreeMap::new(),
        false => [(read::ANY.to_owned(), chosen)].into(),
    })
}

/// Such pods come again by the same name.
fn is_of_stateful_set(pod: &PodMeta) -> bool {
    let owners = pod.owner_references();
    owners.iter().any(|owner| {
        owner.controller == Some(true)
            && owner.kind == "StatefulSet"
            && owner.api_version.starts_with("apps/")
    })
}

fn refused(
    pod: &PodMeta,
    namespace: Option<&NamespaceMeta>,
    pools: &[Manifest],
) -> BTreeMap<String, String> {
    let none = Labels::new();
    let of_namespace = namespace.map_or(&none, |namespace| namespace.labels());
    pools
        .iter()
        .filter(|pool| !pool.affinity.is_none())
        .filter_map(|pool| {
            let reason = pool.affinity.refuses(pod.labels(), of_namespace)?;
            Some((pool.name.clone(), reason))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
    use kube::core::{DynamicObject, ObjectMeta, PartialObjectMetaExt};
    use serde_json::json;

    use super::*;
    use crate::pools::manifest::{self, Kind, Node};

    fn metadata(name: &str, annotations: &[(&str, &str)], labels: &[(&str, &str)]) -> ObjectMeta {
        let owned = |pairs: &[(&str, &str)]| {
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            Some(pairs.iter().map(owned).collect())
        };
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("team-a".to_owned()),
            uid: Some("u-1".to_owned()),
            annotations: owned(annotations),
            labels: owned(labels),
            ..ObjectMeta::default()
        }
    }

    fn pod(annotations: &[(&str, &str)], labels: &[(&str, &str)]) -> PodMeta {
        metadata("p", annotations, labels).into_response_partial()
    }

    fn namespace(annotations: &[(&str, &str)], labels: &[(&str, &str)]) -> NamespaceMeta {
        let metadata = ObjectMeta {
            namespace: None,
            ..metadata("team-a", annotations, labels)
        };
        metadata.into_response_partial()
    }

    fn ipv4(chosen: &Chosen, interface: &str) -> Vec<String> {
        let pools = chosen.choice.pools.get(interface);
        pools.map(|pools| pools.ipv4.clone()).unwrap_or_default()
    }

    #[test]
    fn the_pods_annotations_go_before_the_namespaces_and_the_list_before_the_single_one() {
        let defaults = namespace(&[(read::NAMESPACE_IPV4, r#"["of-namespace"]"#)], &[]);
        let single = (read::POOL, r#"{"ipv4":["of-pod"]}"#);
        let several = (read::POOLS, r#"[{"interface":"net1","ipv4":["of-net1"]}]"#);

        let chosen = of(&pod(&[], &[]), Some(&defaults), &[]);
        assert_eq!(ipv4(&chosen, "*"), ["of-namespace"]);
        assert_eq!(
            chosen.choice.pools["*"].because,
            "annotations of namespace team-a"
        );
        let chosen = of(&pod(&[single], &[]), Some(&defaults), &[]);
        assert_eq!(ipv4(&chosen, "*"), ["of-pod"]);
        let chosen = of(&pod(&[single, several], &[]), Some(&defaults), &[]);
        assert_eq!(ipv4(&chosen, "net1"), ["of-net1"]);
        assert_eq!(ipv4(&chosen, "*"), ["of-pod"]);
        let chosen = of(&pod(&[several], &[]), Some(&defaults), &[]);
        assert_eq!(ipv4(&chosen, "net1"), ["of-net1"]);
        assert_eq!(ipv4(&chosen, "*"), [""; 0]);
    }

    #[test]
    fn an_annotation_that_is_no_json_refuses_the_pod_and_tells_its_author() {
        let chosen = of(&pod(&[(read::POOL, "{'ipv4':['a']}")], &[]), None, &[]);
        let refusal = chosen.choice.refusal.unwrap();
        assert!(
            refusal.starts_with("pod team-a/p: annotation ipam.spidernet.io/ippool is not JSON")
        );
        assert_eq!(chosen.complaints.len(), 1);
        let wrong = namespace(&[(read::NAMESPACE_IPV6, "v6")], &[]);
        let chosen = of(&pod(&[], &[]), Some(&wrong), &[]);
        assert!(
            chosen
                .choice
                .refusal
                .unwrap()
                .contains("namespace team-a: annotation")
        );
    }

    #[test]
    fn a_subnet_is_answered_with_what_to_write_instead() {
        let subnet = (read::SUBNETS[0], r#"{"ipv4":["s"]}"#);
        let chosen = of(&pod(&[subnet], &[]), None, &[]);
        assert!(
            chosen
                .choice
                .refusal
                .unwrap()
                .contains("create a SpiderIPPool")
        );
        let both = [subnet, (read::POOL, r#"{"ipv4":["a"]}"#)];
        let chosen = of(&pod(&both, &[]), None, &[]);
        assert_eq!(chosen.choice.refusal, None);
        assert_eq!(chosen.complaints.len(), 1);
    }

    #[test]
    fn pods_of_a_stateful_set_keep_their_addresses() {
        let owned = |kind: &str, api_version: &str| {
            let owner = OwnerReference {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                controller: Some(true),
                ..OwnerReference::default()
            };
            let metadata = ObjectMeta {
                owner_references: Some(vec![owner]),
                ..metadata("p", &[], &[])
            };
            of(&metadata.into_response_partial(), None, &[]).choice.keep
        };
        assert!(owned("StatefulSet", "apps/v1"));
        assert!(!owned("ReplicaSet", "apps/v1"));
        assert!(!owned("StatefulSet", "example.com/v1"));
    }

    #[test]
    fn pools_of_other_pods_are_named_with_the_reason() {
        let object = DynamicObject {
            types: None,
            metadata: ObjectMeta {
                name: Some("training".to_owned()),
                ..ObjectMeta::default()
            },
            data: json!({"spec": {
                "subnet": "10.0.0.0/24",
                "podAffinity": {"matchLabels": {"app": "training"}},
                "namespaceAffinity": {"matchLabels": {"team": "a"}},
            }}),
        };
        let node = Node {
            name: "a".to_owned(),
            labels: Labels::new(),
        };
        let pools = [manifest::of(&object, Kind::Pool, &node).unwrap()];
        let team = namespace(&[], &[("team", "a")]);
        let training = pod(&[], &[("app", "training")]);
        assert!(
            of(&training, Some(&team), &pools)
                .choice
                .refused_pools
                .is_empty()
        );
        let refused = of(&pod(&[], &[]), Some(&team), &pools).choice.refused_pools;
        assert!(refused["training"].contains("podAffinity"));
        // Of a namespace that is not known nothing is known to match.
        let refused = of(&training, None, &pools).choice.refused_pools;
        assert!(refused["training"].contains("namespaceAffinity"));
    }
}
