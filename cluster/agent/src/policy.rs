//! The node's policy, `plumb.toml`: what a ConfigMap says for all nodes, with this node's name and where its agent is.
//!
//! A file that somebody else wrote is an administrator's: it stays, and these keys are theirs to set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use toml::{Table, Value};

use crate::replace::{self, Lasting};

/// What a file of the agent begins with.
const MARK: &str = "# Written by plumb-agent";

/// The name that plumb reads.
const FILE_NAME: &str = "plumb.toml";

/// Most bytes that plumb reads of it.
const MOST_BYTES: usize = 64 * 1024;

/// What became of the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be, written now or before.
    Written,
    /// There is one that the agent did not write.
    Foreign(PathBuf),
}

/// Where things are on this node.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The node's name in Kubernetes.
    pub name: &'a str,
    /// The folder of its pools, as plumb sees it.
    pub pools: &'a Path,
    /// The folder of what its pods chose.
    pub pods: &'a Path,
    /// Where plumb asks.
    pub socket: &'a Path,
    /// The plumbctl that understands the file as plumb does; none: only its form is looked at.
    pub plumbctl: Option<&'a Path>,
}

/// Writes the policy of the node into `folder`, from the one for all nodes in `source`. A text that plumb would refuse is not
/// written, because a wrong policy stops every ADD: the node keeps what it has.
///
/// # Errors
///
/// What is wrong with the text or could not be read or written.
pub fn write(source: &Path, folder: &Path, node: Node<'_>) -> Result<Outcome, String> {
    let path = folder.join(FILE_NAME);
    let before = match fs::read_to_string(&path) {
        Ok(text) if !text.starts_with(MARK) => return Ok(Outcome::Foreign(path)),
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("read {}: {error}", path.display())),
    };
    let text = fs::read_to_string(source)
        .map_err(|error| format!("read policy {}: {error}", source.display()))?;
    let text = of_node(&text, node)
        .map_err(|mistake| format!("policy {}: {mistake}", source.display()))?;
    if before.as_deref() != Some(&text) {
        replace::folder(folder)?;
        if let Some(plumbctl) = node.plumbctl {
            check(plumbctl, folder, &text).map_err(|mistake| {
                format!(
                    "policy {}: {mistake}; {} stays as it is",
                    source.display(),
                    path.display()
                )
            })?;
        }
        replace::file(&path, text.as_bytes(), 0o644, Lasting::Forever)?;
    }
    Ok(Outcome::Written)
}

/// Has plumbctl read the text, from a file as plumb wants it to be.
fn check(plumbctl: &Path, folder: &Path, text: &str) -> Result<(), String> {
    let draft = folder.join(".plumb.toml.checked");
    replace::file(&draft, text.as_bytes(), 0o600, Lasting::UntilBoot)?;
    let output = Command::new(plumbctl)
        .arg("--policy")
        .arg(&draft)
        .arg("policy")
        .stdin(Stdio::null())
        .output();
    replace::remove(&draft)?;
    let output = output.map_err(|error| format!("{}: {error}", plumbctl.display()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// The text for this node.
fn of_node(text: &str, node: Node<'_>) -> Result<String, String> {
    let mut policy: Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string().trim().to_owned())?;
    let path = |path: &Path| path.display().to_string();
    set(&mut policy, "node", node.name)?;
    set(&mut policy, "agent", &path(node.socket))?;
    let folders = policy
        .entry("folders")
        .or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(folders) = folders else {
        return Err("folders must be a table, as in [folders]".to_owned());
    };
    set(folders, "pools", &path(node.pools))?;
    set(folders, "pods", &path(node.pods))?;
    let text = format!(
        "{MARK} for node {}: changes of this file are lost, those of its ConfigMap come here. Without this line the \
         file is yours\n{policy}",
        node.name
    );
    match text.len() > MOST_BYTES {
        true => Err(format!(
            "it comes to {} bytes, plumb reads {MOST_BYTES} at most",
            text.len()
        )),
        false => Ok(text),
    }
}

/// Sets what is each node's own. A policy for all nodes that says otherwise is a mistake.
fn set(table: &mut Table, key: &str, value: &str) -> Result<(), String> {
    match table.get(key) {
        Some(Value::String(text)) if text == value => Ok(()),
        Some(other) => Err(format!(
            "{key} = {other} is for the agent to set, to {value:?} on this node: leave it out"
        )),
        None => {
            table.insert(key.to_owned(), Value::String(value.to_owned()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node<'static> {
        Node {
            name: "gpu-17",
            pools: Path::new("/run/plumb/pools"),
            pods: Path::new("/run/plumb/pods"),
            socket: Path::new("/run/plumb/agent.sock"),
            plumbctl: None,
        }
    }

    fn folder(policy: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.toml");
        fs::write(&source, policy).unwrap();
        let etc = folder.path().join("etc");
        (folder, source, etc)
    }

    #[test]
    fn what_is_the_nodes_own_is_added_and_the_rest_stays() {
        let (_keep, source, etc) = folder(
            "profile = \"shared\"\n[folders]\nlog = \"/var/log/plumb\"\n[[wires]]\nname = \"rail0\"\nparents = [\"ens1\"]\n",
        );
        assert_eq!(write(&source, &etc, node()), Ok(Outcome::Written));
        let text = fs::read_to_string(etc.join("plumb.toml")).unwrap();
        let policy: Table = text.parse().unwrap();
        assert_eq!(policy["node"].as_str(), Some("gpu-17"));
        assert_eq!(policy["agent"].as_str(), Some("/run/plumb/agent.sock"));
        assert_eq!(policy["folders"]["pods"].as_str(), Some("/run/plumb/pods"));
        assert_eq!(policy["profile"].as_str(), Some("shared"));
        assert_eq!(
            policy["folders"]["pools"].as_str(),
            Some("/run/plumb/pools")
        );
        assert_eq!(policy["folders"]["log"].as_str(), Some("/var/log/plumb"));
        assert_eq!(policy["wires"][0]["name"].as_str(), Some("rail0"));
        // A changed ConfigMap comes here, too.
        fs::write(&source, "profile = \"compatible\"\n").unwrap();
        assert_eq!(write(&source, &etc, node()), Ok(Outcome::Written));
        let text = fs::read_to_string(etc.join("plumb.toml")).unwrap();
        assert!(
            text.contains("compatible") && !text.contains("rail0"),
            "{text}"
        );
    }

    #[test]
    fn an_administrators_file_stays() {
        let (_keep, source, etc) = folder("profile = \"shared\"\n");
        fs::create_dir(&etc).unwrap();
        let file = etc.join("plumb.toml");
        fs::write(&file, "profile = \"compatible\" # ours\n").unwrap();
        assert_eq!(
            write(&source, &etc, node()),
            Ok(Outcome::Foreign(file.clone()))
        );
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "profile = \"compatible\" # ours\n"
        );
    }

    #[test]
    fn a_text_that_is_none_leaves_the_file_as_it_was() {
        let (_keep, source, etc) = folder("profile = \"shared\"\n");
        write(&source, &etc, node()).unwrap();
        for wrong in ["profile = ", "node = \"other\"\n", "folders = 3\n"] {
            fs::write(&source, wrong).unwrap();
            write(&source, &etc, node()).unwrap_err();
            let text = fs::read_to_string(etc.join("plumb.toml")).unwrap();
            assert!(text.contains("shared"), "{wrong}");
        }
    }
}
