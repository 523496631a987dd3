//! Runs in which everything goes wrong, and then all must be well.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plumb_blocks::Pool;
use plumb_resources::PoolStateSpec;

use crate::chance::Chance;
use crate::faults::{self, Faults};
use crate::invariants::check;
use crate::node::{File, Node};
use crate::numbers::after;
use crate::pods::{self, Pod};
use crate::world::{Count, Executor, Owner, World};
use crate::{agents, liveness, restored};

const SEEDS: u64 = 1000;

/// A second pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    None,
    /// Of the same family: its addresses serve where the first one's do not.
    Fallback((u32, u32)),
    /// Of IPv6, with as many addresses: a pod gets one of each, or none.
    DualStack,
}

/// What a run is like.
#[derive(Debug, Clone)]
pub struct Setting {
    pub nodes: usize,
    /// First and last number of the addresses, in 10.0.0.0/16.
    pub addresses: (u32, u32),
    pub second: Second,
    pub size: u32,
    pub pods: usize,
    pub faults: Faults,
    pub lasts: Duration,
}

/// A pool of the addresses with these numbers after one.
fn pool(name: &str, base: IpAddr, (first, last): (u32, u32)) -> Pool {
    Pool {
        name: name.to_owned(),
        space: String::new(),
        ranges: vec![(after(base, first.into()), after(base, last.into()))],
        is_ending: false,
    }
}

/// A world with nodes whose agents do not run yet.
pub fn world(seed: u64, setting: &Setting, traced: bool) -> World {
    let v4 = IpAddr::V4([10, 0, 0, 0].into());
    let mut pools = vec![pool("v4", v4, setting.addresses)];
    match setting.second {
        Second::None => {}
        Second::Fallback(addresses) => pools.push(pool("more", v4, addresses)),
        Second::DualStack => {
            let v6 = IpAddr::V6([0xfd00, 0, 0, 0, 0, 0, 0, 0].into());
            pools.push(pool("v6", v6, setting.addresses));
        }
    }
    let names: Vec<String> = pools.iter().map(|pool| pool.name.clone()).collect();
    let world = World::new(seed, setting.faults.clone(), pools, traced);
    let mut inner = world.lock();
    if setting.second == Second::DualStack {
        inner.claims = vec![vec![0], vec![1]];
    }
    inner.server.nodes = setting.nodes as u64;
    if setting.size > 0 {
        let spec = PoolStateSpec {
            block_size: setting.size,
        };
        let states = names.into_iter().map(|name| (name, spec.clone()));
        inner.server.data.states.extend(states);
    }
    for node in 0..setting.nodes {
        let clock = inner.chance.number() % (1 << 42);
        inner.nodes.push(Node {
            name: format!("node-{node}"),
            file: File::default(),
            agent: None,
            incarnation: 0,
            up: true,
            connected: true,
            registered: true,
            clock,
            looks: 0,
            conflicts: Vec::new(),
        });
    }
    drop(inner);
    world
}

fn setting(seed: u64) -> Setting {
    let mut chance = Chance::new(seed ^ 0x5e77_1465);
    let nodes = 2 + chance.below(if seed.is_multiple_of(8) { 19 } else { 6 });
    let (addresses, size) = match chance.below(4) {
        0 => ((100, 120), 1),
        1 => ((1, 3 + chance.below(8) as u32), 1),
        2 => ((10, 10 + 16 + chance.below(60) as u32), 4),
        // More names than are listed for one claim.
        _ if seed.is_multiple_of(16) => ((1, 290), 1),
        _ => ((100, 120), 0),
    };
    let total = (addresses.1 - addresses.0 + 1) as usize;
    let second = match chance.below(8) {
        // Some way behind the first, or beside it: then a block of four may have addresses of both.
        0 => Second::Fallback((addresses.1 + 50, addresses.1 + 54)),
        1 => Second::Fallback((addresses.1 + 1, addresses.1 + 6)),
        2 | 3 => Second::DualStack,
        _ => Second::None,
    };
    let often = |chance: &mut Chance, most: usize| chance.below(most) as u64;
    Setting {
        nodes,
        addresses,
        second,
        size,
        pods: (total / 2 + chance.below(total)).clamp(1, 120),
        faults: Faults {
            busy: often(&mut chance, 1500),
            lost: often(&mut chance, 2500),
            twice: often(&mut chance, 2000),
            store: if chance.happens(3_000) { 200 } else { 0 },
            visits: 500,
            slow: [0, 1_000][chance.below(2)],
            latency: 3 + often(&mut chance, 400),
            stale: 10 + often(&mut chance, 3900),
            nodes: 1,
            restore: seed % 5 == 1,
            freeing: seed % 5 == 2,
        },
        lasts: match seed % 5 {
            1 => Duration::from_secs(1_800),
            _ => Duration::from_secs(300 + often(&mut chance, 900)),
        },
    }
}

