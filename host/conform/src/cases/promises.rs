//! 701 to 707: what plumb promises of every plan, with the plan performed on a [private node](crate::private).

use std::collections::BTreeSet;

use plumb::Code;
use plumb::operations::Operation;
use plumb::plan::{Plan, Step};
use plumb::watch::Moment;

use crate::answer::name_of;
use crate::case::{judge, not_applicable};
use crate::private::{Called, Fault, Scene, apart, difference, disturbances, look};
use crate::{Bench, Case, Trial, Verdict};

const SOURCE: &str = "README.md, what it promises";

pub(super) const CASES: &[Case] = &[
    Case::must(
        701,
        "performs",
        SOURCE,
        "the kernel does what the plan says, and DEL leaves nothing of it",
        |bench| on_private_nodes(bench, performs),
    ),
    Case::must(
        702,
        "walks-back",
        SOURCE,
        "when a step fails, before or after its effect, the node is as it was",
        |bench| on_private_nodes(bench, walks_back),
    ),
    Case::must(
        703,
        "killed",
        SOURCE,
        "when plumb is killed at any moment of any step, DEL leaves nothing",
        |bench| on_private_nodes(bench, killed),
    ),
    Case::must(
        704,
        "add-twice",
        SOURCE,
        "a second ADD is refused and changes nothing; after a DEL it makes the same again",
        |bench| on_private_nodes(bench, add_twice),
    ),
    Case::must(
        705,
        "del-twice",
        SOURCE,
        "DEL is repeated at will, and picks up where one that was killed has ended",
        |bench| on_private_nodes(bench, del_twice),
    ),
    Case::must(
        706,
        "check",
        SOURCE,
        "after ADD, CHECK finds nothing",
        |bench| on_private_nodes(bench, check),
    ),
    Case::must(
        707,
        "check-notices",
        SOURCE,
        "CHECK finds whatever single thing of the plan's has been taken away or changed",
        |bench| on_private_nodes(bench, check_notices),
    ),
];

/// Most plans that are performed, each of another kind.
const MOST_PLANS: usize = 6;

/// What a look at one private node came to: findings, or why there was nothing to look at.
type Told = Result<Vec<String>, String>;

/// Has each kind of plan performed on a private node of its own.
fn on_private_nodes(bench: &Bench<'_>, work: fn(&mut Scene) -> Told) -> Verdict {
    let mut findings = Vec::new();
    let mut skipped = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    let mut performed = 0;
    for (trial, answer) in bench.planned()? {
        let Some(plan) = answer.plan() else {
            continue;
        };
        if let Some(reason) = hindrance(trial, plan) {
            skipped.insert(reason);
            continue;
        }
        if performed == MOST_PLANS || !kinds.insert(kind(plan)) {
            continue;
        }
        let told = apart(|| {
            let mut scene = Scene::make(bench.subject, trial)?;
            match work(&mut scene) {
                // What was possible once and is not any more, is a broken promise.
                Err(reason) if scene.has_attached() => Ok(vec![reason]),
                told => told,
            }
        });
        match told.unwrap_or_else(|ended| Ok(vec![format!("the private node ended: {ended:?}")])) {
            Ok(found) => {
                performed += 1;
                findings.extend(
                    found
                        .into_iter()
                        .map(|finding| format!("{}: {finding}", trial.name)),
                );
            }
            Err(reason) => {
                skipped.insert(reason);
            }
        }
    }
    if performed == 0 {
        let reasons: Vec<_> = skipped.into_iter().take(3).collect();
        return Err(not_applicable(format!(
            "no plan is performed: {}",
            reasons.join("; ")
        )));
    }
    for reason in skipped {
        bench.note(format!("some plans are not performed because {reason}"));
    }
    judge(findings)
}

/// Why a plan cannot be performed without an adapter.
fn hindrance(trial: &Trial, plan: &Plan) -> Option<String> {
    if !trial.configuration["prevResult"].is_null() {
        return Some(
            "they are about the interface of an earlier plugin, which a private node does not run"
                .to_owned(),
        );
    }
    plan.operations().find_map(|operation| match operation {
        Operation::HoldFunction(_) => {
            Some("they work on PCI functions, which a kernel has by an adapter alone".to_owned())
        }
        Operation::CreateIpoib(_) => {
            Some("they make InfiniBand links, which a kernel has by an adapter alone".to_owned())
        }
        Operation::DelegateIpam(delegate) => Some(format!(
            "they ask the IPAM plugin {}, which a private node does not have",
            delegate.plugin
        )),
        _ => None,
    })
}

