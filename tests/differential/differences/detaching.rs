//! CHECK and DEL of what was attached.

use super::{Difference, Effect, Situation};
use crate::attachment::Plugin;
use crate::course::End;

pub const LIST: &[Difference] = &[
    Difference {
        what: "CHECK of a route that names no next hop",
        reference: "fails for a single host, and for an IPv6 route with a next hop that leads where one of another interface leads",
        packaged: "fails for a destination other than the default one where the route has a gateway, too",
        plumb: "succeeds while the route is there",
        reason: "nothing is wrong with the pod",
        effects: |situation| {
            let is_checked = situation.has_check() && situation.course.detached_by == Plugin::Plumb;
            if !situation.is_made_by_plumb() || !is_checked || !fails_by_reference(situation) {
                return Vec::new();
            }
            vec![Effect::new("CHECK", "refused, code 999", "accepted")]
        },
    },
    Difference {
        what: "CHECK of a pod that the reference attached",
        reference: "succeeds",
        packaged: "the same",
        plumb: "fails with code 110, because there is no record",
        reason: "what plumb has not done it cannot vouch for; the pod works, DEL works, and a pod that is started again has a record",
        effects: |situation| {
            if !situation.is_taken_over() || !situation.has_check() {
                return Vec::new();
            }
            let by_reference = match fails_by_reference(situation) {
                true => "refused, code 999",
                false => "accepted",
            };
            vec![Effect::new("CHECK", by_reference, "refused, code 110")]
        },
    },
    Difference {
        what: "DEL of a pod that the reference attached, before 0.4.0 or without a namespace",
        reference: "removes the interface of that name, if there is a namespace",
        packaged: "the same",
        plumb: "leaves the interface to end with its namespace; addresses are released",
        reason: "without a record and without the result of ADD, which runtimes send from 0.4.0 on, nothing proves that the interface is the one",
        effects: |situation| {
            if !situation.is_taken_over() {
                return Vec::new();
            }
            let by_reference = match situation.course.end {
                End::Deleted if !situation.has_check() => None,
                End::Unnamed => Some(("there", "1")),
                _ => return Vec::new(),
            };
            let (link, promiscuity) = by_reference.unzip();
            vec![
                Effect::new("left by DEL: pod: link eth0", link, "there"),
                Effect::new(promiscuity_key(situation), promiscuity, "1"),
            ]
        },
    },
    Difference {
        what: "DEL without a namespace, while it is still there",
        reference: "releases addresses and leaves the interface",
        packaged: "the same",
        plumb: "removes the interface too",
        reason: "the record knows the namespace by its device and inode",
        effects: |situation| {
            if !situation.is_made_by_plumb() || situation.course.end != End::Unnamed {
                return Vec::new();
            }
            vec![
                Effect::new("left by DEL: pod: link eth0", "there", None),
                Effect::new(promiscuity_key(situation), "1", None),
            ]
        },
    },
    Difference {
        what: "Back from plumb to the reference, with pods",
        reference: "removes interface and addresses, and knows nothing of a record",
        packaged: "the same",
        plumb: "its record stays in the state folder",
        reason: "nobody reads it any more; it goes with the next boot, or with a GC, when plumb comes back",
        effects: |situation| {
            if situation.course.detached_by != Plugin::Reference {
                return Vec::new();
            }
            vec![
                Effect::new("left by DEL: record of plumb", None, "there"),
                Effect::new("left after the pod: record of plumb", None, "there"),
            ]
        },
    },
];

fn fails_by_reference(situation: &Situation) -> bool {
    situation.is_one_of(&[
        "static, route to one host",
        "routes that lead where others do",
    ]) || situation.is_beside_packaged()
        && situation.is_one_of(&["host-local after another plugin"])
}

/// A veth has one hardware address: for a child with another one it listens to all.
fn promiscuity_key(situation: &Situation) -> String {
    let parent = match situation.case.name {
        "linkInContainer" => "pod: link lower",
        name if name.starts_with("no master") => "node: link nic1",
        _ => "node: link nic0",
    };
    format!("left by DEL: {parent} promiscuity")
}
