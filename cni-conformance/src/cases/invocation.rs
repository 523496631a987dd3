//! 101 to 115: verbs and environment (specification, section 2, "Parameters").

use serde_json::json;

use super::INTERFACE;
use crate::case::{ensure, failed};
use crate::scene::unchanged;
use crate::{Case, Scene, Stop, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        101,
        "verbs-understood",
        "section 2, Parameters: CNI_COMMAND",
        "ADD, CHECK, DEL, VERSION, and from 1.1.0 on STATUS and GC, exit 0 with valid input",
        verbs_understood,
    )
    .each_version(),
    Case::must(
        102,
        "unknown-command",
        "section 5, Error: code 4",
        "an unknown CNI_COMMAND is error 4, and CNI_COMMAND is named",
        unknown_command,
    ),
    Case::must(
        103,
        "no-command",
        "section 5, Error: code 4",
        "no CNI_COMMAND is error 4, or a text about the plugin on standard error",
        no_command,
    ),
    Case::must(
        104,
        "add-variables",
        "section 2, ADD: required environment parameters",
        "ADD without a required variable, unset or empty, is error 4 that names each missing one",
        add_variables,
    ),
    Case::must(
        105,
        "del-variables",
        "section 2, DEL: required environment parameters",
        "DEL without a required variable is error 4 that names each missing one",
        del_variables,
    ),
    Case::must(
        106,
        "check-variables",
        "section 2, CHECK: required environment parameters",
        "CHECK without a required variable is error 4 that names each missing one",
        check_variables,
    )
    .since(Version::V0_4_0),
    Case::must(
        107,
        "path-is-optional",
        "section 2, ADD: CNI_PATH is optional",
        "no verb needs CNI_PATH when no other plugin is called",
        path_is_optional,
    ),
    Case::relied(
        108,
        "empty-variables",
        "libcni sets all six variables for every verb",
        "VERSION, STATUS and GC do not look at container, namespace and interface: empty, absent or dummies",
        empty_variables,
    )
    .since(Version::V1_1_0),
    Case::must(
        109,
        "container-id",
        "section 2, Parameters: CNI_CONTAINERID",
        "a container ID that is none is error 4; letters, digits and _.- after the first are taken",
        container_id,
    ),
    Case::must(
        110,
        "interface-name",
        "section 2, Parameters: CNI_IFNAME",
        "a name that the kernel refuses is error 4; one of 15 bytes is taken",
        interface_name,
    ),
    Case::must(
        111,
        "network-name",
        "section 1: name",
        "a missing or unusable network name is error 7",
        network_name,
    ),
    Case::relied(
        112,
        "network-name-of-every-verb",
        "the reference library's skeleton",
        "DEL, CHECK, STATUS and GC refuse an unusable network name as ADD does",
        network_name_of_every_verb,
    ),
    Case::must(
        113,
        "arguments",
        "section 2, Parameters: CNI_ARGS",
        "CNI_ARGS may be empty, and hold what Kubernetes runtimes send",
        arguments,
    ),
    Case::should(
        114,
        "arguments-yield",
        "conventions: arguments in the environment are deprecated",
        "a MAC in runtimeConfig wins over the one in CNI_ARGS",
        arguments_yield,
    )
    .kinds(INTERFACE),
    Case::relied(
        115,
        "strange-arguments",
        "Multus appends its caller's keys to its own; users write what they like",
        "CNI_ARGS may hold keys that nobody knows, = in a value and a last ;",
        strange_arguments,
    ),
];

fn verbs_understood(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    expect::result(
        &scene
            .call("VERSION", &json!({"cniVersion": scene.version.as_str()}))
            .run(),
    )?;
    let result = scene.add(&pod)?;
    if scene.version.has_check() {
        scene.check(&pod, &result)?;
    }
    if scene.version.has_status() {
        expect::silence(&scene.call("STATUS", &scene.configuration(&pod)).run())?;
        let valid = json!([Scene::attachment(&pod, "eth0")]);
        expect::silence(&scene.gc_call(&pod, valid).run())?;
    }
    scene.delete(&pod)
}

fn unknown_command(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    for verb in ["FOO", "add", "ADD ", "DELETE"] {
        let outcome = scene
            .pod_call("ADD", &pod)
            .variable("CNI_COMMAND", verb)
            .run();
        expect::code_naming(&outcome, &[4], &["CNI_COMMAND"])?;
    }
    Ok(())
}

