//! 901 to 904: many calls at a time (specification, section 2, "Lifecycle and ordering").

use std::collections::BTreeSet;
use std::fs;
use std::panic::resume_unwind;
use std::thread;

use cni_harness::{Outcome, Pod, wait};

use super::{INTERFACE, ON_INTERFACE, deaths};
use crate::case::{ensure, failed};
use crate::scene::unchanged;
use crate::{Case, Scene, Stop, Verdict, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        901,
        "many-pods",
        "section 2: calls for different containers may run at the same time",
        "32 ADDs at a time succeed, no address is given twice, and 32 DELs leave nothing",
        many_pods,
    ),
    Case::relied(
        902,
        "many-interfaces",
        "containerd attaches the networks of a pod side by side",
        "4 ADDs for one container at a time succeed, and 4 DELs leave nothing",
        many_interfaces,
    )
    .kinds(INTERFACE),
    Case::relied(
        903,
        "slow-delegate",
        "a delegate that hangs must not hold up the node",
        "while the delegate of one pod takes its time, another pod comes up",
        slow_delegate,
    )
    .kinds(ON_INTERFACE)
    .delegating(),
    Case::must(
        904,
        "killed-among-others",
        "section 2; runtimes kill a plugin whose time is over",
        "when half of 16 ADDs at a time are killed, the others succeed, and DEL leaves nothing of any",
        killed_among_others,
    ),
];

fn many_pods(scene: &Scene) -> Verdict {
    let pods: Vec<Pod> = (0..32).map(|_| scene.pod()).collect();
    let clean = scene.rehearsed(&pods);
    let running: Vec<_> = pods
        .iter()
        .map(|pod| scene.pod_call("ADD", pod).start())
        .collect();
    let mut seen = BTreeSet::new();
    for one in running {
        let outcome = one.finish();
        let result = expect::result(&outcome)?;
        for ip in result["ips"].as_array().into_iter().flatten() {
            let address = ip["address"].as_str().unwrap_or_default().to_owned();
            // Addresses that were there before, or that the configuration fixes, are no choice.
            let chosen = !fixed(scene, &address);
            if chosen && !seen.insert(address.clone()) {
                return Err(failed(format!("{address} was given twice"), &outcome));
            }
        }
    }
    let running: Vec<_> = pods
        .iter()
        .map(|pod| scene.pod_call("DEL", pod).start())
        .collect();
    for one in running {
        expect::silence(&one.finish())?;
    }
    unchanged(&clean)
}

fn fixed(scene: &Scene, address: &str) -> bool {
    address.starts_with("10.99.0.") || scene.subject.configuration.to_string().contains(address)
}

fn many_interfaces(scene: &Scene) -> Verdict {
    const NAMES: [&str; 4] = ["eth0", "net1", "net2", "net3"];
    if super::add::shares_a_device(scene) {
        return Err(Stop::NotApplicable(
            "the configuration names a device of which there is one".into(),
        ));
    }
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    for verb in ["ADD", "DEL"] {
        let running: Vec<_> = NAMES
            .iter()
            .map(|name| scene.pod_call(verb, &pod).interface(name).start())
            .collect();
        for one in running {
            expect::success(&one.finish())?;
        }
        let there = NAMES.iter().filter(|name| pod.link(name).is_some()).count();
        let wanted = if verb == "ADD" { NAMES.len() } else { 0 };
        ensure(there == wanted, || {
            format!("after {verb} the pod has {there} interfaces, not {wanted}")
        })?;
    }
    unchanged(&clean)
}

fn slow_delegate(scene: &Scene) -> Verdict {
    let slow = scene.pod();
    let quick = scene.pod();
    let delegate = scene.delegate();
    let clean = scene.rehearsed(&[slow.clone(), quick.clone()]);
    let gate = scene.node.scratch().join("gate");
    delegate.answers(
        "ADD",
        &format!(
            "if [ $CNI_CONTAINERID = {} ]; then while [ ! -e {} ]; do sleep 0.02; done; fi\n\
             echo '{}'",
            slow.container(),
            gate.display(),
            scene.address("10.9.0.5/24")
        ),
    );
    let call = |verb, pod| {
        scene
            .call_with(verb, pod, &scene.delegating(pod))
            .path(&delegate.path())
    };
    let waiting = call("ADD", &slow).start();
    wait::until("the delegate is called", || !delegate.calls().is_empty());
    // A call that does not end in time fails the case.
    let outcome = call("ADD", &quick).run();
    fs::write(&gate, "").expect("open the gate");
    expect::result(&outcome)?;
    expect::result(&waiting.finish())?;
    for pod in [&slow, &quick] {
        expect::silence(&call("DEL", pod).run())?;
    }
    unchanged(&clean)
}

/// When each of the doomed calls is killed, in quarters of the time that one alone takes:
/// sixteen at a time take a little longer on a large machine, and eight times as long on a small one.
const KILLED_AFTER: [u32; 8] = [1, 2, 4, 6, 8, 12, 16, 24];

fn killed_among_others(scene: &Scene) -> Verdict {
    let usual = deaths::usual_time(scene)?;
    let pods: Vec<[Pod; 2]> = KILLED_AFTER.map(|_| [scene.pod(), scene.pod()]).into();
    let clean = scene.rehearsed(&pods.concat());
    // Each call has a thread, because the moment of a kill counts from the start of its own.
    let outcomes: Vec<[Outcome; 2]> = thread::scope(|scope| {
        let running: Vec<_> = pods
            .iter()
            .zip(KILLED_AFTER)
            .map(|(pair, quarters)| {
                let [doomed, other] = pair.each_ref().map(|pod| scene.pod_call("ADD", pod));
                [
                    scope.spawn(move || deaths::kill(doomed, usual * quarters / 4)),
                    scope.spawn(move || other.run()),
                ]
            })
            .collect();
        running.into_iter().map(|pair| pair.map(ended)).collect()
    });
    for [_, other] in &outcomes {
        expect::result(other)?;
    }
    let killed = |pair: &&[Outcome; 2]| pair[0].was_killed();
    deaths::seen(outcomes.iter().filter(killed).count())?;
    for pod in pods.iter().flatten() {
        scene.delete(pod)?;
    }
    unchanged(&clean)
}

/// What a call on a thread of its own came to; a panic of the harness keeps its words.
fn ended(call: thread::ScopedJoinHandle<'_, Outcome>) -> Outcome {
    call.join().unwrap_or_else(|panic| resume_unwind(panic))
}
