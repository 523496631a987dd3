//! A node takes up what was imported for it, and lets go of it when the pods are gone.
//!
//! [`take_up`] and [`collect`] are for the agent of the node; neither changes anything where there is nothing to do. A lease that was taken up ends
//!
//! - at the DEL of its attachment (`host/src/imported.rs`), or a GC of its network,
//! - or [`PATIENCE`] after its pod was first missing from the API server and its network namespace gone: no DEL comes then.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plumb_leases::imported::{self, Imported, UNKNOWN};
use plumb_leases::{Kept, Lease, Leases, Owner, Pod, Store};

use crate::cluster::{Cluster, Waiting};
use crate::cni_cache::Cached;
use crate::fact::Fact;
use crate::objects::PodSeen;

/// How long a pod must be missing before its address is free without a DEL: as long as a node is missing before its blocks
/// are.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Where plumb keeps a record of each attachment, below the state folder.
const RECORDS: &str = "attachments";

/// The pods of a node, as the API server has them.
pub type Pods = BTreeMap<Pod, PodSeen>;

/// The UID of each pod of a node.
pub type Uids = BTreeMap<Pod, String>;

/// The node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// plumb's state folder.
    pub state_folder: PathBuf,
    /// Where runtimes keep results, `/var/lib/cni`, as far as it can be seen.
    pub cni_folder: PathBuf,
}

/// Since when pods are missing.
#[derive(Debug, Default)]
pub struct Missing(BTreeMap<IpAddr, Instant>);

/// What was taken up.
#[derive(Debug, Default)]
pub struct Taken {
    /// How many blocks have become the node's.
    pub blocks: usize,
    /// What a person should know.
    pub told: Vec<String>,
}

/// Takes up the leases of all blocks that wait for it, and makes the blocks the node's: those who look after its claims are to
/// compare them with the API server then.
///
/// # Errors
///
/// The API server or the lease store did not do what it was asked for. It may be tried again; no address has been given out.
pub async fn take_up(node: &Node, cluster: &Cluster) -> Result<Taken, String> {
    let waiting = cluster.waiting_blocks(&node.name).await?;
    if waiting.is_empty() {
        return Ok(Taken::default());
    }
    let pods = cluster.pods_of(&node.name).await?;
    let work = {
        let node = node.clone();
        let waiting = waiting.clone();
        move || take_up_leases(&node, &waiting, &pods)
    };
    let taken = tokio::task::spawn_blocking(work).await;
    let told = taken.map_err(|error| error.to_string())??;
    for block in &waiting {
        cluster.give_to_node(block).await?;
    }
    Ok(Taken {
        blocks: waiting.len(),
        told,
    })
}

fn take_up_leases(node: &Node, waiting: &[Waiting], pods: &Pods) -> Result<Vec<String>, String> {
    let cached = crate::cni_cache::read(&node.cni_folder);
    let store = store(&node.state_folder)?;
    let known = store.leases().map_err(|error| error.to_string())?;
    let mut told = Vec::new();
    let (mut leases, mut kept) = (Vec::new(), Vec::new());
    for block in waiting {
        for fact in &block.facts {
            match decide(fact, &block.pool, pods, &cached, &known) {
                Decision::Take(imported) => {
                    // Before the lease: a store that is made again knows of it from here.
                    imported::write(&node.state_folder, &imported).map_err(|error| {
                        let folder = node.state_folder.join(imported::FOLDER);
                        format!(
                            "write down {} in {}: {error}",
                            fact.address,
                            folder.display()
                        )
                    })?;
                    kept.extend(kept_for(fact, &imported.lease));
                    leases.push(imported.lease);
                }
                Decision::Known => {}
                Decision::Leave(sentence) => told.push(sentence),
            }
        }
    }
    let refused = store.restore(&leases).map_err(|error| error.to_string())?;
    for lease in refused {
        told.push(format!(
            "{} was imported for {}, and somebody else has got it on this node since",
            lease.address,
            lease.pod.map_or_else(
                || lease.owner.container_id.clone(),
                |pod| format!("pod {pod}")
            )
        ));
    }
    store
        .hold("", &[], &kept)
        .map_err(|error| error.to_string())?;
    Ok(told)
}

/// What becomes of a fact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A lease.
    Take(Box<Imported>),
    /// It is one.
    Known,
    /// Nothing: why.
    Leave(String),
}

