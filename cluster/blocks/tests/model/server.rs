//! The API server's data, and what it does with a call.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use plumb_blocks::{
    BOUND_LABEL, Created, Deleted, Failure, Listed, PART_LABEL, Replaced, Stored, Version, labels,
};
use plumb_resources::{IPBlockSpec, PoolStateSpec, block_name};

#[derive(Debug, Clone)]
pub enum Call {
    Create(IPBlockSpec),
    Get(String),
    OfNode(String),
    OfPool(String),
    OneOfPool(String),
    OfPart(String),
    BoundTo(String),
    Replace(IPBlockSpec, Version),
    Delete(String, Version),
    PoolState(String),
    CreatePoolState(String, PoolStateSpec),
    Pressure(String, u64),
    CountNodes,
    Cluster,
}

impl Call {
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Replace(..)
                | Self::Delete(..)
                | Self::CreatePoolState(..)
                | Self::Pressure(..)
        )
    }
}

#[derive(Debug, Clone)]
pub enum Reply {
    Created(Created),
    Block(Option<Stored>),
    Listed(Listed),
    Blocks(Vec<Stored>),
    Replaced(Replaced),
    Deleted(Deleted),
    State(Option<PoolStateSpec>),
    Nothing,
    Number(u64),
    Text(String),
}

/// What a restore brings back.
#[derive(Debug, Clone, Default)]
pub struct Data {
    pub blocks: BTreeMap<String, Stored>,
    pub states: BTreeMap<String, PoolStateSpec>,
    pub pressures: BTreeMap<String, u64>,
    pub resource_version: u64,
}

#[derive(Debug, Default)]
pub struct Server {
    pub data: Data,
    /// What blocks were before their latest changes, for lists that are some time old.
    before: VecDeque<(Duration, String, Option<Stored>)>,
    uids: u64,
    pub cluster: u64,
    pub nodes: u64,
    pub creates: u64,
    pub writes: u64,
    /// Pools whose pressure has changed since somebody looked.
    pub stamped: Vec<String>,
    pub changed: bool,
    /// Until when the rest of the cluster has written: some ten changes a second that are none of the model's.
    pub rest: Duration,
}

impl Server {
    pub fn put(&mut self, now: Duration, name: String, stored: Option<Stored>) {
        let old = match stored {
            Some(stored) => self.data.blocks.insert(name.clone(), stored),
            None => self.data.blocks.remove(&name),
        };
        self.before.push_back((now, name, old));
        while let Some((at, ..)) = self.before.front() {
            if now - *at < Duration::from_secs(4) {
                break;
            }
            self.before.pop_front();
        }
        self.changed = true;
    }

    pub fn version(&mut self, uid: Option<String>) -> Version {
        self.data.resource_version += 1;
        self.writes += 1;
        let uid = uid.unwrap_or_else(|| {
            self.uids += 1;
            format!("uid-{}", self.uids)
        });
        Version {
            uid,
            resource_version: self.data.resource_version,
        }
    }

    /// What a list by a label has: as `labels` writes them.
    fn with(
        blocks: &BTreeMap<String, Stored>,
        which: impl Fn(&IPBlockSpec) -> bool,
    ) -> Vec<Stored> {
        let with = blocks.values().filter(|stored| which(&stored.block));
        with.cloned().collect()
    }

    /// The blocks as they were at a time.
    fn at(&self, time: Duration) -> BTreeMap<String, Stored> {
        let mut blocks = self.data.blocks.clone();
        for (at, name, old) in self.before.iter().rev() {
            if *at <= time {
                break;
            }
            match old {
                Some(old) => blocks.insert(name.clone(), old.clone()),
                None => blocks.remove(name),
            };
        }
        blocks
    }

