//! 501 to 512: ADD (specification, section 2, "ADD").

use cni_harness::Pod;
use serde_json::{Value, json};

use super::{INTERFACE, ON_INTERFACE};
use crate::case::{ensure, failed};
use crate::scene::{unchanged, unchanged_after};
use crate::{Case, Kind, Scene, Stop, Verdict, expect};

pub(super) const CASES: &[Case] = &[
    Case::should(
        501,
        "makes-the-interface",
        "section 2, ADD",
        "ADD makes CNI_IFNAME in CNI_NETNS, with the addresses of the result, and sets it up",
        makes_the_interface,
    )
    .kinds(INTERFACE)
    .each_version(),
    Case::must(
        502,
        "interface-exists",
        "section 2, ADD: if an interface of the requested name already exists",
        "ADD refuses a name that the pod has already, and leaves nothing",
        interface_exists,
    )
    .kinds(INTERFACE),
    Case::must(
        503,
        "prints-a-result",
        "section 2, ADD: must output a result",
        "ADD prints one result",
        prints_a_result,
    )
    .each_version(),
    Case::must(
        504,
        "passes-previous-result",
        "section 2, ADD: prevResult; section 5, Success",
        "what was in prevResult is in the result: interfaces, addresses with their interface, routes, dns",
        passes_previous_result,
    )
    .kinds(ON_INTERFACE),
    Case::must(
        505,
        "add-twice",
        "section 2, ADD: not twice without DEL",
        "a second ADD of the same interface fails, and the first one's stays as it is",
        add_twice,
    )
    .kinds(INTERFACE),
    Case::must(
        506,
        "two-interfaces",
        "section 2, ADD: (CNI_CONTAINERID, CNI_IFNAME)",
        "one container can have two interfaces of the network, each deleted for itself",
        two_interfaces,
    )
    .kinds(INTERFACE),
    Case::relied(
        507,
        "own-namespace",
        "the reference library's skeleton",
        "ADD into the plugin's own namespace is refused, and nothing changes there",
        own_namespace,
    )
    .kinds(ON_INTERFACE),
    Case::relied(
        508,
        "missing-namespace",
        "a runtime that lost the sandbox",
        "ADD into a namespace that does not exist is refused, and nothing is left",
        missing_namespace,
    )
    .kinds(ON_INTERFACE),
    Case::relied(
        509,
        "no-namespace-file",
        "a bind mount that is gone leaves an empty file",
        "ADD with a path that is no network namespace is refused, and nothing is left",
        no_namespace_file,
    )
    .kinds(ON_INTERFACE),
    Case::relied(
        510,
        "namespace-of-a-process",
        "ctr passes /proc/PID/ns/net",
        "ADD and DEL work with /proc/PID/ns/net",
        namespace_of_a_process,
    ),
    Case::relied(
        511,
        "sandbox-is-the-path",
        "the reference plugins' CHECK compares strings",
        "sandbox in the result is CNI_NETNS unchanged",
        sandbox_is_the_path,
    )
    .kinds(INTERFACE),
    Case::must(
        512,
        "add-after-failure",
        "section 2, DEL: after a failed ADD",
        "after an ADD that failed, DEL succeeds, nothing is left, and ADD works",
        add_after_failure,
    )
    .kinds(INTERFACE),
];

fn makes_the_interface(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let Some(link) = pod.link("eth0") else {
        return Err(failed("there is no eth0 in the pod", &outcome));
    };
    let flags = link["flags"].as_array().cloned().unwrap_or_default();
    if !flags.iter().any(|flag| flag == "UP") {
        return Err(failed("eth0 is down", &outcome));
    }
    let mut reported: Vec<String> = result["ips"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|ip| Some(ip["address"].as_str()?.to_owned()))
        .collect();
    reported.sort();
    if reported.is_empty() && scene.subject.ipam().is_some() {
        return Err(failed("the result has no address", &outcome));
    }
    let there = pod.addresses("eth0");
    match reported == there {
        true => Ok(()),
        false => Err(failed(
            format!("the interface has {there:?}, the result {reported:?}"),
            &outcome,
        )),
    }
}

fn interface_exists(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    pod.ip("link add eth0 type bridge");
    let oracle = scene.oracle();
    let outcome = scene.pod_call("ADD", &pod).run();
    expect::refusal(&outcome)?;
    unchanged_after(&oracle, &outcome)
}

fn prints_a_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    match result.get("code").is_none() && result["cniVersion"].is_string() {
        true => Ok(()),
        false => Err(failed("expected a result with a cniVersion", &outcome)),
    }
}

/// What an earlier plugin of the chain may have made, beside the pod's `eth0`.
fn foreign(scene: &Scene, pod: &Pod) -> Value {
    let mut previous = scene.configuration(pod)["prevResult"].take();
    if previous.is_null() {
        previous = json!({"cniVersion": scene.version.as_str(), "interfaces": [], "ips": []});
    }
    let index = previous["interfaces"].as_array().map_or(0, Vec::len);
    let mut ip = json!({"address": "10.77.0.7/24", "gateway": "10.77.0.1", "interface": index});
    if scene.version < crate::Version::V1_0_0 {
        ip["version"] = "4".into();
    }
    push(
        &mut previous["interfaces"],
        json!({"name": "other0", "mac": "02:00:00:00:00:77", "sandbox": pod.path()}),
    );
    push(&mut previous["ips"], ip);
    previous["routes"] = json!([{"dst": "10.78.0.0/16", "gw": "10.77.0.1"}]);
    previous["dns"] = json!({"nameservers": ["10.77.0.53"], "search": ["b.example", "a.example"]});
    previous
}

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