/// One seed; what was violated, with the schedule if that was asked for.
pub fn run(seed: u64, traced: bool) -> Result<Count, (String, Vec<String>)> {
    let setting = setting(seed);
    let world = world(seed, &setting, traced);
    let mut executor = Executor::new(&world);
    for node in 0..setting.nodes {
        agents::start(&world, node);
    }
    world.spawn(Owner::World, agents::watch_pressure(world.clone()));
    world.spawn(Owner::World, faults::bad_days(world.clone()));
    world.spawn(Owner::World, faults::controller(world.clone()));
    if setting.faults.restore {
        world.spawn(Owner::World, restored::restore(world.clone()));
    }
    for number in 0..setting.pods {
        let pod = {
            let mut inner = world.lock();
            let lives = [(100, 20_000), (1_000, 400_000)][inner.chance.below(2)];
            let (first, last) = inner.pools[0].ranges[0];
            let one_pool = setting.second == Second::None;
            let requested = (one_pool && number < 2 && inner.chance.happens(3_000))
                .then_some(if number == 0 { first } else { last });
            Pod {
                number,
                keep: requested.is_none() && setting.size != 4 && inner.chance.happens(2_500),
                requested,
                lives,
            }
        };
        world.spawn(Owner::World, pods::lives(world.clone(), pod));
    }
    let start = world.lock().now;
    let mut well = executor.run(start + setting.lasts, check);
    if well {
        faults::end(&world);
        well = liveness::all_are_served(&world, &mut executor, &setting);
    }
    let mut inner = world.lock();
    match inner.violation.take() {
        None if well => Ok(inner.count),
        None => Err(("stopped".to_owned(), inner.trace.take().unwrap_or_default())),
        Some(violation) => Err((
            format!("{violation} ({setting:?})"),
            inner.trace.take().unwrap_or_default(),
        )),
    }
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number of seeds, or a seed"))
}

#[test]
fn the_rule_holds_and_all_are_served_whatever_happens() {
    let seeds = match number("PLUMB_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PLUMB_SEEDS").unwrap_or(SEEDS),
    };
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Count::default());
    let failed = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(4));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.lock().expect("no panic").is_some() {
                        return;
                    }
                    match run(seed, false) {
                        Ok(count) => sum.lock().expect("no panic").add(&count),
                        Err((violation, _)) => {
                            failed
                                .lock()
                                .expect("no panic")
                                .get_or_insert((seed, violation));
                        }
                    }
                }
            });
        }
    });
    if let Some((seed, violation)) = failed.into_inner().expect("no panic") {
        let (_, schedule) = run(seed, true).expect_err("the same seed, the same run");
        if let Ok(file) = std::env::var("PLUMB_SCHEDULE") {
            std::fs::write(file, schedule.join("\n")).expect("a file for the schedule");
        }
        let from = schedule.len().saturating_sub(400);
        panic!("seed {seed}: {violation}\n{}", schedule[from..].join("\n"));
    }
    let sum = sum.into_inner().expect("no panic");
    println!("{sum:?}");
    if seeds.end - seeds.start < SEEDS {
        return;
    }
    assert!(sum.adds > 100_000, "{sum:?}");
    assert!(sum.kills > 10_000, "{sum:?}");
    assert!(sum.full > 1_000, "pools were never full: {sum:?}");
    assert!(sum.kept > 1_000, "no pod got its address again: {sum:?}");
    assert!(sum.restores > 50, "nothing was restored: {sum:?}");
}
