//! 801 to 811: GC (specification, section 2, "GC").

use cni_harness::Pod;
use serde_json::{Value, json};

use super::ON_INTERFACE;
use crate::case::failed;
use crate::scene::{unchanged, unchanged_after};
use crate::{Case, Kind, Scene, Verdict, Version, expect};

const SINCE: Version = Version::V1_1_0;

pub(super) const CASES: &[Case] = &[
    Case::should(
        801,
        "gc-removes-the-dead",
        "section 2, GC",
        "GC gives back what an attachment had that is not in the list and whose namespace is gone",
        gc_removes_the_dead,
    )
    .since(SINCE),
    Case::must(
        802,
        "gc-keeps-the-valid",
        "section 2, GC: cni.dev/valid-attachments",
        "GC leaves an attachment in the list alone, also when the list has others' entries",
        gc_keeps_the_valid,
    )
    .since(SINCE),
    Case::must(
        803,
        "gc-of-one-network",
        "section 2, GC: a per-network operation",
        "GC of one network leaves the attachments of another alone",
        gc_of_one_network,
    )
    .since(SINCE),
    Case::should(
        804,
        "gc-goes-on",
        "section 2, GC: continue after an error",
        "GC cleans up the plugin's own when the delegate fails, and reports the delegate's error",
        gc_goes_on,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::must(
        805,
        "gc-asks-the-delegate",
        "section 2, GC: delegated plugins",
        "GC calls the delegate with GC and the same input",
        gc_asks_the_delegate,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::relied(
        806,
        "gc-null-list",
        "Go writes an empty list as null",
        "null as the list means the same as an empty one",
        gc_null_list,
    )
    .since(SINCE),
    Case::relied(
        807,
        "gc-without-list",
        "cnitool gc passes no list",
        "GC without a list leaves living attachments alone",
        gc_without_list,
    )
    .since(SINCE),
    Case::relied(
        808,
        "gc-older-key",
        "libcni 1.2 wrote cni.dev/attachments",
        "the list counts under its older key as well",
        gc_older_key,
    )
    .since(SINCE),
    Case::relied(
        809,
        "gc-both-keys",
        "libcni 1.3 writes both keys",
        "both keys at once are taken",
        gc_both_keys,
    )
    .since(SINCE),
    Case::should(
        810,
        "gc-twice",
        "section 2, GC",
        "GC with nothing to do succeeds and changes nothing",
        gc_twice,
    )
    .since(SINCE),
    Case::relied(
        811,
        "gc-beside-add",
        "the specification has runtimes keep them apart, but two may share a node",
        "GC that has the attachment in its list, or has no list, does not disturb its ADD",
        gc_beside_add,
    )
    .since(SINCE),
];

fn gc_removes_the_dead(scene: &Scene) -> Verdict {
    removes_the_dead(scene, |configuration| {
        configuration["cni.dev/valid-attachments"] = json!([]);
    })
}

/// An attachment whose namespace goes without a DEL.
fn removes_the_dead(scene: &Scene, list: impl FnOnce(&mut Value)) -> Verdict {
    let dead = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&dead));
    scene.add(&dead)?;
    dead.remove();
    let mut configuration = scene.configuration_in(&dead, scene.version);
    if let Some(object) = configuration.as_object_mut() {
        object.remove("prevResult");
    }
    list(&mut configuration);
    let outcome = scene.call("GC", &configuration).run();
    expect::silence(&outcome)?;
    match scene.subject.kind {
        Kind::Chained => Ok(()),
        _ => unchanged_after(&clean, &outcome),
    }
}

/// A living attachment and a GC of `list`: it must stay.
fn keeps(scene: &Scene, list: impl FnOnce(&mut Value, &Pod)) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    let attached = scene.oracle();
    let mut configuration = scene.configuration(&pod);
    if let Some(object) = configuration.as_object_mut() {
        object.remove("prevResult");
    }
    list(&mut configuration, &pod);
    let outcome = scene.call("GC", &configuration).run();
    expect::silence(&outcome)?;
    unchanged_after(&attached, &outcome)?;
    scene.check(&pod, &result)
}

