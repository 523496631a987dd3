//! The folders of one call: whether a network may name its own.

use std::path::Path;

use super::{Configuration, Verb};
use crate::policy::{Folders, Policy, is_plain};
use crate::{Error, Result};

/// The folders of one call: the node's, or those that the network names, where it may. And the keys of those that
/// are left out of account: for DEL and GC, because a pod that could not be attached by one has nothing there.
///
/// # Errors
///
/// [`Code::INVALID_CONFIGURATION`](crate::Code::INVALID_CONFIGURATION) for a folder that a network may not name.
pub fn folders_of(
    policy: &Policy,
    verb: Verb,
    configuration: &Configuration,
) -> Result<(Folders, Vec<String>)> {
    let mut folders = policy.folders.clone();
    let mut unused = Vec::new();
    let ipam = configuration.ipam();
    let keys = &configuration.lower;
    let named = [
        ("stateFolder", keys.get("statefolder"), &mut folders.state),
        (
            "componentFolder",
            keys.get("componentfolder"),
            &mut folders.components,
        ),
        (
            "ipam.poolFolder",
            ipam.and_then(|ipam| ipam.get("poolfolder")),
            &mut folders.pools,
        ),
    ];
    for (key, value, folder) in named {
        let Some(value) = value.filter(|value| !value.is_null() && *value != "") else {
            continue;
        };
        let path = value.as_str().map(Path::new).filter(|path| is_plain(path));
        match path {
            // The node's own, spelled out.
            Some(path) if path == folder => {}
            Some(path) if policy.folders.chosen_by_networks => path.clone_into(folder),
            _ if matches!(verb, Verb::Del | Verb::Gc) => unused.push(format!("{key:?} {value}")),
            Some(_) => {
                return Err(Error::configuration(format!(
                    "a network may not choose {key:?} ({value}): this node uses {}, and folders.chosen-by-networks \
                     in {} would allow another",
                    folder.display(),
                    policy.place()
                )));
            }
            None => {
                return Err(Error::configuration(format!(
                    "{key:?} must be an absolute path without \"..\", not {value}"
                )));
            }
        }
    }
    Ok((folders, unused))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Code;

    fn configuration(more: Value) -> Configuration {
        let mut value = json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan"});
        for (key, more) in more.as_object().unwrap() {
            value[key] = more.clone();
        }
        Configuration::parse(Verb::Add, value.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn a_network_names_no_folder_unless_it_may() {
        let keys = [
            json!({"stateFolder": "/tmp/x"}),
            json!({"STATEFOLDER": "/tmp/x"}),
            json!({"componentFolder": "/tmp/x"}),
            json!({"ipam": {"type": "pool", "poolFolder": "/tmp/x"}}),
            json!({"stateFolder": "/run/plumb/../../tmp/x"}),
            json!({"stateFolder": 5}),
        ];
        let closed = Policy::default();
        for key in keys {
            let configuration = configuration(key.clone());
            for verb in [Verb::Add, Verb::Check, Verb::Status] {
                let error = folders_of(&closed, verb, &configuration).unwrap_err();
                assert_eq!(error.code, Code::INVALID_CONFIGURATION, "{key}");
            }
            for verb in [Verb::Del, Verb::Gc] {
                let (folders, unused) = folders_of(&closed, verb, &configuration).unwrap();
                assert_eq!(folders, closed.folders, "{key}");
                assert_eq!(unused.len(), 1, "{key}");
            }
        }
        let own = configuration(
            json!({"stateFolder": "/run/plumb", "componentFolder": "", "ipam": {"poolFolder": null}}),
        );
        assert_eq!(
            folders_of(&closed, Verb::Add, &own).unwrap().0,
            closed.folders
        );
        let open = Policy {
            folders: Folders {
                chosen_by_networks: true,
                ..Folders::default()
            },
            ..Policy::default()
        };
        let asked = configuration(json!({"stateFolder": "/tmp/x"}));
        for verb in [Verb::Add, Verb::Del] {
            let (folders, _) = folders_of(&open, verb, &asked).unwrap();
            assert_eq!(folders.state, Path::new("/tmp/x"));
        }
        let crooked = configuration(json!({"stateFolder": "/tmp/../x"}));
        assert!(folders_of(&open, Verb::Add, &crooked).is_err());
    }
}
