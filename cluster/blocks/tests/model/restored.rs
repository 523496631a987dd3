//! The API server brings back the past.

use std::time::Duration;

use crate::faults::mark_taken;
use crate::invariants::check;
use crate::liveness::{adds, plain, quiet, started};
use crate::pods::{Added, del};
use crate::world::{Executor, Inner, World};

/// Keeps a copy of the data and puts it back at least a quarter of an hour later, when each node has looked at the API
/// server since. A node that has not, or that forgets it, cannot know; nor can anybody where the copy is only minutes
/// old, because the API server's numbers are soon again where they were.
pub async fn restore(world: World) {
    world.sleep(world.some_time(30_000, 600_000)).await;
    let backup = {
        let mut inner = world.lock();
        inner.say(|| "server: backup".to_owned());
        inner.server.data.clone()
    };
    world.sleep(Duration::from_secs(900)).await;
    loop {
        world.sleep(world.some_time(1_000, 120_000)).await;
        let mut inner = world.lock();
        if !inner.busy {
            return;
        }
        if !all_have_looked_since(&inner, backup.resource_version) {
            continue;
        }
        inner.say(|| "server: restored".to_owned());
        inner.count.restores += 1;
        inner.break_connections();
        inner.server.restore(backup);
        mark_taken(&mut inner, false);
        inner.dirty = true;
        // Everybody reaches the API server now, for as long as nobody may claim anything.
        for node in &mut inner.nodes {
            node.connected = true;
        }
        inner.faults.nodes = 0;
        inner.faults.lost = inner.faults.lost.min(500);
        return;
    }
}

fn all_have_looked_since(inner: &Inner, resource_version: u64) -> bool {
    inner.nodes.iter().all(|node| {
        let seen = node.file.seen.as_ref();
        node.agent.is_some()
            && seen.is_some_and(|seen| seen.resource_version > resource_version + 3_000)
    })
}

fn pass(world: &World, executor: &mut Executor, seconds: u64) {
    let now = world.lock().now;
    let well = executor.run(now + Duration::from_secs(seconds), check);
    assert!(well, "{:?}", world.lock().violation);
}

#[test]
fn what_was_claimed_since_the_backup_is_claimed_again_before_anybody_else_can() {
    for seed in 0..20 {
        let setting = quiet(2, (1, 2), 1);
        let (world, mut executor) = started(&setting, seed);
        let backup = world.lock().server.data.clone();
        let ended = adds(&world, &mut executor, [(plain(0), 0)]);
        let Added::Address(address) = ended[0].0 else {
            panic!("{ended:?}");
        };
        pass(&world, &mut executor, 1_000);
        {
            let mut inner = world.lock();
            inner.server.restore(backup);
            mark_taken(&mut inner, false);
        }
        // The other address is free; but nobody on this node can know which one is not.
        let ended = adds(&world, &mut executor, [(plain(1), 1)]);
        let Added::Refused(11, message) = &ended[0].0 else {
            panic!("{ended:?}");
        };
        assert!(message.contains("older data"), "{message}");
        pass(&world, &mut executor, 800);
        let ended = adds(&world, &mut executor, [(plain(1), 1)]);
        assert!(
            matches!(ended[0].0, Added::Address(other) if other != address),
            "{ended:?}"
        );
        let inner = world.lock();
        assert!(inner.taken.is_empty(), "{:?}", inner.taken);
        assert!(inner.nodes[0].conflicts.is_empty());
    }
}

#[test]
fn an_address_that_was_freed_under_a_pod_is_reported_until_it_is_its_nodes_again() {
    let setting = quiet(2, (1, 2), 1);
    let (world, mut executor) = started(&setting, 4);
    let ended = adds(&world, &mut executor, [(plain(0), 0), (plain(1), 0)]);
    assert!(
        ended
            .iter()
            .all(|(added, _)| matches!(added, Added::Address(_)))
    );
    {
        let mut inner = world.lock();
        let names: Vec<String> = inner.server.data.blocks.keys().cloned().collect();
        let now = inner.now;
        for name in names {
            inner.server.put(now, name, None);
        }
        mark_taken(&mut inner, true);
    }
    let ended = adds(&world, &mut executor, [(plain(2), 1)]);
    let Added::Address(address) = ended[0].0 else {
        panic!("{ended:?}");
    };
    let theirs = world.lock().living[&2].clone();
    pass(&world, &mut executor, 400);
    {
        let inner = world.lock();
        let [conflict] = &inner.nodes[0].conflicts[..] else {
            panic!("{:?}", inner.nodes[0].conflicts);
        };
        assert_eq!(conflict.node, "node-1");
        assert_eq!(conflict.block, format!("default-{address}"));
        let pod = inner.nodes[0].file.leases[&address].pod;
        let holder = format!("default/pod-{pod} net1");
        assert_eq!(conflict.leased, [(address, holder)]);
        assert!(!inner.nodes[0].file.held.contains(&address));
        assert_eq!(
            inner.nodes[0].file.held.len(),
            1,
            "the other one is its own again"
        );
    }
    del(&world, 2, &theirs);
    pass(&world, &mut executor, 400);
    let inner = world.lock();
    assert!(inner.nodes[0].conflicts.is_empty());
    assert!(inner.taken.is_empty(), "{:?}", inner.taken);
}
