//! 851 to 862: delegation (specification, section 4).

use std::fs;

use cni_harness::delegate::{Delegate, Recorded};
use cni_harness::{Call, Pod, script};
use serde_json::{Value, json};

use super::{INTERFACE, ON_INTERFACE};
use crate::case::{ensure, failed};
use crate::scene::{IPAM, unchanged, unchanged_after};
use crate::{Case, Scene, Stop, Verdict, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        851,
        "search-order",
        "section 4: CNI_PATH",
        "the delegate is looked for in the folders of CNI_PATH in their order",
        search_order,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::must(
        852,
        "same-environment",
        "section 4: the same environment",
        "the delegate gets the plugin's environment, CNI_COMMAND included",
        same_environment,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::must(
        853,
        "same-input",
        "section 4: the complete network configuration",
        "the delegate gets the plugin's whole input, not its own part only",
        same_input,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::must(
        854,
        "delegated-result",
        "section 4; section 5, Delegated plugins (IPAM)",
        "addresses, routes and dns of the delegate are in the result, with the index of the interface",
        delegated_result,
    )
    .kinds(INTERFACE)
    .delegating()
    .each_version(),
    Case::must(
        855,
        "del-of-the-delegate",
        "section 4: DEL",
        "DEL calls the delegate with DEL",
        del_of_the_delegate,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::should(
        856,
        "del-of-the-delegate-without-namespace",
        "section 2, DEL: an IPAM plugin should release an address even without the namespace",
        "DEL calls the delegate also when the namespace is gone, and when CNI_NETNS is empty",
        del_of_the_delegate_without_namespace,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::should(
        857,
        "failed-add-of-the-delegate",
        "section 4: a delegate that fails on ADD",
        "when the delegate fails on ADD, it is called with DEL, all is undone, and its error returned",
        failed_add_of_the_delegate,
    )
    .kinds(INTERFACE)
    .delegating(),
    Case::must(
        858,
        "failed-del-of-the-delegate",
        "section 4: errors of a delegate",
        "when the delegate fails on DEL, the interface goes all the same",
        failed_del_of_the_delegate,
    )
    .kinds(INTERFACE)
    .delegating(),
    Case::must(
        859,
        "no-such-delegate",
        "section 4: CNI_PATH",
        "a delegate that is not in CNI_PATH is an error that names it",
        no_such_delegate,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::relied(
        860,
        "garbage-of-the-delegate",
        "a delegate that was killed, or prints to standard output",
        "a delegate that succeeds without a result is an error",
        garbage_of_the_delegate,
    )
    .kinds(INTERFACE)
    .delegating(),
    Case::relied(
        861,
        "undo-after-the-delegate",
        "an address must not be lost with the ADD that asked for it",
        "when ADD fails after the delegate's ADD, the delegate gets a DEL",
        undo_after_the_delegate,
    )
    .kinds(INTERFACE)
    .delegating(),
    Case::relied(
        862,
        "version-of-the-delegate",
        "libcni adds a missing cniVersion",
        "a delegate's result without cniVersion is one of the configuration's",
        version_of_the_delegate,
    )
    .kinds(INTERFACE)
    .delegating(),
];

/// Shell of a delegate that refuses.
pub(super) const REFUSAL: &str =
    r#"echo '{"cniVersion":"0.4.0","code":119,"msg":"the address server is on fire"}'; exit 1"#;

/// The last call that the delegate got, which must have been of this verb.
pub(super) fn last_call(delegate: &Delegate, verb: &str) -> Result<Recorded, Stop> {
    let verbs = delegate.verbs();
    match delegate.calls().pop() {
        Some(call) if verbs.last().is_some_and(|last| last == verb) => Ok(call),
        _ => Err(Stop::Failed(format!(
            "the delegate should have been called with {verb}, and was called with {verbs:?}"
        ))),
    }
}

fn call(scene: &Scene, verb: &str, pod: &Pod, delegate: &Delegate) -> Call {
    scene
        .call_with(verb, pod, &scene.delegating(pod))
        .path(&delegate.path())
}

fn search_order(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let later = scene.node.scratch().join("later");
    fs::create_dir_all(&later).expect("make a folder");
    script::write(later.join(IPAM), "#!/bin/sh\nexit 1\n");
    // A folder of the delegate's name is no plugin.
    let folder = scene.node.scratch().join("earlier");
    fs::create_dir_all(folder.join(IPAM)).expect("make a folder");
    let path = format!(
        "/not/there:{}:{}:{}",
        folder.display(),
        delegate.path(),
        later.display()
    );
    expect::result(&call(scene, "ADD", &pod, &delegate).path(&path).run())?;
    last_call(&delegate, "ADD").map(|_| ())
}

fn same_environment(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    for verb in ["ADD", "DEL"] {
        let call = call(scene, verb, &pod, &delegate)
            .arguments("IgnoreUnknown=1;K8S_POD_NAME=p")
            .variable("ACME_OWN", "kept");
        let given = call.environment().clone();
        expect::success(&call.run())?;
        let got = last_call(&delegate, verb)?.environment;
        for name in [
            "CNI_COMMAND",
            "CNI_CONTAINERID",
            "CNI_NETNS",
            "CNI_IFNAME",
            "CNI_ARGS",
            "CNI_PATH",
            "ACME_OWN",
        ] {
            ensure(got.get(name) == given.get(name), || {
                format!(
                    "{verb}: {name} is {:?} for the plugin and {:?} for its delegate",
                    given.get(name),
                    got.get(name)
                )
            })?;
        }
    }
    Ok(())
}

fn same_input(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    for verb in ["ADD", "DEL"] {
        let mut configuration = scene.delegating(&pod);
        configuration["args"] = json!({"cni": {"acme.example/own": [1, "two"]}});
        let outcome = scene
            .call_with(verb, &pod, &configuration)
            .path(&delegate.path())
            .run();
        expect::success(&outcome)?;
        let got: Value =
            serde_json::from_slice(&last_call(&delegate, verb)?.stdin).unwrap_or_default();
        for (key, value) in configuration.as_object().into_iter().flatten() {
            // A plugin that makes an interface may tell its delegate of it.
            if key != "prevResult" && got.get(key) != Some(value) {
                return Err(failed(
                    format!("the delegate got {key} = {:?}", got.get(key)),
                    &outcome,
                ));
            }
        }
    }
    Ok(())
}

fn delegated_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let mut answer = scene.address("10.9.0.5/24");
    answer["dns"] = json!({"nameservers": ["10.9.0.53"]});
    delegate.answers("ADD", &format!("echo '{answer}'"));
    let outcome = call(scene, "ADD", &pod, &delegate).run();
    let result = expect::result(&outcome)?;
    let ip = &result["ips"][0];
    let interface = ip["interface"].as_u64().map_or(Value::Null, |index| {
        result["interfaces"][index as usize].clone()
    });
    let reported = [
        (
            ip["address"] == "10.9.0.5/24" && ip["gateway"] == "10.9.0.1",
            "the address and its gateway",
        ),
        (
            interface["name"] == "eth0" && interface["sandbox"] == pod.path(),
            "the index of the pod's interface",
        ),
        (
            result["routes"]
                .as_array()
                .is_some_and(|routes| routes.iter().any(|route| route["dst"] == "10.99.0.0/16")),
            "the route",
        ),
        (
            result["dns"]["nameservers"] == json!(["10.9.0.53"]),
            "the nameserver",
        ),
        (
            pod.addresses("eth0") == ["10.9.0.5/24"],
            "the address on the interface",
        ),
        (
            pod.routes("-4")
                .iter()
                .any(|route| route["dst"] == "10.99.0.0/16" && route["gateway"] == "10.9.0.1"),
            "the route in the pod, by the gateway of the address",
        ),
    ];
    match reported.iter().find(|(there, _)| !there) {
        None => Ok(()),
        Some((_, what)) => Err(failed(format!("expected {what}"), &outcome)),
    }
}

fn del_of_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    expect::result(&call(scene, "ADD", &pod, &delegate).run())?;
    let outcome = call(scene, "DEL", &pod, &delegate).run();
    expect::silence(&outcome)?;
    last_call(&delegate, "DEL")?;
    unchanged_after(&clean, &outcome)
}

fn del_of_the_delegate_without_namespace(scene: &Scene) -> Verdict {
    for is_gone in [true, false] {
        let pod = scene.pod();
        let delegate = scene.delegate();
        let clean = scene.rehearsed(std::slice::from_ref(&pod));
        expect::result(&call(scene, "ADD", &pod, &delegate).run())?;
        let mut delete = call(scene, "DEL", &pod, &delegate);
        if is_gone {
            pod.remove();
        } else {
            delete = delete.variable("CNI_NETNS", "");
        }
        let outcome = delete.run();
        expect::silence(&outcome)?;
        last_call(&delegate, "DEL")?;
        if !is_gone {
            pod.remove();
        }
        unchanged_after(&clean, &outcome)?;
    }
    Ok(())
}

fn failed_add_of_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    delegate.answers("ADD", REFUSAL);
    let clean = scene.oracle();
    let outcome = call(scene, "ADD", &pod, &delegate).run();
    let refusal = expect::refusal(&outcome)?;
    if !refusal.text.contains("on fire") {
        return Err(failed("expected the delegate's own words", &outcome));
    }
    last_call(&delegate, "DEL")?;
    unchanged_after(&clean, &outcome)
}

fn failed_del_of_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    expect::result(&call(scene, "ADD", &pod, &delegate).run())?;
    delegate.answers("DEL", REFUSAL);
    // Whether the delegate's error is passed on is the plugin's choice: a runtime would
    // repeat a DEL that fails until the end of days.
    let outcome = call(scene, "DEL", &pod, &delegate).run();
    match pod.link("eth0").is_none() {
        true => Ok(()),
        false => Err(failed("the interface is still there", &outcome)),
    }
}

fn no_such_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let mut configuration = scene.configuration(&pod);
    configuration["ipam"] = json!({"type": "acme-ipam"});
    let outcome = scene.call_with("ADD", &pod, &configuration).run();
    let refusal = expect::refusal(&outcome)?;
    if !refusal.text.contains("acme-ipam") {
        return Err(failed(
            "expected the name of the delegate in the error",
            &outcome,
        ));
    }
    Ok(())
}