/// Plans of one kind consist of the same operations, each once or more in a row.
fn kind(plan: &Plan) -> Vec<String> {
    let names = plan.steps.iter().zip(plan.describe());
    let mut names: Vec<_> = names
        .map(|(step, line)| match step {
            Step::Operation(operation) => name_of(operation),
            _ => line.split(' ').take(2).collect::<Vec<_>>().join(" "),
        })
        .collect();
    names.dedup();
    names
}

/// ADD, which must succeed.
fn add(scene: &mut Scene) -> Result<(), String> {
    let added = scene.add(Fault::None)?;
    match added.success {
        true => Ok(()),
        false => Err(format!(
            "ADD is refused on the private node: {}",
            added.message()
        )),
    }
}

/// What is different from `before`, if anything is, with what was done last.
fn changes(scene: &Scene, before: &BTreeSet<String>, done: &str) -> Result<Vec<String>, String> {
    let difference = difference(before, &look(scene)?);
    Ok(match difference.is_empty() {
        true => Vec::new(),
        false => vec![format!("after {done}:\n    {}", difference.join("\n    "))],
    })
}

/// DEL, after which all must be as before.
fn delete(scene: &Scene, before: &BTreeSet<String>, done: &str) -> Result<Vec<String>, String> {
    let deleted = scene.delete(Fault::None)?;
    if !deleted.success {
        return Ok(vec![format!(
            "DEL after {done} fails: {}",
            deleted.message()
        )]);
    }
    changes(scene, before, &format!("{done} and DEL"))
}

/// How the kernel says that it has no links of a kind: its module is not there. (Errors have the name of the errno.)
const NOT_THERE: &str = "EOPNOTSUPP";

fn performs(scene: &mut Scene) -> Told {
    let before = look(scene)?;
    let added = scene.add(Fault::None)?;
    if !added.success {
        let code = added.code().unwrap_or(Code::INTERNAL);
        // What a cable does not have is the component's to miss.
        let is_refusal = [Code::NOT_AVAILABLE, Code::DENIED, Code::UNREACHABLE].contains(&code)
            || added.message().contains(NOT_THERE);
        let said = format!("ADD is refused on the private node: {}", added.message());
        return if is_refusal {
            Err(said)
        } else {
            Ok(vec![said])
        };
    }
    delete(scene, &before, "ADD")
}

/// The moments of a step at which it can fail, and those at which a process can die.
const MOMENTS: [Moment; 3] = [Moment::Intended, Moment::Performed, Moment::Recorded];

fn walks_back(scene: &mut Scene) -> Told {
    add(scene)?;
    scene.delete(Fault::None)?;
    let before = look(scene)?;
    let mut findings = Vec::new();
    for moment in MOMENTS {
        for step in 1.. {
            let called = scene.add(Fault::Fails(step, moment))?;
            if !called.is_faulted {
                findings.extend(delete(scene, &before, "ADD")?);
                break;
            }
            let done = format!("a failure at step {step} ({moment:?})");
            if called.success {
                findings.push(format!("{done} is no failure of ADD"));
            }
            findings.extend(changes(scene, &before, &done)?);
        }
    }
    Ok(findings)
}

fn killed(scene: &mut Scene) -> Told {
    add(scene)?;
    scene.delete(Fault::None)?;
    let before = look(scene)?;
    let mut findings = Vec::new();
    for moment in MOMENTS {
        for step in 1.. {
            let called = scene.add(Fault::Kills(step, moment));
            if let Ok(called) = called {
                // It came to its end before that step.
                if !called.success {
                    findings.push(format!("ADD fails: {}", called.message()));
                }
                findings.extend(delete(scene, &before, "ADD")?);
                break;
            }
            let done = format!("being killed at step {step} ({moment:?})");
            findings.extend(delete(scene, &before, &done)?);
        }
    }
    Ok(findings)
}

