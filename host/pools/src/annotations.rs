//! What the agent of a node writes beside a pool of the cluster, as annotations of the pool's file.

use serde_yaml_ng::Value as Yaml;

use super::manifest::{member, unexpected};
use super::{Error, Problem};

/// The annotation of a pool file that the agent has written: its addresses are shared by the nodes of a cluster.
pub const SHARED_ANNOTATION: &str = "plumb.network/shared";
/// The annotation of a pool file with why this node may not use the pool.
pub const UNUSABLE_ANNOTATION: &str = "plumb.network/unusable";
/// The annotation of a pool file whose affinities only the agent can compare with a pod.
pub const POD_AFFINITY_ANNOTATION: &str = "plumb.network/pod-affinity";

/// The annotations that mean something here. All others are somebody else's.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    pub(super) shared: bool,
    pub(super) unusable: Option<String>,
    pub(super) by_pod_affinity: bool,
}

impl Annotations {
    /// Reads those of an object's `metadata`.
    ///
    /// # Errors
    ///
    /// For a value that is not understood: a pool that is shared and taken for the node's own would give out other nodes'
    /// addresses.
    pub(super) fn of(metadata: Option<&Yaml>, place: &str) -> Result<Self, Error> {
        let annotations = metadata.and_then(|metadata| member(metadata, "annotations"));
        let get = |name: &str| {
            let value = annotations?.as_mapping()?.get(name)?;
            (!value.is_null()).then_some(value)
        };
        let error = |name: &str, problem| Error::Field {
            place: place.to_owned(),
            field: format!("metadata.annotations[{name:?}]"),
            problem,
        };
        let flag = |name: &str| match get(name) {
            None => Ok(false),
            Some(value) => match value.as_str() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(error(
                    name,
                    unexpected(value, "\"true\" or \"false\" in quotes"),
                )),
            },
        };
        let unusable = match get(UNUSABLE_ANNOTATION) {
            None => None,
            Some(Yaml::String(reason)) if !reason.trim().is_empty() => Some(reason.clone()),
            Some(other) => {
                let problem: Problem = unexpected(other, "the reason, in quotes");
                return Err(error(UNUSABLE_ANNOTATION, problem));
            }
        };
        Ok(Self {
            shared: flag(SHARED_ANNOTATION)?,
            unusable,
            by_pod_affinity: flag(POD_AFFINITY_ANNOTATION)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::{Folder, Set, folder, inline};

    /// The set of a folder with one file.
    fn set(name: &str, text: &str) -> Set {
        let directory = tempfile::tempdir().expect("a folder");
        fs::write(directory.path().join(name), text).expect("write");
        let key = "folders.pools";
        let path = directory.path();
        folder(Folder { path, key }).expect("read the folder")
    }

    fn manifest(annotations: &serde_json::Value) -> String {
        json!({
            "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
            "metadata": {"name": "a", "annotations": annotations},
            "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.9"]},
        })
        .to_string()
    }

    #[test]
    fn what_the_agent_wrote_is_understood() {
        let read = |annotations| {
            let pool = set("a.json", &manifest(&annotations)).pools.remove(0);
            (pool.shared, pool.unusable, pool.by_pod_affinity)
        };
        assert_eq!(read(json!(null)), (false, None, false));
        assert_eq!(read(json!({"example.org/x": "true"})), (false, None, false));
        let all = json!({
            "plumb.network/shared": "true", "plumb.network/pod-affinity": "true",
            "plumb.network/unusable": "it is for other nodes",
        });
        let reason = Some("it is for other nodes".to_owned());
        assert_eq!(read(all), (true, reason, true));
        let off = json!({"plumb.network/shared": "false"});
        assert_eq!(read(off), (false, None, false));
        let yaml = "kind: SpiderIPPool\nmetadata: {name: a, annotations: {plumb.network/shared: 'true'}}\n\
                    spec: {subnet: 10.0.0.0/24, ips: [10.0.0.1]}\n";
        assert!(set("a.yaml", yaml).pools[0].shared);
    }

    #[test]
    fn a_pool_whose_annotation_is_not_understood_is_left_out() {
        for (annotations, expected) in [
            (
                json!({"plumb.network/shared": "yes"}),
                "`metadata.annotations[\"plumb.network/shared\"]`: is \"yes\", expected \"true\" or \"false\" in quotes",
            ),
            (
                json!({"plumb.network/shared": true}),
                "is true, expected \"true\" or \"false\" in quotes",
            ),
            (
                json!({"plumb.network/pod-affinity": ""}),
                "expected \"true\" or \"false\" in quotes",
            ),
            (
                json!({"plumb.network/unusable": " "}),
                "expected the reason, in quotes",
            ),
        ] {
            let set = set("a.json", &manifest(&annotations));
            assert!(set.pools.is_empty(), "{annotations}");
            let text = set.left_out[0].error.to_string();
            assert!(text.contains(expected), "{text}");
        }
    }

    /// Whoever writes a network must not have its addresses taken from other nodes.
    #[test]
    fn a_network_cannot_state_a_pool_that_is_shared() {
        let pools = json!([{"subnet": "10.0.0.0/24", "shared": true}]);
        let text = inline(&pools).expect_err("unknown").to_string();
        assert!(text.contains("`shared`: unknown field"), "{text}");
    }
}
