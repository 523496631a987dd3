//! The absences that the README promises, as far as the source can show them.

use std::fs;
use std::path::{Path, PathBuf};

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
        let is_sandbox = path.starts_with(root().join("components"));
        !is_sandbox && !path.ends_with("components.rs") && !decides.contains(path)
    });
    assert_eq!(files_with(&["Sandbox", "Source::"], apart), [""; 0]);
    assert_eq!(files_with(&["Sandbox"], decides.clone()).len(), 3);
}
