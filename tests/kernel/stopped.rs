//! A plumb that is stopped with a lock in its hands: the others give up in time and say who it is.

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cni_harness::{Call, Node, Oracle, Outcome, Pod, Running};
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use plumb_tests::Faults;
use plumb_tests::configuration::{dual_stack, pool};
use serde_json::Value;

const STORE: &str = "/run/plumb/leases.db";

/// A runtime, or a person, waits no longer than this.
const LIMIT: Duration = Duration::from_secs(10);

/// Starts a call that is stopped at a step, and waits until it is.
fn stop(call: Call, fault: &str) -> Running {
    let running = call.fault(fault).deadline(Duration::from_secs(120)).start();
    let stat = format!("/proc/{}/stat", running.process());
    let begin = Instant::now();
    while !fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T ")) {
        // How long a busy machine takes to get there is not what the test is about.
        assert!(begin.elapsed() < 6 * LIMIT, "{fault} stopped nothing");
        thread::sleep(Duration::from_millis(2));
    }
    running
}

fn patient(call: Call) -> Outcome {
    let outcome = call.deadline(Duration::from_secs(30)).run();
    assert!(outcome.elapsed < LIMIT, "it took too long\n{outcome}");
    outcome
}

/// The calls, all at once, give up, and say which process has the lock.
#[track_caller]
fn expect_busy(calls: impl IntoIterator<Item = Call>, holder: u32) -> Vec<String> {
    let calls: Vec<_> = calls
        .into_iter()
        .map(|call| call.deadline(Duration::from_secs(30)).start())
        .collect();
    calls
        .into_iter()
        .map(|call| {
            let outcome = call.finish();
            assert!(outcome.elapsed < LIMIT, "it took too long\n{outcome}");
            let error = outcome.expect_error(11, &format!("process {holder} ("));
            error.message
        })
        .collect()
}

fn add_and_del(node: &Node, pod: &Pod, configuration: &Value) -> [Call; 2] {
    ["ADD", "DEL"].map(|verb| Call::new(node, verb, configuration).pod(pod))
}

fn end(node: &Node, pod: &Pod, configuration: &Value, stopped: Running) {
    stopped.signal(Signal::SIGCONT);
    let outcome = stopped.finish();
    assert!(outcome.succeeded(), "it did not go on\n{outcome}");
    node.delete(pod, configuration);
}

#[test]
fn a_record_whose_holder_is_stopped_is_not_waited_for() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for fault in [
        "stop:1:intent",
        "stop:1:done",
        "stop:2:done",
        "stop:3:recorded",
    ] {
        let stopped = stop(Call::add(&node, &pod, &pool()), fault);
        let calls = add_and_del(&node, &pod, &pool());
        for message in expect_busy(calls, stopped.process()) {
            assert!(message.contains("(plumb-fault)"), "{message}");
            assert!(message.contains("is stopped"), "{message}");
            assert!(message.contains(pod.container()), "{message}");
        }
        // Other pods, and the network, go on.
        let other = node.pod();
        patient(Call::add(&node, &other, &pool())).expect_result();
        patient(Call::status(&node, &pool())).expect_silence();
        patient(Call::gc(&node, &pool(), &[(&other, "eth0")])).expect_silence();
        patient(Call::delete(&node, &other, &pool())).expect_silence();
        end(&node, &pod, &pool(), stopped);
        other.remove();
        oracle.assert_unchanged();
    }
}

#[test]
fn a_del_that_is_stopped_is_not_waited_for() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    node.add(&pod, &pool());
    let stopped = stop(Call::delete(&node, &pod, &pool()), "stop:1:done");
    expect_busy(add_and_del(&node, &pod, &pool()), stopped.process());
    end(&node, &pod, &pool(), stopped);
    oracle.assert_unchanged();
}

/// A damaged store is replaced when nobody uses it, and one who is stopped does.
#[test]
fn a_store_that_cannot_be_replaced_is_given_up() {
    let node = plumb_tests::node();
    let (pod, other) = (node.pod(), node.pod());
    let oracle = Oracle::new(&node);
    let stopped = stop(Call::add(&node, &pod, &dual_stack()), "stop:1:recorded");
    fs::write(STORE, [b'x'; 65536]).expect("damage the store");
    let calls = add_and_del(&node, &other, &dual_stack());
    for message in expect_busy(calls, stopped.process()) {
        assert!(message.contains(STORE), "{message}");
    }
    let status = patient(Call::status(&node, &dual_stack()));
    status.expect_one_of(&[11, 50], &format!("process {}", stopped.process()));
    end(&node, &pod, &dual_stack(), stopped);
    node.delete(&other, &dual_stack());
    oracle.assert_unchanged();
}

/// The locks of SQLite, and that of one who replaces the store, held by this test.
#[test]
fn a_store_that_somebody_keeps_is_given_up() {
    let node = plumb_tests::node();
    let (pod, other) = (node.pod(), node.pod());
    let oracle = Oracle::new(&node);
    let result = node.add(&pod, &pool());
    let calls = || {
        [
            Call::add(&node, &other, &pool()),
            Call::delete(&node, &pod, &pool()),
            Call::check(&node, &pod, &pool(), &result),
            Call::gc(&node, &pool(), &[(&pod, "eth0"), (&other, "eth0")]),
        ]
    };
    let own = std::process::id();
    let folder = File::open(Path::new(STORE).parent().expect("a folder")).expect("open it");
    let lock = Flock::lock(folder, FlockArg::LockExclusive).expect("lock the folder");
    expect_busy(calls(), own);
    drop(lock);
    // PENDING_BYTE and what follows (os_unix.c of SQLite): an exclusive lock.
    let store = File::options().read(true).write(true).open(STORE);
    let store = store.expect("open the store");
    let range = libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0x4000_0000,
        l_len: 512,
        l_pid: 0,
    };
    fcntl(&store, FcntlArg::F_SETLK(&range)).expect("lock the store");
    expect_busy(calls(), own);
    drop(store);
    node.delete(&other, &pool());
    node.delete(&pod, &pool());
    oracle.assert_unchanged();
}
