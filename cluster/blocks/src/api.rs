//! The API server, as claims need it.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;

use plumb_resources::{BlockPod, IPBlockSpec, PoolStateSpec, block_name};

use crate::{BOUND_LABEL, NODE_LABEL, PART_LABEL, POOL_LABEL, part_label};

/// Which state of an object is meant. A write that names it is done to no other: not to one that somebody has changed,
/// nor to one of the same name that was made anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: u64,
}

/// A block as the API server has it. Its name is `block_name(&block.space, block.first)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `spec`.
    pub block: IPBlockSpec,
    /// Which state this is.
    pub version: Version,
}

impl Stored {
    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> String {
        block_name(&self.block.space, self.block.first)
    }
}

/// A consistent list of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The blocks.
    pub blocks: Vec<Stored>,
    /// The list's own `metadata.resourceVersion`: it only grows, unless the API server's data is put back to an earlier
    /// state.
    pub resource_version: u64,
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The object is new (201).
    Created(Version),
    /// An object of this name exists (409 `AlreadyExists`).
    Exists,
}

/// What became of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// Done; what it is now.
    Replaced(Version),
    /// It is not, or no more, of the version that was named (409 `Conflict`, 404).
    Changed,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// Done, or there was none (404).
    Deleted,
    /// It is not of the version that was named (409 `Conflict`).
    Changed,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody knows whether it was done, or will be yet: no answer in time, a connection that broke, 500, 504.
    #[error("{0}")]
    Unknown(String),
    /// It was not done and may be done later: no connection, 401, 429, 503.
    #[error("{0}")]
    Unavailable(String),
    /// It will not be done: 400, 403, 422.
    #[error("{0}")]
    Refused(String),
}

/// For whom an address is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoundTo {
    /// The pod.
    pub pod: BlockPod,
    /// The network's name.
    pub network: String,
    /// The interface's name in the pod.
    pub interface: String,
}

impl BoundTo {
    /// The value of [`BOUND_LABEL`]: 32 hexadecimal digits, 128 bits of FNV-1a over the four texts. Two that share it are
    /// told apart by the bindings themselves.
    #[must_use]
    pub fn label(&self) -> String {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let texts = [
            &self.pod.namespace,
            &self.pod.name,
            &self.network,
            &self.interface,
        ];
        let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
        let hash = bytes.fold(OFFSET, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(PRIME)
        });
        format!("{hash:032x}")
    }
}

/// What an object of a block has as `metadata.labels`; the implementation of [`Api`] writes them whenever it writes the
/// block. A node's or pool's name that is no value of a label (more than 63 bytes) is cut to its first 63.
#[must_use]
pub fn labels(block: &IPBlockSpec) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (NODE_LABEL.to_owned(), label_value(&block.node)),
        (POOL_LABEL.to_owned(), label_value(&block.pool)),
        (PART_LABEL.to_owned(), part_label(block.first)),
    ]);
    if let Some(binding) = block.bindings.first() {
        let bound = BoundTo {
            pod: binding.pod.clone(),
            network: binding.network.clone(),
            interface: binding.interface.clone(),
        };
        labels.insert(BOUND_LABEL.to_owned(), bound.label());
    }
    labels
}

/// A node's or pool's name as the value of its label: names are those of objects, so ASCII.
#[must_use]
pub fn label_value(name: &str) -> String {
    let cut: String = name.chars().take(63).collect();
    cut.trim_end_matches(['-', '.', '_']).to_owned()
}

/// A space's name in objects: the nodes' own, `""` to the lease store, is `default`. None for a space that cannot be part
/// of an object's name, or that would be taken for the nodes' own.
#[must_use]
pub fn api_space(space: &str) -> Option<&str> {
    let label = |space: &str| {
        space.len() <= 63
            && space.starts_with(|first: char| first.is_ascii_alphanumeric())
            && space
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match space {
        "" => Some("default"),
        "default" => None,
        other => label(other).then_some(other),
    }
}

/// The space of the lease store that an object's is.
pub(crate) fn store_space(space: &str) -> &str {
    if space == "default" { "" } else { space }
}

/// The API server, as one node's agent uses it.
///
/// A future may be dropped at any moment: what was sent may be done all the same, then or later. So may what ended with
/// [`Failure::Unknown`]. Implementations repeat no write by themselves.
pub trait Api: Send + Sync {
    /// Creates a block.
    fn create(&self, block: &IPBlockSpec) -> impl Future<Output = Result<Created, Failure>> + Send;

    /// One block by its name; consistent (no `resourceVersion` in the question).
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Stored>, Failure>> + Send;

    /// The blocks of a node; consistent. The label serves to find them; of what is found, those whose `spec.node` is
    /// `node` are returned.
    fn blocks_of_node(&self, node: &str) -> impl Future<Output = Result<Listed, Failure>> + Send;

    /// The blocks that were claimed for a pool; may be some seconds old (`resourceVersion=0`), and only says where to try.
    fn blocks_of_pool(
        &self,
        pool: &str,
    ) -> impl Future<Output = Result<Vec<Stored>, Failure>> + Send;

    /// One of the blocks that were claimed for a pool, if there is any; consistent.
    fn a_block_of_pool(
        &self,
        pool: &str,
    ) -> impl Future<Output = Result<Option<Stored>, Failure>> + Send;

    /// The blocks, of whatever pool and space, in the same part of all addresses as this one; may be some seconds old.
    fn blocks_of_part(
        &self,
        address: IpAddr,
    ) -> impl Future<Output = Result<Vec<Stored>, Failure>> + Send;

    /// The blocks with the label of `bound`; consistent.
    fn blocks_bound_to(
        &self,
        bound: &BoundTo,
    ) -> impl Future<Output = Result<Vec<Stored>, Failure>> + Send;

    /// Replaces the block of this name, if it is of this version (uid and resourceVersion in the object's metadata).
    fn replace(
        &self,
        block: &IPBlockSpec,
        version: &Version,
    ) -> impl Future<Output = Result<Replaced, Failure>> + Send;

    /// Deletes the block of this name, if it is of this version (`preconditions` with uid and resourceVersion).
    fn delete(
        &self,
        name: &str,
        version: &Version,
    ) -> impl Future<Output = Result<Deleted, Failure>> + Send;

    /// The state of a pool; consistent, none where nobody has made one.
    fn pool_state(
        &self,
        pool: &str,
    ) -> impl Future<Output = Result<Option<PoolStateSpec>, Failure>> + Send;

    /// Creates the state of a pool.
    fn create_pool_state(
        &self,
        pool: &str,
        spec: &PoolStateSpec,
    ) -> impl Future<Output = Result<Created, Failure>> + Send;

    /// Writes `status.pressure`: milliseconds since 1970-01-01 UTC. A time that is not later than the one there is
    /// replaced by one millisecond more than that, so that every stamp is a change to those who watch.
    fn stamp_pressure(
        &self,
        pool: &str,
        at: u64,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// How many nodes the cluster has.
    fn count_nodes(&self) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Which cluster this is: the UID of the namespace `kube-system`.
    fn cluster(&self) -> impl Future<Output = Result<String, Failure>> + Send;
}
