//! The absences that the README promises, as far as source and dependencies can show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files in which one of the words stands, comments left out.
fn files_with(words: &[&str], files: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    files
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).expect("a source in UTF-8");
            text.lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| words.iter().any(|word| line.contains(word)))
        })
        .map(|path| {
            let relative = path.strip_prefix(root()).unwrap_or(&path);
            relative.to_string_lossy().into_owned()
        })
        .collect()
}

/// Netlink and setns(2) are not even among the dependencies of the others; what remains is
/// reading what the kernel shows as files.
#[test]
fn only_the_kernel_crate_asks_the_kernel() {
    let words = ["setns(", "netlink_", "\"/sys", "\"/proc/sys"];
    let kernel = root().join("../kernel/src");
    for crate_sources in ["", "../leases/src", "../pools/src", "../values/src"] {
        let files = sources(&root().join(crate_sources));
        assert_eq!(files_with(&words, files), [""; 0]);
    }
    assert!(!files_with(&words, sources(&kernel)).is_empty());
}

#[test]
fn no_component_is_loaded_to_take_an_attachment_apart() {
    let decides = ["verbs/add.rs", "verbs/status.rs", "decide.rs"];
    let decides = decides.map(|name| root().join(name));
    let apart = sources(&root()).into_iter().filter(|path| {
        let inside = |folder: &str| path.starts_with(root().join(folder));
        let is_sandbox = inside("components") || path.ends_with("components.rs");
        !is_sandbox && !inside("decide") && !decides.contains(path)
    });
    assert_eq!(files_with(&["Sandbox", "Source::find"], apart), [""; 0]);
    assert_eq!(files_with(&["Sandbox"], decides.clone()).len(), 3);
}

/// The crates that a package is made of, itself included, for the features that it asks for
/// itself: in a whole workspace Cargo unifies them, and the compiler's Cranelift would seem to
/// be in the CNI binary.
fn crates_of(package: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}", "--package", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("run cargo");
    let errors = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "cargo tree of {package}: {errors}");
    let mut crates: Vec<String> = String::from_utf8_lossy(&tree.stdout)
        .lines()
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect();
    crates.sort();
    crates.dedup();
    assert!(crates.iter().any(|name| name == package), "{crates:?}");
    crates
}

fn those_like(words: &[&str], crates: &[String]) -> Vec<String> {
    let is_one = |name: &&String| words.iter().any(|word| name.contains(word));
    crates.iter().filter(is_one).cloned().collect()
}

/// An agent or a controller can use them without a sandbox, and a component the values.
#[test]
fn the_leaf_crates_know_nothing_above_them() {
    for leaf in [
        "plumb-values",
        "plumb-kernel",
        "plumb-leases",
        "plumb-pools",
    ] {
        let crates = crates_of(leaf);
        let ours: Vec<_> = those_like(&["plumb"], &crates)
            .into_iter()
            .filter(|name| name != leaf && name != "plumb-values")
            .collect();
        assert_eq!(ours, [""; 0], "{leaf}");
        assert_eq!(those_like(&["wasm", "wit-"], &crates), [""; 0], "{leaf}");
    }
    assert_eq!(
        those_like(&["std", "libc"], &crates_of("plumb-values")),
        [""; 0]
    );
}

/// One thing after the other, no network but the kernel's, and no compiler in a program that
/// every pod starts as root.
#[test]
fn the_cni_binary_has_no_compiler_runtime_or_network_client() {
    let absent = [
        "cranelift-codegen",
        "winch",
        "tokio",
        "async-std",
        "async-executor",
        "smol",
        "mio",
        "futures",
        "tower",
        "rustls",
        "webpki",
        "ring",
        "openssl",
        "native-tls",
        "http",
        "hyper",
        "reqwest",
        "ureq",
        "h2",
        "kube",
        "k8s-openapi",
        "clap",
    ];
    assert_eq!(those_like(&absent, &crates_of("plumb")), [""; 0]);
    // What has them is found: the list of crates is not empty by mistake.
    let compiler = those_like(&["cranelift-codegen"], &crates_of("plumb-compiler"));
    assert!(!compiler.is_empty());
    let of_clients = ["tokio", "rustls", "ring", "http", "hyper", "kube"];
    let client = those_like(&of_clients, &crates_of("plumb-agent"));
    for name in of_clients {
        assert!(client.iter().any(|found| found == name), "{client:?}");
    }
}

/// What it asks of a registry, a program beside it asks.
#[test]
fn the_operators_tool_has_no_network_client() {
    let of_clients = ["tokio", "rustls", "hyper", "reqwest", "oci-client"];
    assert_eq!(those_like(&of_clients, &crates_of("plumbctl")), [""; 0]);
    let client = those_like(&of_clients, &crates_of("plumb-registry"));
    for name in of_clients {
        assert!(client.iter().any(|found| found == name), "{client:?}");
    }
}
