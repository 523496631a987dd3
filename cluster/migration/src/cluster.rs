//! The API server: what is read from it and written to it.

use std::collections::BTreeMap;

use kube::api::{
    ApiResource, DynamicObject, ListParams, ObjectList, Patch, PatchParams, PostParams,
};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use plumb_blocks::{NODE_LABEL, label_value, labels};
use plumb_resources::{IPBlock, PoolState, PoolStateSpec, USERS_GROUP, USERS_VERSION};
use serde_json::{Value, json};

use crate::back::Back;
use crate::fact::Fact;
use crate::node::Pods;
use crate::objects::{Objects, facts_of};
use crate::plan::{Plan, PlannedBlock, PlannedPool};
use crate::{IMPORTED_ANNOTATION, IMPORTED_LABEL};

/// How many objects come at a time.
const PAGE: u32 = 500;

/// What is read: group, version, kind and plural. A kind that the cluster does not have is one without objects.
const KINDS: [(&str, &str, &str, &str); 8] = [
    (USERS_GROUP, USERS_VERSION, "SpiderIPPool", "spiderippools"),
    (
        USERS_GROUP,
        USERS_VERSION,
        "SpiderEndpoint",
        "spiderendpoints",
    ),
    ("whereabouts.cni.cncf.io", "v1alpha1", "IPPool", "ippools"),
    (
        "whereabouts.cni.cncf.io",
        "v1alpha1",
        "OverlappingRangeIPReservation",
        "overlappingrangeipreservations",
    ),
    ("", "v1", "Pod", "pods"),
    ("", "v1", "Node", "nodes"),
    (
        plumb_resources::GROUP,
        plumb_resources::VERSION,
        "IPBlock",
        "ipblocks",
    ),
    (
        plumb_resources::GROUP,
        plumb_resources::VERSION,
        "PoolState",
        "poolstates",
    ),
];

/// A block that waits for its node to take up its facts.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The object's name.
    pub name: String,
    /// The pool for which it was made.
    pub pool: String,
    /// What its node takes up.
    pub facts: Vec<Fact>,
    object: Box<IPBlock>,
}

/// A cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
}

