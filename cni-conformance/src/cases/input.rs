//! 201 to 212: standard input (specification, sections 1 and 3).

use serde_json::{Value, json};

use super::{INTERFACE, ON_INTERFACE};
use crate::case::{ensure, failed};
use crate::scene::{IPAM, unchanged};
use crate::{Case, Kind, Scene, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        201,
        "not-json",
        "section 5, Error: code 6",
        "input that is not JSON is error 6, or 5 where there is none",
        not_json,
    ),
    Case::must(
        202,
        "not-an-object",
        "section 5, Error: codes 6 and 7",
        "JSON that is not one object is error 6 or 7",
        not_an_object,
    ),
    Case::relied(
        203,
        "large-input",
        "libcni passes whatever a configuration holds",
        "a configuration of a megabyte is read to its end",
        large_input,
    ),
    Case::must(
        204,
        "runtime-config-is-optional",
        "section 3: runtimeConfig",
        "ADD works with an empty runtimeConfig and without one",
        runtime_config_is_optional,
    ),
    Case::relied(
        205,
        "capabilities-stay",
        "libcni leaves the key in",
        "the key capabilities does no harm",
        capabilities_stay,
    ),
    Case::must(
        206,
        "unknown-keys",
        "section 1: additional fields; section 3: cni.dev/",
        "args, keys of cni.dev and other makers do no harm",
        unknown_keys,
    ),
    Case::should(
        207,
        "dns-of-the-configuration",
        "section 1: dns",
        "dns in the configuration is in the result",
        dns_of_the_configuration,
    )
    .kinds(INTERFACE),
    Case::must(
        208,
        "ipam-type-with-separator",
        "section 1: type must not contain characters disallowed in file paths",
        "an ipam.type with a path separator is refused, and nothing of that path is run",
        ipam_type_with_separator,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::relied(
        209,
        "letter-case-of-keys",
        "Go's JSON, as which containerd writes capitalised keys",
        "keys that Go runtimes generate are taken in any letter case",
        letter_case_of_keys,
    ),
    Case::relied(
        210,
        "repeated-keys",
        "Go's JSON",
        "of a repeated key the last one counts",
        repeated_keys,
    ),
    Case::relied(
        211,
        "no-version-is-0.1.0",
        "libcni",
        "a configuration without cniVersion is one of 0.1.0: refused with error 1, or served so",
        no_version,
    ),
    Case::relied(
        212,
        "strange-input",
        "whatever reaches the plugin, the runtime wants an answer",
        "deep nesting, long strings and huge numbers end in a result or an error, not in a crash",
        strange_input,
    ),
];

fn not_json(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    let whole = scene.configuration(&pod).to_string();
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    let two = format!("{whole}{whole}");
    let inputs: [&[u8]; 6] = [
        b"",
        &[0; 100],
        b"plugin",
        &half,
        b"{\"name\": \"\xff\xfe\"",
        two.as_bytes(),
    ];
    for (index, input) in inputs.into_iter().enumerate() {
        let codes: &[u64] = if index == 0 { &[5, 6] } else { &[6] };
        for verb in ["ADD", "DEL"] {
            expect::code(&scene.pod_call(verb, &pod).stdin(input).run(), codes)?;
        }
    }
    unchanged(&oracle)
}

fn not_an_object(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    for input in ["null", "[]", "\"x\"", "5", "true"] {
        for verb in ["ADD", "DEL"] {
            expect::code(&scene.pod_call(verb, &pod).stdin(input).run(), &[6, 7])?;
        }
    }
    unchanged(&oracle)
}

fn large_input(scene: &Scene) -> Verdict {
    let mut padding = Vec::new();
    padding.resize(16, "x".repeat(65536));
    works_with(scene, |configuration| {
        configuration["args"] = json!({"acme.example/padding": padding});
    })
}

fn runtime_config_is_optional(scene: &Scene) -> Verdict {
    works_with(scene, |configuration| {
        if let Some(object) = configuration.as_object_mut() {
            object.remove("runtimeConfig");
        }
    })?;
    works_with(scene, |configuration| {
        configuration["runtimeConfig"] = json!({});
    })
}

fn capabilities_stay(scene: &Scene) -> Verdict {
    works_with(scene, |configuration| {
        configuration["capabilities"] =
            json!({"ips": true, "mac": true, "portMappings": true, "deviceID": false});
    })
}

fn unknown_keys(scene: &Scene) -> Verdict {
    works_with(scene, |configuration| {
        configuration["args"] = json!({"labels": [{"key": "app", "value": "x"}]});
        configuration["cni.dev/future"] = json!({"a": [1, null]});
        configuration["acme.example/own"] = json!("text");
        configuration["acme.example/nothing"] = Value::Null;
        configuration["disableCheck"] = json!(true);
    })
}

