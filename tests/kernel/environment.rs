//! The `CNI_*` variables (specification, section 2, "Parameters").

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use cni_harness::{Call, Oracle};
use nix::sys::stat::Mode;
use plumb_tests::configuration::{pool, with, without_ipam};
use serde_json::json;

/// The suite asks that what is missing is named; here nothing else may be.
#[test]
fn only_what_is_missing_is_named() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let names = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"];
    for name in names {
        let call = Call::add(&node, &pod, &pool()).without(name);
        let error = call.run().expect_error(4, name);
        for other in names.iter().filter(|other| **other != name) {
            assert!(
                !error.message.contains(other),
                "{other} is not missing: {}",
                error.message
            );
        }
    }
}

/// Two attachments whose parts make the same text when they are joined are still two.
#[test]
fn attachments_with_confusable_names_do_not_meet() {
    let node = plumb_tests::node();
    let (one, two) = (
        node.pod().with_container("a-b"),
        node.pod().with_container("b"),
    );
    let oracle = Oracle::new(&node);
    let first = with(pool(), json!({"name": "net"}));
    let second = with(pool(), json!({"name": "net-a"}));
    node.add(&one, &first);
    let call = |verb: &str, pod, configuration| Call::new(&node, verb, configuration).pod(pod);
    call("ADD", &two, &second).run().expect_result();
    call("DEL", &two, &second).run().expect_silence();
    assert!(
        one.link("eth0").is_some(),
        "the other attachment's interface is gone"
    );
    node.delete(&one, &first);
    oracle.assert_unchanged();
}

/// The kernel treats `%d` in a name as a number that it chooses, and keeps `all` and
/// `default` for sysctls of every interface. It would take white space beyond ASCII, which
/// the reference library refuses.
#[test]
fn interface_names_with_a_meaning_to_the_kernel_leave_nothing_behind() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for name in ["eth%d", "all", "default", "a\u{2003}b"] {
        Call::add(&node, &pod, &pool())
            .interface(name)
            .run()
            .expect_failure();
        oracle.assert_unchanged();
    }
    Call::add(&node, &pod, &pool())
        .interface("lo")
        .run()
        .expect_error(106, "lo");
    oracle.assert_unchanged();
}

#[test]
fn a_network_name_that_is_no_text_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let names = [json!(null), json!(5)];
    for name in names {
        for verb in ["ADD", "DEL", "CHECK", "STATUS", "GC"] {
            let configuration = with(
                pool(),
                json!({"name": name, "cni.dev/valid-attachments": []}),
            );
            Call::new(&node, verb, &configuration)
                .pod(&pod)
                .run()
                .expect_error(7, "name");
        }
    }
    oracle.assert_unchanged();
}

/// The specification has no limit for a name, a file name has one of 255 bytes.
#[test]
fn a_network_name_may_be_as_long_as_a_file_name() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for configuration in [pool(), without_ipam()] {
        let named = with(configuration, json!({"name": "n".repeat(255)}));
        Call::status(&node, &named).run().expect_silence();
        node.add(&pod, &named);
        node.delete(&pod, &named);
        oracle.assert_unchanged();
    }
}

#[test]
fn cni_args_may_hold_what_is_no_pair() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let arguments = [";;", "FOO", "K8S_POD_NAME=;IP=;MAC="];
    for arguments in arguments {
        Call::add(&node, &pod, &pool())
            .arguments(arguments)
            .run()
            .expect_result();
        // A runtime may pass other arguments to DEL.
        Call::delete(&node, &pod, &pool())
            .arguments("IgnoreUnknown=1")
            .run()
            .expect_silence();
    }
    oracle.assert_unchanged();
}

/// Files that wait for somebody when they are opened, or do something.
#[test]
fn no_file_in_a_namespaces_place_holds_up_a_call() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let folder = node.scratch().join("places");
    fs::create_dir_all(&folder).expect("make a folder");
    nix::unistd::mkfifo(&folder.join("pipe"), Mode::from_bits_truncate(0o600)).expect("a pipe");
    symlink("pipe", folder.join("link")).expect("a link");
    let _socket = UnixListener::bind(folder.join("socket")).expect("a socket");
    let sparse = File::create(folder.join("sparse")).expect("a file");
    sparse.set_len(1 << 40).expect("a sparse file");
    let oracle = Oracle::new(&node);
    let made = ["pipe", "link", "socket", "sparse", ""].map(|name| folder.join(name));
    let others = ["/dev/zero", "/dev/tty", "/dev/full", "/proc/kmsg"].map(Into::into);
    for place in made.iter().chain(&others) {
        let place = place.to_string_lossy();
        let call = |verb| {
            let call = Call::new(&node, verb, &pool()).pod(&pod);
            call.variable("CNI_NETNS", &place)
        };
        call("ADD")
            .run()
            .expect_error(4, "is not a network namespace");
        call("DEL").run().expect_silence();
        oracle.assert_unchanged();
        let with_result = with(
            pool(),
            json!({"prevResult": {"cniVersion": "1.1.0", "interfaces": [
                {"name": "eth0", "mac": "02:00:00:00:00:07", "sandbox": place},
            ]}}),
        );
        let again = |verb| {
            let call = Call::new(&node, verb, &with_result).pod(&pod);
            call.variable("CNI_NETNS", &place)
        };
        again("CHECK")
            .run()
            .expect_error(4, "is not a network namespace");
        again("DEL").run().expect_silence();
        oracle.assert_unchanged();
    }
}
