//! What an operator may have been given instead of a component is refused, by a sentence and soon.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use cni_harness::node::SCRATCH;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use plumb_engine::limits;
use plumb_hostile::{Scene, component};

use crate::kept::kept;

const NAME: &str = "hostile-given";

/// A refusal of one sentence, after which nothing is installed.
#[track_caller]
fn assert_refused(scene: &Scene, output: &Output, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("plumbctl: "), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "expected {word:?} in {message}");
    }
    assert!(!scene.store.folder_of(NAME).exists(), "nothing stays");
}

#[test]
fn what_is_no_file_or_too_large_is_not_read() {
    let scene = Scene::new();
    let path = |name: &str| Path::new(SCRATCH).join(name);
    let (pipe, huge, link) = (path("pipe"), path("huge.wasm"), path("link"));
    mkfifo(&pipe, Mode::S_IRWXU).expect("make a pipe");
    let file = File::create(&huge).expect("make a file");
    file.set_len(3 << 30).expect("make it huge");
    symlink("/dev/zero", &link).expect("make a link");
    let no_file = "is no file with a component in it";
    let limit = format!(
        "more than the {} that are accepted",
        limits::COMPONENT_BYTES
    );
    for (path, words) in [
        (pipe.as_path(), no_file),
        (Path::new("/dev/zero"), no_file),
        (&link, no_file),
        (Path::new(SCRATCH), no_file),
        (&huge, &limit),
        (&path("missing"), "cannot be read"),
    ] {
        let begin = Instant::now();
        let output = scene.store.try_install_file(NAME, path);
        assert!(begin.elapsed() < Duration::from_secs(1), "{path:?}");
        let name = path.to_string_lossy();
        assert_refused(&scene, &output, &[words, &name]);
    }
}

/// Every byte of a component may be wrong, and so may its end.
#[test]
fn a_damaged_component_is_refused_or_compiled_and_never_a_fault() {
    let scene = Scene::new();
    let good = component::flavour("macvlan");
    let mut refused = 0;
    for at in (0..good.len()).step_by(good.len() / 40) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x41;
        for damaged in [&good[..at], &flipped] {
            let output = scene.store.try_install(NAME, damaged);
            if output.status.success() {
                scene.store.remove(NAME);
                continue;
            }
            refused += 1;
            assert_refused(&scene, &output, &[]);
        }
    }
    assert!(refused > 40, "only {refused} were refused");
}

/// Where the compiler itself comes to an end, the operator reads of it.
#[test]
fn a_compiler_without_memory_is_a_sentence() {
    let scene = Scene::new();
    let large = kept("0.2", "macvlan-shared");
    let output = scene.store.try_install_within(NAME, &large, 2 << 20);
    assert_refused(&scene, &output, &["the compiler", "memory"]);
}

/// The text form may be nested as deep as there are bytes.
#[test]
fn nesting_without_end_is_a_sentence() {
    let scene = Scene::new();
    let deep = "(".repeat(8 << 20);
    let output = scene.store.try_install(NAME, deep.as_bytes());
    assert_refused(&scene, &output, &[NAME]);
    let blocks = "(block ".repeat(200_000);
    let ends = ")".repeat(200_000);
    let module = format!("(component (core module (func {blocks}{ends})))");
    let output = scene.store.try_install(NAME, module.as_bytes());
    assert_refused(&scene, &output, &[NAME]);
}
