//! 301 to 306: what a plan must be like.

use plumb::components::World;
use plumb::operations::Operation;
use plumb::plan::{Plan, Step};
use serde_json::json;

use super::FLAVOURS;
use crate::answer::{given, takes_addresses};
use crate::case::{Stop, judge, not_applicable};
use crate::draw::pools;
use crate::trial::INTERFACE;
use crate::{Answer, Bench, Case, Outcome, Trial, Verdict};

pub(super) const CASES: &[Case] = &[
    Case::must(
        301,
        "attaches",
        "wit, worlds",
        "some trial ends in a plan",
        attaches,
    ),
    Case::must(
        302,
        "makes-sense",
        "docs/errors.md, code 103",
        "what is recorded or proposed is a plan: one interface of the name that was asked for, or one function in its place, \
         and nothing that the host calls a fault; what is refused, is refused with a documented code",
        makes_sense,
    ),
    Case::must(
        303,
        "declared",
        "docs/contract.md, a grant",
        "the operations and devices that the component declares are all that its plans need",
        declared,
    ),
    Case::must(
        304,
        "takes-addresses",
        "docs/contract.md, addresses",
        "with an `ipam` in the configuration a plan that gives the pod an interface takes its addresses",
        takes,
    )
    .of(FLAVOURS),
    Case::must(
        305,
        "up-at-the-end",
        "docs/contract.md",
        "an interface that a plan gives is set up by it, and gets its addresses once",
        up_at_the_end,
    )
    .of(FLAVOURS),
    Case::must(
        306,
        "mtu-of-the-parent",
        "the kernel refuses it (macvlan_common_newlink, drivers/net/macvlan.c)",
        "no interface has a larger MTU than the link below it",
        mtu_of_the_parent,
    )
    .of(FLAVOURS),
];

fn attaches(bench: &Bench<'_>) -> Verdict {
    let answered = bench.answered()?;
    let planned = answered
        .iter()
        .filter(|(_, answer)| answer.plan().is_some())
        .count();
    if planned > 0 {
        bench.note(format!(
            "{planned} of {} trials end in a plan",
            answered.len()
        ));
        let mut refused = answered
            .iter()
            .filter(|(_, answer)| answer.plan().is_none());
        if let Some((trial, answer)) = refused.next() {
            bench.note(format!(
                "the first that does not, {}: {}",
                trial.name,
                answer.lines().join(" ")
            ));
        }
        return Ok(());
    }
    let refusals: Vec<_> = answered
        .iter()
        .filter(|(_, answer)| answer.fault().is_none())
        .map(|(trial, answer)| format!("{}: {}", trial.name, answer.lines().join(" ")))
        .collect();
    if refusals.is_empty() {
        return Err(not_applicable(
            "no trial has an answer that makes sense, which cases 101 to 104 and 302 are about",
        ));
    }
    judge(refusals)
}

fn makes_sense(bench: &Bench<'_>) -> Verdict {
    let answered = bench.answered()?.into_iter();
    let look = |trial: &Trial, answer: &Answer| match &answer.outcome {
        Outcome::Plan(plan) if bench.world() == World::Flavour => of_interface(trial, plan),
        // What gives no answer at all is found by the cases of the limits.
        Outcome::Plan(_) | Outcome::Ready | Outcome::Broken(..) => None,
        Outcome::Refused(_) => answer.fault(),
    };
    judge(
        answered
            .filter_map(|(trial, answer)| Some(format!("{}: {}", trial.name, look(trial, answer)?)))
            .collect(),
    )
}

/// What is wrong with the interface that a plan gives.
fn of_interface(trial: &Trial, plan: &Plan) -> Option<String> {
    let (links, functions) = given(plan);
    let is_chained = !trial.configuration["prevResult"].is_null();
    match (&links[..], functions) {
        ([name], 0) if *name == INTERFACE => None,
        ([], 1) => None,
        ([], 0) if is_chained => None,
        _ => Some(format!(
            "it gives the pod {} interfaces ({}) and {functions} functions",
            links.len(),
            links.join(", ")
        )),
    }
}

