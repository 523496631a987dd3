//! What may differ between the two, whatever was drawn: the differences that
//! `docs/differences.md` lists, as rules about lines.

use std::collections::BTreeMap;

use super::draw::Drawn;
use crate::attachment::Plugin::Reference;
use crate::course::{End, Seen};
use crate::differences;

/// A line that differs.
struct Line<'a> {
    drawn: &'a Drawn,
    key: &'a str,
    reference: Option<&'a str>,
    plumb: Option<&'a str>,
}

/// One of the listed differences.
struct Tolerated {
    /// Its `what` in the list.
    what: &'static str,
    /// Whether a line is an instance of it.
    covers: fn(&Line) -> bool,
}

const TOLERATED: &[Tolerated] = &[
    Tolerated {
        what: "Announcement of an interface without `ipam`",
        covers: |line| {
            !line.drawn.case.has_ipam()
                && (line.key.ends_with("/arp_notify") || line.key.ends_with("/ndisc_notify"))
                && (line.reference, line.plumb) == (Some("0"), Some("1"))
        },
    },
    Tolerated {
        what: "Record of the attachment",
        covers: |line| line.key == "attached: record of plumb" && line.reference.is_none(),
    },
    Tolerated {
        what: "Duplicate address detection for IPv6",
        covers: |line| {
            line.key.starts_with("attached: pod: address eth0 ")
                && (line.key.ends_with(" nodad") || line.key.ends_with(" tentative"))
        },
    },
    Tolerated {
        what: "Next hop of a route that names none, in the result",
        covers: |line| {
            let names_none = line.reference.is_some_and(|it| it.starts_with("gw none"));
            let names_one = line.plumb.is_some_and(|it| it.starts_with("gw "));
            line.key.starts_with("result: route ") && names_none && names_one
        },
    },
    Tolerated {
        what: "`dns` of the IPAM plugin",
        covers: |line| line.key == "result: dns" && line.reference.is_none(),
    },
    Tolerated {
        what: "`mtu` of the interface in the result, from 1.1.0 on",
        covers: |line| {
            line.key.starts_with("result: interface ")
                && line.key.ends_with(" mtu")
                && line.drawn.version == "1.1.0"
                && line.reference.is_none()
        },
    },
    Tolerated {
        what: "`mtu`, `advmss`, `priority`, `table` and `scope` of a route in the result, before 1.1.0",
        covers: |line| {
            let (Some(reference), Some(plumb)) = (line.reference, line.plumb) else {
                return false;
            };
            let plain = reference.split(", ").next().unwrap_or_default();
            let is_before = line.drawn.version != "1.1.0" && reference.contains(", ");
            line.key.starts_with("result: route ")
                && is_before
                && (plain == plumb || plain == "gw none")
        },
    },
    Tolerated {
        what: "Result of the plugin before in a chain",
        covers: |line| {
            line.key.starts_with("result: ")
                && line.drawn.case.configuration["prevResult"].is_object()
        },
    },
    Tolerated {
        what: "CHECK of a pod that the reference attached",
        covers: |line| {
            let is_taken_over = line.drawn.course.attached_by == Reference;
            line.key == "CHECK" && is_taken_over && line.plumb == Some("refused, code 110")
        },
    },
    Tolerated {
        what: "DEL of a pod that the reference attached, before 0.4.0 or without a namespace",
        covers: |line| {
            let has_proof =
                line.drawn.course.end == End::Deleted && !line.drawn.version.starts_with("0.3.");
            line.key.starts_with("left by DEL: ")
                && line.drawn.course.attached_by == Reference
                && !has_proof
        },
    },
    Tolerated {
        what: "DEL without a namespace, while it is still there",
        covers: |line| {
            line.key.starts_with("left by DEL: ")
                && line.drawn.course.end == End::Unnamed
                && line.plumb.is_none()
        },
    },
];

/// The lines that differ and are not tolerated. Where the reference refuses, plumb may do
/// either, but must leave nothing.
pub fn intolerable(drawn: &Drawn, reference: &Seen, plumb: &Seen) -> Vec<String> {
    let accepts = |seen: &Seen| seen.get("ADD").is_some_and(|answer| answer == "accepted");
    let mut lines = Vec::new();
    if accepts(reference) && !accepts(plumb) {
        lines.push(format!(
            "the reference works, plumb does not: {:?}",
            plumb.get("ADD")
        ));
        return lines;
    }
    if !accepts(reference) && drawn.course.attached_by == Reference {
        // What it has left is its own.
        return lines;
    }
    let (reference, plumb) = match accepts(reference) {
        true => (alike(reference), alike(plumb)),
        false => (Seen::new(), only_what_is_left(plumb)),
    };
    let keys: BTreeMap<&String, ()> = reference
        .keys()
        .chain(plumb.keys())
        .map(|key| (key, ()))
        .collect();
    for key in keys.into_keys() {
        let line = Line {
            drawn,
            key,
            reference: reference.get(key).map(String::as_str),
            plumb: plumb.get(key).map(String::as_str),
        };
        let is_left = key.starts_with("left ") && line.plumb.is_some();
        if (line.reference == line.plumb && !is_left) || is_tolerated(&line) {
            continue;
        }
        lines.push(format!(
            "{key}: reference {:?}, plumb {:?}",
            line.reference, line.plumb
        ));
    }
    lines
}

fn is_tolerated(line: &Line) -> bool {
    // It refuses what plumb accepts, or both refuse: a pod is no worse off.
    let is_answer = line.key == "CHECK" || line.key.starts_with("DEL ") || line.key == "ADD again";
    let both_refuse = [line.reference, line.plumb]
        .iter()
        .all(|answer| answer.is_some_and(|it| it.starts_with("refused")));
    if is_answer && line.key != "ADD again" && (both_refuse || line.plumb == Some("accepted")) {
        return true;
    }
    if line.key == "ADD again" && both_refuse {
        return true;
    }
    TOLERATED.iter().any(|tolerated| (tolerated.covers)(line))
}

/// Without what a route of plumb has and one of the reference has not: the rows "Routes without
/// a next hop", and "`mtu` and `advmss` of a route", of the list.
fn alike(seen: &Seen) -> Seen {
    let line = |(key, value): (&String, &String)| {
        let mut key = key.clone();
        if key.contains(": route {\"dev\":\"eth0\"") {
            if !key.contains("\"gateway\"") {
                key = key.replace("\"scope\":\"link\"", "\"scope\":\"global\"");
            }
            key = key.replace("\"metrics\":[{\"advmss\":1360,\"mtu\":1400}],", "");
        }
        (key, value.clone())
    };
    seen.iter().map(line).collect()
}

/// What a refused or undone ADD may not leave.
fn only_what_is_left(seen: &Seen) -> Seen {
    let counts = |key: &str, value: &str| {
        key.starts_with("left ") || (key.starts_with("DEL ") && value != "accepted")
    };
    let lines = seen.iter().filter(|(key, value)| counts(key, value));
    lines
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A rule that no row of the document stands for would hide a difference.
#[test]
fn only_what_is_listed_is_tolerated() {
    let listed: Vec<&str> = differences::all()
        .map(|difference| difference.what)
        .collect();
    for tolerated in TOLERATED {
        assert!(listed.contains(&tolerated.what), "{}", tolerated.what);
    }
}
