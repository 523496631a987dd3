//! 921 to 923: calls that are killed. Runtimes kill a plugin when their own time is over,
//! and call DEL later.

use std::time::Duration;

use cni_harness::{Call, Outcome};

use crate::scene::unchanged_after;
use crate::{Case, Scene, Stop, Verdict, expect};

/// Moments of one call, evenly spread over the time that it usually takes.
const MOMENTS: u32 = 16;

pub(super) const CASES: &[Case] = &[
    Case::must(
        921,
        "killed-add",
        "section 2, DEL: cleans up after an ADD that did not complete",
        "after an ADD killed at any moment DEL succeeds and leaves nothing",
        killed_add,
    ),
    Case::relied(
        922,
        "add-after-killed-add",
        "kubelet tries again",
        "after a killed ADD and its DEL, ADD of the same interface works",
        add_after_killed_add,
    ),
    Case::must(
        923,
        "killed-del",
        "section 2, DEL: may be called again",
        "after a DEL killed at any moment another DEL succeeds and leaves nothing",
        killed_del,
    ),
];

/// How long an ADD takes here and now.
pub(super) fn usual_time(scene: &Scene) -> Result<Duration, Stop> {
    let pod = scene.pod();
    let mut times = Vec::new();
    for _ in 0..3 {
        let outcome = scene.pod_call("ADD", &pod).run();
        expect::result(&outcome)?;
        times.push(outcome.elapsed);
        scene.delete(&pod)?;
    }
    times.sort();
    Ok(times[1])
}

/// Starts a call and kills it after this time, if it is not over before.
pub(super) fn kill(call: Call, after: Duration) -> Outcome {
    let mut running = call.start();
    std::thread::sleep(after);
    running.kill();
    running.finish()
}

/// Kills a call at one of the moments; true when it was not over before.
fn is_killed(call: Call, usual: Duration, moment: u32) -> bool {
    kill(call, usual * moment / MOMENTS).was_killed()
}

/// A sweep in which nothing was killed has shown nothing.
pub(super) fn seen(killed: usize) -> Verdict {
    crate::case::ensure(killed > 0, || {
        "every call was over before it could be killed".into()
    })
}

fn killed_add(scene: &Scene) -> Verdict {
    let usual = usual_time(scene)?;
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let mut killed = 0;
    for moment in 0..MOMENTS {
        killed += usize::from(is_killed(scene.pod_call("ADD", &pod), usual, moment));
        let outcome = scene.pod_call("DEL", &pod).run();
        expect::silence(&outcome)?;
        unchanged_after(&clean, &outcome)?;
    }
    seen(killed)
}

fn add_after_killed_add(scene: &Scene) -> Verdict {
    let usual = usual_time(scene)?;
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let mut killed = 0;
    for moment in 0..MOMENTS {
        killed += usize::from(is_killed(scene.pod_call("ADD", &pod), usual, moment));
        scene.delete(&pod)?;
        scene.add(&pod)?;
        let outcome = scene.pod_call("DEL", &pod).run();
        expect::silence(&outcome)?;
        unchanged_after(&clean, &outcome)?;
    }
    seen(killed)
}

fn killed_del(scene: &Scene) -> Verdict {
    let usual = usual_time(scene)?;
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let mut killed = 0;
    for moment in 0..MOMENTS {
        scene.add(&pod)?;
        killed += usize::from(is_killed(scene.pod_call("DEL", &pod), usual, moment));
        let outcome = scene.pod_call("DEL", &pod).run();
        expect::silence(&outcome)?;
        unchanged_after(&clean, &outcome)?;
    }
    seen(killed)
}
