//! plumb's calls, as the agent counts them.

use std::fs::OpenOptions;
use std::io::Write;

use nix::sys::signal::Signal;
use plumb_cluster_tests::until;
use plumb_protocol::{CALLS, Call};

use super::{Agent, PATIENCE, cluster};

/// Leaves a line as plumb does.
#[track_caller]
fn leave(agent: &Agent<'_>, code: u32) {
    let call = Call {
        verb: "ADD".to_owned(),
        network: "rail1".to_owned(),
        code,
        microseconds: 4100,
    };
    let line = serde_json::to_string(&call).expect("a line");
    let mut file = until("the agent has made the file of calls", PATIENCE, || {
        let path = agent.path(CALLS);
        let opened = OpenOptions::new().append(true).open(path);
        opened.map_err(|error| error.to_string())
    });
    writeln!(file, "{line}").expect("append to the file of calls");
}

#[track_caller]
fn wait_for(agent: &Agent<'_>, code: u32, expected: f64) {
    let name = format!("plumb_cni_calls_total{{verb=\"ADD\",network=\"rail1\",code=\"{code}\"}}");
    until(&format!("{name} is {expected}"), PATIENCE, || {
        match agent.metric(&name) {
            Some(found) if found == expected => Ok(()),
            other => Err(format!("{other:?}\n{}", agent.log())),
        }
    });
}

#[test]
fn calls_are_counted_also_those_that_end_while_the_agent_is_replaced() {
    let cluster = cluster();
    let agent = Agent::start(&cluster, "calls-a");
    leave(&agent, 0);
    leave(&agent, 0);
    leave(&agent, 101);
    wait_for(&agent, 0, 2.0);
    wait_for(&agent, 101, 1.0);
    let times = "plumb_cni_call_duration_seconds_bucket{le=\"0.005\",verb=\"ADD\"}";
    assert_eq!(agent.metric(times), Some(3.0));

    agent.end(Signal::SIGTERM);
    leave(&agent, 11);
    agent.restart();
    wait_for(&agent, 11, 1.0);
}
