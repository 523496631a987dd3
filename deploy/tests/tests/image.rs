//! The image: what is in it, and that the same programs give the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plumb_deploy_tests::folder;
use plumb_tests::binaries;
use serde_json::Value;

const PROGRAMS: [&str; 5] = [
    "plumb",
    "plumbctl",
    "plumb-agent",
    "plumb-controller",
    "plumb-migrate",
];

/// A folder with the programs: plumb, which is static, under all their names.
fn programs() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a folder");
    for name in PROGRAMS {
        fs::copy(binaries::plumb(), scratch.path().join(name)).expect("a program");
    }
    for name in ["NOTICES.txt", "plumb.cdx.json"] {
        fs::write(scratch.path().join(name), name).expect("a file");
    }
    scratch
}

fn build(programs: &Path, archive: &Path, architecture: &str) -> Output {
    let mut command = Command::new(folder().join("image/build"));
    command
        .arg(programs)
        .args(["1.2.3", architecture])
        .arg(archive);
    command.output().expect("the script runs")
}

#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// The blob of a descriptor, which must be what its digest and its size say.
fn blob(layout: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let hash = digest.strip_prefix("sha256:").expect("SHA-256");
    let path = layout.join("blobs/sha256").join(hash);
    let text = path.to_str().expect("text");
    assert_eq!(run("sha256sum", &[text]).split(' ').next(), Some(hash));
    let size = fs::metadata(&path).expect("a blob").len();
    assert_eq!(descriptor["size"], size);
    path
}

fn parsed(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn the_same_programs_give_the_same_bytes_whenever_and_wherever() {
    let (one, other) = (programs(), programs());
    // Times and modes of the files that go in do not matter.
    run(
        "touch",
        &[
            "-d",
            "2001-01-01",
            other.path().join("plumb").to_str().expect("text"),
        ],
    );
    run(
        "chmod",
        &["700", other.path().join("plumbctl").to_str().expect("text")],
    );
    let archives = [one.path().join("a.tar"), other.path().join("b.tar")];
    for (programs, archive) in [&one, &other].iter().zip(&archives) {
        let output = build(programs.path(), archive, std::env::consts::ARCH);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(fs::read(&archives[0]).expect("a file") == fs::read(&archives[1]).expect("a file"));
}

#[test]
fn the_archive_is_an_image_with_the_programs_and_their_notices() {
    let programs = programs();
    let archive = programs.path().join("image.tar");
    let output = build(programs.path(), &archive, std::env::consts::ARCH);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let layout = programs.path().join("layout");
    fs::create_dir(&layout).expect("a folder");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    run("tar", &["-C", &text(&layout), "-xf", &text(&archive)]);
    assert_eq!(
        parsed(&layout.join("oci-layout"))["imageLayoutVersion"],
        "1.0.0"
    );
    let index = parsed(&layout.join("index.json"));
    let annotations = &index["manifests"][0]["annotations"];
    assert_eq!(
        annotations["io.containerd.image.name"],
        "localhost/plumb:1.2.3"
    );
    let manifest = parsed(&blob(&layout, &index["manifests"][0]));
    let config = parsed(&blob(&layout, &manifest["config"]));
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/bin/plumb-agent");
    let layer = blob(&layout, &manifest["layers"][0]);
    let uncompressed = run(
        "sh",
        &["-c", &format!("gzip -dc {} | sha256sum", text(&layer))],
    );
    let expected = format!(
        "sha256:{}",
        uncompressed.split(' ').next().expect("a digest")
    );
    assert_eq!(config["rootfs"]["diff_ids"][0], expected);
    let listed = run("tar", &["-tvzf", &text(&layer)]);
    for name in PROGRAMS {
        let line = listed
            .lines()
            .find(|line| line.ends_with(&format!("./usr/bin/{name}")));
        assert!(line.expect(name).starts_with("-rwxr-xr-x 0/0"), "{listed}");
    }
    for file in [
        "./usr/bin/NOTICES.txt",
        "./usr/share/doc/plumb/LICENSE",
        "./usr/share/doc/plumb/plumb.cdx.json",
    ] {
        assert!(listed.contains(file), "{file} in {listed}");
    }
    // Nothing in it could be run but the programs.
    let files = listed.lines().filter(|line| line.starts_with("-rwx"));
    assert_eq!(files.count(), PROGRAMS.len(), "{listed}");
}

#[test]
fn what_would_not_start_in_it_is_refused() {
    let programs = programs();
    let archive = programs.path().join("image.tar");
    let other = match std::env::consts::ARCH {
        "aarch64" => "x86_64",
        _ => "aarch64",
    };
    let said = |output: Output| {
        assert!(!output.status.success() && !archive.exists());
        String::from_utf8(output.stderr).expect("text")
    };
    let error = said(build(programs.path(), &archive, other));
    assert!(error.contains("/plumb is not a program for"), "{error}");
    let error = said(build(programs.path(), &archive, "riscv64"));
    assert!(error.contains("riscv64 is not known"), "{error}");
    // A program of this machine that wants its libraries: this test.
    let own = std::env::current_exe().expect("a program");
    fs::copy(own, programs.path().join("plumb-agent")).expect("a program");
    let error = said(build(programs.path(), &archive, std::env::consts::ARCH));
    assert!(
        error.contains("plumb-agent wants shared libraries"),
        "{error}"
    );
    fs::remove_file(programs.path().join("plumb-agent")).expect("a file");
    let error = said(build(programs.path(), &archive, std::env::consts::ARCH));
    assert!(
        error.contains("there is no") && error.contains("plumb-agent"),
        "{error}"
    );
}
