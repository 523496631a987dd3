//! Exit code, standard output and standard error.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use cni_harness::{Call, Delegate, Node, Oracle};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use plumb_tests::configuration::{delegated, pool, with};
use serde_json::{Value, json};

fn unknown_master() -> Value {
    with(pool(), json!({"master": "nic9"}))
}

#[test]
fn standard_output_stays_clean_whatever_the_environment_asks_for() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let noisy = |call: Call| {
        call.variable("RUST_LOG", "trace")
            .variable("RUST_BACKTRACE", "full")
            .variable("RUST_LIB_BACKTRACE", "1")
    };
    let configuration = with(pool(), json!({"logLevel": "debug"}));
    let result = noisy(Call::add(&node, &pod, &configuration))
        .run()
        .expect_result();
    noisy(Call::check(&node, &pod, &configuration, &result))
        .run()
        .expect_silence();
    noisy(Call::delete(&node, &pod, &configuration))
        .run()
        .expect_silence();
    noisy(Call::version(&node, &configuration))
        .run()
        .expect_result();
    noisy(Call::add(&node, &pod, &unknown_master()))
        .run()
        .expect_error(50, "nic9");
}

/// Closed, discarded, on a full disk, and a pipe that nobody reads.
#[test]
fn standard_error_is_never_needed() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let (_reader, pipe) = full_pipe(&node);
    let talkative = with(pool(), json!({"logLevel": "debug"}));
    for redirection in ["2>&-", "2>/dev/null", "2>/dev/full", &format!("2>{pipe}")] {
        let result = Call::add(&node, &pod, &talkative)
            .by_shell(redirection)
            .run()
            .expect_result();
        Call::check(&node, &pod, &talkative, &result)
            .by_shell(redirection)
            .run()
            .expect_silence();
        Call::delete(&node, &pod, &talkative)
            .by_shell(redirection)
            .run()
            .expect_silence();
        let unknown = with(talkative.clone(), json!({"master": "nic9"}));
        Call::add(&node, &pod, &unknown)
            .by_shell(redirection)
            .run()
            .expect_error(50, "nic9");
        oracle.assert_unchanged();
    }
}

/// A runtime that cannot read the result does not know that there is an attachment.
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let outcome = Call::add(&node, &pod, &pool()).by_shell(">/dev/full").run();
    assert!(!outcome.succeeded(), "{outcome}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    node.delete(&pod, &pool());
    oracle.assert_unchanged();
}

#[test]
fn a_delegates_output_does_not_mix_with_ours() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "chatty");
    for verb in ["CHECK", "DEL", "STATUS", "GC"] {
        delegate.answers(
            verb,
            "echo '{\"some\": \"output\"}'; echo words for people >&2",
        );
    }
    delegate.answers(
        "ADD",
        &format!(
            "echo words for people >&2; {}",
            cni_harness::delegate::ANSWER
        ),
    );
    let configuration = delegated(json!({"type": "chatty"}));
    let said = |outcome: &cni_harness::Outcome| {
        assert!(
            outcome.stderr.contains("words for people"),
            "the delegate's stderr is lost\n{outcome}"
        );
    };
    let add = Call::add(&node, &pod, &configuration)
        .path(&delegate.path())
        .run();
    let result = add.expect_result();
    said(&add);
    let check = Call::check(&node, &pod, &configuration, &result)
        .path(&delegate.path())
        .run();
    check.expect_silence();
    said(&check);
    let status = Call::status(&node, &configuration)
        .path(&delegate.path())
        .run();
    status.expect_silence();
    let collect = Call::gc(&node, &configuration, &[(&pod, "eth0")])
        .path(&delegate.path())
        .run();
    collect.expect_silence();
    let delete = Call::delete(&node, &pod, &configuration)
        .path(&delegate.path())
        .run();
    delete.expect_silence();
    said(&delete);
}

#[test]
fn the_log_goes_to_the_file_that_the_configuration_names() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let file = node.scratch().join("plumb.log");
    let configuration = with(pool(), json!({"logLevel": "debug", "logFile": file}));
    node.add(&pod, &configuration);
    let log = std::fs::read_to_string(&file).expect("the log file exists");
    assert!(
        log.contains(&pod.container()[..12]),
        "the log does not say which container: {log}"
    );
    node.delete(&pod, &configuration);
    let longer = std::fs::read_to_string(&file).expect("the log file exists");
    assert!(longer.starts_with(&log), "DEL did not append to the log");
}

/// A log is a convenience: where it cannot be written, pods still start.
#[test]
fn a_log_file_that_cannot_be_written_stops_no_pod() {
    let node = plumb_tests::node();
    let pod = node.pod();
    for file in [
        "/proc/plumb.log",
        "/dev/full",
        "/run/no/such/folder/plumb.log",
        "/run",
    ] {
        let configuration = with(pool(), json!({"logLevel": "debug", "logFile": file}));
        node.add(&pod, &configuration);
        node.delete(&pod, &configuration);
    }
}

/// A named pipe with no room left, and the end that keeps it open.
fn full_pipe(node: &Node) -> (File, String) {
    let path = node.scratch().join("full");
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).expect("make a named pipe");
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits());
    let mut file = options.open(&path).expect("open the named pipe");
    while file.write(&[b'x'; 4096]).is_ok() {}
    while file.write(b"x").is_ok() {}
    (file, path.to_string_lossy().into_owned())
}
