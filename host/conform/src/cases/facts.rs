//! 501 to 515: whatever a node is like.

use super::FLAVOURS;
use crate::case::judge;
use crate::nodes::{NODES, Node, ODDITIES, moved};
use crate::{Bench, Case, Trial, Verdict};

const SOURCE: &str = "wit, facts";

macro_rules! node {
    ($number:literal, $place:literal) => {
        Case::must(
            $number,
            NODES[$place].name,
            SOURCE,
            NODES[$place].title,
            |bench| on(bench, |trial| of_node(trial, &NODES[$place])),
        )
        .of(FLAVOURS)
    };
}

macro_rules! oddity {
    ($number:literal, $place:literal, $demand:literal) => {
        Case::must($number, ODDITIES[$place].name, SOURCE, $demand, |bench| {
            on(bench, ODDITIES[$place].of)
        })
        .of(FLAVOURS)
    };
}

/// Each demands a plan or an error of a documented code.
pub(super) const CASES: &[Case] = &[
    node!(501, 0),
    node!(502, 1),
    node!(503, 2),
    node!(504, 3),
    node!(505, 4),
    node!(506, 5),
    node!(507, 6),
    oddity!(
        508,
        0,
        "links without a hardware address, as tunnels have none"
    ),
    oddity!(509, 1, "links whose MTU is 0"),
    oddity!(
        510,
        2,
        "links without a PCI function, and functions without a driver, links or parent"
    ),
    oddity!(511, 3, "links that are down and have no carrier"),
    oddity!(
        512,
        4,
        "names of 15 bytes, other names of 127, RDMA devices' names of 63"
    ),
    oddity!(513, 5, "the largest MTU, index and hardware type"),
    oddity!(
        514,
        6,
        "a node with a thousand links and a pod with three hundred"
    ),
    oddity!(515, 7, "a node that has nothing"),
];

fn of_node(trial: &Trial, node: &Node) -> Trial {
    moved(trial, node.name, node.facts())
}

/// Every trial, brought elsewhere, has an answer that a user can do something about.
fn on(bench: &Bench<'_>, elsewhere: impl Fn(&Trial) -> Trial) -> Verdict {
    let planned = bench.planned()?.into_iter();
    judge(
        planned
            .filter_map(|(trial, _)| {
                let trial = elsewhere(trial);
                let fault = bench.ask(&trial).fault()?;
                Some(format!("{}: {fault}", trial.name))
            })
            .collect(),
    )
}
