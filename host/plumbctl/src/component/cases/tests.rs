use plumb::trace::Trace;

use super::*;

/// One test: built-in code is registered with a process once, so a process has one sandbox that runs it.
#[test]
fn cases_are_run_compared_and_written_down() {
    let trace = Trace::early();
    let sandbox = Sandbox::new(&trace).unwrap();
    every_case_of_the_built_in_components_has_its_plan(&sandbox);
    a_plan_is_compared_or_written_down(&sandbox);
    a_file_that_is_missing_or_wrong_is_named(&sandbox);
}

/// `PLUMB_UPDATE_CASES=1` writes each `plan.txt` again. What it changes is read before it is committed: it is what
/// users get.
fn every_case_of_the_built_in_components_has_its_plan(sandbox: &Sandbox<'_>) {
    let update = std::env::var_os(UPDATE).is_some();
    let mut different = Vec::new();
    for plugin in ["macvlan-shared", "sriov-rdma", "ib-sriov", "ipoib", "pool"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../plugins")
            .join(plugin)
            .join("cases");
        for case in Case::all(&folder).unwrap() {
            if let Outcome::Different(lines) = case.run(sandbox, update).unwrap() {
                different.push(format!("{plugin}/{}:\n{lines}", case.name()));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// A case with these files; what it is missing is said by name.
fn case(files: &[(&str, &str)]) -> (tempfile::TempDir, Case) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let case = Case {
        folder: folder.path().to_owned(),
    };
    (folder, case)
}

const NETWORK: &str =
    r#"{"cniVersion": "1.0.0", "name": "rail", "type": "macvlan", "master": "eth1"}"#;

fn a_plan_is_compared_or_written_down(sandbox: &Sandbox<'_>) {
    let facts = r#"{"host": {"links": [{"name": "eth1", "index": 2, "mac": "02:00:00:00:00:02", "mtu": 1500}]}}"#;
    let (folder, case) = case(&[("configuration.json", NETWORK), ("facts.json", facts)]);
    let Outcome::Different(lines) = case.run(sandbox, false).unwrap() else {
        panic!("there is no plan yet");
    };
    assert!(
        lines.contains("    + create macvlan net1 in the pod on eth1"),
        "{lines}"
    );
    assert!(!folder.path().join("plan.txt").exists());
    assert_eq!(case.run(sandbox, true).unwrap(), Outcome::Updated);
    assert_eq!(case.run(sandbox, false).unwrap(), Outcome::Same);
}

fn a_file_that_is_missing_or_wrong_is_named(sandbox: &Sandbox<'_>) {
    for (files, name) in [
        (&[("configuration.json", NETWORK)][..], "facts.json"),
        (&[("facts.json", "{}")], "request.json"),
        (
            &[("facts.json", "{}"), ("request.json", "{")],
            "request.json",
        ),
        (
            &[("facts.json", "nonsense"), ("configuration.json", NETWORK)],
            "facts.json",
        ),
    ] {
        let (_folder, case) = case(files);
        let error = case.run(sandbox, false).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