/// Whether the pod of a fact has the address still, and all that is known of its attachment.
pub(crate) fn decide(
    fact: &Fact,
    pool: &str,
    pods: &Pods,
    cached: &[Cached],
    known: &[Lease],
) -> Decision {
    let (address, holder) = (fact.address, fact.holder());
    if let Some(pod) = &fact.pod {
        let lives = |seen: &PodSeen| fact.uid.is_empty() || seen.uid == fact.uid;
        if !pods
            .get(pod)
            .is_some_and(|seen| lives(seen) && !seen.is_finished)
        {
            return Decision::Leave(format!(
                "{address} was imported for {holder}, which has ended meanwhile: it is free"
            ));
        }
    }
    let attachment = attachment_of(fact, cached);
    let or_unknown = |known: Option<&String>| known.cloned().unwrap_or_else(|| UNKNOWN.to_owned());
    let container = attachment.map(|one| &one.container);
    let container = container.or(fact.container.as_ref());
    let interface = attachment.map(|one| &one.interface);
    let interface = or_unknown(interface.or(fact.interface.as_ref()));
    let unknown_container = || {
        let container = Imported::unknown_container(fact.pod.as_ref(), &fact.uid);
        match interface == UNKNOWN {
            // Of two interfaces that are not known neither ends with the other.
            true => format!("{container}@{address}"),
            false => container,
        }
    };
    let network = attachment.map(|one| &one.network);
    let owner = Owner {
        network: or_unknown(network.or(fact.network.as_ref())),
        container_id: container.cloned().unwrap_or_else(unknown_container),
        interface_name: interface,
    };
    if let Some(lease) = known.iter().find(|lease| is_here(lease, address)) {
        return match lease.owner == owner || (lease.pod.is_some() && lease.pod == fact.pod) {
            true => Decision::Known,
            false => Decision::Leave(format!(
                "{address} was imported for {holder}, and {} has it on this node: delete one of the two pods",
                lease.pod.as_ref().map_or_else(
                    || format!("container {}", lease.owner.container_id),
                    |pod| format!("pod {pod}")
                )
            )),
        };
    }
    // Its sandbox was made anew since the import, and plumb attached it.
    let is_attached_again = |lease: &&Lease| {
        lease.pod.is_some()
            && lease.pod == fact.pod
            && lease.owner.interface_name == owner.interface_name
            && lease.owner != owner
            && lease.address.is_ipv4() == address.is_ipv4()
    };
    if let Some(lease) = known.iter().find(is_attached_again) {
        return Decision::Leave(format!(
            "{address} was imported for {holder}, which has {} now: it is free",
            lease.address
        ));
    }
    Decision::Take(Box::new(Imported {
        lease: Lease {
            space: String::new(),
            address,
            pool: pool.to_owned(),
            owner,
            pod: fact.pod.clone().or_else(|| attachment?.pod.clone()),
            since: now(),
        },
        uid: fact.uid.clone(),
        netns: attachment.and_then(|one| one.netns.clone()),
    }))
}

fn is_here(lease: &Lease, address: IpAddr) -> bool {
    lease.space.is_empty() && lease.address == address
}

/// The attachment that has a fact's address: of the same pod or container, and the newest of several.
fn attachment_of<'a>(fact: &Fact, cached: &'a [Cached]) -> Option<&'a Cached> {
    let agrees =
        |known: &Option<String>, is: &String| known.as_ref().is_none_or(|known| known == is);
    let is_meant = |one: &&Cached| {
        let is_pod = one.pod.is_none() || fact.pod.is_none() || one.pod == fact.pod;
        let is_uid = one.uid.is_empty() || fact.uid.is_empty() || one.uid == fact.uid;
        one.addresses.contains(&fact.address)
            && is_pod
            && is_uid
            && agrees(&fact.container, &one.container)
    };
    cached.iter().find(is_meant)
}

/// A pod of a `StatefulSet` gets its address again, where it is known under which network.
fn kept_for(fact: &Fact, lease: &Lease) -> Option<Kept> {
    let owner = &lease.owner;
    let is_known = owner.network != UNKNOWN && owner.interface_name != UNKNOWN;
    let pod = lease.pod.clone().filter(|_| fact.keep && is_known)?;
    Some(Kept {
        address: lease.address,
        network: owner.network.clone(),
        interface: owner.interface_name.clone(),
        pod,
        ordinal: 0,
    })
}