impl Cluster {
    /// By this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn api(&self, group: &str, version: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
        Api::all_with(self.client.clone(), &resource(group, version, kind, plural))
    }

    /// All that matters here, as it is now.
    ///
    /// # Errors
    ///
    /// The API server does not tell of something.
    pub async fn objects(&self) -> Result<Objects, String> {
        let mut objects = Objects {
            nodes: Some(std::collections::BTreeSet::new()),
            ..Objects::default()
        };
        for (group, version, kind, plural) in KINDS {
            let api = self.api(group, version, kind, plural);
            let api_version = match group {
                "" => version.to_owned(),
                group => format!("{group}/{version}"),
            };
            for object in list(&api, plural, ListParams::default()).await? {
                let mut object = as_value(&object)?;
                object["kind"] = kind.into();
                object["apiVersion"] = api_version.as_str().into();
                objects.add(object);
            }
        }
        Ok(objects)
    }

    /// Creates what a plan says, pool by pool, and marks each when all of it is there. How many blocks are new.
    ///
    /// # Errors
    ///
    /// What could not be done. What was done stays, and another call goes on from there.
    pub async fn import(&self, plan: &Plan) -> Result<usize, String> {
        let mut created = 0;
        for (name, pool) in &plan.pools {
            if pool.is_imported || !pool.stops.is_empty() {
                continue;
            }
            created += self.import_pool(name, pool).await?;
        }
        Ok(created)
    }

    async fn import_pool(&self, name: &str, pool: &PlannedPool) -> Result<usize, String> {
        if !pool.blocks.is_empty() {
            self.decide_block_size(name, pool.block_size).await?;
        }
        let blocks: Api<IPBlock> = Api::all(self.client.clone());
        let mut created = 0;
        for (block_name, planned) in pool.blocks.iter().filter(|(_, planned)| !planned.exists) {
            let object = object(block_name, planned)?;
            if is_new(
                blocks.create(&PostParams::default(), &object).await,
                "ipblocks",
                block_name,
            )? {
                created += 1;
                continue;
            }
            let found = blocks.get(block_name).await;
            let found = found.map_err(|error| failed("get", "ipblocks", block_name, &error))?;
            if found.spec != planned.block || !found.annotations().contains_key(IMPORTED_ANNOTATION)
            {
                return Err(format!(
                    "block {block_name} belongs to node {} since a moment ago, so pool {name} is not imported: plan again",
                    found.spec.node
                ));
            }
        }
        if let Some(mark) = &pool.mark {
            let pools = self.api(USERS_GROUP, USERS_VERSION, "SpiderIPPool", "spiderippools");
            let patch = json!({"metadata": {"annotations": {IMPORTED_ANNOTATION: mark}}});
            let marked = pools
                .patch(name, &PatchParams::default(), &Patch::Merge(&patch))
                .await;
            marked.map_err(|error| failed("mark", "spiderippools", name, &error))?;
        }
        Ok(created)
    }

    /// First of all: whoever needs the pool next must not decide for larger blocks.
    async fn decide_block_size(&self, pool: &str, block_size: u32) -> Result<(), String> {
        let states: Api<PoolState> = Api::all(self.client.clone());
        let state = PoolState::new(pool, PoolStateSpec { block_size });
        if is_new(
            states.create(&PostParams::default(), &state).await,
            "poolstates",
            pool,
        )? {
            return Ok(());
        }
        let found = states.get(pool).await;
        let found = found.map_err(|error| failed("get", "poolstates", pool, &error))?;
        if found.spec.block_size != block_size {
            return Err(format!(
                "PoolState {pool} has blocks of {} addresses since a moment ago: plan again",
                found.spec.block_size
            ));
        }
        Ok(())
    }

    /// Writes what Spiderpool needs. How many pools and endpoints.
    ///
    /// # Errors
    ///
    /// What could not be written; another call writes all of it again.
    pub async fn write_back(&self, back: &Back) -> Result<(), String> {
        let pools = self.api(USERS_GROUP, USERS_VERSION, "SpiderIPPool", "spiderippools");
        let parameters = PatchParams::default();
        // The endpoints first: where the pools say nothing new, plumb may go on.
        for (pod, endpoint) in &back.endpoints {
            let resource = resource(
                USERS_GROUP,
                USERS_VERSION,
                "SpiderEndpoint",
                "spiderendpoints",
            );
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.client.clone(), &pod.namespace, &resource);
            let object: DynamicObject = serde_json::from_value(endpoint.clone())
                .map_err(|error| format!("SpiderEndpoint {pod}: {error}"))?;
            let name = format!("{}/{}", pod.namespace, pod.name);
            if !is_new(
                api.create(&PostParams::default(), &object).await,
                "spiderendpoints",
                &name,
            )? {
                let patch = json!({"status": endpoint["status"]});
                let patched = api
                    .patch(&pod.name, &parameters, &Patch::Merge(&patch))
                    .await;
                patched.map_err(|error| failed("patch", "spiderendpoints", &name, &error))?;
            }
        }
        for (name, status) in &back.pools {
            let patch = json!({"status": status});
            let patched = pools
                .patch_status(name, &parameters, &Patch::Merge(&patch))
                .await;
            patched
                .map_err(|error| failed("patch the status of", "spiderippools", name, &error))?;
        }
        Ok(())
    }

    /// The blocks that wait for a node.
    ///
    /// # Errors
    ///
    /// The API server does not tell, or a block's facts cannot be understood.
    pub async fn waiting_blocks(&self, node: &str) -> Result<Vec<Waiting>, String> {
        let blocks: Api<IPBlock> = Api::all(self.client.clone());
        let label = label_value(node);
        let parameters = ListParams::default().labels(&format!("{IMPORTED_LABEL}={label}"));
        let mut waiting = Vec::new();
        for block in list(&blocks, "ipblocks", parameters).await? {
            // Two long names may have the same label.
            if block.spec.node != node {
                continue;
            }
            let object = as_value(&block)?;
            let name = block.name_any();
            let facts =
                serde_json::from_str(facts_of(&object).unwrap_or("[]")).map_err(|error| {
                    format!("IPBlock {name}: its facts cannot be understood: {error}")
                })?;
            waiting.push(Waiting {
                pool: block.spec.pool.clone(),
                object: Box::new(block),
                name,
                facts,
            });
        }
        Ok(waiting)
    }

    /// The pods of a node, consistently.
    ///
    /// # Errors
    ///
    /// The API server does not tell.
    pub async fn pods_of(&self, node: &str) -> Result<Pods, String> {
        let api = self.api("", "v1", "Pod", "pods");
        let parameters = ListParams::default().fields(&format!("spec.nodeName={node}"));
        let mut objects = Objects::default();
        for pod in list(&api, "pods", parameters).await? {
            let mut pod = as_value(&pod)?;
            pod["kind"] = "Pod".into();
            pod["apiVersion"] = "v1".into();
            objects.add(pod);
        }
        Ok(objects.pods)
    }

    /// Makes a block one that its node may use: its leases are there.
    ///
    /// # Errors
    ///
    /// The API server did not do it, or somebody has changed the block meanwhile.
    pub async fn give_to_node(&self, block: &Waiting) -> Result<(), String> {
        let blocks: Api<IPBlock> = Api::all(self.client.clone());
        // With the version that was read: not where somebody has changed it meanwhile.
        let mut object = block.object.as_ref().clone();
        object.annotations_mut().remove(IMPORTED_ANNOTATION);
        object.labels_mut().remove(IMPORTED_LABEL);
        let label = label_value(&object.spec.node);
        object.labels_mut().insert(NODE_LABEL.to_owned(), label);
        match blocks
            .replace(&block.name, &PostParams::default(), &object)
            .await
        {
            // Freed meanwhile, with its node.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(failed("update", "ipblocks", &block.name, &error)),
            Ok(_) => Ok(()),
        }
    }
}

