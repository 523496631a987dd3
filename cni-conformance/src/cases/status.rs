//! 751 to 754: STATUS (specification, section 2, "STATUS").

use serde_json::json;

use super::ON_INTERFACE;
use crate::scene::unchanged;
use crate::{Case, Scene, Verdict, Version, expect};

const SINCE: Version = Version::V1_1_0;

pub(super) const CASES: &[Case] = &[
    Case::must(
        751,
        "status-when-ready",
        "section 2, STATUS",
        "STATUS succeeds where ADD would",
        status_when_ready,
    )
    .since(SINCE),
    Case::must(
        752,
        "status-asks-the-delegate",
        "section 2, STATUS: delegated plugins",
        "STATUS calls the delegate with STATUS, and fails when it fails",
        status_asks_the_delegate,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::must(
        753,
        "nothing-needs-status",
        "section 2, STATUS: must not be relied upon",
        "ADD and DEL work after a STATUS that failed",
        nothing_needs_status,
    )
    .since(SINCE),
    Case::relied(
        754,
        "status-changes-nothing",
        "containerd asks it every few seconds",
        "STATUS changes nothing, and can run beside ADD",
        status_changes_nothing,
    )
    .since(SINCE),
];

fn status_when_ready(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    expect::silence(&scene.call("STATUS", &scene.configuration(&pod)).run())?;
    scene.add(&pod).map(|_| ())
}

fn status_asks_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = scene.delegate();
    let call = scene
        .call("STATUS", &scene.delegating(&pod))
        .path(&delegate.path());
    expect::silence(&call.clone().run())?;
    super::delegation::last_call(&delegate, "STATUS")?;
    delegate.answers(
        "STATUS",
        r#"echo '{"cniVersion":"1.1.0","code":50,"msg":"no daemon"}'; exit 1"#,
    );
    expect::code(&call.run(), &[50, 51]).map(|_| ())
}

fn nothing_needs_status(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    let mut unusable = scene.configuration(&pod);
    unusable["ipam"] = json!({"type": "not-there"});
    // Whether this fails depends on the plugin; what comes after must not.
    scene.call("STATUS", &unusable).run();
    scene.add(&pod)?;
    scene.delete(&pod)?;
    unchanged(&clean)
}

fn status_changes_nothing(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let configuration = scene.configuration(&pod);
    let clean = scene.rehearsed(std::slice::from_ref(&pod));
    expect::silence(&scene.call("STATUS", &configuration).run())?;
    unchanged(&clean)?;
    let adding = scene.pod_call("ADD", &pod).start();
    expect::silence(&scene.call("STATUS", &configuration).run())?;
    expect::result(&adding.finish())?;
    scene.delete(&pod)?;
    unchanged(&clean)
}
