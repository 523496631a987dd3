//! An API server that does not know the agent, or does not let it.

use std::path::Path;

use plumb_cluster_tests::{Cluster, Shape, until};
use plumb_protocol::{PodName, Question};

use super::{Agent, PATIENCE, SharedPool, install};

/// Waits until the API server answers the agent's calls with this code: what it has believed once it believes for some seconds.
#[track_caller]
fn answers(agent: &Agent<'_>, code: &str) {
    let question = Question::Pod(PodName {
        namespace: "default".to_owned(),
        name: "nobody".to_owned(),
        uid: String::new(),
    });
    until(&format!("the answer is {code}"), PATIENCE, || {
        let answer = format!("{:?}", agent.try_ask(&question));
        answer.contains(code).then_some(()).ok_or(answer)
    });
}

/// A pod that needs an address more is refused with this code, in these words.
#[track_caller]
fn is_refused(agent: &Agent<'_>, pool: &SharedPool, code: u32, words: &[&str]) {
    let refusal = agent.add("refused", pool).expect_err("nothing is held");
    assert_eq!(refusal.code, code, "{}", refusal.message);
    for word in words {
        assert!(
            refusal.message.contains(word),
            "{word:?} in {:?}",
            refusal.message
        );
    }
}

#[test]
fn who_is_denied_is_told_what_would_help_and_whether_to_try_again() {
    let cluster = Cluster::start(Shape::API);
    install(&cluster);
    let kubectl = cluster.kubectl();
    let agent = Agent::start(&cluster, "denied-a");
    let pool = SharedPool::make(&cluster, "denied", 30, 12, &[&agent]);
    agent.add("first", &pool).expect("an address");
    let account = "system:serviceaccount:plumb-system:plumb-agent";
    let delete = |kind: &str, name: &str| {
        kubectl.run(&["delete", kind, name]).expect_success();
    };

    // The role is not there yet, or has not been read yet.
    delete("clusterrole", "plumb-agent");
    answers(&agent, "(403)");
    let unread = ["(403)", "\"plumb-agent\" not found", account];
    is_refused(&agent, &pool, 11, &unread);
    // The rights are taken away.
    delete("clusterrolebinding", "plumb-agent");
    until("nothing is said of a role", PATIENCE, || {
        let refusal = agent.add("refused", &pool).expect_err("nothing is held");
        match refusal.message.contains("not found") {
            false => Ok(()),
            true => Err(refusal.message),
        }
    });
    let taken_away = ["(403)", "cannot", account, "rbac/agent.yaml"];
    is_refused(&agent, &pool, 50, &taken_away);
    let rights = "/../../deploy/chart/plumb/rbac/agent.yaml";
    let rights = format!("{}{rights}", env!("CARGO_MANIFEST_DIR"));
    kubectl.apply_file(Path::new(&rights));
    answers(&agent, "(404)");
    until("a pod is served", PATIENCE, || {
        let added = agent.add("second", &pool);
        added.map_err(|refusal| refusal.message)
    });
    // The token was made for a node that there is no more.
    delete("node", "denied-a");
    answers(&agent, "(401)");
    let unknown = ["(401)", account, "comes back with a new one"];
    is_refused(&agent, &pool, 11, &unknown);
}
