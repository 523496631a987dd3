//! What the controller watches. Each kind is by itself: one that is not served keeps nobody from seeing the others.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::api::DynamicObject;
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::failure;
use crate::kinds::Kind;

/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// By this taint an administrator says that a node is off.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Why the objects of a kind are not known; none where they are.
type Reason = Arc<Mutex<Option<String>>>;

/// The objects of one kind.
#[derive(Clone)]
pub struct Watched<K>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Hash + Eq + Clone,
{
    store: Store<K>,
    reason: Reason,
}

impl<K> Watched<K>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Hash + Eq + Clone,
{
    /// The objects.
    ///
    /// # Errors
    ///
    /// Why they are not known.
    pub fn objects(&self) -> Result<Vec<Arc<K>>, String> {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        match &*reason {
            Some(reason) => Err(reason.clone()),
            None => Ok(self.store.state()),
        }
    }
}

impl Watched<DynamicObject> {
    /// The objects as JSON, by namespace and name.
    ///
    /// # Errors
    ///
    /// Why they are not known.
    pub fn values(&self) -> Result<Vec<Value>, String> {
        let mut objects = self.objects()?;
        objects.sort_by_key(|object| (object.namespace(), object.name_any()));
        let values = objects.iter().map(|object| serde_json::to_value(&**object));
        values
            .collect::<Result<_, _>>()
            .map_err(|error| format!("an object that cannot be read: {error}"))
    }
}

/// All that is watched.
#[derive(Clone)]
pub struct View {
    /// `SpiderMultusConfig`
    pub networks: Watched<DynamicObject>,
    /// `NetworkAttachmentDefinition`
    pub attachments: Watched<DynamicObject>,
    /// `SpiderIPPool`
    pub pools: Watched<DynamicObject>,
    /// `SpiderReservedIP`
    pub reserved: Watched<DynamicObject>,
    /// `SpiderCoordinator`
    pub coordinators: Watched<DynamicObject>,
    /// `SpiderSubnet`
    pub subnets: Watched<DynamicObject>,
    /// `Node`
    pub nodes: Watched<Node>,
}

impl View {
    /// Begins to watch; `changed` is told of every change but those of nodes, whose kubelets write all the time.
    pub fn begin(client: &Client, changed: &Arc<Notify>, tasks: &mut JoinSet<()>) -> Self {
        let mut of = |kind: Kind| {
            begin(
                kind.all(client),
                kind.plural(),
                Writer::new(kind.resource()),
                |_| {},
                changed.clone(),
                tasks,
            )
        };
        Self {
            networks: of(Kind::Network),
            attachments: of(Kind::Attachment),
            pools: of(Kind::Pool),
            reserved: of(Kind::Reserved),
            coordinators: of(Kind::Coordinator),
            subnets: of(Kind::Subnet),
            nodes: begin(
                Api::all(client.clone()),
                "nodes",
                Writer::new(()),
                strip,
                Arc::default(),
                tasks,
            ),
        }
    }

    /// Which kinds are not known, in sentences; what the cluster need not have is not among them.
    pub fn missing(&self) -> Vec<String> {
        let reasons = [
            self.networks.objects().err(),
            self.pools.objects().err(),
            self.reserved.objects().err(),
            self.nodes.objects().err(),
        ];
        reasons.into_iter().flatten().collect()
    }
}

/// How many of each resource all nodes have together, as far as that is none or some.
pub fn resources(nodes: &[Arc<Node>]) -> BTreeMap<String, bool> {
    let mut resources = BTreeMap::new();
    for node in nodes {
        let status = node.status.as_ref();
        let allocatable = status.and_then(|status| status.allocatable.as_ref());
        for (name, quantity) in allocatable.into_iter().flatten() {
            *resources.entry(name.clone()).or_insert(false) |= quantity.0 != "0";
        }
    }
    resources
}

/// Whether a node is said to be off.
pub fn is_out_of_service(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    let mut taints = taints.into_iter().flatten();
    taints.any(|taint| taint.key == OUT_OF_SERVICE)
}

/// Of thousands of nodes the names, taints and resources are kept.
fn strip(node: &mut Node) {
    node.managed_fields_mut().clear();
    node.annotations_mut().clear();
    if let Some(status) = &mut node.status {
        let allocatable = status.allocatable.take();
        *status = k8s_openapi::api::core::v1::NodeStatus {
            allocatable,
            ..Default::default()
        };
    }
}

fn begin<K>(
    api: Api<K>,
    plural: &'static str,
    writer: Writer<K>,
    strip: fn(&mut K),
    changed: Arc<Notify>,
    tasks: &mut JoinSet<()>,
) -> Watched<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::DynamicType: Hash + Eq + Clone + Debug + Send + Sync,
{
    let reason: Reason = Arc::new(Mutex::new(Some(format!("{plural} are not listed yet"))));
    let watched = Watched {
        store: writer.as_reader(),
        reason: reason.clone(),
    };
    tasks.spawn(follow(api, plural, writer, strip, reason, changed));
    watched
}

/// Follows one kind for ever.
async fn follow<K>(
    api: Api<K>,
    plural: &'static str,
    mut writer: Writer<K>,
    strip: fn(&mut K),
    reason: Reason,
    changed: Arc<Notify>,
) where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
    K::DynamicType: Hash + Eq + Clone,
{
    let set = |to: Option<String>| *reason.lock().unwrap_or_else(PoisonError::into_inner) = to;
    let mut events = pin!(watch(api, watcher::Config::default()).modify(strip));
    let (mut pause, mut said) = (FIRST_PAUSE, String::new());
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let is_whole = !matches!(event, Event::Init | Event::InitApply(_));
                writer.apply_watcher_event(&event);
                if is_whole {
                    if !said.is_empty() {
                        tracing::info!("{plural} are known now");
                        said.clear();
                    }
                    pause = FIRST_PAUSE;
                    set(None);
                    changed.notify_one();
                }
            }
            Err(error) => {
                let sentence = failure::of_watch(plural, &error);
                if failure::is_missing(&error) {
                    set(Some(sentence.clone()));
                    changed.notify_one();
                }
                if sentence != said {
                    tracing::warn!("{sentence}; this is tried again");
                    said = sentence;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
