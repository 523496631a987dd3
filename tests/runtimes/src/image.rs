//! The image of all containers: busybox, packed as `docker save` does. No registry is asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cni_harness::node::MARKER;
use serde_json::json;

use crate::{Host, packages};

/// Name of the image.
pub const NAME: &str = "localhost/busybox:1";

const BUSYBOX: &str = "/bin/busybox";

/// What tests run in containers.
const APPLETS: [&str; 5] = ["cat", "ip", "ping", "sh", "sleep"];

/// The archive that runtimes import.
pub fn archive(host: &Host) -> PathBuf {
    host.scratch().join("image.tar")
}

/// Makes the [`archive`]. Containers sleep, and bear the mark of the test's processes.
#[track_caller]
pub(crate) fn make(host: &Host) {
    packages::require_static_busybox(Path::new(BUSYBOX));
    let folder = host.scratch().join("image");
    let programs = folder.join("root/bin");
    fs::create_dir_all(&programs).expect("make the image's folders");
    fs::copy(BUSYBOX, programs.join("busybox")).expect("copy busybox");
    for applet in APPLETS {
        symlink("busybox", programs.join(applet)).expect("link an applet");
    }
    let layer = folder.join("layer.tar");
    pack(host, &layer, &folder.join("root"), &["."]);
    let digest = host.run("sha256sum", [&layer]).expect_success();
    let digest = digest
        .split_whitespace()
        .next()
        .expect("sha256sum prints a digest");
    let configuration = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin", format!("{MARKER}={}", host.node().id())],
            // Should all else fail, they end by themselves.
            "Cmd": ["sleep", "600"],
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = json!([{
        "Config": "config.json",
        "RepoTags": [NAME],
        "Layers": ["layer.tar"],
    }]);
    for (file, content) in [("config.json", configuration), ("manifest.json", manifest)] {
        fs::write(folder.join(file), content.to_string()).expect("write the image's files");
    }
    let files = ["manifest.json", "config.json", "layer.tar"];
    pack(host, &archive(host), &folder, &files);
}

#[track_caller]
fn pack(host: &Host, archive: &Path, folder: &Path, files: &[&str]) {
    let mut command = host.command("tar");
    command
        .arg("-C")
        .arg(folder)
        .arg("-cf")
        .arg(archive)
        .args(files);
    crate::Finished::of(command).expect_success();
}
