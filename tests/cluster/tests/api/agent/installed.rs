//! plumb itself and the node's policy: what an agent puts on its node and keeps there.

use plumb_cluster_tests::until;
use plumb_tests::binaries;

use super::{Agent, PATIENCE, cluster};

/// A folder of root's alone, which the state folders of the other tests are not in: plumb looks at those above, too.
const FOLDER: &str = "/mnt/installed";

#[test]
fn plumb_and_a_policy_that_it_understands_come_to_the_node_and_what_is_somebody_elses_stays() {
    let cluster = cluster();
    let place = cluster.place();
    place
        .shell("mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir -p /mnt/installed/bin")
        .expect_success();
    let path = |name: &str| format!("{FOLDER}/{name}");
    place.write(path("bin/macvlan"), "of another maker");
    place.write(
        path("source.toml"),
        "profile = \"shared\"\n[networks]\nparents = [\"ens*\"]\n",
    );
    let flags = [
        format!("--cni-bin-folder={FOLDER}/bin"),
        format!("--plumbctl={}", binaries::plumbctl().display()),
        format!("--policy={FOLDER}/source.toml"),
        format!("--policy-folder={FOLDER}/etc"),
    ];
    let agent = Agent::start_with(&cluster, "installed-a", &flags);
    let policy = until("the policy is written", PATIENCE, || {
        place
            .read(path("etc/plumb.toml"))
            .ok_or_else(|| agent.log())
    });
    for line in [
        "node = \"installed-a\"",
        "profile = \"shared\"",
        "agent.sock\"",
        "[folders]",
    ] {
        assert!(policy.contains(line), "{policy}");
    }
    // plumb reads it.
    let file = path("etc/plumb.toml");
    let mut command = place.command(binaries::plumbctl());
    command.args(["--policy", &file, "policy"]);
    let said = plumb_runtimes::Finished::of(command).expect_success();
    assert!(said.contains("installed-a"), "{said}");

    let version = place
        .run(&format!("{FOLDER}/bin/plumb --version"))
        .expect_success();
    assert!(version.contains("plumb"), "{version}");
    assert_eq!(
        place.read(path("bin/macvlan")).as_deref(),
        Some("of another maker")
    );
    let told = "macvlan is another plugin";
    until("the node has an event", PATIENCE, || {
        let selector = "involvedObject.name=installed-a";
        let events = cluster
            .kubectl()
            .list("events", &["--field-selector", selector]);
        let messages: Vec<_> = events
            .iter()
            .map(|event| event["message"].to_string())
            .collect();
        match messages.iter().any(|message| message.contains(told)) {
            true => Ok(()),
            false => Err(format!("{messages:?}\n{}", agent.log())),
        }
    });

    // A text that plumb would refuse does not come to a node: it would stop every ADD.
    place.write(path("wrong.toml"), "profil = \"shared\"\n");
    let flags = [
        format!("--plumbctl={}", binaries::plumbctl().display()),
        format!("--policy={FOLDER}/wrong.toml"),
        format!("--policy-folder={FOLDER}/other"),
    ];
    let agent = Agent::start_with(&cluster, "installed-b", &flags);
    until("the agent says so", PATIENCE, || match agent.log() {
        log if log.contains("did you mean") && log.contains("stays as it is") => Ok(()),
        log => Err(log),
    });
    assert_eq!(place.read(path("other/plumb.toml")), None);
}