fn passes_previous_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    pod.ip("link add other0 address 02:00:00:00:00:77 type bridge");
    let mut configuration = scene.configuration(&pod);
    configuration["prevResult"] = foreign(scene, &pod);
    let outcome = scene.call_with("ADD", &pod, &configuration).run();
    let result = expect::result(&outcome)?;
    let interfaces = result["interfaces"].as_array().cloned().unwrap_or_default();
    let Some(index) = interfaces.iter().position(|one| one["name"] == "other0") else {
        return Err(failed("the interface other0 is missing", &outcome));
    };
    let holds = |list: &str, wanted: &dyn Fn(&Value) -> bool| {
        result[list]
            .as_array()
            .is_some_and(|list| list.iter().any(wanted))
    };
    let reported = [
        (
            interfaces[index]["mac"] == "02:00:00:00:00:77"
                && interfaces[index]["sandbox"] == pod.path(),
            "the interface as it was",
        ),
        (
            holds("ips", &|ip| {
                ip["address"] == "10.77.0.7/24"
                    && ip["interface"] == index
                    && ip["gateway"] == "10.77.0.1"
            }),
            "the address with its gateway and the index of its interface",
        ),
        (
            holds("routes", &|route| {
                route["dst"] == "10.78.0.0/16" && route["gw"] == "10.77.0.1"
            }),
            "the route",
        ),
        (
            result["dns"]["nameservers"] == json!(["10.77.0.53"]),
            "the nameserver",
        ),
        (
            result["dns"]["search"] == json!(["b.example", "a.example"]),
            "the search list in its order",
        ),
    ];
    match reported.iter().find(|(there, _)| !there) {
        None => Ok(()),
        Some((_, what)) => Err(failed(format!("the result lacks {what}"), &outcome)),
    }
}

fn add_twice(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let result = scene.add(&pod)?;
    let attached = scene.oracle();
    let outcome = scene.pod_call("ADD", &pod).run();
    expect::refusal(&outcome)?;
    unchanged_after(&attached, &outcome)?;
    if scene.version.has_check() {
        scene.check(&pod, &result)?;
    }
    scene.delete(&pod)?;
    unchanged(&clean)
}

fn two_interfaces(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let call = |verb, interface| scene.pod_call(verb, &pod).interface(interface).run();
    expect::result(&call("ADD", "eth0"))?;
    let second = call("ADD", "net1");
    if !second.succeeded() && shares_a_device(scene) {
        return Err(Stop::NotApplicable(
            "the configuration names a device of which there is one".into(),
        ));
    }
    expect::result(&second)?;
    expect::silence(&call("DEL", "eth0"))?;
    ensure(pod.link("eth0").is_none(), || "DEL of eth0 left it".into())?;
    ensure(pod.link("net1").is_some(), || {
        "DEL of eth0 took net1 away as well".into()
    })?;
    expect::silence(&call("DEL", "net1"))?;
    unchanged(&clean)
}

/// A device as such can be in one place only.
pub(super) fn shares_a_device(scene: &Scene) -> bool {
    ["device", "deviceID", "hwaddr", "kernelpath", "pciBusID"]
        .iter()
        .any(|key| scene.subject.configuration.get(*key).is_some())
}

fn own_namespace(scene: &Scene) -> Verdict {
    refused_namespace(scene, "/proc/self/ns/net")
}

fn missing_namespace(scene: &Scene) -> Verdict {
    refused_namespace(scene, "/run/netns/not-there")
}

fn no_namespace_file(scene: &Scene) -> Verdict {
    let file = "/run/netns/unmounted";
    std::fs::write(file, "").expect("make a file");
    refused_namespace(scene, file)?;
    refused_namespace(scene, "/run")
}

fn refused_namespace(scene: &Scene, path: &str) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    let outcome = scene
        .pod_call("ADD", &pod)
        .variable("CNI_NETNS", path)
        .run();
    expect::refusal(&outcome)?;
    unchanged_after(&oracle, &outcome)
}

fn namespace_of_a_process(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let sleeper = super::del::Sleeper::new(&pod);
    let path = sleeper.path();
    let mut configuration = scene.configuration(&pod);
    if scene.subject.kind == Kind::Chained {
        configuration["prevResult"]["interfaces"][0]["sandbox"] = path.as_str().into();
    }
    for verb in ["ADD", "DEL"] {
        let call = scene.call_with(verb, &pod, &configuration);
        expect::success(&call.variable("CNI_NETNS", &path).run())?;
    }
    drop(sleeper);
    unchanged(&clean)
}

fn sandbox_is_the_path(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let path = format!("/run/netns/../netns/{}", pod.name());
    let outcome = scene
        .pod_call("ADD", &pod)
        .variable("CNI_NETNS", &path)
        .run();
    let result = expect::result(&outcome)?;
    let interfaces = result["interfaces"].as_array().cloned().unwrap_or_default();
    match interfaces
        .iter()
        .any(|one| one["name"] == "eth0" && one["sandbox"] == path.as_str())
    {
        false => Err(failed(format!("expected the sandbox {path}"), &outcome)),
        true if scene.version.has_check() => {
            let check = scene.check_call(&pod, &result);
            expect::silence(&check.variable("CNI_NETNS", &path).run())
        }
        true => Ok(()),
    }
}

fn add_after_failure(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    pod.ip("link add eth0 type bridge");
    expect::refusal(&scene.pod_call("ADD", &pod).run())?;
    pod.ip("link delete eth0");
    scene.delete(&pod)?;
    unchanged(&clean)?;
    scene.add(&pod)?;
    scene.delete(&pod)?;
    unchanged(&clean)
}
