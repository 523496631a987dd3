//! STATUS: whether an ADD could succeed.

use std::fs;
use std::path::PathBuf;

use cni_harness::{Call, Delegate, Oracle};
use plumb_tests::configuration::{delegated, pool, with};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, state_files};
use serde_json::json;

/// Codes that say "not now" (specification, section 5): 50 and 51, "try again later",
/// or our own for an exhausted pool.
const NOT_READY: [u64; 4] = [11, 50, 51, 101];

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

#[test]
fn an_exhausted_pool_is_not_ready() {
    let node = plumb_tests::node();
    let (one, other, two) = (node.pod(), node.pod(), node.pod());
    let small = json!({"type": "pool", "pools": [{"name": "small", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"]}]});
    let configuration = with(pool(), json!({"ipam": small}));
    node.add(&one, &configuration);
    Call::status(&node, &configuration).run().expect_silence();
    node.add(&other, &configuration);
    Call::status(&node, &configuration)
        .run()
        .expect_one_of(&NOT_READY, "small");
    Call::add(&node, &two, &configuration)
        .run()
        .expect_error(101, "small");
    node.delete(&one, &configuration);
    Call::status(&node, &configuration).run().expect_silence();
    node.add(&two, &configuration);
}

/// What an ADD can make right by itself is no reason to say "not ready": a runtime that
/// believes it sends no ADD. A lease whose record was lost is not among that.
#[test]
fn addresses_of_pods_that_are_gone_are_not_taken() {
    let node = plumb_tests::node();
    let (first, second, next, last) = (node.pod(), node.pod(), node.pod(), node.pod());
    let small = json!({"type": "pool", "pools": [{"name": "small", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"]}]});
    let configuration = with(pool(), json!({"ipam": small}));
    node.add(&first, &configuration);
    node.add(&second, &configuration);
    Call::status(&node, &configuration)
        .run()
        .expect_error(50, "small");

    first.remove();
    let oracle = Oracle::new(&node);
    Call::status(&node, &configuration).run().expect_silence();
    oracle.assert_unchanged();
    node.add(&next, &configuration);
    Call::status(&node, &configuration)
        .run()
        .expect_error(50, "small");

    second.remove();
    let lost = format!("{STATE_FOLDER}/attachments/rail0/{}", second.container());
    fs::remove_dir_all(lost).expect("lose the record");
    Call::status(&node, &configuration)
        .run()
        .expect_error(50, "small");
    Call::add(&node, &last, &configuration)
        .run()
        .expect_error(101, "small");
}

/// A dead pod in another space, or with an address that is not asked for, makes no room.
#[test]
fn addresses_of_pods_that_are_gone_count_where_they_are() {
    let node = plumb_tests::node();
    let (living, dead, next) = (node.pod(), node.pod(), node.pod());
    let one = |name: &str, address: &str| {
        let pools = json!([{"name": "one", "subnet": "10.1.0.0/24", "ips": [address]}]);
        with(
            pool(),
            json!({"name": name, "ipam": {"type": "pool", "pools": pools}}),
        )
    };
    policy::write(
        "[[wires]]\nname = \"left\"\nparents = [\"nic0\"]\n[[wires]]\nname = \"right\"\nparents = [\"nic1\"]\n",
    );
    let full = one("rail0", "10.1.0.10");
    node.add(&living, &full);
    node.add(
        &dead,
        &with(one("rail1", "10.1.0.10"), json!({"master": "nic1"})),
    );
    Call::add(&node, &dead, &one("rail0", "10.1.0.11"))
        .interface("eth1")
        .run()
        .expect_result();
    dead.remove();
    Call::status(&node, &full).run().expect_error(50, "one");
    Call::add(&node, &next, &full)
        .run()
        .expect_error(101, "one");
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
