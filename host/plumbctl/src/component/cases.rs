//! The cases of a component: networks on nodes that are written down, a folder for each.
//!
//! | file | what |
//! |---|---|
//! | `request.json` | the network configuration, and `CNI_ARGS` where they matter |
//! | `configuration.json` | in its place: the network configuration alone |
//! | `facts.json` | the node, as `plumbctl plan --facts` reads it |
//! | `plan.txt` | what the network means on this node, and the plan step by step; or the refusal |
//!
//! The built-in components have theirs in `plugins/NAME/cases`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plumb::cni::{AddRequest, Configuration, Environment, Request, Verb};
use plumb::components::Sandbox;
use plumb::decide;
use plumb::facts::{Facts, RecordedFacts};
use plumb::policy::Policy;
use serde_json::{Value, json};

use super::diff;
use crate::Failure;

/// The variable by which plans are written again, as `--update` does.
pub const UPDATE: &str = "PLUMB_UPDATE_CASES";

/// A case.
pub struct Case {
    folder: PathBuf,
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The plan is as expected.
    Same,
    /// It is not; the difference.
    Different(String),
    /// It was written down.
    Updated,
}

impl Case {
    /// The cases in a folder, by name.
    ///
    /// # Errors
    ///
    /// Where there are none.
    pub fn all(folder: &Path) -> Result<Vec<Self>, Failure> {
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("cannot read the cases in {}: {error}", folder.display()))?;
        let mut cases: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .map(|folder| Self { folder })
            .collect();
        cases.sort_by(|one, other| one.folder.cmp(&other.folder));
        match cases.is_empty() {
            true => Err(format!("{} has no case: a folder for each", folder.display()).into()),
            false => Ok(cases),
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Makes the plan, and compares it with the one that is expected or writes it down.
    ///
    /// # Errors
    ///
    /// Where a file of the case cannot be read or written.
    pub fn run(&self, sandbox: &Sandbox<'_>, update: bool) -> Result<Outcome, Failure> {
        let plan = self.plan(sandbox)?;
        let path = self.folder.join("plan.txt");
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if plan == expected {
            return Ok(Outcome::Same);
        }
        if !update {
            return Ok(Outcome::Different(diff::lines(&expected, &plan)));
        }
        fs::write(&path, &plan)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Outcome::Updated)
    }

    /// The steps of the plan, a line each; or why there is none.
    fn plan(&self, sandbox: &Sandbox<'_>) -> Result<String, Failure> {
        let facts = self.folder.join("facts.json");
        let facts = RecordedFacts::parse(&read(&facts)?)
            .map_err(|error| format!("{}: {error}", facts.display()))?;
        let facts: Rc<dyn Facts> = Rc::new(facts);
        let described = self.described()?;
        let planned =
            request(&described).and_then(|request| decide::plan(&request, sandbox, &facts));
        let mut lines = match planned {
            Ok(plan) => [plan.found.clone(), plan.describe()].concat(),
            Err(error) => vec![format!("refused, code {}: {error}", error.code.0)],
        };
        lines.push(String::new());
        Ok(lines.join("\n"))
    }

    /// What is asked for.
    fn described(&self) -> Result<Value, Failure> {
        let parsed = |path: &Path| -> Result<Value, Failure> {
            serde_json::from_slice(&read(path)?)
                .map_err(|error| format!("{}: {error}", path.display()).into())
        };
        let alone = self.folder.join("configuration.json");
        match alone.exists() {
            true => Ok(json!({"configuration": parsed(&alone)?})),
            false => parsed(&self.folder.join("request.json")),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// The ADD that a case describes, for interface `net1`.
fn request(described: &Value) -> plumb::Result<AddRequest> {
    let variable = |name: &str| -> Option<OsString> {
        match name {
            "CNI_COMMAND" => Some("ADD".into()),
            "CNI_CONTAINERID" => Some("pod".into()),
            "CNI_IFNAME" => Some("net1".into()),
            "CNI_NETNS" => Some("/run/netns/pod".into()),
            "CNI_ARGS" => described["CNI_ARGS"].as_str().map(OsString::from),
            "CNI_PATH" => Some("/opt/cni/bin".into()),
            _ => None,
        }
    };
    let text = described["configuration"].to_string().into_bytes();
    let configuration = Configuration::parse(Verb::Add, text)?;
    AddRequest::of(Request::new(
        Environment::read(variable)?,
        configuration,
        Policy::default(),
    )?)
}

#[cfg(test)]
mod tests;
