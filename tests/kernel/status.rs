//! STATUS: whether an ADD could succeed.

use std::fs;
use std::path::PathBuf;

use cni_harness::{Call, Delegate, Oracle};
use plumb_tests::configuration::{delegated, pool, with};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, state_files};
use serde_json::json;

/// Codes that say "not now" (specification, section 5): 50 and 51, or "try again later".
const NOT_READY: [u64; 3] = [11, 50, 51];

/// The links that there are help to find the typing mistake.
#[test]
fn a_missing_parent_is_not_ready() {
    let node = plumb_tests::node();
    let error = Call::status(&node, &with(pool(), json!({"master": "nic9"})))
        .run()
        .expect_one_of(&NOT_READY, "nic9");
    assert!(
        format!("{} {}", error.message, error.details).contains("nic0"),
        "{}",
        error.message
    );
}

#[test]
fn a_wrong_configuration_is_reported() {
    let node = plumb_tests::node();
    Call::status(&node, &with(pool(), json!({"mode": "sideways"})))
        .run()
        .expect_one_of(&[7, 50], "sideways");
    let pools = json!({"type": "pool", "pools": [{"name": "p", "subnet": "nonsense"}]});
    Call::status(&node, &with(pool(), json!({"ipam": pools})))
        .run()
        .expect_one_of(&[7, 50], "nonsense");
}

/// The same request is refused by ADD with code 7; here it means that no pod can start.
#[test]
fn what_the_runtime_asks_for_wrongly_is_not_ready() {
    let node = plumb_tests::node();
    let oracle = Oracle::new(&node);
    for runtime in [json!({"mac": "xx"}), json!({"ips": ["nonsense"]})] {
        let configuration = with(pool(), json!({"runtimeConfig": runtime}));
        Call::status(&node, &configuration)
            .run()
            .expect_error(50, "runtimeConfig");
    }
    oracle.assert_unchanged();
}

/// A runtime that asks every few seconds writes nothing by it.
#[test]
fn status_makes_no_lease_store() {
    let node = plumb_tests::node();
    Call::status(&node, &pool()).run().expect_silence();
    assert_eq!(state_files(), [""; 0].map(PathBuf::from));
}

/// A pool that is full now is not one that refuses every ADD: the next DEL makes room, and a pod that comes again has its
/// address. containerd takes a node whose STATUS fails out of service, with all pods that it has.
#[test]
fn a_full_pool_is_ready() {
    let node = plumb_tests::node();
    let (one, other, two) = (node.pod(), node.pod(), node.pod());
    let small = json!({"name": "small", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"]});
    let large = json!({"name": "large", "subnet": "fd00:1::/64"});
    let full = with(pool(), json!({"ipam": {"type": "pool", "pools": [small]}}));
    // One of two families has no address left.
    let half = with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [small, large]}}),
    );
    node.add(&one, &full);
    node.add(&other, &full);
    Call::add(&node, &two, &full)
        .run()
        .expect_error(101, "small");
    let oracle = Oracle::new(&node);
    for configuration in [&full, &half] {
        Call::status(&node, configuration).run().expect_silence();
        // Whom it interests can see it.
        let told = with(configuration.clone(), json!({"logLevel": "info"}));
        let outcome = Call::status(&node, &told).run();
        assert!(
            outcome.succeeded()
                && outcome
                    .stderr
                    .contains("all addresses of pool small are taken"),
            "{outcome}"
        );
    }
    oracle.assert_unchanged();
    node.delete(&one, &full);
    let told = with(full.clone(), json!({"logLevel": "info"}));
    let outcome = Call::status(&node, &told).run();
    assert!(!outcome.stderr.contains("are taken"), "{outcome}");
    node.add(&two, &full);
}

/// Addresses of pods that are gone count as taken until an ADD misses them, and a lease without a record until a GC.
#[test]
fn a_pool_full_of_the_dead_is_ready() {
    let node = plumb_tests::node();
    let (first, second, next) = (node.pod(), node.pod(), node.pod());
    let small = json!({"type": "pool", "pools": [{"name": "small", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"]}]});
    let configuration = with(pool(), json!({"ipam": small}));
    node.add(&first, &configuration);
    node.add(&second, &configuration);
    first.remove();
    second.remove();
    let lost = format!("{STATE_FOLDER}/attachments/rail0/{}", second.container());
    fs::remove_dir_all(lost).expect("lose the record");
    Call::status(&node, &configuration).run().expect_silence();
    node.add(&next, &configuration);
    Call::status(&node, &configuration).run().expect_silence();
}

/// Every ADD fails with such pools, whatever ends.
#[test]
fn pools_that_can_serve_nobody_here_are_not_ready() {
    let node = plumb_tests::node();
    for change in [
        json!({"disable": true}),
        json!({"nodeName": ["elsewhere"]}),
        json!({"excludeIPs": ["10.1.0.0/24"]}),
    ] {
        let none = with(json!({"name": "none", "subnet": "10.1.0.0/24"}), change);
        let ipam = json!({"type": "pool", "pools": [none]});
        Call::status(&node, &with(pool(), json!({"ipam": ipam})))
            .run()
            .expect_error(50, "none");
    }
    // There is no pod yet that could be in one of the namespaces.
    let some = json!({"name": "some", "subnet": "10.1.0.0/24", "namespaceName": ["team-a"]});
    let ipam = json!({"type": "pool", "pools": [some]});
    Call::status(&node, &with(pool(), json!({"ipam": ipam})))
        .run()
        .expect_silence();
}

#[test]
fn a_state_folder_that_cannot_be_written_is_not_ready() {
    let node = plumb_tests::node();
    fs::write("/run/state", "a file where a folder should be").expect("write a file");
    policy::write("[folders]\nstate = \"/run/state\"\n");
    Call::status(&node, &pool())
        .run()
        .expect_one_of(&[50, 107], "/run/state");
}

#[test]
fn the_delegate_is_asked_and_its_error_returned() {
    let node = plumb_tests::node();
    let delegate = Delegate::new(&node, "recorder");
    let configuration = delegated(json!({"type": "recorder"}));
    let call = || Call::status(&node, &configuration).path(&delegate.path());
    call().run().expect_silence();
    let calls = delegate.calls();
    assert_eq!(delegate.verbs(), ["STATUS"]);
    assert_eq!(calls[0].stdin, call().input());
    delegate.answers(
        "STATUS",
        r#"echo '{"cniVersion": "1.1.0", "code": 50, "msg": "no addresses"}'; exit 1"#,
    );
    call().run().expect_error(50, "no addresses");
    Call::status(&node, &configuration)
        .path("/nowhere")
        .run()
        .expect_failure();
}
