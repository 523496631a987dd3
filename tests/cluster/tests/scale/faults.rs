//! What fails, one after the other.

use std::time::Duration;

use nix::sys::signal::Signal;
use plumb_cluster_tests::agents::Agent;
use plumb_cluster_tests::{Cluster, until};
use plumb_protocol::{PodName, Question};
use plumb_tests::dice::Dice;

use crate::fleet::{Fleet, NODES, say};

/// How long the API server is away each time: shorter than an agent waits for an answer, and longer than plumb waits for
/// the agent.
const AWAY: Duration = Duration::from_secs(6);
/// How long pods only start and end, between two faults.
const QUIET: Duration = Duration::from_secs(4);
/// How long the API server takes to come back on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// All of them.
///
/// # Panics
///
/// When the cluster does not recover.
pub fn all(cluster: &Cluster, fleet: &Fleet<'_>) {
    let mut dice = Dice::new(7);
    std::thread::sleep(2 * QUIET);
    kill_agents(fleet, &mut dice);
    std::thread::sleep(QUIET);

    cluster.place().signal("apiserver", Signal::SIGSTOP);
    std::thread::sleep(AWAY);
    cluster.place().signal("apiserver", Signal::SIGCONT);
    say("the API server stood still and goes on");
    std::thread::sleep(QUIET);

    cluster.place().signal("apiserver", Signal::SIGKILL);
    std::thread::sleep(AWAY);
    cluster.place().start_again("apiserver");
    until("the API server is ready again", PATIENCE, || {
        let ready = cluster.kubectl().run(&["get", "--raw", "/readyz"]);
        ready
            .succeeded()
            .then_some(())
            .ok_or_else(|| "not ready".to_owned())
    });
    say("the API server was killed and is back");
    std::thread::sleep(QUIET);

    refuse(cluster, &fleet.agents()[NODES - 1]);
    std::thread::sleep(QUIET);
    kill_agents(fleet, &mut dice);
    std::thread::sleep(QUIET);
    say("the last fault is over");
}

/// Kills half of the agents, at whatever they are, and starts them again a moment later.
fn kill_agents(fleet: &Fleet<'_>, dice: &mut Dice) {
    for agent in fleet.agents().iter().step_by(2) {
        agent.kill();
        std::thread::sleep(Duration::from_millis(dice.below(40)));
    }
    std::thread::sleep(QUIET / 4);
    for agent in fleet.agents().iter().step_by(2) {
        agent.end(Signal::SIGKILL);
        agent.restart();
    }
    say("half of the agents were killed and run again");
}

/// A node's object is deleted, and the token of its agent is worth nothing any more until the node joins again.
fn refuse(cluster: &Cluster, agent: &Agent<'_>) {
    cluster
        .kubectl()
        .run(&["delete", "node", &agent.node])
        .expect_success();
    let question = Question::Pod(PodName {
        namespace: "default".to_owned(),
        name: "nobody".to_owned(),
        uid: String::new(),
    });
    // The API server remembers for some seconds that the token was good.
    until("the token is refused", PATIENCE, || {
        let answer = format!("{:?}", agent.try_ask(&question));
        answer.contains("401").then_some(()).ok_or(answer)
    });
    std::thread::sleep(AWAY);
    agent.end(Signal::SIGKILL);
    Agent::make_node(cluster, &agent.node);
    agent.restart();
    say("the token of a node was refused, and the node is back");
}
