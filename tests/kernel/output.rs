//! Exit code, standard output and standard error.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use cni_harness::{Call, Delegate, Node, Oracle, Outcome, wait};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use plumb_tests::configuration::{delegated, pool, with};
use plumb_tests::policy;
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
    let delegate = Delegate::new(&node, "recorder");
    let delegating = delegated(json!({"type": "recorder"}));
    let oracle = Oracle::new(&node);
    let add = |configuration| Call::add(&node, &pod, configuration).path(&delegate.path());
    let plain = pool();
    for configuration in [&plain, &delegating] {
        let outcome = add(configuration).by_shell(">/dev/full").run();
        expect_taken_back(&outcome, "No space left");
        oracle.assert_unchanged();
        let outcome = add(configuration).by_shell(">&-").run();
        expect_taken_back(&outcome, "it was closed");
        oracle.assert_unchanged();
    }
    assert_eq!(delegate.verbs(), ["ADD", "DEL", "ADD", "DEL"]);
    // Somebody who tries it by hand wants no result.
    add(&plain).by_shell(">/dev/null").run().expect_silence();
    node.delete(&pod, &plain);
}

/// The attachment is undone without another call.
#[track_caller]
fn expect_taken_back(outcome: &Outcome, reason: &str) {
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(outcome.stderr.contains(reason), "{outcome}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
}

/// A runtime that hangs, and one that dies after the last step.
#[test]
fn a_result_that_nobody_reads_is_a_failure() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let (reader, pipe) = full_pipe(&node);
    let add = || {
        let call = Call::add(&node, &pod, &pool()).by_shell(&format!(">{pipe}"));
        call.deadline(Duration::from_secs(20))
    };
    expect_taken_back(&add().run(), "nobody has read it");
    oracle.assert_unchanged();
    let running = add().start();
    wait::until("the interface", || pod.link("eth0").is_some());
    drop(reader);
    expect_taken_back(&running.finish(), "Broken pipe");
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
fn the_log_goes_to_the_logs_folder_whatever_path_the_configuration_names() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let file = "/var/log/plumb/rail.log";
    let configuration = with(
        pool(),
        json!({"logLevel": "debug", "logFile": "/var/log/rail.log"}),
    );
    node.add(&pod, &configuration);
    let log = std::fs::read_to_string(file).expect("the log file exists");
    assert!(
        log.contains(&pod.container()[..12]),
        "the log does not say which container: {log}"
    );
    node.delete(&pod, &configuration);
    let longer = std::fs::read_to_string(file).expect("the log file exists");
    assert!(longer.starts_with(&log), "DEL did not append to the log");
}

/// A log is a convenience: where it cannot be written, pods still start. And a network decides over nothing but
/// the name of a file.
#[test]
fn no_log_stops_a_pod_or_is_written_elsewhere() {
    let node = plumb_tests::node();
    let pod = node.pod();
    fs::create_dir_all("/var/log/plumb/folder.log").expect("make a folder");
    symlink("/run/victim", "/var/log/plumb/link.log").expect("make a link");
    for file in [
        json!("/run/cron.d/job"),
        json!("../../run/up"),
        json!("/proc/.hidden"),
        json!("/"),
        json!("folder.log"),
        json!("link.log"),
        json!("two\nlines"),
        json!(5),
    ] {
        for level in [json!("debug"), json!("loud"), json!(7)] {
            let configuration = with(pool(), json!({"logLevel": level, "logFile": file}));
            node.add(&pod, &configuration);
            node.delete(&pod, &configuration);
        }
    }
    for path in ["/run/cron.d", "/run/victim", "/run/up"] {
        assert!(!Path::new(path).exists(), "{path} was written");
    }
    assert!(Path::new("/var/log/plumb/job").exists());
    fs::remove_dir_all("/var/log/plumb").expect("remove the logs");
    fs::write("/var/log/plumb", "a file where a folder should be").expect("write a file");
    let configuration = with(pool(), json!({"logFile": "a.log"}));
    node.add(&pod, &configuration);
    node.delete(&pod, &configuration);
}

#[test]
fn the_node_decides_how_much_is_logged_and_how_large_a_log_becomes() {
    let node = plumb_tests::node();
    let pod = node.pod();
    policy::write("[log]\nlevel = \"info\"\nfile = \"node.log\"\nsize-limit = 3000\n");
    let configuration = with(pool(), json!({"logLevel": "debug"}));
    for _ in 0..4 {
        node.add(&pod, &configuration);
        node.delete(&pod, &configuration);
    }
    let log = fs::read_to_string("/var/log/plumb/node.log").expect("the log");
    let before = fs::read_to_string("/var/log/plumb/node.log.1").expect("the log before");
    assert!(before.contains("info: plan 1"), "{before}");
    assert!(!before.contains("debug:"), "{before}");
    // A call writes into the file that it has opened; the next one begins another.
    assert!(log.len() < 8000 && before.len() < 8000);
    assert_eq!(fs::read_dir("/var/log/plumb").expect("list").count(), 2);
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