fn garbage_of_the_delegate(scene: &Scene) -> Verdict {
    for answer in ["true", "echo hello", "echo '{'", "kill -9 $$"] {
        let pod = scene.pod();
        let delegate = scene.delegate();
        delegate.answers("ADD", answer);
        let outcome = call(scene, "ADD", &pod, &delegate).run();
        expect::refusal(&outcome)?;
    }
    Ok(())
}

fn undo_after_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let mut answer = scene.address("10.9.0.5/24");
    // No address of the interface leads to this gateway: the kernel refuses the route.
    answer["routes"] = json!([{"dst": "10.99.0.0/16", "gw": "10.200.0.1"}]);
    delegate.answers("ADD", &format!("echo '{answer}'"));
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let outcome = call(scene, "ADD", &pod, &delegate).run();
    expect::refusal(&outcome)?;
    last_call(&delegate, "DEL")?;
    unchanged_after(&clean, &outcome)
}

fn version_of_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let mut answer = scene.address("10.9.0.5/24");
    if let Some(object) = answer.as_object_mut() {
        object.remove("cniVersion");
    }
    delegate.answers("ADD", &format!("echo '{answer}'"));
    expect::result(&call(scene, "ADD", &pod, &delegate).run())?;
    ensure(pod.addresses("eth0") == ["10.9.0.5/24"], || {
        "the address is not on the interface".into()
    })?;
    expect::silence(&call(scene, "DEL", &pod, &delegate).run())?;
    unchanged(&clean)
}