/// ADD, CHECK, STATUS and DEL with a changed configuration.
fn works_with(scene: &Scene, change: impl FnOnce(&mut Value)) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.rehearsed(std::slice::from_ref(&pod));
    let mut configuration = scene.configuration(&pod);
    change(&mut configuration);
    let result = expect::result(&scene.call_with("ADD", &pod, &configuration).run())?;
    if scene.version.has_check() {
        let mut check = configuration.clone();
        check["prevResult"] = result;
        expect::silence(&scene.call_with("CHECK", &pod, &check).run())?;
    }
    if scene.version.has_status() {
        expect::silence(&scene.call("STATUS", &configuration).run())?;
    }
    expect::silence(&scene.call_with("DEL", &pod, &configuration).run())?;
    unchanged(&oracle)
}

fn dns_of_the_configuration(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let mut configuration = scene.configuration(&pod);
    let dns = json!({"nameservers": ["10.1.0.53"], "domain": "rail.example", "search": ["a.example"], "options": ["ndots:2"]});
    configuration["dns"] = dns.clone();
    let outcome = scene.call_with("ADD", &pod, &configuration).run();
    match expect::result(&outcome)?["dns"] == dns {
        true => Ok(()),
        false => Err(failed(format!("expected the dns {dns}"), &outcome)),
    }
}

fn ipam_type_with_separator(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    for name in ["../bin/conformance-ipam", "./conformance-ipam", "/bin/true"] {
        let mut configuration = scene.delegating(&pod);
        configuration["ipam"]["type"] = name.into();
        let call = scene
            .call_with("ADD", &pod, &configuration)
            .path(&delegate.path());
        expect::refusal(&call.run())?;
        ensure(delegate.calls().is_empty(), || {
            format!("{IPAM} was run by the name {name:?}")
        })?;
    }
    Ok(())
}

fn letter_case_of_keys(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.rehearsed(std::slice::from_ref(&pod));
    let mut configuration = scene.configuration(&pod);
    configuration["runtimeConfig"] = json!({
        "portMappings": [{"HostPort": 8081, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}],
        "bandwidth": {"IngressRate": 0, "IngressBurst": 0, "EgressRate": 0, "EgressBurst": 0},
        "dns": {"Servers": ["10.1.0.53"], "Searches": null, "Options": null},
    });
    let version = configuration["cniVersion"].take();
    if let Some(object) = configuration.as_object_mut() {
        object.remove("cniVersion");
        object.insert("CNIVersion".into(), version);
    }
    let added = expect::result(&scene.call_with("ADD", &pod, &configuration).run())?;
    ensure(added["cniVersion"] == scene.version.as_str(), || {
        format!("the key CNIVersion was not taken for cniVersion: {added}")
    })?;
    expect::silence(&scene.call_with("DEL", &pod, &configuration).run())?;
    unchanged(&oracle)
}

fn repeated_keys(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.rehearsed(std::slice::from_ref(&pod));
    let text = scene.configuration(&pod).to_string();
    let text = text.replacen('{', "{\"name\":\"not/this one\",", 1);
    expect::result(&scene.pod_call("ADD", &pod).stdin(text.clone()).run())?;
    expect::silence(&scene.pod_call("DEL", &pod).stdin(text).run())?;
    unchanged(&oracle)
}

fn no_version(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let mut configuration = scene.configuration(&pod);
    if let Some(object) = configuration.as_object_mut() {
        object.remove("cniVersion");
        object.remove("prevResult");
    }
    let outcome = scene.call_with("ADD", &pod, &configuration).run();
    // A chained plugin has nothing to adjust without a previous result.
    let old = scene
        .subject
        .versions
        .first()
        .is_some_and(|oldest| *oldest <= Version::V0_2_0);
    match (
        outcome.succeeded(),
        old && scene.subject.kind != Kind::Chained,
    ) {
        (true, true) => {
            let version = &expect::result(&outcome)?["cniVersion"];
            match ["0.1.0", "0.2.0"].iter().any(|old| version == *old) {
                true => Ok(()),
                false => Err(failed("expected a result of 0.1.0 or 0.2.0", &outcome)),
            }
        }
        (true, false) => Err(failed(
            "expected error 1, because the plugin does not speak 0.1.0",
            &outcome,
        )),
        (false, true) => Err(failed("expected a result of 0.1.0", &outcome)),
        (false, false) if scene.subject.kind == Kind::Chained => {
            expect::refusal(&outcome).map(|_| ())
        }
        (false, false) => expect::code(&outcome, &[1]).map(|_| ()),
    }
}

fn strange_input(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let configuration = scene.configuration(&pod).to_string();
    let strange = [
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!(
            "{{\"a\":{}1{}}}",
            "{\"a\":".repeat(50_000),
            "}".repeat(50_000)
        ),
        "1e999999".to_owned(),
    ];
    for value in strange {
        let text = configuration.replacen('{', &format!("{{\"acme.example/odd\":{value},"), 1);
        let outcome = scene.pod_call("ADD", &pod).stdin(text).run();
        match outcome.succeeded() {
            true => scene.delete(&pod)?,
            false => expect::refusal(&outcome).map(|_| ())?,
        }
    }
    Ok(())
}
