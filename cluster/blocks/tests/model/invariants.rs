//! What must hold after every step.
//!
//! 1. What a node holds or leases lies in a block whose object names this node and is not released.
//! 2. No address is held by two nodes, nor leased on two, nor held by one and leased on another.
//!
//! The second follows from the first, and is checked by itself. Both are excepted for an address that something from
//! outside (a person, the controller by a node that lives, a restore) has taken from under its node; but where the
//! past was brought back, the second is not excepted, and after two looks at the API server nothing of it is held.

use std::net::IpAddr;

use crate::numbers::{block, each};
use crate::world::Inner;

/// Whose each address is by the API server's data, in the order of addresses: it is made for each step, where a tree
/// would take most of the time of a run.
struct Owners<'a>(Vec<(IpAddr, &'a str)>);

impl Owners<'_> {
    /// Of several blocks with an address the last one counts.
    fn get(&self, address: IpAddr) -> Option<&str> {
        let until = self.0.partition_point(|(other, _)| *other <= address);
        let (found, owner) = self.0[..until].last()?;
        (*found == address).then_some(*owner)
    }
}

fn owners(inner: &Inner) -> Owners<'_> {
    let blocks = inner.server.data.blocks.values();
    let owned = blocks.filter(|stored| !stored.block.released);
    let addresses = owned.flat_map(|stored| {
        let addresses = each(block(stored.block.first, stored.block.size));
        addresses.map(|address| (address, &*stored.block.node))
    });
    let mut owners: Vec<_> = addresses.collect();
    owners.sort_by_key(|(address, _)| *address);
    Owners(owners)
}

/// What a node holds or leases.
fn used(inner: &Inner, node: usize) -> impl Iterator<Item = IpAddr> {
    let file = &inner.nodes[node].file;
    file.held.iter().chain(file.leases.keys()).copied()
}

/// What each node holds or leases, and is not its own by the API server's data.
pub fn not_own(inner: &Inner) -> Vec<(usize, IpAddr)> {
    let owners = owners(inner);
    let mut foreign = Vec::new();
    for node in 0..inner.nodes.len() {
        let own = Some(&*inner.nodes[node].name);
        let others = used(inner, node).filter(|address| owners.get(*address) != own);
        foreign.extend(others.map(|address| (node, address)));
    }
    foreign
}

pub fn check(inner: &mut Inner) {
    let foreign = not_own(inner);
    inner.taken.retain(|taken, _| foreign.contains(taken));
    let mut violations = Vec::new();
    for (node, address) in foreign {
        let one = &inner.nodes[node];
        match inner.taken.get(&(node, address)) {
            None => violations.push(format!(
                "{address} is used on {}, whose it is not",
                one.name
            )),
            Some(taken) if one.looks > taken.looks + 1 && one.file.held.contains(&address) => {
                violations.push(format!(
                    "{address} is held on {} still, after it has looked",
                    one.name
                ));
            }
            Some(_) => {}
        }
    }
    let nodes = 0..inner.nodes.len();
    let mut users: Vec<(IpAddr, usize)> = nodes
        .flat_map(|node| used(inner, node).map(move |address| (address, node)))
        .collect();
    users.sort_by_key(|(address, _)| *address);
    for pair in users.windows(2) {
        let ((address, other), (next, node)) = (pair[0], pair[1]);
        let freed = |of: usize| {
            let taken = inner.taken.get(&(of, address));
            taken.is_some_and(|taken| taken.freed)
        };
        if address == next && other != node && !freed(node) && !freed(other) {
            violations.push(format!(
                "{address} is used on {} and on {}",
                inner.nodes[other].name, inner.nodes[node].name
            ));
        }
    }
    for violation in violations {
        inner.violated(violation);
    }
}
