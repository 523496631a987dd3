//! 601 to 609: what an address policy chooses of the pools. That it chooses nothing else, the host checks in each call
//! (`host/src/components/proposal.rs`).

use plumb::operations::Operation;
use plumb::plan::Plan;
use serde_json::{Value, json};

use super::POLICIES;
use crate::answer::is_documented;
use crate::case::{Stop, judge};
use crate::{Answer, Bench, Case, Outcome, Trial, Verdict};

const SOURCE: &str = "wit, pools";

pub(super) const CASES: &[Case] = &[
    Case::must(
        601,
        "without-pools",
        SOURCE,
        "without any pool it refuses, and says that there is none",
        |bench| refuses(bench, json!([]), "no pools"),
    )
    .of(POLICIES),
    Case::must(
        602,
        "empty-pools",
        SOURCE,
        "of pools that have nothing to give out it refuses",
        |bench| refuses(bench, empty(), "pools without addresses"),
    )
    .of(POLICIES),
    Case::must(
        603,
        "disabled-pools",
        SOURCE,
        "of pools that are all disabled it refuses",
        |bench| refuses(bench, disabled(), "disabled pools"),
    )
    .of(POLICIES),
    Case::must(
        604,
        "beside-disabled-pools",
        SOURCE,
        "of a disabled pool beside another it proposes nothing",
        beside_disabled,
    )
    .of(POLICIES),
    Case::must(
        605,
        "ipv6",
        SOURCE,
        "of IPv6 pools alone, and of both families, it proposes, or says that it serves none of them",
        ipv6,
    )
    .of(POLICIES),
    Case::must(
        606,
        "requested-address",
        "docs/configuration.md, runtimeConfig.ips",
        "for an address that is asked for it proposes that one and no other of its family, or refuses",
        requested,
    )
    .of(POLICIES),
    Case::must(
        607,
        "requested-of-no-pool",
        "docs/configuration.md, runtimeConfig.ips",
        "an address that is in no pool is refused",
        requested_of_no_pool,
    )
    .of(POLICIES),
    Case::must(
        608,
        "many-pools",
        "host/engine/src/limits.rs, the largest honest input",
        "a hundred pools with sixty ranges each are chosen from within the limits",
        |bench| answers(bench, many(), "a hundred pools"),
    )
    .of(POLICIES),
    Case::must(
        609,
        "large-pools",
        SOURCE,
        "pools of millions of addresses are chosen from within the limits",
        |bench| answers(bench, large(), "large pools"),
    )
    .of(POLICIES),
];

fn pool(name: &str, subnet: &str) -> Value {
    json!({"name": name, "subnet": subnet})
}

fn of_both_families() -> Value {
    json!([pool("four", "172.16.0.0/24"), pool("six", "fd00:16::/64")])
}

fn empty() -> Value {
    let mut one = pool("empty", "172.16.0.0/30");
    one["excludeIPs"] = json!(["172.16.0.1-172.16.0.2"]);
    json!([one])
}

fn disabled() -> Value {
    let mut one = pool("disabled", "172.16.9.0/24");
    one["disable"] = json!(true);
    json!([one])
}

fn many() -> Value {
    (0..100)
        .map(|number| {
            let ranges: Vec<_> = (0..60)
                .map(|place| {
                    let first = place * 4;
                    format!(
                        "172.16.{number}.{}-172.16.{number}.{}",
                        first + 1,
                        first + 2
                    )
                })
                .collect();
            let mut one = pool(&format!("pool-{number}"), &format!("172.16.{number}.0/24"));
            one["ips"] = json!(ranges);
            one
        })
        .collect()
}

fn large() -> Value {
    json!([pool("four", "10.0.0.0/8"), pool("six", "fd00::/16")])
}

/// Each trial with these pools in the place of its own, and without what selects among those.
fn with_pools(bench: &Bench<'_>, pools: &Value, name: &str) -> Result<Vec<Trial>, Stop> {
    let planned = bench.planned()?.into_iter();
    Ok(planned
        .map(|(trial, _)| {
            let mut configuration = trial.configuration.clone();
            if let Some(ipam) = configuration["ipam"].as_object_mut() {
                ipam.retain(|key, _| !SELECTORS.contains(&key.to_ascii_lowercase().as_str()));
                ipam.insert("pools".into(), pools.clone());
            }
            // What is asked for is asked of the trial's own pools.
            if let Some(runtime) = configuration["runtimeConfig"].as_object_mut() {
                runtime.remove("ips");
            }
            if configuration["runtimeConfig"].is_null()
                && let Some(configuration) = configuration.as_object_mut()
            {
                configuration.remove("runtimeConfig");
            }
            trial.with(name, configuration)
        })
        .collect())
}

