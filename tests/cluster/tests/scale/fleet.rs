//! The nodes, the pools, and who has which address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use plumb_cluster_tests::Cluster;
use plumb_cluster_tests::agents::{Agent, SharedPool};
use plumb_protocol::Refusal;

/// How many nodes.
pub const NODES: usize = 20;
/// Addresses of the pool that is given out in blocks of 16: 2000 pods, and for each node a block that is not full.
pub const PLENTY: u32 = 2400;
/// Addresses of the pool that is given out one by one, fewer than 16 for each node.
pub const SCARCE: u32 = 280;

/// How long plumb waits for its agent.
const PATIENCE_OF_PLUMB: Duration = Duration::from_secs(4);

/// One of the two pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of [`PLENTY`] addresses.
    Plenty,
    /// Of [`SCARCE`] addresses.
    Scarce,
}

impl Which {
    /// How many addresses it has.
    pub fn size(self) -> u32 {
        match self {
            Self::Plenty => PLENTY,
            Self::Scarce => SCARCE,
        }
    }
}

/// The agents of all nodes, and what their pods have.
pub struct Fleet<'cluster> {
    agents: Vec<Agent<'cluster>>,
    plenty: SharedPool,
    scarce: SharedPool,
    /// Node and pod that have an address.
    living: Mutex<BTreeMap<IpAddr, (String, String)>>,
}

impl<'cluster> Fleet<'cluster> {
    /// Makes nodes and pools, and starts the agents.
    #[track_caller]
    pub fn start(cluster: &'cluster Cluster) -> Self {
        let agents = Agent::start_all(cluster, "node", NODES);
        let all: Vec<&Agent<'_>> = agents.iter().collect();
        let pool =
            |name, subnet, first, size| SharedPool::of(cluster, name, subnet, first, size, &all);
        // Neither begins where a block does.
        let plenty = pool(
            "plenty",
            "172.20.0.0/16",
            Ipv4Addr::new(172, 20, 0, 5),
            PLENTY,
        );
        let scarce = pool(
            "scarce",
            "172.21.0.0/16",
            Ipv4Addr::new(172, 21, 0, 5),
            SCARCE,
        );
        Self {
            agents,
            plenty,
            scarce,
            living: Mutex::default(),
        }
    }

    /// The agents, by the number of their node.
    pub fn agents(&self) -> &[Agent<'cluster>] {
        &self.agents
    }

    /// A pool.
    pub fn pool(&self, which: Which) -> &SharedPool {
        match which {
            Which::Plenty => &self.plenty,
            Which::Scarce => &self.scarce,
        }
    }

    /// Starts a pod on a node.
    ///
    /// # Panics
    ///
    /// When a pod that lives has its address.
    #[track_caller]
    pub fn add(&self, node: usize, pod: &str, which: Which) -> Result<IpAddr, Refusal> {
        let agent = &self.agents[node];
        let address = agent.add_within(pod, self.pool(which), PATIENCE_OF_PLUMB)?;
        let new = (agent.node.clone(), pod.to_owned());
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = living.insert(address, new.clone()) {
            panic!("{address} was given to {new:?} while {other:?} has it");
        }
        Ok(address)
    }

    /// Ends a pod.
    #[track_caller]
    pub fn delete(&self, node: usize, pod: &str, which: Which) {
        let agent = &self.agents[node];
        // From here on another pod may have it.
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = self.pool(which).range();
        living.retain(|address, (of_node, name)| {
            !(name == pod && *of_node == agent.node && (first..=last).contains(address))
        });
        drop(living);
        agent.delete(pod);
    }

    /// Who has which address.
    pub fn living(&self) -> BTreeMap<IpAddr, (String, String)> {
        let living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        living.clone()
    }
}

/// Says what happens, with the time since the first word.
pub fn say(what: &str) {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let begin = BEGIN.get_or_init(Instant::now);
    eprintln!("{:6.1} s: {what}", begin.elapsed().as_secs_f64());
}
