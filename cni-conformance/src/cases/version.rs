//! 301 to 309: versions (specification, section 2, VERSION; section 5, "Version").

use serde_json::{Value, json};

use super::ON_INTERFACE;
use crate::case::{ensure, failed};
use crate::scene::unchanged;
use crate::{Case, Scene, Stop, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        301,
        "version-echo",
        "section 5, Version: cniVersion",
        "VERSION answers with the cniVersion of its input",
        version_echo,
    )
    .since(Version::V0_1_0)
    .each_version(),
    Case::must(
        302,
        "version-list",
        "section 5, Version: supportedVersions",
        "VERSION lists the supported versions, each of three numbers",
        version_list,
    ),
    Case::relied(
        303,
        "version-of-any-input",
        "podman and libcni ask before they have a configuration",
        "VERSION answers with no input, and with an input that is no configuration",
        version_of_any_input,
    ),
    Case::relied(
        304,
        "version-changes-nothing",
        "podman asks every plugin at each of its commands",
        "VERSION changes nothing on the node",
        version_changes_nothing,
    ),
    Case::must(
        305,
        "every-advertised-version",
        "section 1, Version considerations",
        "ADD, CHECK where there is one, and DEL work in every advertised version",
        every_advertised_version,
    )
    .since(Version::V0_1_0)
    .each_version(),
    Case::must(
        306,
        "unknown-version",
        "section 5, Error: code 1",
        "a version that is not supported is error 1",
        unknown_version,
    ),
    Case::must(
        307,
        "check-before-0.4.0",
        "section 5, Error: code 1",
        "CHECK of an older version than 0.4.0 is error 1",
        check_before_0_4_0,
    ),
    Case::must(
        308,
        "status-and-gc-before-1.1.0",
        "section 5, Error: code 1",
        "STATUS and GC of an older version than 1.1.0 are error 1",
        status_and_gc_before_1_1_0,
    )
    .since(Version::V1_1_0),
    Case::must(
        309,
        "version-of-the-result",
        "section 5, Success: cniVersion",
        "a result has the cniVersion of the input, byte for byte",
        version_of_the_result,
    )
    .since(Version::V0_1_0)
    .each_version(),
];

/// As libcni sends it.
fn ask(scene: &Scene, input: &Value) -> cni_harness::Call {
    scene
        .call("VERSION", input)
        .variable("CNI_NETNS", "dummy")
        .variable("CNI_IFNAME", "dummy")
        .path("dummy")
}

fn version_echo(scene: &Scene) -> Verdict {
    let version = scene.version.as_str();
    let outcome = ask(scene, &json!({"cniVersion": version})).run();
    match expect::result(&outcome)?["cniVersion"] == version {
        true => Ok(()),
        false => Err(failed(format!("expected cniVersion {version}"), &outcome)),
    }
}

fn version_list(scene: &Scene) -> Verdict {
    let outcome = ask(scene, &json!({"cniVersion": scene.version.as_str()})).run();
    let answer = expect::result(&outcome)?;
    let list = answer["supportedVersions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let are_versions = list.iter().all(|version| {
        version.as_str().is_some_and(|version| {
            version.split('.').count() == 3
                && version.split('.').all(|part| part.parse::<u32>().is_ok())
        })
    });
    match !list.is_empty() && are_versions {
        true => Ok(()),
        false => Err(failed("expected a list of versions", &outcome)),
    }
}

fn version_of_any_input(scene: &Scene) -> Verdict {
    for input in ["", "{}", "{\"cniVersion\":\"99.0.0\"}"] {
        let outcome = ask(scene, &json!({})).stdin(input).run();
        let answer = expect::result(&outcome)?;
        if answer["supportedVersions"]
            .as_array()
            .is_none_or(Vec::is_empty)
            || answer["cniVersion"].as_str().is_none_or(str::is_empty)
        {
            return Err(failed(
                "expected cniVersion and supportedVersions",
                &outcome,
            ));
        }
    }
    Ok(())
}

fn version_changes_nothing(scene: &Scene) -> Verdict {
    let oracle = scene.oracle();
    expect::result(&ask(scene, &json!({"cniVersion": scene.version.as_str()})).run())?;
    unchanged(&oracle)
}

fn every_advertised_version(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    if ON_INTERFACE.contains(&scene.subject.kind) && pod.link("eth0").is_none() {
        return Err(Stop::Failed(
            "ADD succeeded without an interface eth0 in the pod".into(),
        ));
    }
    if scene.version.has_check() {
        scene.check(&pod, &result)?;
    }
    scene.delete(&pod)
}

fn unknown_version(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let oracle = scene.oracle();
    for version in ["99.0.0", "0.0.0", "1.0.0.0", "x"] {
        let mut configuration = scene.configuration(&pod);
        configuration["cniVersion"] = version.into();
        let call = scene.call_with("ADD", &pod, &configuration);
        // What is no version at all is a bad configuration as well.
        let codes: &[u64] = if version == "x" || version == "1.0.0.0" {
            &[1, 6, 7]
        } else {
            &[1]
        };
        expect::code(&call.run(), codes)?;
    }
    unchanged(&oracle)
}

fn check_before_0_4_0(scene: &Scene) -> Verdict {
    for old in older(scene, Version::V0_4_0)? {
        let pod = scene.pod();
        let mut configuration = scene.configuration_in(&pod, old);
        let result = expect::result(&scene.call_with("ADD", &pod, &configuration).run())?;
        configuration["prevResult"] = result;
        expect::code(&scene.call_with("CHECK", &pod, &configuration).run(), &[1])?;
    }
    Ok(())
}

fn status_and_gc_before_1_1_0(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    for old in older(scene, Version::V1_1_0)? {
        let mut configuration = scene.configuration_in(&pod, old);
        configuration["cni.dev/valid-attachments"] = json!([]);
        for verb in ["STATUS", "GC"] {
            expect::code(&scene.call(verb, &configuration).run(), &[1])?;
        }
    }
    Ok(())
}

/// The tested versions before `limit` that have interfaces in their results.
fn older(scene: &Scene, limit: Version) -> Result<Vec<Version>, Stop> {
    let versions = scene.subject.versions.iter().copied();
    let older: Vec<Version> = versions
        .filter(|version| *version < limit && version.has_interfaces())
        .collect();
    match older.is_empty() {
        true => Err(Stop::NotApplicable(format!(
            "the plugin speaks nothing before {limit}"
        ))),
        false => Ok(older),
    }
}

fn version_of_the_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let version = scene.add(&pod)?["cniVersion"].clone();
    ensure(version == scene.version.as_str(), || {
        format!(
            "the result of a configuration of {} says {version}",
            scene.version
        )
    })
}
