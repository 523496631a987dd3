//! The files of the cluster's pools in the folder that plumb reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plumb_pools::{Folder, Pool, SHARED_ANNOTATION};
use serde_json::Value;

use super::manifest::{Kind, Manifest, RESERVED};
use crate::replace::{self, Lasting};

/// Most pools in the folder that this node may not use, each with the reason for whoever names it. Where each node has pools
/// of its own, the others' would make every ADD read thousands of files.
const MOST_UNUSABLE: usize = 64;

/// The folder, and what the agent last wrote there.
#[derive(Debug)]
pub struct Pools {
    folder: PathBuf,
    written: BTreeMap<String, String>,
}

/// What is wrong with a pool, for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// One sentence.
    pub message: String,
}

impl Pools {
    /// Of a folder, of which nothing is known yet.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            written: BTreeMap::new(),
        }
    }

    /// Makes the folder's files those of `manifests`: writes what is new or other, removes what the cluster does not have
    /// any more. A file that the agent did not write stays. One that cannot be written harms no other; each that could
    /// not is in the returned list.
    pub fn write(&mut self, manifests: &[Manifest]) -> Vec<String> {
        let mut failures = Vec::new();
        if let Err(failure) = replace::folder(&self.folder) {
            return vec![failure];
        }
        let wanted = wanted(manifests);
        for (name, text) in &wanted {
            let path = self.folder.join(name);
            // Somebody else may have changed it since.
            let is_there = self.written.get(*name) == Some(text)
                && fs::read_to_string(&path).is_ok_and(|found| found == **text);
            if is_there {
                continue;
            }
            match replace::file(&path, text.as_bytes(), 0o644, Lasting::UntilBoot) {
                Ok(()) => drop(self.written.insert((*name).to_owned(), (*text).clone())),
                // Pools that come after it would give out what it reserves.
                Err(failure) if name.starts_with(RESERVED) => return vec![failure],
                Err(failure) => failures.push(failure),
            }
        }
        let names: BTreeSet<&str> = wanted.iter().map(|(name, _)| *name).collect();
        for path in self.of_the_agent(&mut failures) {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| names.contains(name)) {
                continue;
            }
            match replace::remove(&path) {
                Ok(()) => drop(name.map(|name| self.written.remove(name))),
                Err(failure) => failures.push(failure),
            }
        }
        failures
    }

    /// The files that the agent wrote, also before it was started again.
    fn of_the_agent(&self, failures: &mut Vec<String>) -> Vec<PathBuf> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) => {
                failures.push(format!("list {}: {error}", self.folder.display()));
                return Vec::new();
            }
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .filter(|path| is_of_the_agent(path))
            .collect()
    }

    /// What plumb makes of the folder: the pools of the cluster that it reads, and what is wrong with the others.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read.
    pub fn read(&self, manifests: &[Manifest]) -> Result<(Vec<Pool>, Vec<Complaint>), String> {
        let set = plumb_pools::folder(Folder {
            path: &self.folder,
            key: "folders.pools",
        })
        .map_err(|error| error.to_string())?;
        let by_file: BTreeMap<PathBuf, &Manifest> = manifests
            .iter()
            .map(|manifest| (self.folder.join(&manifest.file), manifest))
            .collect();
        let left_out = set.left_out.into_iter().filter_map(|pool| {
            let manifest = by_file.get(pool.file.as_ref()?)?;
            Some(Complaint {
                kind: manifest.kind,
                name: manifest.name.clone(),
                // Where the file lies is nothing to those who wrote the object.
                message: pool
                    .error
                    .to_string()
                    .replace(&format!("{}/", self.folder.display()), ""),
            })
        });
        let mistakes = manifests.iter().filter_map(|manifest| {
            Some(Complaint {
                kind: manifest.kind,
                name: manifest.name.clone(),
                message: manifest.mistake.clone()?,
            })
        });
        let complaints = left_out.chain(mistakes).collect();
        let is_of_cluster = |pool: &Pool| {
            let file = pool.file.as_ref();
            file.is_some_and(|file| by_file.contains_key(file))
        };
        let mut pools = set.pools;
        pools.retain(is_of_cluster);
        Ok((pools, complaints))
    }
}

fn is_of_the_agent(path: &Path) -> bool {
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let Ok(object) = serde_json::from_str::<Value>(&text) else {
        return false;
    };
    object["metadata"]["annotations"][SHARED_ANNOTATION] == "true"
}

/// The files that the folder is to have: all that this node may use, and some that it may not. What is reserved comes before
/// the pools that it is taken from: an ADD may read the folder at any moment.
fn wanted(manifests: &[Manifest]) -> Vec<(&str, &String)> {
    let (mut usable, mut others): (Vec<_>, Vec<_>) =
        manifests.iter().partition(|manifest| manifest.usable);
    usable.sort_by_key(|manifest| (manifest.kind == Kind::Pool, &manifest.file));
    others.sort_by_key(|manifest| &manifest.file);
    others.truncate(MOST_UNUSABLE);
    usable
        .into_iter()
        .chain(others)
        .map(|manifest| (manifest.file.as_str(), &manifest.text))
        .collect()
}

