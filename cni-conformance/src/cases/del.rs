//! 601 to 617: DEL (specification, section 2, "DEL").

use std::process::{Child, Command, Stdio};

use cni_harness::{Oracle, Outcome, Pod, wait};
use serde_json::json;

use super::{INTERFACE, ON_INTERFACE};
use crate::case::{ensure, failed};
use crate::scene::{unchanged, unchanged_after};
use crate::{Case, Kind, Scene, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::should(
        601,
        "undoes-add",
        "section 2, DEL",
        "DEL undoes ADD: the node, the pod and the addresses are as they were",
        undoes_add,
    )
    .each_version(),
    Case::must(
        602,
        "del-twice",
        "section 2, DEL: must accept multiple DEL calls",
        "DEL of what is deleted already succeeds",
        del_twice,
    )
    .each_version(),
    Case::must(
        603,
        "del-without-add",
        "section 2, DEL: return success if the interface in question is missing",
        "DEL of what was never added succeeds and changes nothing",
        del_without_add,
    ),
    Case::must(
        604,
        "del-with-previous-result",
        "section 2, DEL: prevResult",
        "DEL with the result of ADD as prevResult undoes ADD",
        del_with_previous_result,
    )
    .since(Version::V0_4_0)
    .each_version(),
    Case::must(
        605,
        "del-without-previous-result",
        "section 2, DEL: return success when prevResult is missing",
        "DEL without a prevResult, and with an empty one, undoes ADD",
        del_without_previous_result,
    ),
    Case::should(
        606,
        "del-namespace-gone",
        "section 2, DEL: generally completes without error when resources are missing",
        "DEL succeeds when the namespace is gone, and gives the addresses back",
        del_namespace_gone,
    ),
    Case::must(
        607,
        "del-namespace-empty",
        "section 2, DEL: CNI_NETNS is optional",
        "DEL with an empty CNI_NETNS succeeds, and leaves nothing beyond the namespace",
        del_namespace_empty,
    ),
    Case::must(
        608,
        "del-namespace-unset",
        "section 2, DEL: CNI_NETNS is optional",
        "DEL without CNI_NETNS succeeds, and leaves nothing beyond the namespace",
        del_namespace_unset,
    ),
    Case::should(
        609,
        "del-namespace-unmounted",
        "section 2, DEL: generally completes without error when resources are missing",
        "DEL succeeds when the path is a file that is no namespace",
        del_namespace_unmounted,
    ),
    Case::should(
        610,
        "del-process-ended",
        "section 2, DEL; ctr passes /proc/PID/ns/net",
        "DEL succeeds when the process whose namespace it was has ended",
        del_process_ended,
    ),
    Case::relied(
        611,
        "del-path-of-another",
        "paths and process numbers are used again",
        "DEL does not touch another container that has the namespace's path now",
        del_path_of_another,
    )
    .kinds(INTERFACE),
    Case::must(
        612,
        "del-interface-gone",
        "section 2, DEL: return success if the interface in question is missing",
        "DEL succeeds when the interface is gone, and gives the addresses back",
        del_interface_gone,
    )
    .kinds(ON_INTERFACE),
    Case::should(
        613,
        "del-interface-renamed",
        "section 2, DEL: generally completes without error when resources are missing",
        "DEL succeeds when somebody in the pod has renamed the interface",
        del_interface_renamed,
    )
    .kinds(INTERFACE),
    Case::relied(
        614,
        "del-stale-previous-result",
        "a runtime's cache may be older than the pod",
        "DEL does not act on a sandbox of prevResult that is another container's",
        del_stale_previous_result,
    )
    .kinds(INTERFACE)
    .since(Version::V0_4_0),
    Case::must(
        615,
        "del-other-pods-stay",
        "section 2, DEL: (CNI_CONTAINERID, CNI_IFNAME)",
        "DEL of one pod leaves another pod of the network alone",
        del_other_pods_stay,
    ),
    Case::relied(
        616,
        "del-parent-gone",
        "a node that lost a device must still lose its pods",
        "DEL succeeds when the node's interfaces are gone, and gives the addresses back",
        del_parent_gone,
    ),
    Case::relied(
        617,
        "del-side-by-side",
        "runtimes repeat a DEL that has not come back",
        "two DELs of one attachment at a time both succeed",
        del_side_by_side,
    ),
];

