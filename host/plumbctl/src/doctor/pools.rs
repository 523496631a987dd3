//! The pools of the node's folder.

use plumb::owned;
use plumb::pools::{self, Folder, LeftOut};

use super::finding::Finding;
use super::node::Node;

/// Each pool that cannot be used, with its fault; the others in one line.
pub fn look(node: &Node) -> Vec<Finding> {
    let path = &node.policy.folders.pools;
    let object = path.display();
    if !path.exists() {
        let says = "there is no such folder: networks state their pools themselves";
        return vec![Finding::ok(object, says)];
    }
    if let Err(error) = owned::check(path) {
        let remedy = "make it root's: until then no network gets an address of it";
        return vec![Finding::wrong(object, error, remedy)];
    }
    let folder = Folder {
        path,
        key: "folders.pools",
    };
    let set = match pools::folder(folder) {
        Ok(set) => set,
        Err(error) => {
            return vec![Finding::wrong(
                object,
                error,
                "mend that: no pool of the folder is used",
            )];
        }
    };
    let mut findings: Vec<_> = set.left_out.iter().map(left_out).collect();
    for pool in &set.pools {
        if pool.usable().is_empty() {
            findings.push(Finding::warn(
                format!("pool {}", pool.name),
                "all of its addresses are excluded",
                "take some out of `excludeIPs` or the reservations",
            ));
        }
    }
    let usable = set
        .pools
        .iter()
        .filter(|pool| !pool.disabled && !pool.usable().is_empty());
    findings.push(Finding::ok(
        object,
        format!(
            "{} pools can be used (`plumbctl pools` shows how full they are)",
            usable.count()
        ),
    ));
    findings
}

fn left_out(pool: &LeftOut) -> Finding {
    let object = match (&pool.name, &pool.file) {
        (Some(name), Some(file)) => format!("pool {name} in {}", file.display()),
        (None, Some(file)) => format!("pool in {}", file.display()),
        (Some(name), None) => format!("pool {name}"),
        (None, None) => "a pool".to_owned(),
    };
    Finding::wrong(
        object,
        &pool.error,
        "correct it: nobody gets an address of it",
    )
}