    /// Does a call at `now`; a list that may be old is `age` old.
    pub fn perform(&mut self, call: &Call, now: Duration, age: Duration) -> Result<Reply, Failure> {
        let passed = now
            .saturating_sub(self.rest.max(Duration::from_secs(1_000_000)))
            .as_millis()
            / 100;
        if passed > 0 {
            self.data.resource_version += u64::try_from(passed).expect("a short run");
            self.rest = now;
        }
        Ok(match call {
            Call::Create(block) => {
                let name = block_name(&block.space, block.first);
                if self.data.blocks.contains_key(&name) {
                    return Ok(Reply::Created(Created::Exists));
                }
                self.creates += 1;
                let version = self.version(None);
                let stored = Stored {
                    block: block.clone(),
                    version: version.clone(),
                };
                self.put(now, name, Some(stored));
                Reply::Created(Created::Created(version))
            }
            Call::Get(name) => Reply::Block(self.data.blocks.get(name).cloned()),
            Call::OfNode(node) => Reply::Listed(Listed {
                blocks: Self::with(&self.data.blocks, |block| block.node == *node),
                resource_version: self.data.resource_version,
            }),
            Call::OfPool(pool) => {
                let blocks = self.at(now.saturating_sub(age));
                Reply::Blocks(Self::with(&blocks, |block| block.pool == *pool))
            }
            Call::OneOfPool(pool) => {
                let mut blocks = self.data.blocks.values();
                let found = blocks.find(|stored| stored.block.pool == *pool);
                Reply::Block(found.cloned())
            }
            Call::OfPart(label) => {
                let blocks = self.at(now.saturating_sub(age));
                let in_part = |block: &IPBlockSpec| labels(block).get(PART_LABEL) == Some(label);
                Reply::Blocks(Self::with(&blocks, in_part))
            }
            Call::BoundTo(label) => {
                let bound = |block: &IPBlockSpec| {
                    !block.bindings.is_empty() && labels(block).get(BOUND_LABEL) == Some(label)
                };
                Reply::Blocks(Self::with(&self.data.blocks, bound))
            }
            Call::Replace(block, version) => {
                let name = block_name(&block.space, block.first);
                match self.data.blocks.get(&name) {
                    Some(stored) if stored.version == *version => {
                        if stored.block == *block {
                            // As the API server does: no change, no new version.
                            return Ok(Reply::Replaced(Replaced::Replaced(version.clone())));
                        }
                        let version = self.version(Some(version.uid.clone()));
                        let stored = Stored {
                            block: block.clone(),
                            version: version.clone(),
                        };
                        self.put(now, name, Some(stored));
                        Reply::Replaced(Replaced::Replaced(version))
                    }
                    _ => Reply::Replaced(Replaced::Changed),
                }
            }
            Call::Delete(name, version) => match self.data.blocks.get(name) {
                None => Reply::Deleted(Deleted::Deleted),
                Some(stored) if stored.version == *version => {
                    self.data.resource_version += 1;
                    self.writes += 1;
                    self.put(now, name.clone(), None);
                    Reply::Deleted(Deleted::Deleted)
                }
                Some(_) => Reply::Deleted(Deleted::Changed),
            },
            Call::PoolState(pool) => Reply::State(self.data.states.get(pool).cloned()),
            Call::CreatePoolState(pool, spec) => {
                if self.data.states.contains_key(pool) {
                    return Ok(Reply::Created(Created::Exists));
                }
                self.data.states.insert(pool.clone(), spec.clone());
                Reply::Created(Created::Created(self.version(None)))
            }
            Call::Pressure(pool, at) => {
                let stamp = self.data.pressures.entry(pool.clone()).or_default();
                *stamp = (*at).max(*stamp + 1);
                self.version(None);
                self.stamped.push(pool.clone());
                Reply::Nothing
            }
            Call::CountNodes => Reply::Number(self.nodes),
            Call::Cluster => Reply::Text(format!("cluster-{}", self.cluster)),
        })
    }

    /// Puts the data back to what it was.
    pub fn restore(&mut self, data: Data) {
        self.data = data;
        self.before.clear();
        self.changed = true;
    }
}
