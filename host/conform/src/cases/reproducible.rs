//! 201 to 203: the same question has the same answer.

use serde_json::Value;

use crate::case::{judge, not_applicable};
use crate::{Answer, Bench, Case, Trial, Verdict};

const SOURCE: &str =
    "docs/design.md, the journal: the same request and the same facts give the same plan";

pub(super) const CASES: &[Case] = &[
    Case::must(
        201,
        "same-again",
        SOURCE,
        "the same request on the same node has the same answer, twenty times",
        same_again,
    ),
    Case::must(
        202,
        "order-of-keys",
        SOURCE,
        "the order and the letter case of the keys make no difference",
        order_of_keys,
    ),
    Case::should(
        203,
        "order-of-links",
        "wit, facts: no order of links is promised",
        "the order in which the node's links are listed makes no difference",
        order_of_links,
    ),
];

/// How often the same is asked.
const TIMES: usize = 20;

fn same_again(bench: &Bench<'_>) -> Verdict {
    let answered = bench.answered()?.into_iter();
    judge(
        answered
            .filter_map(|(trial, answer)| {
                let again = (1..TIMES).map(|_| bench.ask(trial));
                different(trial, answer, again)
            })
            .collect(),
    )
}

fn order_of_keys(bench: &Bench<'_>) -> Verdict {
    let planned = bench.planned()?.into_iter();
    judge(
        planned
            .filter_map(|(trial, answer)| {
                let upper = upper_case(&trial.configuration);
                let other = bench.ask(&trial.with("keys in capitals", upper));
                different(trial, answer, [other])
            })
            .collect(),
    )
}

fn order_of_links(bench: &Bench<'_>) -> Verdict {
    let mut is_asked = false;
    let mut findings = Vec::new();
    for (trial, answer) in bench.planned()? {
        let mut node = trial.node.clone();
        for place in ["/host/links", "/pod/links", "/pciFunctions"] {
            if let Some(list) = node.pointer_mut(place).and_then(Value::as_array_mut) {
                is_asked |= list.len() > 1;
                list.reverse();
            }
        }
        let other = bench.ask(&trial.on("links in another order", node));
        findings.extend(different(trial, answer, [other]));
    }
    if !is_asked {
        return Err(not_applicable("no trial has a node with several links"));
    }
    judge(findings)
}

/// Says how the first answer differs that does.
fn different(
    trial: &Trial,
    answer: &Answer,
    others: impl IntoIterator<Item = Answer>,
) -> Option<String> {
    let other = others.into_iter().find(|other| !other.is_like(answer))?;
    let lines = |answer: &Answer| answer.lines().join("\n    ");
    Some(format!(
        "{}:\n    {}\n  and then:\n    {}",
        trial.name,
        lines(answer),
        lines(&other)
    ))
}

/// The same with each key of the component and of the host in capitals, the last key first.
fn upper_case(value: &Value) -> Value {
    match value {
        // What is in a pool has an order of its own.
        Value::Object(map) => map
            .iter()
            .rev()
            .map(|(key, value)| (key.to_ascii_uppercase(), upper_case(value)))
            .collect(),
        Value::Array(items) => items.iter().map(upper_case).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use plumb::{Code, Error};
    use serde_json::json;

    use super::*;
    use crate::Outcome;

    /// The sandbox has neither clock nor chance, so that no component can fail case 201: the comparison is tried alone.
    #[test]
    fn another_answer_is_noticed_however_late_it_comes() {
        let answer = |text: &str| Answer {
            outcome: Outcome::Refused(Error::new(Code::NOT_AVAILABLE, text.to_owned())),
            fuel: 0,
        };
        let trial = Trial {
            name: "trial".into(),
            configuration: json!({}),
            arguments: String::new(),
            node: json!({}),
        };
        let first = answer("the same");
        let same = || (1..TIMES).map(|_| answer("the same"));
        assert_eq!(different(&trial, &first, same()), None);
        let late = same().chain([answer("another")]);
        assert!(different(&trial, &first, late).is_some_and(|text| text.contains("another")));
    }
}
