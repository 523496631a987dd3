//! What tests rely on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;
use plumb_cluster_tests::{Cluster, Shape, api, until};

/// The control groups of a cluster are named after its folder.
fn control_groups() -> Vec<String> {
    let output = std::process::Command::new("find")
        .args(["/sys/fs/cgroup", "-name", "plumb-cluster-*"])
        .output()
        .expect("run find");
    let own = format!("cluster-{}-", std::process::id());
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(&own))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_client_of_the_tests_own_reaches_the_api_server() {
    let cluster = api();
    cluster.place().enter_network();
    let mut stream = TcpStream::connect("10.96.0.1:443").expect("reach the API server");
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("write to the API server");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("to an HTTPS server"), "{answer}");
}

#[test]
fn nothing_of_a_cluster_stays_when_it_is_dropped() {
    let cluster = Cluster::start(Shape {
        nodes: 1,
        ..Shape::TWO_NODES
    });
    let folder = cluster.folder().to_owned();
    assert!(folder.exists() && !control_groups().is_empty());
    drop(cluster);
    assert!(!folder.exists(), "{} is left", folder.display());
    assert_eq!(control_groups(), [""; 0]);
}

#[test]
fn a_daemon_runs_until_it_is_told_to_end() {
    let cluster = api();
    let place = cluster.place();
    let mut command = place.daemon_command("sh");
    command.args([
        "-c",
        "trap 'echo asked; exit 7' TERM; echo started; while :; do sleep 0.05; done",
    ]);
    let mut daemon = place.start("daemon-of-a-test", command);
    until(
        "the daemon has started",
        Duration::from_secs(30),
        || match daemon.log() {
            log if log.contains("started") => Ok(()),
            log => Err(log),
        },
    );
    assert!(daemon.runs());
    let log = daemon.log_file().to_owned();
    assert_eq!(daemon.end(Signal::SIGTERM), Some(7));
    let log = std::fs::read_to_string(log).expect("read the log");
    assert!(log.contains("asked"), "{log}");
}

#[test]
fn objects_outlive_a_kill_of_the_api_server() {
    let cluster = Cluster::start(Shape::API);
    let kubectl = cluster.kubectl();
    kubectl
        .run(&["create", "configmap", "kept", "--from-literal", "a=1"])
        .expect_success();
    cluster.place().signal("apiserver", Signal::SIGKILL);
    let refused = kubectl.run(&["get", "configmap", "kept"]);
    refused.expect_failure(&["refused"]);
    cluster.place().start_again("apiserver");
    until("the API server is back", Duration::from_secs(60), || {
        let found = kubectl.run(&["get", "configmap", "kept"]);
        match found.succeeded() {
            true => Ok(()),
            false => Err(found.to_string()),
        }
    });
}
