//! `"ipam"` that names plumb itself, which must not call itself without an end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use cni_harness::{Call, Delegate, Node, Oracle, Pod, script};
use plumb_tests::binaries;
use plumb_tests::configuration::delegated;
use serde_json::{Value, json};

/// The names of the plugins that plumb replaces, under which it is installed.
const TYPES: [&str; 8] = [
    "macvlan",
    "ipvlan",
    "sriov",
    "rdma",
    "ib-sriov",
    "ipoib",
    "coordinator",
    "ifacer",
];

/// A folder for `CNI_PATH` with the program under test in it, on the file system of the node.
fn folder(node: &Node) -> PathBuf {
    let folder = node.scratch().join("plumbs");
    fs::create_dir_all(&folder).expect("make a folder");
    script::copy(&binaries::plumb(), &folder.join("plumb"));
    folder
}

/// The ways in which a file of some name can be plumb.
fn disguise(folder: &std::path::Path, name: &str, way: &str) {
    let (plumb, file) = (folder.join("plumb"), folder.join(name));
    let _ = fs::remove_file(&file);
    match way {
        "link" => symlink("plumb", &file).expect("make a link"),
        "link to a link" => {
            let _ = fs::remove_file(folder.join("between"));
            symlink(&plumb, folder.join("between")).expect("make a link");
            symlink("between", &file).expect("make a link");
        }
        "hard link" => fs::hard_link(&plumb, &file).expect("make a hard link"),
        "copy" => script::copy(&plumb, &file),
        _ => script::write(file, &format!("#!/bin/sh\nexec {}\n", plumb.display())),
    }
}

fn call(folder: &std::path::Path, call: Call) -> Call {
    call.program(folder.join("plumb"))
        .path(&folder.to_string_lossy())
}

#[track_caller]
fn expect_refused(node: &Node, pod: &Pod, folder: &std::path::Path, configuration: &Value) {
    let name = configuration["ipam"]["type"].as_str().expect("a type");
    let oracle = Oracle::new(node);
    let run = |made| call(folder, made).run();
    run(Call::add(node, pod, configuration)).expect_error(7, &format!("{name:?} of \"ipam\""));
    oracle.assert_unchanged();
    let status = run(Call::status(node, configuration));
    status.expect_error(50, "is plumb itself");
    run(Call::gc(node, configuration, &[])).expect_silence();
    run(Call::delete(node, pod, configuration)).expect_silence();
    oracle.assert_unchanged();
}

#[test]
fn no_name_of_plumb_is_taken_for_an_ipam_plugin() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let folder = folder(&node);
    for kind in TYPES {
        let configuration = delegated(json!({"type": kind}));
        for way in ["link", "copy"] {
            disguise(&folder, kind, way);
            expect_refused(&node, &pod, &folder, &configuration);
        }
        fs::remove_file(folder.join(kind)).expect("remove the link");
        expect_refused(&node, &pod, &folder, &configuration);
    }
}

#[test]
fn plumb_by_another_name_is_not_taken_for_an_ipam_plugin() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let folder = folder(&node);
    let configuration = delegated(json!({"type": "addresses"}));
    for way in ["link", "link to a link", "hard link", "copy", "script"] {
        disguise(&folder, "addresses", way);
        expect_refused(&node, &pod, &folder, &configuration);
    }
}

/// The plugin was one when the pod was attached, and was replaced since.
#[test]
fn an_ipam_plugin_that_became_plumb_keeps_no_pod() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let folder = folder(&node);
    for way in ["link", "hard link", "copy", "script"] {
        let delegate = Delegate::new(&node, "addresses");
        let configuration = delegated(json!({"type": "addresses"}));
        let add = Call::add(&node, &pod, &configuration).path(&delegate.path());
        let result = add.run().expect_result();
        disguise(&folder, "addresses", way);
        let run = |made| call(&folder, made).run();
        run(Call::check(&node, &pod, &configuration, &result)).expect_silence();
        run(Call::gc(&node, &configuration, &[(&pod, "eth0")])).expect_silence();
        assert!(pod.link("eth0").is_some(), "eth0 is gone");
        run(Call::delete(&node, &pod, &configuration)).expect_silence();
        oracle.assert_unchanged();
    }
}
