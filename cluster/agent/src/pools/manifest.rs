//! From an object of the API to the text of a file that plumb reads.

use kube::ResourceExt;
use kube::core::DynamicObject;
use plumb_migration::gate;
use plumb_pools::{POD_AFFINITY_ANNOTATION, SHARED_ANNOTATION, UNUSABLE_ANNOTATION};
use serde_json::{Map, Value, json};

use super::affinity::{self, Affinity, Labels};

/// What `kind` an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Addresses that pods get.
    Pool,
    /// Addresses that no pool gives out.
    Reserved,
}

impl Kind {
    /// As manifests name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pool => "SpiderIPPool",
            Self::Reserved => "SpiderReservedIP",
        }
    }

    /// As the API's paths name it.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Pool => "spiderippools",
            Self::Reserved => "spiderreservedips",
        }
    }
}

/// The node for which files are written.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
}

/// An object as a file.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What it is.
    pub kind: Kind,
    /// The object's name.
    pub name: String,
    /// The name of its file in the folder.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// Whether this node may use it.
    pub usable: bool,
    /// Why no node may use it yet.
    pub closed: Option<String>,
    /// Which pods may use it.
    pub affinity: Affinity,
    /// What is wrong with its affinities.
    pub mistake: Option<String>,
    /// Whether the object is being deleted, and waits for what nodes hold.
    pub is_ending: bool,
}

/// Longest name of a file (`NAME_MAX`, linux/limits.h).
const FILE_NAME_BYTES: usize = 255;

/// The object as this node's plumb reads it: without the fields that need the API's other objects, which are compared here.
///
/// # Errors
///
/// Why it cannot be a file: one sentence for the object's author.
pub fn of(object: &DynamicObject, kind: Kind, node: &Node) -> Result<Manifest, String> {
    let name = object.name_any();
    let file = file_name(kind, &name)?;
    let mut spec = match object.data.get("spec") {
        Some(Value::Object(spec)) => spec.clone(),
        _ => Map::new(),
    };
    let mut annotations = Map::new();
    annotations.insert(SHARED_ANNOTATION.to_owned(), json!("true"));
    let is_ending = object.metadata.deletion_timestamp.is_some();
    let (mut affinity, mut mistake, mut unusable) = (Affinity::default(), None, None);
    let mut closed = None;
    if kind == Kind::Pool {
        match affinity::refuses_node(&spec, &node.name, &node.labels) {
            Ok(refusal) => unusable = refusal,
            Err(wrong) => mistake = Some(wrong),
        }
        // Of a pool that another product has given out of, nobody may have anything before those pods' addresses are known.
        closed = gate::closed(&object.metadata, &object.data);
        unusable = closed.clone().or(unusable);
        match Affinity::of(&spec) {
            Ok(found) => affinity = found,
            Err(wrong) => mistake = Some(wrong),
        }
        spec.retain(|key, _| {
            !affinity::FIELDS
                .iter()
                .any(|field| field.eq_ignore_ascii_case(key))
        });
        // Else it never ends: pods that come take what those that go give back.
        if is_ending {
            unusable = Some("it is being deleted".to_owned());
        }
        // A rule that cannot be understood must not be one that is missing.
        if let Some(reason) = mistake.clone().or(unusable.clone()) {
            annotations.insert(UNUSABLE_ANNOTATION.to_owned(), json!(reason));
        }
        if !affinity.is_none() {
            annotations.insert(POD_AFFINITY_ANNOTATION.to_owned(), json!("true"));
        }
    }
    let text = json!({
        "apiVersion": format!("{}/{}", plumb_resources::USERS_GROUP, plumb_resources::USERS_VERSION),
        "kind": kind.name(),
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    });
    Ok(Manifest {
        kind,
        name,
        file,
        text: format!("{text}\n"),
        usable: unusable.is_none() && mistake.is_none(),
        closed,
        affinity,
        mistake,
        is_ending,
    })
}

/// What names of files of [`Kind::Reserved`] begin with.
pub const RESERVED: &str = "reserved_";

/// The name of the file of an object. No name of an object has `_`, so those of two kinds are never the same, nor is one of
/// an object whose name is too long for a file.
fn file_name(kind: Kind, name: &str) -> Result<String, String> {
    if !plumb_values::names::is_identifier(name) || name.contains('_') {
        return Err(format!(
            "the name {name:?} cannot be that of a file on the nodes: use letters, digits, `.` and `-`"
        ));
    }
    let prefix = match kind {
        Kind::Pool => "",
        Kind::Reserved => RESERVED,
    };
    let file = format!("{prefix}{name}.json");
    Ok(match file.len() <= FILE_NAME_BYTES {
        true => file,
        false => format!("{prefix}_{:016x}.json", crate::fingerprint::of(&name)),
    })
}