/// Keys, in lower case, by which Spiderpool's configurations and ours name pools.
const SELECTORS: [&str; 6] = [
    "default_ipv4_ippool",
    "default_ipv6_ippool",
    "enable_ipv4",
    "enable_ipv6",
    "frommaster",
    "match_master_subnet",
];

/// What is wrong with the answers to trials with these pools.
fn look(
    bench: &Bench<'_>,
    pools: &Value,
    name: &str,
    wrong: impl Fn(&Answer) -> Option<String>,
) -> Verdict {
    let trials = with_pools(bench, pools, name)?.into_iter();
    judge(
        trials
            .filter_map(|trial| Some(format!("{}: {}", trial.name, wrong(&bench.ask(&trial))?)))
            .collect(),
    )
}

/// The names of the pools and the ranges that a plan's claims are of.
fn candidates(plan: &Plan) -> Vec<(&str, Vec<(std::net::IpAddr, std::net::IpAddr)>)> {
    let claims = plan.operations().filter_map(|operation| match operation {
        Operation::ClaimAddresses(claim) => Some(claim.claims.iter().flatten()),
        _ => None,
    });
    claims
        .flatten()
        .map(|source| {
            (
                source.candidate.pool.as_str(),
                source.candidate.ranges.clone(),
            )
        })
        .collect()
}

fn refuses(bench: &Bench<'_>, pools: Value, name: &str) -> Verdict {
    look(bench, &pools, name, |answer| match &answer.outcome {
        Outcome::Refused(error) if is_documented(error) => None,
        Outcome::Plan(plan) => Some(format!("it proposes {:?}", candidates(plan))),
        _ => Some(answer.lines().join(" ")),
    })
}

fn answers(bench: &Bench<'_>, pools: Value, name: &str) -> Verdict {
    look(bench, &pools, name, Answer::fault)
}

fn beside_disabled(bench: &Bench<'_>) -> Verdict {
    let mut pools = disabled();
    if let (Some(pools), Some(others)) = (pools.as_array_mut(), of_both_families().as_array()) {
        pools.extend(others.iter().cloned());
    }
    look(
        bench,
        &pools,
        "beside a disabled pool",
        |answer| match answer.plan() {
            Some(plan) => candidates(plan)
                .iter()
                .any(|(pool, _)| *pool == "disabled")
                .then(|| "it proposes the disabled pool".to_owned()),
            None => answer.fault(),
        },
    )
}

fn ipv6(bench: &Bench<'_>) -> Verdict {
    answers(bench, json!([pool("six", "fd00:16::/64")]), "IPv6 alone")?;
    answers(bench, of_both_families(), "both families")
}

/// Trials in which the runtime asks for an address.
fn requesting(bench: &Bench<'_>, address: &str) -> Result<Vec<Trial>, Stop> {
    let trials = with_pools(bench, &of_both_families(), "two pools")?.into_iter();
    Ok(trials
        .map(|trial| {
            let mut configuration = trial.configuration.clone();
            configuration["runtimeConfig"] = json!({"ips": [address]});
            trial.with(format_args!("{address} is asked for"), configuration)
        })
        .collect())
}

fn requested(bench: &Bench<'_>) -> Verdict {
    let mut findings = Vec::new();
    for address in ["172.16.0.7", "fd00:16::7"] {
        let wanted: std::net::IpAddr = address.parse().expect("it is an address");
        for trial in requesting(bench, address)? {
            let answer = bench.ask(&trial);
            let Some(plan) = answer.plan() else {
                findings.extend(
                    answer
                        .fault()
                        .map(|fault| format!("{}: {fault}", trial.name)),
                );
                continue;
            };
            let others = candidates(plan).into_iter().flat_map(|(_, ranges)| ranges);
            let mut others = others.filter(|(first, last)| {
                first.is_ipv4() == wanted.is_ipv4() && (*first, *last) != (wanted, wanted)
            });
            if let Some((first, last)) = others.next() {
                findings.push(format!("{}: it proposes {first} to {last}", trial.name));
            }
        }
    }
    judge(findings)
}

fn requested_of_no_pool(bench: &Bench<'_>) -> Verdict {
    let mut findings = Vec::new();
    for trial in requesting(bench, "192.0.2.7")? {
        let answer = bench.ask(&trial);
        match &answer.outcome {
            Outcome::Refused(error) if is_documented(error) => {}
            _ => findings.push(format!("{}: {}", trial.name, answer.lines().join(" "))),
        }
    }
    judge(findings)
}