fn no_command(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    let call = scene.pod_call("ADD", &pod);
    for outcome in [
        call.clone().without("CNI_COMMAND").run(),
        call.variable("CNI_COMMAND", "").run(),
    ] {
        let introduces_itself =
            outcome.succeeded() && outcome.stdout.is_empty() && !outcome.stderr.trim().is_empty();
        if !introduces_itself {
            expect::code_naming(&outcome, &[4], &["CNI_COMMAND"])?;
        }
    }
    unchanged(&oracle)
}

fn add_variables(scene: &Scene) -> Verdict {
    missing(
        scene,
        "ADD",
        &["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    )
}

fn del_variables(scene: &Scene) -> Verdict {
    missing(scene, "DEL", &["CNI_CONTAINERID", "CNI_IFNAME"])
}

fn check_variables(scene: &Scene) -> Verdict {
    missing(
        scene,
        "CHECK",
        &["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    )
}

/// Each one alone, unset and empty, then all of them.
fn missing(scene: &Scene, verb: &str, required: &[&str]) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    let call = scene.pod_call(verb, &pod);
    for name in required {
        for outcome in [
            call.clone().without(name).run(),
            call.clone().variable(name, "").run(),
        ] {
            expect::code_naming(&outcome, &[4], &[name])?;
        }
    }
    let none = required.iter().fold(call, |call, name| call.without(name));
    expect::code_naming(&none.run(), &[4], required)?;
    unchanged(&oracle)
}

fn path_is_optional(scene: &Scene) -> Verdict {
    if scene.subject.calls_a_delegate() {
        return Err(Stop::NotApplicable(
            "the configuration has another plugin called".into(),
        ));
    }
    let pod = scene.pod();
    let result = expect::result(&scene.pod_call("ADD", &pod).without("CNI_PATH").run())?;
    let mut calls = Vec::new();
    if scene.version.has_check() {
        calls.push(scene.check_call(&pod, &result));
    }
    if scene.version.has_status() {
        let valid = json!([Scene::attachment(&pod, "eth0")]);
        calls.push(scene.call("STATUS", &scene.configuration(&pod)));
        calls.push(scene.gc_call(&pod, valid));
    }
    calls.push(scene.pod_call("DEL", &pod));
    for call in calls {
        expect::silence(&call.without("CNI_PATH").run())?;
    }
    Ok(())
}

fn empty_variables(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let configuration = scene.configuration(&pod);
    let calls = [
        scene.call("VERSION", &configuration),
        scene.call("STATUS", &configuration),
        scene.gc_call(&pod, json!([])),
    ];
    let names = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"];
    for empty in calls {
        let absent = names
            .iter()
            .fold(empty.clone(), |call, name| call.without(name));
        let dummy = names
            .iter()
            .fold(empty.clone(), |call, name| call.variable(name, "dummy"));
        for call in [empty, absent, dummy] {
            expect::success(&call.run())?;
        }
    }
    Ok(())
}

/// The verbs of one attachment.
fn verbs(scene: &Scene) -> &'static [&'static str] {
    match scene.version.has_check() {
        true => &["ADD", "CHECK", "DEL"],
        false => &["ADD", "DEL"],
    }
}

fn container_id(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    for wrong in [
        "../x", "..", "-a", ".a", "_a", "a/b", "a b", "a\n", "a:b", "a;b", "ä",
    ] {
        for verb in verbs(scene) {
            let call = scene
                .pod_call(verb, &pod)
                .variable("CNI_CONTAINERID", wrong);
            expect::code(&call.run(), &[4])?;
        }
    }
    unchanged(&oracle)?;
    let long = "0123456789abcdef".repeat(4);
    let longer = "a".repeat(200);
    for good in [
        long.as_str(),
        longer.as_str(),
        "default-t1",
        "cnitool-18ea",
        "a_b.c-D",
        "1..2",
        "7",
    ] {
        for verb in ["ADD", "DEL"] {
            let call = scene.pod_call(verb, &pod).variable("CNI_CONTAINERID", good);
            expect::success(&call.run())?;
        }
    }
    Ok(())
}

fn interface_name(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    // Bytes count: the last one has 16 in 14 characters.
    for wrong in [
        ".",
        "..",
        "a/b",
        "a:b",
        "a b",
        "a\tb",
        "sixteen-bytes-xx",
        "netz-für-könig",
    ] {
        for verb in verbs(scene) {
            let outcome = scene.pod_call(verb, &pod).interface(wrong).run();
            expect::code(&outcome, &[4])?;
        }
    }
    unchanged(&oracle)?;
    if !super::INTERFACE.contains(&scene.subject.kind) {
        return Ok(());
    }
    for good in ["fifteen-bytes-x", "netz-für-köln", "eth0.100", "x"] {
        let result = expect::result(&scene.pod_call("ADD", &pod).interface(good).run())?;
        let mut reported = result["interfaces"].as_array().into_iter().flatten();
        ensure(reported.any(|one| one["name"] == good), || {
            format!("the result has no interface {good}: {result}")
        })?;
        if pod.link(good).is_none() {
            return Err(Stop::Failed(format!(
                "ADD made no interface {good} in the pod"
            )));
        }
        expect::success(&scene.pod_call("DEL", &pod).interface(good).run())?;
    }
    Ok(())
}

fn network_name(scene: &Scene) -> Verdict {
    bad_names(scene, "ADD")
}

fn network_name_of_every_verb(scene: &Scene) -> Verdict {
    bad_names(scene, "DEL")?;
    if scene.version.has_check() {
        bad_names(scene, "CHECK")?;
    }
    if scene.version.has_status() {
        bad_names(scene, "STATUS")?;
        bad_names(scene, "GC")?;
    }
    Ok(())
}

fn bad_names(scene: &Scene, verb: &str) -> Verdict {
    let pod = scene.pod();
    let mut configuration = scene.configuration(&pod);
    if verb == "GC" {
        configuration["cni.dev/valid-attachments"] = json!([]);
    }
    if let Some(object) = configuration.as_object_mut() {
        object.remove("name");
    }
    expect::code(&scene.call_with(verb, &pod, &configuration).run(), &[7])?;
    for name in ["", "../x", "a/b", "-a", ".", "a b", "a\n"] {
        configuration["name"] = name.into();
        expect::code(&scene.call_with(verb, &pod, &configuration).run(), &[7])?;
    }
    Ok(())
}

fn arguments(scene: &Scene) -> Verdict {
    taken(
        scene,
        &[
            "",
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u",
            "IgnoreUnknown=true;K8S_POD_NAME=p;IgnoreUnknown=1;K8S_POD_NAME=p",
            "IgnoreUnknown=1;K8S_POD_INFRA_CONTAINER_ID=",
        ],
    )
}

fn strange_arguments(scene: &Scene) -> Verdict {
    taken(
        scene,
        &[
            "UNKNOWN=x",
            "IgnoreUnknown=1;ODD=a=b",
            "IgnoreUnknown=1;K8S_POD_NAME=p;",
        ],
    )
}

fn taken(scene: &Scene, forms: &[&str]) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    // What a delegate makes of CNI_ARGS is not the plugin's fault: the suite's own takes all.
    let (configuration, path) = match scene.subject.calls_a_delegate() {
        true => (scene.delegating(&pod), delegate.path()),
        false => (scene.configuration(&pod), scene.subject.cni_path.clone()),
    };
    for arguments in forms {
        for verb in ["ADD", "DEL"] {
            let call = scene.call_with(verb, &pod, &configuration);
            expect::success(&call.path(&path).arguments(arguments).run())?;
        }
    }
    Ok(())
}

fn arguments_yield(scene: &Scene) -> Verdict {
    if scene.subject.configuration["capabilities"]["mac"] != true {
        return Err(Stop::NotApplicable(
            "the configuration has not \"capabilities\": {\"mac\": true}".into(),
        ));
    }
    let pod = scene.pod();
    let mut configuration = scene.configuration(&pod);
    configuration["runtimeConfig"] = json!({"mac": "02:00:00:00:00:aa"});
    let outcome = scene
        .call_with("ADD", &pod, &configuration)
        .arguments("IgnoreUnknown=1;MAC=02:00:00:00:00:bb")
        .run();
    expect::success(&outcome)?;
    let link = pod.link("eth0").unwrap_or_default();
    match link["address"] == "02:00:00:00:00:aa" {
        true => Ok(()),
        false => Err(failed(
            format!(
                "the interface has {}, not the address of runtimeConfig",
                link["address"]
            ),
            &outcome,
        )),
    }
}
