//! One attachment, drawn at random.

use std::fmt;

use plumb_tests::configuration::with;
use plumb_tests::dice::Dice;
use serde_json::{Value, json};

use super::addresses::{self, ADDRESS};
use super::surroundings::{self, Parent};
use crate::attachment::Plugin::{Plumb, Reference};
use crate::cases::Case;
use crate::course::{Course, End, VERSIONS};

const MODES: [&str; 6] = ["", "bridge", "bridge", "private", "vepa", "passthru"];
const IPVLAN_MODES: [&str; 4] = ["", "l2", "l3", "l3s"];

/// What is attached, and how.
pub struct Drawn {
    /// The configuration with its node and its pod.
    pub case: Case,
    /// `cniVersion`
    pub version: &'static str,
    /// Who attaches and detaches, and how the pod ends.
    pub course: Course,
}

impl Drawn {
    /// Draws one.
    pub fn by(mut dice: Dice, has_ipvlan: bool) -> Self {
        let dice = &mut dice;
        let is_ipvlan = has_ipvlan && dice.below(4) == 0;
        let parent = surroundings::parent(dice);
        let mut case = Case::new("drawn", network(dice, &parent, is_ipvlan)).without("master");
        case.configuration = with(case.configuration, parent.keys);
        let mut arguments = String::new();
        if dice.below(6) == 0 {
            arguments += ";MAC=02:00:00:00:00:02";
        }
        let ipam = addresses::ipam(dice, parent.has_carrier, &mut arguments);
        if let Some(ipam) = ipam.or_else(|| {
            is_ipvlan.then(|| json!({"type": "static", "addresses": [{"address": ADDRESS}]}))
        }) {
            case.configuration["ipam"] = ipam;
        }
        if dice.below(8) == 0 {
            case.configuration["prevResult"] = surroundings::previous();
        }
        if !arguments.is_empty() || dice.below(3) == 0 {
            // The process ends before its cases do: nothing is lost.
            let text = format!("IgnoreUnknown=1;K8S_POD_NAMESPACE=a;K8S_POD_NAME=b{arguments}");
            case.arguments = text.leak();
        }
        case.node = parent.node.leak();
        case.pod = format!("{}{}", parent.pod, surroundings::others(dice)).leak();
        let is_taken_over = dice.below(4) == 0;
        Self {
            case,
            version: *dice.one_of(&VERSIONS),
            course: Course {
                attached_by: if is_taken_over { Reference } else { Plumb },
                detached_by: Plumb,
                end: *dice.one_of(&[End::Deleted, End::Deleted, End::Unnamed, End::GoneBefore]),
                repeats: dice.below(2) == 0,
            },
        }
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}, version {}", self.course, self.version)?;
        writeln!(formatter, "  network {}", self.case.configuration)?;
        writeln!(formatter, "  CNI_ARGS {:?}", self.case.arguments)?;
        writeln!(formatter, "  node {:?}", self.case.node)?;
        write!(formatter, "  pod {:?}", self.case.pod)
    }
}

/// The keys beside `master`, `ipam` and `prevResult`.
fn network(dice: &mut Dice, parent: &Parent, is_ipvlan: bool) -> Value {
    let mut keys = json!({});
    let name = dice.one_of(&["rail0", "a", "net.with-dots_9", "macvlan-conf"]);
    keys["name"] = (*name).into();
    match is_ipvlan {
        true => {
            keys["type"] = "ipvlan".into();
            keys["mode"] = (*dice.one_of(&IPVLAN_MODES)).into();
        }
        false => {
            keys["mode"] = (*dice.one_of(&MODES)).into();
            macvlan_only(dice, &mut keys);
        }
    }
    if dice.below(3) == 0 {
        keys["mtu"] = (*dice.one_of(&[0, 1280, 1400, parent.mtu])).into();
    }
    if dice.below(5) == 0 {
        keys["dns"] = json!({"nameservers": ["10.0.0.53"], "search": ["a.acme.test"]});
    }
    if dice.below(5) == 0 {
        keys["acme"] = json!({"x": [1, null]});
        keys["promiscMode"] = true.into();
    }
    keys
}

fn macvlan_only(dice: &mut Dice, keys: &mut Value) {
    if dice.below(4) == 0 {
        let spellings = [
            "02:00:00:00:00:01",
            "02:00:00:00:00:AB",
            "02-00-00-00-00-01",
            "0200.0000.0001",
            "",
        ];
        keys["mac"] = (*dice.one_of(&spellings)).into();
    }
    if dice.below(5) == 0 {
        keys["capabilities"] = json!({"mac": true});
        keys["runtimeConfig"] = json!({"mac": "02:00:00:00:00:04"});
    }
    if dice.below(4) == 0 {
        keys["bcqueuelen"] = (*dice.one_of(&[0, 1, 500, 5000])).into();
    }
}