#[cfg(test)]
mod tests {
    use kube::core::ObjectMeta;

    use super::*;

    fn object(name: &str, spec: Value) -> DynamicObject {
        DynamicObject {
            types: None,
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                annotations: Some([("a".to_owned(), "user's".to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: json!({"spec": spec, "status": {"allocatedIPs": "{}"}}),
        }
    }

    fn node(labels: &[(&str, &str)]) -> Node {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Node {
            name: "a".to_owned(),
            labels: labels.iter().map(owned).collect(),
        }
    }

    fn read(manifest: &Manifest) -> Value {
        serde_json::from_str(&manifest.text).unwrap()
    }

    #[test]
    fn a_pool_comes_with_its_spec_and_without_what_its_author_did_not_say_to_plumb() {
        let spec = json!({"subnet": "172.91.0.0/16", "ips": ["172.91.0.100-172.91.0.120"]});
        let manifest = of(&object("v4-91", spec.clone()), Kind::Pool, &node(&[])).unwrap();
        assert_eq!(manifest.file, "v4-91.json");
        let file = read(&manifest);
        assert_eq!(file["spec"], spec);
        assert_eq!(
            file["metadata"],
            json!({"name": "v4-91", "annotations": {"plumb.network/shared": "true"}})
        );
        assert_eq!(file.get("status"), None);
    }

    #[test]
    fn affinities_are_compared_here_and_leave_a_mark() {
        let spec = json!({
            "subnet": "172.91.0.0/16",
            "nodeAffinity": {"matchLabels": {"rack": "7"}},
            "podAffinity": {"matchLabels": {"app": "training"}},
        });
        let here = of(
            &object("p", spec.clone()),
            Kind::Pool,
            &node(&[("rack", "7")]),
        )
        .unwrap();
        let file = read(&here);
        assert!(here.usable);
        assert_eq!(file["spec"], json!({"subnet": "172.91.0.0/16"}));
        let annotations = &file["metadata"]["annotations"];
        assert_eq!(annotations["plumb.network/pod-affinity"], "true");
        assert_eq!(annotations.get("plumb.network/unusable"), None);

        let elsewhere = of(&object("p", spec), Kind::Pool, &node(&[("rack", "8")])).unwrap();
        assert!(!elsewhere.usable);
        let reason = read(&elsewhere)["metadata"]["annotations"]["plumb.network/unusable"].clone();
        assert!(
            reason.as_str().unwrap().contains("nodeAffinity"),
            "{reason}"
        );
    }

    #[test]
    fn a_pool_that_is_being_deleted_gives_out_nothing() {
        let mut ending = object("p", json!({"subnet": "172.91.0.0/16"}));
        assert!(!of(&ending, Kind::Pool, &node(&[])).unwrap().is_ending);
        let now = k8s_openapi::jiff::Timestamp::now();
        ending.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now));
        let manifest = of(&ending, Kind::Pool, &node(&[])).unwrap();
        assert!(manifest.is_ending && !manifest.usable);
        let annotations = read(&manifest)["metadata"]["annotations"].clone();
        assert_eq!(annotations["plumb.network/unusable"], "it is being deleted");
    }

    #[test]
    fn an_affinity_that_is_none_makes_the_pool_unusable() {
        let spec = json!({"subnet": "172.91.0.0/16", "podAffinity": {"matchLabel": {}}});
        let manifest = of(&object("p", spec), Kind::Pool, &node(&[])).unwrap();
        assert!(!manifest.usable && manifest.mistake.is_some());
        assert!(manifest.text.contains("plumb.network/unusable"));
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_file() {
        for name in ["../../etc/passwd", ".hidden", "a/b", "", "a_b"] {
            of(&object(name, json!({})), Kind::Pool, &node(&[])).unwrap_err();
        }
        let reserved = of(&object("a", json!({"ips": []})), Kind::Reserved, &node(&[])).unwrap();
        assert_eq!(reserved.file, "reserved_a.json");
        assert_eq!(read(&reserved)["kind"], "SpiderReservedIP");
        let long = of(
            &object(&"a".repeat(253), json!({})),
            Kind::Reserved,
            &node(&[]),
        )
        .unwrap();
        assert!(
            long.file.starts_with("reserved__") && long.file.len() < 40,
            "{}",
            long.file
        );
    }
}