/// Lets go of the leases whose pods are gone for good without a DEL. What a person should know. `watched` are the node's pods
/// as they were last heard of: the API server is asked when one of them has been missing for long.
///
/// # Errors
///
/// As [`take_up`].
pub async fn collect(
    node: &Node,
    cluster: &Cluster,
    missing: &mut Missing,
    watched: &Uids,
) -> Result<Vec<String>, String> {
    let folder = node.state_folder.clone();
    let all = tokio::task::spawn_blocking(move || imported::all(&folder)).await;
    let all = all.map_err(|error| error.to_string())?;
    let all = all.map_err(|error| format!("read {}: {error}", imported::FOLDER))?;
    if all.is_empty() {
        missing.0.clear();
        return Ok(Vec::new());
    }
    let now = Instant::now();
    let mut gone = missing.look(&all, watched, now);
    if !gone.is_empty() {
        let pods = cluster.pods_of(&node.name).await?;
        let uids = pods
            .into_iter()
            .map(|(pod, seen)| (pod, seen.uid))
            .collect();
        gone = missing.look(&all, &uids, now);
    }
    let folder = node.state_folder.clone();
    let work = move || let_go(&folder, &all, &gone);
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| error.to_string())?
}

impl Missing {
    /// Those whose pods have been missing for long enough.
    pub(crate) fn look(&mut self, all: &[Imported], pods: &Uids, now: Instant) -> Vec<IpAddr> {
        let missing = all.iter().filter(|one| is_missing(one, pods));
        let missing: BTreeMap<IpAddr, Instant> = missing
            .map(|one| {
                let address = one.lease.address;
                (address, self.0.get(&address).copied().unwrap_or(now))
            })
            .collect();
        self.0 = missing;
        let is_long = |since: &Instant| now.duration_since(*since) >= PATIENCE;
        let long = self.0.iter().filter(|(_, since)| is_long(since));
        long.map(|(address, _)| *address).collect()
    }
}

/// Whether nothing is left of the pod. Of a lease without a pod that is not known: it ends with a DEL or a GC.
fn is_missing(one: &Imported, pods: &Uids) -> bool {
    let Some(pod) = &one.lease.pod else {
        return false;
    };
    let is_it = |uid: &String| one.uid.is_empty() || *uid == one.uid;
    let lives = pods.get(pod).is_some_and(is_it);
    // Its deletion was forced, and it runs.
    let is_left = one.netns.as_ref().is_some_and(|netns| netns.exists());
    !lives && !is_left
}

fn let_go(folder: &Path, all: &[Imported], gone: &[IpAddr]) -> Result<Vec<String>, String> {
    let failed = |error: plumb_leases::Error| error.to_string();
    // A damaged one is plumb's to make again, from these files among others.
    let Some(store) = Store::open_existing(folder).map_err(failed)? else {
        return Ok(Vec::new());
    };
    let known = store.leases().map_err(failed)?;
    let mut told = Vec::new();
    for one in all {
        let (address, owner) = (one.lease.address, &one.lease.owner);
        let is_held = known
            .iter()
            .any(|lease| is_here(lease, address) && lease.owner == *owner);
        if is_held && !gone.contains(&address) {
            continue;
        }
        if is_held {
            store.release(owner).map_err(failed)?;
            told.push(format!(
                "{address} is free: its pod {} is gone, and no DEL came",
                one.lease
                    .pod
                    .as_ref()
                    .map_or_else(|| owner.container_id.clone(), Pod::to_string)
            ));
        }
        imported::remove(folder, address)
            .map_err(|error| format!("remove {address} from {}: {error}", imported::FOLDER))?;
    }
    Ok(told)
}

/// The node's lease store. One is made only where plumb has no record yet: what it knows, only plumb reads.
fn store(folder: &Path) -> Result<Store, String> {
    let known = || match has_files(&folder.join(RECORDS))? {
        false => Ok(imported::all(folder)?
            .into_iter()
            .map(|one| one.lease)
            .collect()),
        true => Err(io::Error::other(format!(
            "there is no lease store in {} and there are records: the next CNI call makes it again",
            folder.display()
        ))),
    };
    if let Some(store) = Store::open_existing(folder).map_err(|error| error.to_string())? {
        return Ok(store);
    }
    let (store, _) = Store::open(folder, known).map_err(|error| error.to_string())?;
    Ok(store)
}

fn has_files(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || has_files(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}
