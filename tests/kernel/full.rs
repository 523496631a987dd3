//! A file system of the state folder that is full, of blocks or of files.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use cni_harness::{Call, Delegate, Node, Oracle, Pod};
use nix::mount::{MsFlags, mount};
use plumb_tests::Faults;
use plumb_tests::configuration::{delegated, dual_stack, pool, with};
use plumb_tests::state::{STATE_FOLDER, records, state_files};
use serde_json::{Value, json};

/// What may run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Blocks,
    Files,
    Both,
}

const WANTS: [Want; 3] = [Want::Blocks, Want::Files, Want::Both];

/// A small file system in the state folder's place, and what fills it.
struct Disk;

impl Disk {
    fn mount() -> Self {
        fs::create_dir_all(STATE_FOLDER).expect("make the state folder");
        let options = Some("size=512k,nr_inodes=200,mode=700");
        mount(
            Some("tmpfs"),
            STATE_FOLDER,
            Some("tmpfs"),
            MsFlags::empty(),
            options,
        )
        .expect("mount a small file system");
        Self
    }

    fn ballast() -> PathBuf {
        Path::new(STATE_FOLDER).join("ballast")
    }

    /// Takes all that is left, but for some pages.
    fn fill(&self, want: Want, pages: usize) {
        let folder = Self::ballast();
        fs::create_dir_all(&folder).expect("make a folder before it is full");
        if want != Want::Files {
            let reserve = folder.join("reserve");
            if pages > 0 {
                fs::write(&reserve, vec![1; pages * 4096]).expect("there is room for it");
            }
            let mut file = File::create(folder.join("blocks")).expect("make a file");
            while file.write_all(&[1; 4096]).is_ok() {}
            let _ = fs::remove_file(reserve);
        }
        if want != Want::Blocks {
            let mut number = 0_usize;
            while File::create(folder.join(number.to_string())).is_ok() {
                number += 1;
            }
            for number in number.saturating_sub(pages)..number {
                fs::remove_file(folder.join(number.to_string())).expect("remove a file");
            }
        }
    }

    fn empty(&self) {
        let _ = fs::remove_dir_all(Self::ballast());
    }
}

/// What becomes of a record.
type Damage = fn(&Path);

/// Nothing of the attachment is left, on the full disk and after it.
#[track_caller]
fn delete(node: &Node, pod: &Pod, configuration: &Value, path: &str, what: &str) {
    for time in ["once", "again", "without a namespace"] {
        let mut call = Call::delete(node, pod, configuration).path(path);
        if time == "without a namespace" {
            call = call.variable("CNI_NETNS", "");
        }
        let outcome = call.run();
        assert!(outcome.succeeded(), "{what}, DEL {time}\n{outcome}");
    }
    assert!(pod.link("eth0").is_none(), "{what}: eth0 is left");
    assert!(records().is_empty(), "{what}: {:?}", records());
}

#[test]
fn del_works_on_a_full_disk_whatever_the_record_says() {
    let node = plumb_tests::node();
    let disk = Disk::mount();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let delegating = delegated(json!({"type": "recorder"}));
    let keeping = with(dual_stack(), json!({"args": {"cni": {}}}));
    let oracle = Oracle::new(&node);
    let damage: [(&str, Damage); 4] = [
        ("whole", |_| {}),
        ("garbage", |record| {
            fs::write(record, "garbage\n").expect("write")
        }),
        ("cut", |record| {
            let length = fs::metadata(record).expect("look").len();
            let file = File::options().write(true).open(record).expect("open");
            file.set_len(length - 7).expect("cut");
        }),
        ("emptied", |record| {
            drop(File::create(record).expect("empty"))
        }),
    ];
    for want in WANTS {
        for configuration in [&pool(), &keeping, &delegating] {
            for (state, damage) in damage {
                let what = format!("{want:?}, {state}, {configuration}");
                let add = Call::add(&node, &pod, configuration).path(&delegate.path());
                let result = add.run().expect_result();
                damage(&records()[0]);
                disk.fill(want, 0);
                let configuration = with(configuration.clone(), json!({"prevResult": result}));
                delete(&node, &pod, &configuration, &delegate.path(), &what);
                disk.empty();
                remove_what_was_set_aside(state);
                oracle.assert_unchanged();
            }
        }
    }
}

