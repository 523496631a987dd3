//! 401 to 406: what a user may write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::is_about_configuration;
use crate::case::{Stop, judge, not_applicable};
use crate::keys::{self, Key, shown};
use crate::{Answer, Bench, Case, Outcome, Trial, Verdict};

const SOURCE: &str = "docs/errors.md";

pub(super) const CASES: &[Case] = &[
    Case::must(
        401,
        "any-type",
        SOURCE,
        "a key with a value of any type has a plan or an error of a documented code",
        any_type,
    ),
    Case::must(
        402,
        "odd-values",
        SOURCE,
        "a key with an odd value (empty, long, with control characters, paths, the largest numbers) as well",
        odd_values,
    ),
    Case::must(
        403,
        "forbidden-values",
        "the component's own schema",
        "a value that the schema of the keys forbids is refused, with code 7, or 2 where the value is only not served",
        forbidden_values,
    ),
    Case::must(
        404,
        "required-keys",
        "the component's own schema",
        "a key that the schema requires is missed, with code 7, 2 or 4",
        required_keys,
    ),
    Case::must(
        405,
        "unknown-keys",
        "CNI specification, section 1: plugins may have keys of their own, and refuse unknown ones",
        "a key that nobody knows is passed over, or refused with code 7 or 2",
        unknown_keys,
    ),
    Case::should(
        406,
        "says-which",
        "docs/errors.md: the message quotes the value",
        "the refusal of a value that the schema forbids names the key, or quotes the value",
        says_which,
    ),
];

/// Most networks that are changed: those that write the same keys differ in nothing that matters here.
const MOST_NETWORKS: usize = 4;

/// The trials to change, and the component's own keys: those that it declares, else those that any of its trials writes.
fn changeable<'a>(bench: &'a Bench<'_>) -> Result<(Vec<&'a Trial>, Vec<Key>), Stop> {
    let world = bench.world();
    let keys = match &bench.subject.declared.keys {
        Some(schema) => keys::declared(schema),
        None => {
            let mut keys: Vec<Key> = Vec::new();
            for key in bench
                .trials()
                .iter()
                .flat_map(|trial| keys::written(trial, world))
            {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            keys
        }
    };
    let mut chosen: BTreeMap<Vec<&String>, &Trial> = BTreeMap::new();
    for (trial, _) in bench.planned()? {
        let written = trial.keys(world).as_object().into_iter().flatten();
        let written = written.map(|(name, _)| name).collect();
        if chosen.len() < MOST_NETWORKS {
            chosen.entry(written).or_insert(trial);
        }
    }
    Ok((chosen.into_values().collect(), keys))
}

/// Each key with each of some values, and the answer.
fn try_values(
    bench: &Bench<'_>,
    values: impl Fn(&Key) -> Vec<Value>,
    judge_answer: impl Fn(&Key, &Value, &Answer) -> Option<String>,
) -> Result<Vec<String>, Stop> {
    let mut findings = Vec::new();
    let mut is_asked = false;
    let (trials, keys) = changeable(bench)?;
    for trial in trials {
        for key in &keys {
            for value in values(key) {
                is_asked = true;
                let changed = trial.with_key(bench.world(), &key.name, Some(value.clone()));
                let name = format!("{:?} is {}", key.name, shown(&value));
                let trial = trial.with(name, changed);
                let answer = bench.ask(&trial);
                if let Some(finding) = judge_answer(key, &value, &answer) {
                    findings.push(format!("{}: {finding}", trial.name));
                }
            }
        }
    }
    match is_asked {
        true => Ok(findings),
        false => Err(not_applicable(
            "no trial has a key of the component's own, or none for which a value can be found: a schema of the keys \
             would say which there are",
        )),
    }
}

fn any_type(bench: &Bench<'_>) -> Verdict {
    let findings = try_values(
        bench,
        |_| keys::of_every_type(),
        |_, _, answer| answer.fault(),
    );
    judge(findings?)
}

fn odd_values(bench: &Bench<'_>) -> Verdict {
    let findings = try_values(bench, |_| keys::odd(), |_, _, answer| answer.fault());
    judge(findings?)
}

fn needs_schema(bench: &Bench<'_>) -> Result<(), Stop> {
    match &bench.subject.declared.keys {
        Some(_) => Ok(()),
        None => Err(not_applicable(
            "it declares no schema of its keys, by which a value could be forbidden or required",
        )),
    }
}

fn forbidden_values(bench: &Bench<'_>) -> Verdict {
    needs_schema(bench)?;
    let findings = try_values(bench, Key::forbidden, |_, _, answer| {
        match &answer.outcome {
            Outcome::Refused(error) if is_about_configuration(error) => None,
            // Who gives no answer to a wrong type is found by case 401.
            Outcome::Broken(..) => None,
            Outcome::Refused(error) => Some(format!(
                "code {} for a value that the schema forbids: {error}",
                error.code.0
            )),
            Outcome::Plan(_) | Outcome::Ready => {
                Some("the schema forbids it, and the component takes it".to_owned())
            }
        }
    });
    judge(findings?)
}

fn required_keys(bench: &Bench<'_>) -> Verdict {
    needs_schema(bench)?;
    let mut findings = Vec::new();
    let mut is_asked = false;
    let (trials, keys) = changeable(bench)?;
    for trial in trials {
        for key in keys.iter().filter(|key| key.is_required) {
            is_asked = true;
            let changed = trial.with_key(bench.world(), &key.name, None);
            let trial = trial.with(format_args!("without {:?}", key.name), changed);
            let answer = bench.ask(&trial);
            findings.extend(match &answer.outcome {
                Outcome::Refused(error) if is_about_configuration(error) => None,
                Outcome::Plan(_) | Outcome::Ready => Some(format!(
                    "{}: the schema requires it, and the component goes without",
                    trial.name
                )),
                Outcome::Refused(error) | Outcome::Broken(_, error) => {
                    Some(format!("{}: code {}: {error}", trial.name, error.code.0))
                }
            });
        }
    }
    match is_asked {
        true => judge(findings),
        false => Err(not_applicable("its schema requires no key")),
    }
}

fn unknown_keys(bench: &Bench<'_>) -> Verdict {
    let unknown = [
        ("acme-unknown", json!("text")),
        ("", json!(1)),
        ("ключ", json!({"a": [null]})),
    ];
    let mut findings = Vec::new();
    for (trial, answer) in bench.planned()? {
        for (name, value) in &unknown {
            let changed = trial.with_key(bench.world(), name, Some(value.clone()));
            let trial = trial.with(format_args!("with a key {name:?}"), changed);
            let other = bench.ask(&trial);
            let is_refused =
                matches!(&other.outcome, Outcome::Refused(error) if is_about_configuration(error));
            if !is_refused && !other.is_like(answer) {
                findings.push(format!("{}: {}", trial.name, other.lines().join(" ")));
            }
        }
    }
    judge(findings)
}

fn says_which(bench: &Bench<'_>) -> Verdict {
    needs_schema(bench)?;
    let findings = try_values(bench, Key::forbidden, |key, value, answer| {
        let Outcome::Refused(error) = &answer.outcome else {
            return None;
        };
        let text = error.to_string().to_lowercase();
        let quoted = match value {
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        };
        let says = text.contains(&key.name.to_lowercase()) || text.contains(&quoted);
        (!says).then(|| format!("neither key nor value is in {error}"))
    });
    judge(findings?)
}
