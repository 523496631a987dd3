//! Whoever can be served is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::agents;
use crate::chaos::{Second, Setting, world};
use crate::faults::Faults;
use crate::invariants::check;
use crate::pods::{Added, Pod, add, del};
use crate::world::{Executor, Living, Owner, World};

/// After all faults: the workload ends, then each address of the pool serves a pod, on whatever nodes these are.
pub fn all_are_served(world: &World, executor: &mut Executor, setting: &Setting) -> bool {
    let run = |executor: &mut Executor, seconds: u64| {
        let now = world.lock().now;
        executor.run(now + Duration::from_secs(seconds), check)
    };
    world.lock().busy = false;
    // Pods end, those that look at the API server have looked, and nobody is wary any more.
    if !run(executor, 1_200) {
        return false;
    }
    let left = world.lock().living.len();
    if left > 0 {
        world.lock().violated(format!("{left} pods have not ended"));
        return false;
    }
    let count = |(first, last): (u32, u32)| (last - first + 1) as usize;
    let total = count(setting.addresses)
        + match setting.second {
            Second::Fallback(addresses) => count(addresses),
            Second::None | Second::DualStack => 0,
        };
    let nodes = match setting.size {
        // Of larger blocks each node may keep a part: then one node must get them all.
        4 => 1,
        _ => setting.nodes,
    };
    let served = Arc::new(Mutex::new(0));
    for number in 0..total {
        let (here, served) = (world.clone(), Arc::clone(&served));
        let node = world.lock().chance.below(nodes);
        world.spawn(Owner::World, async move {
            let pod = Pod {
                number: 10_000 + number,
                keep: false,
                requested: None,
                lives: (0, 0),
            };
            loop {
                let wait = here.some_time(1, 5_000);
                here.sleep(wait).await;
                if let Added::Address(_) = add(&here, pod, node).await {
                    *served.lock().expect("no panic") += 1;
                    return;
                }
            }
        });
    }
    if !run(executor, 300) {
        return false;
    }
    let served = *served.lock().expect("no panic");
    if served != total {
        world
            .lock()
            .violated(format!("{served} of {total} pods are served"));
    }
    served == total
}

pub fn quiet(nodes: usize, addresses: (u32, u32), size: u32) -> Setting {
    Setting {
        nodes,
        addresses,
        second: Second::None,
        size,
        pods: 0,
        faults: Faults::none(),
        lasts: Duration::ZERO,
    }
}

/// Runs ADDs, each once, and says how they ended and after what time.
pub fn adds(
    world: &World,
    executor: &mut Executor,
    pods: impl IntoIterator<Item = (Pod, usize)>,
) -> Vec<(Added, Duration)> {
    let ended = Arc::new(Mutex::new(Vec::new()));
    let mut count = 0;
    for (pod, node) in pods {
        count += 1;
        let (here, ended) = (world.clone(), Arc::clone(&ended));
        world.spawn(Owner::World, async move {
            let start = here.lock().now;
            let added = add(&here, pod, node).await;
            let time = here.lock().now - start;
            ended.lock().expect("no panic").push((added, time));
        });
    }
    let now = world.lock().now;
    assert!(
        executor.run(now + Duration::from_secs(20), check),
        "{:?}",
        world.lock().violation
    );
    let ended = ended.lock().expect("no panic").clone();
    assert_eq!(ended.len(), count, "an ADD has no end");
    ended
}

pub fn started(setting: &Setting, seed: u64) -> (World, Executor) {
    let world = world(seed, setting, false);
    let mut executor = Executor::new(&world);
    for node in 0..setting.nodes {
        agents::start(&world, node);
    }
    world.spawn(Owner::World, agents::watch_pressure(world.clone()));
    let now = world.lock().now;
    assert!(executor.run(now + Duration::from_secs(10), check));
    (world, executor)
}

pub fn plain(number: usize) -> Pod {
    Pod {
        number,
        keep: false,
        requested: None,
        lives: (0, 0),
    }
}

pub fn served(ended: &[(Added, Duration)]) -> usize {
    let addresses = ended
        .iter()
        .filter(|(added, _)| matches!(added, Added::Address(_)));
    addresses.count()
}

#[test]
fn a_subnet_of_250_addresses_serves_250_pods_on_250_nodes_at_once() {
    for seed in 0..3 {
        let setting = quiet(250, (1, 250), 1);
        let (world, mut executor) = started(&setting, seed);
        let pods = (0..250).map(|number| (plain(number), number));
        let ended = adds(&world, &mut executor, pods);
        assert_eq!(served(&ended), 250);
        let inner = world.lock();
        assert_eq!(inner.server.creates, 250, "one block each");
        let slowest = ended.iter().map(|(_, time)| *time).max();
        assert!(inner.count.calls < 2_000, "{} calls", inner.count.calls);
        println!(
            "{} calls, the slowest ADD took {slowest:?}",
            inner.count.calls
        );
    }
}