/// The object of a planned block: of its pool, and not yet among those that its node finds.
fn object(name: &str, planned: &PlannedBlock) -> Result<IPBlock, String> {
    let mut object = IPBlock::new(name, planned.block.clone());
    let mut with: BTreeMap<String, String> = labels(&planned.block);
    let node = with.remove(NODE_LABEL).unwrap_or_default();
    with.insert(IMPORTED_LABEL.to_owned(), node);
    object.metadata.labels = Some(with);
    let facts = serde_json::to_string(&planned.facts).map_err(|error| error.to_string())?;
    object.metadata.annotations = Some(BTreeMap::from([(IMPORTED_ANNOTATION.to_owned(), facts)]));
    Ok(object)
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// All objects, page by page. None where the cluster does not know the kind.
async fn list<K>(api: &Api<K>, plural: &str, parameters: ListParams) -> Result<Vec<K>, String>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let mut parameters = parameters.limit(PAGE);
    let mut all = Vec::new();
    loop {
        let page: ObjectList<K> = match api.list(&parameters).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(all),
            page => page.map_err(|error| failed("list", plural, "", &error))?,
        };
        all.extend(page.items);
        match page.metadata.continue_.filter(|next| !next.is_empty()) {
            Some(next) => parameters = parameters.continue_token(&next),
            None => return Ok(all),
        }
    }
}

fn as_value(object: &impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(object).map_err(|error| error.to_string())
}

/// Whether an object is new; an error other than that it exists already is one.
fn is_new<K>(done: kube::Result<K>, plural: &str, name: &str) -> Result<bool, String> {
    match done {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
            Ok(false)
        }
        Err(error) => Err(failed("create", plural, name, &error)),
    }
}

fn failed(verb: &str, plural: &str, name: &str, error: &kube::Error) -> String {
    let what = match name {
        "" => plural.to_owned(),
        name => format!("{plural} {name}"),
    };
    match error {
        kube::Error::Api(status) => {
            format!("cannot {verb} {what}: {} ({})", status.message, status.code)
        }
        error => format!("cannot {verb} {what}: {error}"),
    }
}
