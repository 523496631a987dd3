//! 971 to 977: the whole life of a container, by the calls that each runtime really makes.

use cni_harness::{Call, Pod};
use serde_json::Value;

use super::del::Sleeper;
use crate::libcni::input;
use crate::libcni::runtime::{Namespace, Runtime, Step};
use crate::scene::unchanged;
use crate::{Case, Kind, Scene, Stop, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::relied(
        971,
        "life-under-cnitool",
        "cnitool 1.3.0",
        "the calls of cnitool succeed: also GC without a list, which leaves the living alone",
        |scene| life(scene, Runtime::Cnitool),
    ),
    Case::relied(
        972,
        "life-under-podman",
        "podman 4.3 with CNI",
        "the calls of podman succeed: VERSION in between, CNI_ARGS with the container's name",
        |scene| life(scene, Runtime::Podman),
    ),
    Case::relied(
        973,
        "life-under-ctr",
        "containerd 1.6, ctr run --cni",
        "the calls of ctr succeed: ADD by process, DEL without a namespace while it lives",
        |scene| life(scene, Runtime::Ctr),
    ),
    Case::relied(
        974,
        "life-under-containerd",
        "containerd 1.6, CRI",
        "the calls of containerd succeed: capitalised keys, CNI_ARGS in any order, three DELs",
        |scene| life(scene, Runtime::Containerd),
    ),
    Case::relied(
        975,
        "life-under-cri-o",
        "CRI-O from 1.32 on",
        "the calls of CRI-O succeed: CHECK after ADD, GC with both keys and with null",
        |scene| life(scene, Runtime::Crio),
    ),
    Case::relied(
        976,
        "life-under-multus",
        "Multus 4, thin",
        "the calls of Multus succeed: repeated keys in CNI_ARGS, repeated folders in CNI_PATH",
        |scene| life(scene, Runtime::MultusThin),
    ),
    Case::relied(
        977,
        "life-under-multus-daemon",
        "Multus 4, thick",
        "the calls of the Multus daemon succeed: the environment of its own pod, an empty value in CNI_ARGS",
        |scene| life(scene, Runtime::MultusThick),
    ),
];

fn life(scene: &Scene, runtime: Runtime) -> Verdict {
    let version = spoken_by_both(scene, runtime)?;
    let container = runtime.container();
    let pod = scene.pod().with_container(&container);
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let sleeper = Sleeper::new(&pod);
    let mut steps = runtime.steps(&container);
    steps.retain(|step| spoken(step, version));
    let mut there = true;
    let mut result = None;
    for step in &steps {
        if step.namespace_is_gone && there {
            pod.remove();
            there = false;
        }
        let call = compose(
            scene,
            runtime,
            version,
            step,
            &pod,
            &sleeper,
            result.as_ref(),
        );
        let outcome = call.run();
        match step.verb {
            "ADD" => result = Some(expect::result(&outcome)?),
            "VERSION" => expect::result(&outcome).map(|_| ())?,
            _ => expect::silence(&outcome)?,
        }
    }
    drop(sleeper);
    // What only lives in the namespace may end with it, if DEL did not get its name.
    let named = steps
        .last()
        .is_some_and(|step| step.namespace == Namespace::Mounted);
    if there && !named {
        pod.remove();
    }
    match scene.subject.kind == Kind::Chained && !named {
        true => Ok(()),
        false => unchanged(&clean),
    }
}

fn compose(
    scene: &Scene,
    runtime: Runtime,
    version: Version,
    step: &Step,
    pod: &Pod,
    sleeper: &Sleeper,
    result: Option<&Value>,
) -> Call {
    let mut configuration = scene.configuration_in(pod, version);
    let namespace = match step.namespace {
        Namespace::Mounted => pod.path().to_owned(),
        Namespace::MountedInVar => format!("/var{}", pod.path()),
        Namespace::OfProcess => sleeper.path(),
        Namespace::Empty => String::new(),
        Namespace::Dummy => "dummy".into(),
    };
    if let Some(keys) = configuration.as_object_mut() {
        if step.verb != "ADD" {
            keys.remove("prevResult");
        }
        keys.extend(step.keys.clone());
    }
    if step.verb == "ADD" && scene.subject.kind == Kind::Chained {
        configuration["prevResult"]["interfaces"][0]["sandbox"] = namespace.as_str().into();
    }
    let for_the_pod = ["ADD", "CHECK", "DEL"].contains(&step.verb);
    let capabilities = match for_the_pod {
        true => runtime.capabilities(),
        false => &[],
    };
    let stdin = match step.verb {
        "VERSION" => format!("{{\"cniVersion\":\"{}\"}}", runtime.newest()),
        _ => {
            let previous = result.filter(|_| step.previous);
            let library = runtime.library();
            input::compose(&configuration, version, previous, capabilities, library)
        }
    };
    // A chained plugin works on the interface that is there.
    let interface = match (step.verb, scene.subject.kind) {
        ("VERSION", _) => "dummy",
        _ if !for_the_pod => "",
        (_, Kind::Chained) => "eth0",
        _ => runtime.interface(),
    };
    let path = match step.verb {
        "VERSION" => "dummy".into(),
        _ => runtime.path(&scene.subject.cni_path),
    };
    let call = scene
        .call(step.verb, &Value::Null)
        .stdin(stdin)
        .path(&path)
        .variable(
            "CNI_CONTAINERID",
            if for_the_pod { pod.container() } else { "" },
        )
        .variable("CNI_NETNS", &namespace)
        .interface(interface)
        .arguments(&step.arguments);
    let surroundings = runtime.surroundings().iter();
    surroundings.fold(call, |call, (name, value)| call.variable(name, value))
}

fn spoken(step: &Step, version: Version) -> bool {
    match step.verb {
        "CHECK" => version.has_check(),
        "STATUS" | "GC" => version.has_status(),
        _ => true,
    }
}

/// The newest version of both.
fn spoken_by_both(scene: &Scene, runtime: Runtime) -> Result<Version, Stop> {
    let versions = scene.subject.versions.iter().rev().copied();
    versions
        .filter(|version| version.has_interfaces())
        .find(|version| *version <= runtime.newest())
        .ok_or_else(|| {
            Stop::NotApplicable(format!(
                "the plugin speaks nothing from 0.3.0 up to {}",
                runtime.newest()
            ))
        })
}