/// What a look at each plan finds.
fn of_each_plan(
    bench: &Bench<'_>,
    look: impl Fn(&Trial, &Plan) -> Option<String>,
) -> Result<Vec<String>, Stop> {
    let planned = bench.planned()?.into_iter();
    Ok(planned
        .filter_map(|(trial, answer)| {
            Some(format!("{}: {}", trial.name, look(trial, answer.plan()?)?))
        })
        .collect())
}

fn declared(bench: &Bench<'_>) -> Verdict {
    let mut findings = Vec::new();
    for (trial, answer) in bench.planned()? {
        let Some(granted) = bench.ask_with_declared_grants(trial) else {
            return Err(not_applicable(
                "it declares no operations in its section plumb:component",
            ));
        };
        if !granted.is_like(answer) {
            findings.push(format!(
                "{}: with what it declares it is another plan:\n    {}",
                trial.name,
                granted.lines().join("\n    ")
            ));
        }
    }
    judge(findings)
}

fn takes(bench: &Bench<'_>) -> Verdict {
    let mut findings = Vec::new();
    for (trial, _) in bench.planned()? {
        // The earlier plugin's addresses are the ones to take.
        if !trial.configuration["prevResult"].is_null() {
            continue;
        }
        let with_pools = with_pools(trial);
        let answer = bench.ask(&with_pools);
        match answer.plan() {
            Some(plan) if takes_addresses(plan) || given(plan).0.is_empty() => {}
            Some(_) => findings.push(format!(
                "{}: the plan does not take the addresses of its ipam:\n    {}",
                with_pools.name,
                answer.lines().join("\n    ")
            )),
            // One that serves no addresses says so.
            None => findings.extend(fault(&with_pools, &answer)),
        }
    }
    judge(findings)
}

/// The same network with addresses from a pool.
fn with_pools(trial: &Trial) -> Trial {
    if !trial.configuration["ipam"].is_null() {
        return trial.clone();
    }
    let mut configuration = trial.configuration.clone();
    configuration["ipam"] = json!({"type": "pool", "pools": pools()});
    trial.with("with pools", configuration)
}

fn fault(trial: &Trial, answer: &Answer) -> Option<String> {
    Some(format!("{}: {}", trial.name, answer.fault()?))
}

fn up_at_the_end(bench: &Bench<'_>) -> Verdict {
    let findings = of_each_plan(bench, |_, plan| {
        let (links, _) = given(plan);
        let ups = plan
            .operations()
            .filter(|operation| matches!(operation, Operation::SetUp(_)))
            .count();
        let assignments = plan
            .steps
            .iter()
            .filter(|step| matches!(step, Step::AssignAddresses(..)))
            .count();
        match (links.len(), ups + assignments, assignments) {
            (0, ..) => None,
            (_, 0, _) => Some("the interface stays down".to_owned()),
            (_, _, 2..) => Some(format!(
                "the interface gets its addresses {assignments} times"
            )),
            _ => None,
        }
    });
    judge(findings?)
}

fn mtu_of_the_parent(bench: &Bench<'_>) -> Verdict {
    let findings = of_each_plan(bench, |trial, plan| {
        plan.operations().find_map(|operation| {
            let (parent, mtu) = match operation {
                Operation::CreateMacvlan(link) => (&link.parent, link.mtu?),
                Operation::CreateIpvlan(link) => (&link.parent, link.mtu?),
                _ => return None,
            };
            let place = if parent.in_pod { "pod" } else { "host" };
            let links = trial.node[place]["links"].as_array()?;
            let below = links.iter().find(|link| link["name"] == parent.name)?;
            let most = below["mtu"].as_u64()?;
            (u64::from(mtu) > most)
                .then(|| format!("an MTU of {mtu} on {}, which has {most}", parent.name))
        })
    });
    judge(findings?)
}
