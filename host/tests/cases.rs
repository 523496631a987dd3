//! The built-in components on described nodes, a folder for each case:
//!
//! | `plugins/NAME/cases/CASE/` | what |
//! |---|---|
//! | `request.json` | the network configuration, and `CNI_ARGS` where they matter |
//! | `facts.json` | the node, as `plumbctl plan --facts` reads it |
//! | `plan.txt` | what the network means on this node, and the plan step by step; or the refusal |
//!
//! `PLUMB_UPDATE_CASES=1` writes each `plan.txt` again. What it changes is read before it
//! is committed: it is what users get.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plumb::cni::{AddRequest, Configuration, Environment, Request, Verb};
use plumb::components::Sandbox;
use plumb::decide;
use plumb::facts::{Facts, RecordedFacts};
use plumb::policy::Policy;
use plumb::trace::Trace;
use serde_json::Value;

#[test]
fn every_case_has_its_plan() {
    let trace = Trace::early();
    let sandbox = Sandbox::new(&trace).expect("a sandbox");
    let mut different = Vec::new();
    for plugin in ["macvlan-shared", "sriov-rdma", "ib-sriov", "ipoib", "pool"] {
        let cases = folders(&root().join(plugin).join("cases"));
        assert!(!cases.is_empty(), "{plugin} has no case");
        for case in cases {
            let plan = plan(&case, &sandbox);
            let path = case.join("plan.txt");
            if std::env::var_os("PLUMB_UPDATE_CASES").is_some() {
                fs::write(&path, &plan).expect("write the plan");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if plan != expected {
                different.push(format!(
                    "{}:\n--- expected\n{expected}--- found\n{plan}",
                    case.display()
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// The steps of the plan, a line each; or why there is none.
fn plan(case: &Path, sandbox: &Sandbox<'_>) -> String {
    let read = |name: &str| {
        let path = case.join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let facts = RecordedFacts::parse(&read("facts.json"))
        .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let facts: Rc<dyn Facts> = Rc::new(facts);
    let described: Value = serde_json::from_slice(&read("request.json"))
        .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let planned = request(&described).and_then(|request| decide::plan(&request, sandbox, &facts));
    let mut lines = match planned {
        Ok(plan) => [plan.found.clone(), plan.describe()].concat(),
        Err(error) => vec![format!("refused, code {}: {error}", error.code.0)],
    };
    lines.push(String::new());
    lines.join("\n")
}

/// The ADD that `request.json` describes, for interface `net1`.
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins")
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    paths.sort();
    paths
}