fn add_twice(scene: &mut Scene) -> Told {
    let before = look(scene)?;
    add(scene)?;
    let first = look(scene)?;
    let second = scene.add(Fault::None)?;
    let mut findings = Vec::new();
    if second.code() != Some(Code::ALREADY_EXISTS) {
        findings.push(format!(
            "the second ADD is not refused with code {}: {}",
            Code::ALREADY_EXISTS.0,
            second.output.trim()
        ));
    }
    findings.extend(changes(scene, &first, "the second ADD")?);
    findings.extend(delete(scene, &before, "the second ADD")?);
    add(scene)?;
    let again = look(scene)?;
    let (one, other) = (without_what_is_drawn(&first), without_what_is_drawn(&again));
    if one != other {
        findings.push(format!(
            "after a DEL, ADD makes something else:\n    {}",
            difference(&one, &other).join("\n    ")
        ));
    }
    findings.extend(delete(scene, &before, "ADD again")?);
    Ok(findings)
}

/// Lines without what is drawn by chance, hardware addresses and the names of pairs' ends on the node, and without addresses: which
/// of a pool's comes next is its policy's to say.
fn without_what_is_drawn(lines: &BTreeSet<String>) -> BTreeSet<String> {
    let is_address = |word: &str| word.trim_end_matches(':').contains([':', '.']);
    let is_end = |word: &str| {
        let digits = word.strip_prefix("veth").unwrap_or_default();
        digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    lines
        .iter()
        .map(|line| {
            let words = line.split(' ');
            let words = words.filter(|word| !is_address(word) && !is_end(word));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn del_twice(scene: &mut Scene) -> Told {
    let before = look(scene)?;
    add(scene)?;
    let mut findings = delete(scene, &before, "ADD")?;
    findings.extend(delete(scene, &before, "ADD and DEL")?);
    for moment in MOMENTS {
        for step in 1.. {
            add(scene)?;
            if scene.delete(Fault::Kills(step, moment)).is_ok() {
                findings.extend(changes(scene, &before, "ADD and DEL")?);
                break;
            }
            let done = format!("a DEL that was killed at step {step} ({moment:?})");
            findings.extend(delete(scene, &before, &done)?);
        }
    }
    Ok(findings)
}

fn check(scene: &mut Scene) -> Told {
    let before = look(scene)?;
    add(scene)?;
    let checked = scene.check()?;
    let mut findings = Vec::new();
    if !checked.success {
        findings.push(format!("CHECK fails: {}", checked.message()));
    }
    findings.extend(delete(scene, &before, "CHECK")?);
    Ok(findings)
}

fn check_notices(scene: &mut Scene) -> Told {
    let before = look(scene)?;
    let mut findings = Vec::new();
    for number in 0.. {
        add(scene)?;
        let record = scene.record()?.ok_or("ADD has left no record")?;
        let Some(disturbance) = disturbances(&record).into_iter().nth(number) else {
            findings.extend(delete(scene, &before, "ADD")?);
            break;
        };
        disturbance.perform(scene)?;
        let checked: Called = scene.check()?;
        if checked.code() != Some(Code::DIFFERENCE) {
            findings.push(format!(
                "{}, and CHECK says: {}",
                disturbance.name,
                match checked.success {
                    true => "nothing".to_owned(),
                    false => checked.message(),
                }
            ));
        }
        let done = format!("{} and CHECK", disturbance.name);
        findings.extend(delete(scene, &before, &done)?);
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(link: &str, mtu: u32) -> BTreeSet<String> {
        [format!(
            "host: link {link} (veth) fe:00:00:00:00:01 mtu {mtu} up"
        )]
        .into()
    }

    #[test]
    fn what_is_drawn_by_chance_makes_no_difference_and_all_else_does() {
        let one = without_what_is_drawn(&lines("veth703293fc", 1500));
        assert_eq!(one, without_what_is_drawn(&lines("veth7967328f", 1500)));
        for other in [
            lines("veth703293fc", 1400),
            lines("veth0", 1500),
            lines("vethnamed", 1500),
        ] {
            assert_ne!(one, without_what_is_drawn(&other), "{other:?}");
        }
    }
}
