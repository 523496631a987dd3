//! The suite, tested: it finds nothing in the correct specimens, and in each wrong one the case that is made for it and no
//! other. `specimen/` and `specimen-policy/` are what is wrong, in the way that the key `defect` names.

mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use plumb_conform::cases;
use plumb_tests::binaries;
use serde_json::{Value, json};

use table::{DEFECTS, Defect, HOSTS_ALONE};

/// The groups that every defect meets, beside its own. The others change a trial hundreds of times, and the promises perform
/// it: the correct specimens meet all.
const GROUPS: &str = "limits,reproducible,plan";

#[test]
fn nothing_is_found_in_the_correct_specimens() {
    for component in ["specimen", "specimen-policy"] {
        let report = conform(component, "", None);
        assert_eq!(failed(&report), BTreeSet::new(), "{report:#}");
        assert_eq!(skipped(&report), expected_skips(component), "{report:#}");
    }
}

#[test]
fn each_defect_fails_the_case_made_for_it_and_no_other() {
    let left = Mutex::new(DEFECTS.iter());
    let next = || left.lock().expect("nobody panics with it").next();
    let wrong = Mutex::new(Vec::new());
    // Each is judged by processes of its own.
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(defect) = next() {
                    if let Err(problem) = is_found(defect) {
                        wrong.lock().expect("nobody panics with it").push(problem);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panicked with it");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the defect fails its case and no other.
fn is_found(defect: &Defect) -> Result<(), String> {
    let own = cases::all()
        .find(|case| case.number == defect.case)
        .map_or("", cases::group_of);
    let groups = format!("{GROUPS},{own}");
    let report = conform(defect.component, defect.name, Some(&groups));
    let found = failed(&report);
    match found == BTreeSet::from([defect.case]) {
        true => Ok(()),
        false => Err(format!(
            "{} is found by {found:?}, and should be by {}\n{}",
            defect.name,
            defect.case,
            reasons(&report)
        )),
    }
}

#[test]
fn every_case_has_its_defect_or_a_reason_for_having_none() {
    let found = DEFECTS.iter().map(|defect| defect.case);
    let alone = HOSTS_ALONE.iter().map(|(number, _)| *number);
    let known: BTreeSet<u16> = found.chain(alone).collect();
    let all: BTreeSet<u16> = cases::all().map(|case| case.number).collect();
    assert_eq!(known, all);
}

#[test]
fn the_built_in_components_conform() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for component in ["macvlan-shared", "sriov-rdma", "ib-sriov", "ipoib", "pool"] {
        let cases = plugins.join(component).join("cases");
        let report = run(&[component, "--cases", &cases.to_string_lossy()]);
        assert_eq!(
            failed(&report),
            BTreeSet::new(),
            "{component}: {}",
            reasons(&report)
        );
        assert!(count(&report, "passed") > 20, "{report:#}");
    }
}

/// Cases that the correct specimens are not asked: the policy declares neither operations nor keys.
fn expected_skips(component: &str) -> BTreeSet<u16> {
    match component {
        "specimen" => BTreeSet::new(),
        _ => BTreeSet::from([303, 403, 404, 406]),
    }
}

/// Judges a specimen by one trial, with a defect.
fn conform(component: &str, defect: &str, only: Option<&str>) -> Value {
    let folder = Folder::new(component, defect);
    folder.write(
        "request.json",
        &json!({"configuration": network(component, defect)}),
    );
    folder.write("facts.json", &node());
    let file = components().join(format!("{component}.wasm"));
    let (file, cases) = (file.to_string_lossy(), folder.0.to_string_lossy());
    let mut arguments = vec![&*file, "--name", component, "--cases", &*cases];
    if let Some(only) = only {
        arguments.extend(["--only", only]);
    }
    run(&arguments)
}

fn network(component: &str, defect: &str) -> Value {
    match component {
        "specimen" => json!({
            "cniVersion": "1.1.0", "name": "specimen", "type": "plumb", "flavour": "specimen",
            "master": "nic0", "mode": "bridge", "mtu": 1500, "deviceID": "0000:3b:00.2", "defect": defect,
        }),
        _ => json!({
            "cniVersion": "1.1.0", "name": "specimen", "type": "macvlan", "master": "nic0",
            "ipam": {
                "type": component, "defect": defect,
                "pools": [{"name": "four", "subnet": "172.16.0.0/24", "gateway": "172.16.0.1"}],
            },
        }),
    }
}

/// A node that is like none of the seven: a virtual function whose driver nobody knows, and no RDMA device where all could
/// be shared.
fn node() -> Value {
    let parent = json!({"name": "nic0", "index": 2, "mac": "02:00:00:00:00:02", "mtu": 9000, "pci": "0000:3b:00.0"});
    json!({
        "host": {
            "links": [
                parent,
                {"name": "nic1", "index": 3, "mac": "02:00:00:00:00:03", "mtu": 9000, "pci": "0000:5e:00.0"},
            ],
        },
        "pod": {
            "links": [
                {"name": "eth0", "index": 2, "mac": "02:00:00:00:01:02", "mtu": 1450},
                {"name": "net0", "index": 3, "mac": "02:00:00:00:01:03", "mtu": 9000},
            ],
        },
        "pciFunctions": [
            {"address": "0000:3b:00.2", "driver": "acme", "virtualFunction": {"parent": "0000:3b:00.0", "index": 0},
             "parentLink": parent},
        ],
        "rdmaNamespaceMode": "shared",
    })
}

/// A folder with one case in it, which ends with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(component: &str, defect: &str) -> Self {
        let name = format!("plumb-conform-{}-{component}-{defect}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("case")).expect("make a folder");
        Self(folder)
    }

    fn write(&self, name: &str, content: &Value) {
        fs::write(self.0.join("case").join(name), content.to_string()).expect("write a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where `plugins/build` leaves components.
fn components() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components")
}

/// The report of a run.
fn run(arguments: &[&str]) -> Value {
    let output = Command::new(binaries::plumbctl())
        .args(["conform", "--json"])
        .args(arguments)
        .output()
        .expect("run plumbctl");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!(
            "no report of {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    assert_eq!(
        output.status.success(),
        count(&report, "failed") == 0,
        "{report:#}"
    );
    report
}

fn count(report: &Value, key: &str) -> u64 {
    report[key].as_u64().unwrap_or_default()
}

fn numbers(report: &Value, verdict: &str) -> BTreeSet<u16> {
    let cases = report["cases"].as_array().into_iter().flatten();
    let cases = cases.filter(|case| case["verdict"] == verdict);
    cases
        .filter_map(|case| u16::try_from(case["number"].as_u64()?).ok())
        .collect()
}

fn failed(report: &Value) -> BTreeSet<u16> {
    numbers(report, "failed")
}

fn skipped(report: &Value) -> BTreeSet<u16> {
    numbers(report, "skipped")
}

/// What the failures say.
fn reasons(report: &Value) -> String {
    let cases = report["cases"].as_array().into_iter().flatten();
    let failed = cases.filter(|case| case["verdict"] == "failed");
    let lines = failed.map(|case| {
        format!(
            "  {} {}",
            case["number"],
            case["reason"].as_str().unwrap_or_default()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Defect {
    /// Of the flavour.
    const fn of_flavour(case: u16, name: &'static str) -> Self {
        Self {
            case,
            name,
            component: "specimen",
        }
    }

    /// Of the policy.
    const fn of_policy(case: u16, name: &'static str) -> Self {
        Self {
            component: "specimen-policy",
            ..Self::of_flavour(case, name)
        }
    }
}