fn gc_keeps_the_valid(scene: &Scene) -> Verdict {
    keeps(scene, |configuration, pod| {
        configuration["cni.dev/valid-attachments"] = json!([
            {"containerID": "of-another-network", "ifname": "net1"},
            Scene::attachment(pod, "eth0"),
            {"containerID": pod.container(), "ifname": "lo"},
        ]);
    })
}

fn gc_of_one_network(scene: &Scene) -> Verdict {
    keeps(scene, |configuration, _| {
        configuration["name"] = "another-network".into();
        configuration["cni.dev/valid-attachments"] = json!([]);
    })
}

fn gc_goes_on(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let configuration = scene.delegating(&pod);
    let added = scene
        .call_with("ADD", &pod, &configuration)
        .path(&delegate.path())
        .run();
    expect::result(&added)?;
    pod.remove();
    delegate.answers("GC", super::delegation::REFUSAL);
    delegate.answers("DEL", super::delegation::REFUSAL);
    let mut configuration = configuration;
    configuration["cni.dev/valid-attachments"] = json!([]);
    let outcome = scene
        .call("GC", &configuration)
        .path(&delegate.path())
        .run();
    expect::refusal(&outcome)?;
    let left = clean.settled_difference_in(|line| line.contains("left behind: node: "));
    match left.is_empty() {
        true => Ok(()),
        false => Err(failed(format!("something is left:\n{left}"), &outcome)),
    }
}

fn gc_asks_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let mut configuration = scene.delegating(&pod);
    let valid = json!([Scene::attachment(&pod, "eth0")]);
    configuration["cni.dev/valid-attachments"] = valid.clone();
    expect::silence(
        &scene
            .call("GC", &configuration)
            .path(&delegate.path())
            .run(),
    )?;
    let call = super::delegation::last_call(&delegate, "GC")?;
    let input: Value = serde_json::from_slice(&call.stdin).unwrap_or_default();
    crate::case::ensure(input["cni.dev/valid-attachments"] == valid, || {
        format!("the delegate got another list: {input}")
    })
}

fn gc_null_list(scene: &Scene) -> Verdict {
    removes_the_dead(scene, |configuration| {
        configuration["cni.dev/valid-attachments"] = Value::Null;
    })
}

fn gc_without_list(scene: &Scene) -> Verdict {
    keeps(scene, |_, _| ())
}

fn gc_older_key(scene: &Scene) -> Verdict {
    removes_the_dead(scene, |configuration| {
        configuration["cni.dev/attachments"] = json!([]);
    })?;
    removes_the_dead(scene, |configuration| {
        configuration["cni.dev/attachments"] = Value::Null;
    })?;
    keeps(scene, |configuration, pod| {
        configuration["cni.dev/attachments"] = json!([Scene::attachment(pod, "eth0")]);
    })
}

fn gc_both_keys(scene: &Scene) -> Verdict {
    removes_the_dead(scene, |configuration| {
        for key in ["cni.dev/valid-attachments", "cni.dev/attachments"] {
            configuration[key] = json!([{"containerID": "of-another-network", "ifname": "net1"}]);
        }
    })?;
    keeps(scene, |configuration, pod| {
        for key in ["cni.dev/valid-attachments", "cni.dev/attachments"] {
            configuration[key] = json!([Scene::attachment(pod, "eth0")]);
        }
    })
}

fn gc_twice(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.oracle();
    for _ in 0..2 {
        expect::silence(&scene.gc_call(&pod, json!([])).run())?;
    }
    unchanged(&clean)
}

fn gc_beside_add(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    for list in [json!([Scene::attachment(&pod, "eth0")]), Value::Null] {
        for _ in 0..10 {
            let adding = scene.pod_call("ADD", &pod).start();
            let mut configuration = scene.configuration(&pod);
            if !list.is_null() {
                configuration["cni.dev/valid-attachments"] = list.clone();
            }
            let collecting = scene.call("GC", &configuration).start();
            let result = expect::result(&adding.finish())?;
            expect::silence(&collecting.finish())?;
            scene.check(&pod, &result)?;
            scene.delete(&pod)?;
        }
    }
    unchanged(&clean)
}
