//! Frees blocks of nodes that are gone. Which, `plumb-blocks` says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use k8s_openapi::api::core::v1::Node;
use kube::api::{DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use plumb_blocks::{Freeing, NodeSeen, Orphan, Orphans, Stored, labels};
use plumb_resources::IPBlockSpec;
use serde_json::json;

use crate::failure;
use crate::kinds::Kind;
use crate::view;

/// What one leader has seen of nodes.
pub struct Absences {
    orphans: Orphans,
    began: Instant,
}

impl Absences {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self {
            orphans: Orphans::default(),
            began: Instant::now(),
        }
    }

    /// Frees what is to be freed of `blocks`, which were listed just now, and says how many that are. `watched` may be of a
    /// moment before: whoever is missing there, or out of service, is asked for by name.
    pub async fn free(
        &mut self,
        client: &Client,
        blocks: &[Stored],
        watched: &[Arc<Node>],
    ) -> usize {
        let nodes: Api<Node> = Api::all(client.clone());
        let owners: BTreeSet<&str> = blocks.iter().map(|one| one.block.node.as_str()).collect();
        let mut seen: BTreeMap<String, NodeSeen> = watched
            .iter()
            .map(|node| node_seen(node))
            .filter(|node| !node.out_of_service)
            .map(|node| (node.name.clone(), node))
            .collect();
        for owner in owners {
            if seen.contains_key(owner) {
                continue;
            }
            match nodes.get_opt(owner).await {
                Ok(node) => seen.extend(node.map(|node| (owner.to_owned(), node_seen(&node)))),
                Err(error) => {
                    let sentence = failure::sentence("get", "nodes", &error);
                    tracing::warn!("{sentence}; this is tried again");
                    return 0;
                }
            }
        }
        let seen: Vec<NodeSeen> = seen.into_values().collect();
        let found = self.orphans.look(self.began.elapsed(), blocks, &seen);
        let mut freed = 0;
        for orphan in found {
            match self.free_one(client, &nodes, &orphan).await {
                Ok(true) => {
                    tracing::info!(
                        "block {} is freed: {}",
                        orphan.stored.name(),
                        orphan.because
                    );
                    freed += 1;
                }
                Ok(false) => {}
                Err(error) => {
                    let sentence = failure::sentence("free", "ipblocks", &error);
                    tracing::warn!("{sentence}; this is tried again");
                }
            }
        }
        freed
    }

    /// Whether it was freed: the node may have come back, or the block have changed.
    async fn free_one(
        &self,
        client: &Client,
        nodes: &Api<Node>,
        orphan: &Orphan,
    ) -> Result<bool, kube::Error> {
        let node = nodes.get_opt(&orphan.stored.block.node).await?;
        let seen = node.as_ref().map(node_seen);
        if !self.orphans.still(&orphan.stored.block.node, seen.as_ref()) {
            return Ok(false);
        }
        let api = Kind::Block.all(client);
        let name = orphan.stored.name();
        let version = &orphan.stored.version;
        let written = match &orphan.freeing {
            Freeing::Delete => {
                let preconditions = Preconditions {
                    uid: Some(version.uid.clone()),
                    resource_version: Some(version.resource_version.to_string()),
                };
                let parameters = DeleteParams::default().preconditions(preconditions);
                api.delete(&name, &parameters).await.map(drop)
            }
            Freeing::Release(block) => {
                let since = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
                let block = &IPBlockSpec {
                    released_at: Some(block.released_at.unwrap_or(since)),
                    ..block.clone()
                };
                let mut object =
                    DynamicObject::new(&name, &Kind::Block.resource()).data(json!({"spec": block}));
                object.metadata.uid = Some(version.uid.clone());
                object.metadata.resource_version = Some(version.resource_version.to_string());
                object.metadata.labels = Some(labels(block));
                api.replace(&name, &PostParams::default(), &object)
                    .await
                    .map(drop)
            }
        };
        match written {
            Ok(()) => Ok(true),
            Err(error) if matches!(failure::code(&error), Some(404 | 409)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn node_seen(node: &Node) -> NodeSeen {
    NodeSeen {
        name: node.name_any(),
        uid: node.uid().unwrap_or_default(),
        out_of_service: view::is_out_of_service(node),
    }
}