/// A process in a pod's namespace.
pub(super) struct Sleeper {
    process: Child,
}

impl Sleeper {
    pub(super) fn new(pod: &Pod) -> Self {
        let process = Command::new("nsenter")
            .arg(format!("--net={}", pod.path()))
            .args(["sleep", "1000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("run nsenter (util-linux)");
        let sleeper = Self { process };
        let path = sleeper.path();
        let identity = pod.identity();
        wait::until("the process is in the pod", || {
            use std::os::unix::fs::MetadataExt;
            std::fs::metadata(&path).is_ok_and(|file| (file.dev(), file.ino()) == identity)
        });
        sleeper
    }

    pub(super) fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.process.id())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It is our own child: it cannot be gone before it is waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn undoes_add(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.oracle();
    scene.add(&pod)?;
    let outcome = scene.pod_call("DEL", &pod).run();
    deleted(&clean, &outcome)
}

fn deleted(clean: &Oracle<'_>, outcome: &Outcome) -> Verdict {
    expect::silence(outcome)?;
    unchanged_after(clean, outcome)
}

fn del_twice(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    scene.add(&pod)?;
    for _ in 0..3 {
        scene.delete(&pod)?;
    }
    unchanged(&clean)
}

fn del_without_add(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.oracle();
    deleted(&clean, &scene.pod_call("DEL", &pod).run())
}

fn del_with_previous_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let result = scene.add(&pod)?;
    let mut configuration = scene.configuration(&pod);
    configuration["prevResult"] = result;
    deleted(&clean, &scene.call_with("DEL", &pod, &configuration).run())
}

fn del_without_previous_result(scene: &Scene) -> Verdict {
    for previous in [None, Some(json!({}))] {
        let pod = scene.pod();
        let clean = scene.rehearsed(std::slice::from_ref(&pod));
        scene.add(&pod)?;
        let mut configuration = scene.configuration(&pod);
        if let Some(object) = configuration.as_object_mut() {
            object.remove("prevResult");
        }
        if let Some(previous) = previous {
            configuration["prevResult"] = previous;
        }
        deleted(&clean, &scene.call_with("DEL", &pod, &configuration).run())?;
    }
    Ok(())
}

/// ADD, then `lose` something, then DEL by `call`, then whatever is left of the pod goes;
/// the oracle must find nothing that was not there before the pod.
fn after_a_loss(
    scene: &Scene,
    lose: impl FnOnce(&Pod),
    call: impl Fn(cni_harness::Call) -> cni_harness::Call,
    end: impl FnOnce(&Pod),
) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    scene.add(&pod)?;
    lose(&pod);
    let outcome = call(scene.pod_call("DEL", &pod)).run();
    expect::silence(&outcome)?;
    end(&pod);
    if scene.subject.kind == Kind::Chained {
        // The suite's own veth has gone with the namespace: what counts is the success.
        return Ok(());
    }
    unchanged_after(&clean, &outcome)
}

fn del_namespace_gone(scene: &Scene) -> Verdict {
    after_a_loss(scene, Pod::remove, |call| call, |_| ())
}

fn del_namespace_empty(scene: &Scene) -> Verdict {
    after_a_loss(
        scene,
        |_| (),
        |call| call.variable("CNI_NETNS", ""),
        Pod::remove,
    )
}

fn del_namespace_unset(scene: &Scene) -> Verdict {
    after_a_loss(scene, |_| (), |call| call.without("CNI_NETNS"), Pod::remove)
}

fn del_namespace_unmounted(scene: &Scene) -> Verdict {
    after_a_loss(scene, Pod::unmount, |call| call, |_| ())
}

