//! Pods: CNI calls, which live without the agent.

use std::net::IpAddr;

use plumb_blocks::BoundTo;
use plumb_protocol::{Answer, Candidate, PodName, Take};
use plumb_resources::BlockPod;

use crate::agents::ask;
use crate::world::{Living, Owner, World};

/// A pod that is started again and again.
#[derive(Debug, Clone, Copy)]
pub struct Pod {
    pub number: usize,
    /// Whether it is to get its address again.
    pub keep: bool,
    /// Whether it wants one certain address.
    pub requested: Option<IpAddr>,
    /// How long it lives, in milliseconds.
    pub lives: (u64, u64),
}

impl Pod {
    pub fn bound(&self) -> Option<BoundTo> {
        self.keep.then(|| BoundTo {
            pod: BlockPod {
                namespace: "default".to_owned(),
                name: format!("pod-{}", self.number),
            },
            network: "rail0".to_owned(),
            interface: "net1".to_owned(),
        })
    }
}

/// How an ADD ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The first of its addresses.
    Address(IpAddr),
    Refused(u32, String),
}

/// The ADD of a pod on a node: within the held runs, else with the agent's help, three times at most.
pub async fn add(world: &World, pod: Pod, node: usize) -> Added {
    let bound = pod.bound();
    let claims: Vec<Vec<Candidate>> = {
        let inner = world.lock();
        let candidate = |pool: &usize| Candidate {
            pool: inner.pools[*pool].name.clone(),
            ranges: match pod.requested {
                Some(requested) => vec![(requested, requested)],
                None => inner.pools[*pool].ranges.clone(),
            },
        };
        let claims = inner.claims.iter();
        claims
            .map(|pools| pools.iter().map(candidate).collect())
            .collect()
    };
    let ranges: Vec<Vec<plumb_blocks::Range>> = claims
        .iter()
        .map(|claim| {
            let ranges = claim.iter().flat_map(|candidate| &candidate.ranges);
            ranges.copied().collect()
        })
        .collect();
    let take = Take {
        space: String::new(),
        network: "rail0".to_owned(),
        interface: "net1".to_owned(),
        pod: Some(PodName {
            namespace: "default".to_owned(),
            name: format!("pod-{}", pod.number),
            uid: String::new(),
        }),
        keep: pod.keep,
        requested: pod.requested.is_some(),
        claims,
    };
    for round in 0..=3 {
        let must_ask = {
            let mut inner = world.lock();
            let file = &inner.nodes[node].file;
            round == 0
                && bound
                    .as_ref()
                    .is_some_and(|bound| !file.has_kept(bound, &ranges))
                || !inner.nodes[node].up && {
                    inner.count.refused += 1;
                    return Added::Refused(11, "the machine is down".to_owned());
                }
        };
        if !must_ask && let Some(addresses) = claim(world, pod, node, &ranges, round) {
            return Added::Address(addresses[0]);
        }
        if round == 3 {
            break;
        }
        if let Answer::Refused(refusal) = ask(world, node, take.clone()).await {
            let mut inner = world.lock();
            inner.count.refused += 1;
            inner.count.full += u64::from(refusal.code == 101);
            inner.say(|| format!("pod-{}: {refusal:?}", pod.number));
            return Added::Refused(refusal.code, refusal.message);
        }
    }
    Added::Refused(11, "others claim what was taken for it".to_owned())
}

fn claim(
    world: &World,
    pod: Pod,
    node: usize,
    ranges: &[Vec<plumb_blocks::Range>],
    round: u64,
) -> Option<Vec<IpAddr>> {
    let mut inner = world.lock();
    let any = inner.chance.below(1000);
    let bound = pod.bound();
    let file = &mut inner.nodes[node].file;
    let addresses = file.claim(ranges, pod.number, bound.as_ref(), any)?;
    let living = Living {
        node,
        addresses: addresses.clone(),
    };
    inner.living.insert(pod.number, living);
    inner.count.adds += 1;
    inner.count.warm += u64::from(round == 0);
    inner.dirty = true;
    let name = inner.nodes[node].name.clone();
    inner.say(|| format!("pod-{}: {addresses:?} on {name}", pod.number));
    Some(addresses)
}

/// Sometimes a pod claims an address of a range in the very moment before it is given back.
pub fn visit(world: &World, node: usize, range: plumb_blocks::Range) {
    let pod = {
        let mut inner = world.lock();
        let rate = inner.faults.visits;
        if !inner.chance.happens(rate) {
            return;
        }
        inner.visits += 1;
        100_000 + inner.visits
    };
    let pod = Pod {
        number: pod,
        keep: false,
        requested: None,
        lives: (0, 0),
    };
    if let Some(addresses) = claim(world, pod, node, &[vec![range]], 0) {
        let here = world.clone();
        world.spawn(Owner::World, async move {
            here.sleep(here.some_time(10, 10_000)).await;
            del(&here, pod.number, &Living { node, addresses });
        });
    }
}

/// The DEL of a pod: nobody is asked.
pub fn del(world: &World, pod: usize, living: &Living) {
    let mut inner = world.lock();
    if inner.living.get(&pod) != Some(living) {
        // It ended with its machine.
        return;
    }
    inner.living.remove(&pod);
    for address in &living.addresses {
        inner.nodes[living.node].file.leases.remove(address);
    }
    inner.dirty = true;
    inner.say(|| format!("pod-{pod}: ends"));
}

/// A pod is started, lives, ends, and is started again on whatever node, until the workload is over.
pub async fn lives(world: World, pod: Pod) {
    let mut last: Option<Vec<IpAddr>> = None;
    while world.lock().busy {
        world.sleep(world.some_time(10, 60_000)).await;
        let node = {
            let mut inner = world.lock();
            let count = inner.nodes.len();
            inner.chance.below(count)
        };
        let Added::Address(_) = add(&world, pod, node).await else {
            world.sleep(world.some_time(500, 20_000)).await;
            continue;
        };
        let living = world.lock().living[&pod.number].clone();
        if pod.keep {
            let mut inner = world.lock();
            inner.count.moved += u64::from(last.is_some());
            inner.count.kept += u64::from(last.as_ref() == Some(&living.addresses));
            last = Some(living.addresses.clone());
        }
        world.sleep(world.some_time(pod.lives.0, pod.lives.1)).await;
        del(&world, pod.number, &living);
    }
}