#[test]
fn a_full_pool_gets_addresses_back_from_idle_nodes_at_once() {
    for seed in 0..50 {
        let setting = quiet(2, (100, 120), 1);
        let (world, mut executor) = started(&setting, seed);
        let ended = adds(
            &world,
            &mut executor,
            (0..21).map(|number| (plain(number), 0)),
        );
        assert_eq!(served(&ended), 21, "one node has them all");
        let living: Vec<(usize, Living)> = {
            let inner = world.lock();
            inner
                .living
                .iter()
                .map(|(pod, living)| (*pod, living.clone()))
                .collect()
        };
        for (pod, living) in living.iter().take(12) {
            del(&world, *pod, living);
        }
        let now = world.lock().now;
        assert!(executor.run(now + Duration::from_secs(8), check));
        let ended = adds(
            &world,
            &mut executor,
            (100..112).map(|number| (plain(number), 1)),
        );
        assert_eq!(served(&ended), 12, "{ended:?}");
        let slowest = ended.iter().map(|(_, time)| *time).max();
        assert!(slowest < Some(Duration::from_secs(2)), "{slowest:?}");
        let ended = adds(&world, &mut executor, [(plain(200), 1)]);
        let [(Added::Refused(101, message), time)] = &ended[..] else {
            panic!("{ended:?}");
        };
        assert_eq!(
            message,
            "no address of v4 is free: 21 of 21 in use: node node-1 12, node node-0 9"
        );
        assert!(*time < Duration::from_millis(2_800), "{time:?}");
    }
}

#[test]
fn a_requested_address_comes_from_an_idle_node_and_never_from_one_that_uses_it() {
    let setting = quiet(2, (100, 120), 1);
    let (world, mut executor) = started(&setting, 5);
    let requested = |number: usize| Pod {
        requested: Some([10, 0, 0, 107].into()),
        ..plain(number)
    };
    let ended = adds(&world, &mut executor, [(requested(0), 0)]);
    assert_eq!(ended[0].0, Added::Address([10, 0, 0, 107].into()));
    let ended = adds(&world, &mut executor, [(requested(1), 1)]);
    let expected = "10.0.0.107 is in use on node node-0".to_owned();
    assert_eq!(ended[0].0, Added::Refused(102, expected));
    let living = world.lock().living[&0].clone();
    del(&world, 0, &living);
    let now = world.lock().now;
    assert!(executor.run(now + Duration::from_secs(8), check));
    let ended = adds(&world, &mut executor, [(requested(2), 1)]);
    assert_eq!(ended[0].0, Added::Address([10, 0, 0, 107].into()));
}

#[test]
fn a_pod_that_moves_has_its_address_again() {
    let setting = quiet(3, (100, 120), 1);
    let (world, mut executor) = started(&setting, 9);
    let kept = Pod {
        keep: true,
        ..plain(7)
    };
    let ended = adds(&world, &mut executor, [(kept, 0)]);
    let Added::Address(address) = ended[0].0 else {
        panic!("{ended:?}");
    };
    for node in [1, 0, 2, 2, 1, 0, 0] {
        let living = world.lock().living[&7].clone();
        del(&world, 7, &living);
        // At once: the node before has not released it yet.
        let ended = adds(&world, &mut executor, [(kept, node)]);
        if let Added::Refused(code, message) = &ended[0].0 {
            assert_eq!(*code, 11, "{message}");
            assert!(message.contains("has not released it yet"), "{message}");
            let ended = adds(&world, &mut executor, [(kept, node)]);
            assert_eq!(ended[0].0, Added::Address(address), "on node {node}");
        } else {
            assert_eq!(ended[0].0, Added::Address(address), "on node {node}");
        }
    }
}

#[test]
fn a_large_pool_is_claimed_in_blocks_and_given_back_after_an_hour() {
    let setting = quiet(4, (1, 1022), 0);
    let (world, mut executor) = started(&setting, 3);
    let pods = (0..200).map(|number| (plain(number), number % 4));
    let ended = adds(&world, &mut executor, pods);
    assert_eq!(served(&ended), 200);
    {
        let inner = world.lock();
        assert_eq!(inner.server.data.states["v4"].block_size, 32);
        assert!(inner.server.creates <= 16, "{}", inner.server.creates);
    }
    let living: Vec<(usize, Living)> = {
        let inner = world.lock();
        inner
            .living
            .iter()
            .map(|(pod, living)| (*pod, living.clone()))
            .collect()
    };
    for (pod, living) in living {
        del(&world, pod, &living);
    }
    let now = world.lock().now;
    assert!(executor.run(now + Duration::from_secs(3_500), check));
    assert!(!world.lock().server.data.blocks.is_empty());
    let now = world.lock().now;
    assert!(executor.run(now + Duration::from_secs(200), check));
    assert_eq!(world.lock().server.data.blocks.len(), 0);
}