/// A record that cannot be read is kept for a person, in a folder, or beside it where there is no room for one.
#[track_caller]
fn remove_what_was_set_aside(state: &str) {
    let mut found = 0;
    for file in state_files() {
        if file.to_string_lossy().contains("/corrupt") {
            fs::remove_file(&file).expect("remove what was set aside");
            found += 1;
        }
    }
    let _ = fs::remove_dir("/run/plumb/corrupt");
    assert_eq!(found, usize::from(state == "garbage"), "{state}");
}

/// A killed ADD at each of its steps.
#[test]
fn what_a_killed_add_left_is_deleted_on_a_full_disk() {
    let node = plumb_tests::node();
    let disk = Disk::mount();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for want in [Want::Blocks, Want::Both] {
        for step in 1..20 {
            let fault = format!("kill:{step}:done");
            let outcome = Call::add(&node, &pod, &dual_stack()).fault(&fault).run();
            disk.fill(want, 0);
            delete(
                &node,
                &pod,
                &dual_stack(),
                "",
                &format!("{want:?}, {fault}"),
            );
            disk.empty();
            oracle.assert_unchanged();
            if outcome.succeeded() {
                assert!(step > 4, "only {step} steps");
                break;
            }
        }
    }
}

/// With less and less room: an ADD succeeds, or says what is missing, and what it left can be deleted.
#[test]
fn an_add_that_finds_no_room_says_so_and_can_be_deleted() {
    let node = plumb_tests::node();
    let disk = Disk::mount();
    let (pod, running) = (node.pod(), node.pod());
    node.add(&running, &pool());
    let oracle = Oracle::new(&node);
    let mut refused = 0;
    for want in WANTS {
        for pages in 0..8 {
            for store in [true, false] {
                let what = format!("{want:?}, {pages} left, store {store}");
                if !store {
                    let _ = fs::remove_file("/run/plumb/leases.db");
                    let _ = fs::remove_file("/run/plumb/leases.db-journal");
                }
                disk.fill(want, pages);
                let outcome = Call::add(&node, &pod, &pool()).run();
                if !outcome.succeeded() {
                    let error = outcome.expect_error(107, "");
                    let said = format!("{} {}", error.message, error.details);
                    let is_said = said.contains("full") || said.contains("No space left");
                    assert!(is_said, "{what}\n{outcome}");
                    refused += 1;
                }
                disk.fill(want, 0);
                let delete = Call::delete(&node, &pod, &pool()).run();
                assert!(delete.succeeded(), "{what}\n{delete}");
                assert!(pod.link("eth0").is_none(), "{what}: eth0 is left");
                assert_eq!(records().len(), 1, "{what}: {:?}", records());
                disk.empty();
                // Any call makes the store again, with the address of the pod that runs.
                Call::status(&node, &pool()).run().expect_silence();
                oracle.assert_unchanged();
            }
        }
    }
    assert!(refused > 10, "only {refused} were refused");
    node.delete(&running, &pool());
}

/// A configuration may be as large as Kubernetes lets it be. It is kept where somebody needs it.
#[test]
fn a_large_configuration_is_kept_for_an_ipam_plugin_only() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let oracle = Oracle::new(&node);
    let padded = |configuration, size| with(configuration, json!({"padding": "x".repeat(size)}));
    let delegating = delegated(json!({"type": "recorder"}));
    for (configuration, kept) in [(pool(), false), (delegating.clone(), true)] {
        let large = padded(configuration, 1 << 20);
        let add = Call::add(&node, &pod, &large).path(&delegate.path());
        add.run().expect_result();
        let size: u64 = state_files()
            .iter()
            .map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()))
            .sum();
        assert_eq!(size > 1 << 20, kept, "{size} bytes");
        let delete = Call::delete(&node, &pod, &large).path(&delegate.path());
        delete.run().expect_silence();
    }
    for configuration in [pool(), delegating] {
        let larger = padded(configuration, 2 << 20);
        let call = |verb| {
            Call::new(&node, verb, &larger)
                .pod(&pod)
                .path(&delegate.path())
        };
        call("ADD").run().expect_error(7, "bytes");
        oracle.assert_unchanged();
        // One that an earlier release took is deleted.
        call("DEL").run().expect_silence();
    }
    oracle.assert_unchanged();
}