fn del_process_ended(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let sleeper = Sleeper::new(&pod);
    let path = sleeper.path();
    let mut configuration = scene.configuration(&pod);
    if scene.subject.kind == Kind::Chained {
        configuration["prevResult"]["interfaces"][0]["sandbox"] = path.as_str().into();
    }
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let call = |verb| {
        scene
            .call_with(verb, &pod, &configuration)
            .variable("CNI_NETNS", &path)
    };
    expect::result(&call("ADD").run())?;
    drop(sleeper);
    pod.remove();
    let outcome = call("DEL").run();
    expect::silence(&outcome)?;
    match scene.subject.kind {
        Kind::Chained => Ok(()),
        _ => without_processes(&clean, &outcome),
    }
}

/// The process that ended is the suite's own.
fn without_processes(clean: &Oracle<'_>, outcome: &Outcome) -> Verdict {
    let difference = clean.settled_difference_in(|line| !line.contains("missing: process"));
    match difference.is_empty() {
        true => Ok(()),
        false => Err(failed(format!("something is left:\n{difference}"), outcome)),
    }
}

fn del_path_of_another(scene: &Scene) -> Verdict {
    let old = scene.pod();
    scene.add(&old)?;
    old.remove();
    old.mount_again();
    let new = old.with_container("another-container");
    let result = scene.add(&new)?;
    let attached = new.addresses("eth0");
    let outcome = scene.pod_call("DEL", &old).run();
    expect::silence(&outcome)?;
    if new.link("eth0").is_none() || new.addresses("eth0") != attached {
        return Err(failed(
            "the interface of the other container is gone",
            &outcome,
        ));
    }
    if scene.version.has_check() {
        scene.check(&new, &result)?;
    }
    scene.delete(&new)
}

fn del_interface_gone(scene: &Scene) -> Verdict {
    after_a_loss(
        scene,
        |pod| pod.ip("link delete eth0"),
        |call| call,
        Pod::remove,
    )
}

fn del_interface_renamed(scene: &Scene) -> Verdict {
    after_a_loss(
        scene,
        |pod| {
            pod.ip("link set eth0 down");
            pod.ip("link set eth0 name renamed0");
        },
        |call| call,
        Pod::remove,
    )
}

fn del_stale_previous_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let other = scene.pod();
    let mut result = scene.add(&pod)?;
    let result_of_other = scene.add(&other)?;
    for interface in result["interfaces"].as_array_mut().into_iter().flatten() {
        if interface["sandbox"] == pod.path() {
            interface["sandbox"] = other.path().into();
        }
    }
    let mut configuration = scene.configuration(&pod);
    configuration["prevResult"] = result;
    let call = scene.call_with("DEL", &pod, &configuration);
    let outcome = call.variable("CNI_NETNS", "").run();
    expect::silence(&outcome)?;
    if other.link("eth0").is_none() {
        return Err(failed(
            "the interface of the other container is gone",
            &outcome,
        ));
    }
    if scene.version.has_check() {
        scene.check(&other, &result_of_other)?;
    }
    Ok(())
}

fn del_other_pods_stay(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let other = scene.pod();
    let result = scene.add(&other)?;
    let attached = scene.rehearsed(std::slice::from_ref(&pod));
    scene.add(&pod)?;
    scene.delete(&pod)?;
    unchanged(&attached)?;
    match scene.version.has_check() {
        true => scene.check(&other, &result),
        false => Ok(()),
    }
}

fn del_parent_gone(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    scene.add(&pod)?;
    cni_harness::ip::batch(None, "link delete nic0\n");
    let outcome = scene.pod_call("DEL", &pod).run();
    expect::silence(&outcome)?;
    pod.remove();
    let left = clean.settled_difference_in(|line| line.contains("left behind"));
    ensure(left.is_empty(), || format!("something is left:\n{left}"))
}

fn del_side_by_side(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    scene.add(&pod)?;
    let running = [
        scene.pod_call("DEL", &pod).start(),
        scene.pod_call("DEL", &pod).start(),
    ];
    for one in running {
        expect::silence(&one.finish())?;
    }
    unchanged(&clean)
}
