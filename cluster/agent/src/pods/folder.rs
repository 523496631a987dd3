//! The files of pods' choices.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kube::ResourceExt;
use plumb_protocol::PodChoice;

use super::choice::PodMeta;
use crate::replace::{self, Lasting};

/// The folder, and what the agent last wrote there.
#[derive(Debug)]
pub struct Choices {
    folder: PathBuf,
    written: BTreeMap<String, PodChoice>,
}

/// The pod as kubectl writes it.
pub fn name_of(pod: &PodMeta) -> String {
    format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())
}

/// The name of a pod's file; none for names that no pod of an API server has.
pub fn file_name(namespace: &str, name: &str) -> Option<String> {
    let is_name = |part: &str| plumb_values::names::is_identifier(part) && !part.contains('_');
    let file = format!("{namespace}_{name}.json");
    // A namespace has 63 bytes at most, a pod's name 253: the longest do not fit, and such pods are asked for.
    (is_name(namespace) && is_name(name) && file.len() <= 255).then_some(file)
}

impl Choices {
    /// Of a folder, which is the agent's alone.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            written: BTreeMap::new(),
        }
    }

    /// Makes the folder's files those of `choices`, by the names that [`file_name`] gives. One that cannot be written harms no
    /// other; each that could not is in the returned list.
    pub fn write(&mut self, choices: BTreeMap<String, PodChoice>) -> Vec<String> {
        let mut failures = Vec::new();
        if let Err(failure) = replace::folder(&self.folder) {
            return vec![failure];
        }
        self.written.retain(|name, _| choices.contains_key(name));
        for path in self.files(&mut failures) {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_none_or(|name| !choices.contains_key(name)) {
                failures.extend(replace::remove(&path).err());
            }
        }
        for (name, choice) in choices {
            let path = self.folder.join(&name);
            if self.written.get(&name) == Some(&choice) && path.exists() {
                continue;
            }
            let text = match serde_json::to_string(&choice) {
                Ok(text) => text,
                Err(error) => {
                    failures.push(format!("write {}: {error}", path.display()));
                    continue;
                }
            };
            match replace::file(&path, text.as_bytes(), 0o600, Lasting::UntilBoot) {
                Ok(()) => drop(self.written.insert(name, choice)),
                // What it said before may be wrong by now: without a file the agent is asked.
                Err(failure) => {
                    failures.push(failure);
                    failures.extend(replace::remove(&path).err());
                }
            }
        }
        failures
    }

    fn files(&self, failures: &mut Vec<String>) -> Vec<PathBuf> {
        match fs::read_dir(&self.folder) {
            Ok(entries) => entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "json")
                })
                .collect(),
            Err(error) => {
                failures.push(format!("list {}: {error}", self.folder.display()));
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(uid: &str) -> PodChoice {
        PodChoice {
            uid: uid.to_owned(),
            ..PodChoice::default()
        }
    }

    #[test]
    fn files_follow_the_pods_also_those_of_an_earlier_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("team-a_gone.json"), "{}").unwrap();
        let mut choices = Choices::new(folder.path().to_owned());
        let name = file_name("team-a", "p").unwrap();
        assert!(
            choices
                .write([(name.clone(), choice("1"))].into())
                .is_empty()
        );
        assert!(!path("team-a_gone.json").exists());
        let read = || -> PodChoice {
            serde_json::from_slice(&fs::read(path("team-a_p.json")).unwrap()).unwrap()
        };
        assert_eq!(read().uid, "1");
        choices.write([(name, choice("2"))].into());
        assert_eq!(read().uid, "2");
        choices.write(BTreeMap::new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_names_of_pods_are_names_of_files() {
        assert_eq!(file_name("a", "b.c").unwrap(), "a_b.c.json");
        for (namespace, name) in [
            ("..", "x"),
            ("a", "../x"),
            ("a", ""),
            ("a_b", "c"),
            ("a", &"b".repeat(253)),
        ] {
            assert_eq!(file_name(namespace, name), None, "{namespace} {name}");
        }
    }
}
