//! Native code in the place of a component's, as if it had come through wasmtime: it has nothing and may do nothing.
#![cfg(target_arch = "x86_64")]

use std::fs;
use std::time::{Duration, Instant};

use cni_harness::Oracle;
use plumb_engine::limits;
use plumb_hostile::native::Argument::{self, Bytes, Number};
use plumb_hostile::native::Native;
use plumb_hostile::{Scene, component};
use serde_json::{Value, json};

const FAILED: u64 = 103;

const SYSTEM_CALL: &str = "a system call that components may not make";

/// A flavour of which nothing but the place in the store is left.
fn scene() -> (Scene, Value) {
    let scene = Scene::new();
    let configuration = scene.flavour("macvlan");
    (scene, configuration)
}

/// Puts code into the place of the component's.
#[track_caller]
fn replace(scene: &Scene, native: &Native) {
    scene.store.replace_code("hostile-macvlan", native);
}

/// Every way out that a process has begins with one of these, by their numbers in
/// `arch/x86/entry/syscalls/syscall_64.tbl`. What would do harm to the machine of a test gets arguments that the kernel refuses.
const FORBIDDEN: &[(&str, u64, &[Argument<'_>])] = &[
    ("open", 2, &[Bytes(b"/etc/shadow"), Number(0)]),
    (
        "openat",
        257,
        &[Number(-100_i64 as u64), Bytes(b"/etc/shadow"), Number(0)],
    ),
    (
        "openat to create",
        257,
        &[
            Number(-100_i64 as u64),
            Bytes(b"/run/came-through"),
            Number(0o101),
            Number(0o644),
        ],
    ),
    ("openat2", 437, &[]),
    ("write to another", 1, &[Number(1), Bytes(b"x"), Number(1)]),
    ("read from another", 0, &[Number(3)]),
    ("close", 3, &[Number(0)]),
    ("dup", 32, &[Number(0)]),
    ("fcntl", 72, &[Number(0), Number(4), Number(0)]),
    ("ioctl", 16, &[Number(0), Number(0x5421)]),
    ("sendmsg", 46, &[Number(0)]),
    ("recvmsg", 47, &[Number(0)]),
    ("shutdown", 48, &[Number(0), Number(2)]),
    ("kill", 62, &[Number(0x7fff_fff0), Number(9)]),
    ("tgkill", 234, &[]),
    ("pidfd_open", 434, &[Number(1)]),
    ("getppid", 110, &[]),
    ("socket, netlink", 41, &[Number(16), Number(3), Number(0)]),
    ("socket, inet", 41, &[Number(2), Number(1), Number(0)]),
    ("connect", 42, &[Number(0)]),
    ("ptrace", 101, &[Number(0)]),
    ("process_vm_writev", 311, &[]),
    ("setuid", 105, &[Number(0)]),
    ("setresuid", 117, &[Number(0), Number(0), Number(0)]),
    ("capset", 126, &[]),
    ("prctl", 157, &[Number(38)]),
    ("seccomp", 317, &[]),
    ("prlimit64", 302, &[]),
    ("rt_sigaction", 13, &[]),
    ("execve", 59, &[Bytes(b"/bin/sh")]),
    ("execveat", 322, &[]),
    ("memfd_create", 319, &[Bytes(b"x"), Number(0)]),
    ("fork", 57, &[]),
    ("vfork", 58, &[]),
    ("clone", 56, &[Number(17)]),
    ("clone3", 435, &[]),
    (
        "mount",
        165,
        &[Bytes(b"x"), Bytes(b"/run"), Bytes(b"tmpfs"), Number(0)],
    ),
    ("unshare", 272, &[Number(0x1000_0000)]),
    ("setns", 308, &[Number(0), Number(0)]),
    ("chroot", 161, &[Bytes(b"/")]),
    ("bpf", 321, &[]),
    ("perf_event_open", 298, &[]),
    ("io_uring_setup", 425, &[Number(1)]),
    ("userfaultfd", 323, &[Number(0)]),
    ("keyctl", 250, &[]),
    ("shmget", 29, &[]),
    ("nanosleep", 35, &[]),
    (
        "mmap, shared",
        9,
        &[
            Number(0),
            Number(4096),
            Number(3),
            Number(0x21),
            Number(u64::MAX),
            Number(0),
        ],
    ),
    (
        "mmap of a file",
        9,
        &[
            Number(0),
            Number(4096),
            Number(1),
            Number(2),
            Number(0),
            Number(0),
        ],
    ),
    ("getpid by x32", 0x4000_0027, &[]),
];

#[test]
fn every_way_out_ends_the_component() {
    let (scene, configuration) = scene();
    for (name, number, arguments) in FORBIDDEN {
        replace(&scene, &Native::tries(*number, arguments));
        let error = scene.add(&configuration).run().expect_error(FAILED, "");
        assert!(error.message.contains(SYSTEM_CALL), "{name}: {error:?}");
    }
    assert!(!fs::exists("/run/came-through").expect("look for it"));
    scene.assert_refused(
        &configuration,
        FAILED,
        &[SYSTEM_CALL, "nothing was changed"],
    );
}

/// `int 0x80` has other numbers; a kernel without them ends the process as well.
#[test]
fn the_calls_of_another_architecture_are_no_way_out() {
    let (scene, configuration) = scene();
    // mov eax, 20 (getpid); int 0x80
    let native = Native::default().raw(&[0xb8, 20, 0, 0, 0, 0xcd, 0x80]);
    replace(&scene, &native.exit(77));
    let error = scene.assert_refused(&configuration, FAILED, &[]);
    let died = [SYSTEM_CALL, "ended by SIGSEGV"];
    assert!(
        died.iter().any(|words| error.message.contains(words)),
        "{error:?}"
    );
}

#[test]
fn an_address_policy_and_status_are_behind_the_wall_as_well() {
    let (scene, configuration) = scene();
    let native = Native::tries(110, &[]);
    replace(&scene, &native);
    scene.assert_not_ready(&configuration, &[SYSTEM_CALL]);

    let configuration = scene.policy("policy-no-claim");
    scene.store.replace_code("hostile-policy-no-claim", &native);
    scene.assert_refused(&configuration, FAILED, &[SYSTEM_CALL]);
}

/// What a process has, as its parent's children and proc(5) show it.
#[test]
fn a_component_has_nothing() {
    let (scene, configuration) = scene();
    replace(&scene, &Native::default().again());
    let before = Oracle::new(&scene.node);
    // Three seconds of processor time are many on a busy machine.
    let running = scene
        .add(&configuration)
        .deadline(Duration::from_secs(25))
        .start();
    let child = child_of(running.process());
    let read = |file: &str| {
        fs::read_to_string(format!("/proc/{child}/{file}")).expect("read what proc shows")
    };
    let status = read("status");
    // The node of a test may be of a user namespace without nobody.
    let nobody = match read("uid_map").split_whitespace().nth(2) {
        Some("1") => "0",
        _ => "65534",
    };
    for (key, expected) in [
        ("Uid:", [nobody; 4].join("\t")),
        ("Gid:", [nobody; 4].join("\t")),
        ("Groups:", String::new()),
        ("CapInh:", "0".repeat(16)),
        ("CapPrm:", "0".repeat(16)),
        ("CapEff:", "0".repeat(16)),
        ("CapBnd:", "0".repeat(16)),
        ("CapAmb:", "0".repeat(16)),
        ("NoNewPrivs:", "1".to_owned()),
        ("Seccomp:", "2".to_owned()),
        ("Threads:", "1".to_owned()),
    ] {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let line = line.map(str::trim).unwrap_or_default();
        if key == "Groups:" && nobody == "0" {
            continue;
        }
        assert_eq!(line, expected, "{key} of\n{status}");
    }
    let descriptors: Vec<_> = fs::read_dir(format!("/proc/{child}/fd"))
        .expect("list its descriptors")
        .map(|entry| entry.expect("list them").file_name())
        .collect();
    assert_eq!(descriptors, ["0"]);
    let limits = read("limits");
    for name in [
        "Max core file size",
        "Max processes",
        "Max open files",
        "Max file size",
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let values: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
        assert_eq!(values[..2], ["0", "0"], "{name} of\n{limits}");
    }

    // It spins until its processor time is over, and is gone when plumb is.
    let seconds = format!(
        "more than {} s of processor time",
        limits::DEADLINE.as_secs() + 1
    );
    running.finish().expect_error(FAILED, &seconds);
    assert!(is_gone(child));
    before.assert_unchanged();
}

#[test]
fn a_component_dies_with_plumb() {
    let (scene, configuration) = scene();
    replace(&scene, &Native::default().again());
    let mut running = scene.add(&configuration).start();
    let child = child_of(running.process());
    running.kill();
    let until = Instant::now() + Duration::from_secs(2);
    while !is_gone(child) {
        assert!(Instant::now() < until, "process {child} outlives plumb");
        std::thread::yield_now();
    }
}

#[test]
fn an_end_without_an_answer_is_one() {
    let (scene, configuration) = scene();
    replace(&scene, &Native::default().exit(0));
    let words = ["status 0", "without an answer"];
    scene.assert_refused(&configuration, FAILED, &words);
}

#[test]
fn what_is_no_message_is_refused() {
    let (scene, configuration) = scene();
    // A length of four bytes, the lowest first, is before each.
    let garbage: [&[u8]; 4] = [
        // of no kind
        &[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
        // empty
        &[0, 0, 0, 0],
        // a call with something behind it
        &[3, 0, 0, 0, 0, 3, 0],
        // a call with a text that is longer than the message: `link`, on the host
        &[5, 0, 0, 0, 0, 1, 0, 0x7f, b'x'],
    ];
    for bytes in garbage {
        replace(&scene, &Native::default().send(bytes).receive().exit(77));
        scene.assert_refused(&configuration, FAILED, &["is no message"]);
    }
}

#[test]
fn a_message_has_a_largest_size() {
    let (scene, configuration) = scene();
    let native = Native::default().send(&[0xff; 4]).receive().exit(77);
    replace(&scene, &native);
    let limit = format!("of {} bytes, more than {}", u32::MAX, limits::MESSAGE_BYTES);
    scene.assert_refused(&configuration, FAILED, &[&limit]);
}

/// The call for the pod's interfaces.
const POD_LINKS: [u8; 6] = [2, 0, 0, 0, 0, 3];

#[test]
fn calls_without_end_are_counted() {
    let (scene, configuration) = scene();
    replace(
        &scene,
        &Native::default().send(&POD_LINKS).receive().again(),
    );
    let limit = format!("more than {} times", limits::HOST_CALLS);
    scene.assert_refused(&configuration, FAILED, &[&limit]);
}

#[test]
fn a_flood_of_calls_is_not_taken_in() {
    let (scene, configuration) = scene();
    replace(&scene, &Native::default().send(&POD_LINKS).again());
    scene.assert_refused(&configuration, FAILED, &["is no message"]);
}

/// Longer than the others: an honest component must not be taken for one that sleeps on a busy node.
#[test]
fn one_that_sleeps_for_ever_is_not_waited_for() {
    let (scene, configuration) = scene();
    // The beginning of a message, and then it waits for an answer.
    replace(&scene, &Native::default().send(&[1]).receive().exit(77));
    let before = Oracle::new(&scene.node);
    let call = scene.add(&configuration);
    let call = call.deadline(limits::WALL_TIME + Duration::from_secs(5));
    let limit = format!("no answer within {} s", limits::WALL_TIME.as_secs());
    call.run().expect_error(FAILED, &limit);
    before.assert_unchanged();
    scene.assert_harmless();
}

/// The smallest life without root: no other user can be taken, all the rest is as it is for root.
#[test]
fn a_plan_needs_no_root() {
    use std::os::unix::process::CommandExt;
    const SOMEBODY: u32 = 1000;
    let scene = Scene::new();
    let name = "hostile-macvlan";
    scene.store.install(name, &component::flavour("macvlan"));
    scene.store.grant(name, &["create-macvlan"]);
    let plan = |scene: &Scene| {
        let (program, files) = scene.store.for_everybody(&[
            ("network.json", &scene.configuration_of(name)),
            (
                "facts.json",
                &json!({"host": {"links": [
                    {"name": "nic0", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 1500},
                ]}}),
            ),
        ]);
        let mut command = std::process::Command::new(program);
        command
            .arg("plan")
            .arg(&files[0])
            .arg("--facts")
            .arg(&files[1]);
        command.uid(SOMEBODY).gid(SOMEBODY);
        command.output().expect("run plumbctl")
    };
    let output = plan(&scene);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("create macvlan"), "{text}{errors}");

    replace(&scene, &Native::tries(41, &[Number(2), Number(1)]));
    let output = plan(&scene);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains(SYSTEM_CALL), "{errors}");
}

/// The process that a process has made, as soon as it is the component's.
#[track_caller]
fn child_of(process: u32) -> u32 {
    let until = Instant::now() + Duration::from_secs(2);
    loop {
        let path = format!("/proc/{process}/task/{process}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        if let Some(Ok(child)) = children.split_whitespace().next().map(str::parse) {
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            if status.contains("Seccomp:\t2") {
                return child;
            }
        }
        assert!(Instant::now() < until, "plumb has no child behind the wall");
        std::thread::yield_now();
    }
}

/// Nothing of a process is left, or nothing that could run.
fn is_gone(process: u32) -> bool {
    match fs::read_to_string(format!("/proc/{process}/status")) {
        Ok(status) => status.contains("State:\tZ"),
        Err(_) => true,
    }
}