#[cfg(test)]
mod tests {
    use kube::core::{DynamicObject, ObjectMeta};
    use serde_json::json;

    use super::*;
    use crate::pools::manifest::{self, Node};

    fn pool(name: &str, spec: Value) -> Manifest {
        let object = DynamicObject {
            types: None,
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            data: json!({"spec": spec}),
        };
        let node = Node {
            name: "a".to_owned(),
            labels: BTreeMap::new(),
        };
        manifest::of(&object, Kind::Pool, &node).unwrap()
    }

    fn sound(name: &str, third: u8) -> Manifest {
        let subnet = format!("10.0.{third}.0/24");
        pool(name, json!({"subnet": subnet, "ips": [subnet]}))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_folder_has_the_pools_of_the_cluster_and_the_administrators() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("ours.json"),
            "{\"kind\": \"SpiderIPPool\"}",
        )
        .unwrap();
        let mut pools = Pools::new(folder.path().to_owned());
        assert!(pools.write(&[sound("a", 1), sound("b", 2)]).is_empty());
        assert_eq!(names(folder.path()), ["a.json", "b.json", "ours.json"]);
        // Also after a start: the next agent does not know what this one wrote.
        let mut pools = Pools::new(folder.path().to_owned());
        assert!(pools.write(&[sound("b", 2)]).is_empty());
        assert_eq!(names(folder.path()), ["b.json", "ours.json"]);
    }

    #[test]
    fn what_somebody_changed_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut pools = Pools::new(folder.path().to_owned());
        let manifests = [sound("a", 1)];
        pools.write(&manifests);
        let file = folder.path().join("a.json");
        fs::write(&file, "{}").unwrap();
        pools.write(&manifests);
        assert_eq!(fs::read_to_string(&file).unwrap(), manifests[0].text);
    }

    #[test]
    fn a_wrong_pool_is_complained_of_and_harms_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut pools = Pools::new(folder.path().to_owned());
        let wrong = pool(
            "wrong",
            json!({"subnet": "172.16.11.0/16", "ips": ["172.16.11.1"]}),
        );
        let slip = pool(
            "slip",
            json!({"subnet": "10.0.3.0/24", "ips": ["10.0.3.1"], "excludeIP": ["10.0.3.1"]}),
        );
        let manifests = [sound("a", 1), wrong, slip];
        assert!(pools.write(&manifests).is_empty());
        let (read, complaints) = pools.read(&manifests).unwrap();
        let of = |name: &str| {
            let complaint = complaints.iter().find(|complaint| complaint.name == name);
            complaint.map(|complaint| complaint.message.as_str())
        };
        assert!(of("wrong").unwrap().contains("did you mean 172.16.0.0/16"));
        assert!(of("slip").unwrap().contains("did you mean \"excludeIPs\"?"));
        assert_eq!(of("a"), None);
        let read: Vec<_> = read.iter().map(|pool| pool.name.as_str()).collect();
        assert_eq!(read, ["a"]);
    }

    #[test]
    fn no_pool_is_written_when_what_is_reserved_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let reserved = DynamicObject {
            types: None,
            metadata: ObjectMeta {
                name: Some("r".to_owned()),
                ..ObjectMeta::default()
            },
            data: json!({"spec": {"ips": ["10.0.1.1"]}}),
        };
        let node = Node {
            name: "a".to_owned(),
            labels: BTreeMap::new(),
        };
        let reserved = manifest::of(&reserved, Kind::Reserved, &node).unwrap();
        // A folder of this name cannot be replaced by a file.
        fs::create_dir_all(folder.path().join("reserved_r.json/full")).unwrap();
        let mut pools = Pools::new(folder.path().to_owned());
        assert_eq!(pools.write(&[sound("a", 1), reserved]).len(), 1);
        assert!(!folder.path().join("a.json").exists());
    }

    #[test]
    fn pools_of_other_nodes_do_not_fill_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifests: Vec<_> = (0..200)
            .map(|number| {
                let name = format!("of-others-{number}");
                pool(&name, json!({"subnet": "10.1.0.0/24", "nodeName": ["b"]}))
            })
            .collect();
        manifests.push(sound("own", 1));
        let mut pools = Pools::new(folder.path().to_owned());
        assert!(pools.write(&manifests).is_empty());
        let names = names(folder.path());
        assert_eq!(names.len(), MOST_UNUSABLE + 1);
        assert!(names.contains(&"own.json".to_owned()));
    }
}
