//! What this node knows of the cluster: watches of the objects that concern it.
//!
//! Pods of this node only, and of them and of namespaces and the node only the metadata: nothing else is looked at.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Node;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use plumb_resources::{PoolState, USERS_GROUP, USERS_VERSION};
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::pods::choice::{NamespaceMeta, PodMeta};
use crate::pools::manifest::{self, Kind};

/// The objects, as last heard of.
#[derive(Clone)]
pub struct View {
    /// The node's name.
    pub node: String,
    pods: Store<PodMeta>,
    namespaces: Store<NamespaceMeta>,
    nodes: Store<PartialObjectMeta<Node>>,
    pools: Store<DynamicObject>,
    reserved: Store<DynamicObject>,
}

/// Begins to watch. Each change is told to `changed`, and each pool under pressure is sent to `pressure`.
pub fn begin(
    client: &Client,
    node: &str,
    changed: &Arc<Notify>,
    pressure: mpsc::Sender<String>,
    tasks: &mut JoinSet<()>,
) -> View {
    let (pods, pods_writer) = reflector::store();
    let (namespaces, namespaces_writer) = reflector::store();
    let (nodes, nodes_writer) = reflector::store();
    // Some seconds old is good enough to begin with, and comes from the API server's cache.
    let from_cache = || watcher::Config::default().any_semantic();
    let of_node = from_cache().fields(&format!("spec.nodeName={node}"));
    let stream = watcher(Api::<PodMeta>::all(client.clone()), of_node);
    tasks.spawn(follow("pods", stream, pods_writer, changed.clone()));
    let stream = watcher(Api::<NamespaceMeta>::all(client.clone()), from_cache());
    tasks.spawn(follow(
        "namespaces",
        stream,
        namespaces_writer,
        changed.clone(),
    ));
    let own = from_cache().fields(&format!("metadata.name={node}"));
    let stream = watcher(Api::<PartialObjectMeta<Node>>::all(client.clone()), own);
    tasks.spawn(follow("nodes", stream, nodes_writer, changed.clone()));
    let mut users = |kind: Kind| {
        let gvk = GroupVersionKind::gvk(USERS_GROUP, USERS_VERSION, kind.name());
        let resource = ApiResource::from_gvk_with_plural(&gvk, kind.plural());
        let writer = Writer::new(resource.clone());
        let store = writer.as_reader();
        let stream = watcher(Api::all_with(client.clone(), &resource), from_cache());
        tasks.spawn(follow(kind.plural(), stream, writer, changed.clone()));
        store
    };
    let (pools, reserved) = (users(Kind::Pool), users(Kind::Reserved));
    tasks.spawn(follow_pressure(client.clone(), pressure));
    View {
        node: node.to_owned(),
        pods,
        namespaces,
        nodes,
        pools,
        reserved,
    }
}

impl View {
    /// What has not been heard of since the start; none where all has.
    pub fn waits_for(&self) -> Option<&'static str> {
        use futures::FutureExt;
        let ready = [
            (
                "pods",
                self.pods.wait_until_ready().now_or_never().is_some(),
            ),
            (
                "namespaces",
                self.namespaces.wait_until_ready().now_or_never().is_some(),
            ),
            (
                "nodes",
                self.nodes.wait_until_ready().now_or_never().is_some(),
            ),
            (
                "spiderippools",
                self.pools.wait_until_ready().now_or_never().is_some(),
            ),
            (
                "spiderreservedips",
                self.reserved.wait_until_ready().now_or_never().is_some(),
            ),
        ];
        ready
            .into_iter()
            .find(|(_, ready)| !ready)
            .map(|(what, _)| what)
    }

    /// The pods of this node.
    pub fn pods(&self) -> Vec<Arc<PodMeta>> {
        self.pods.state()
    }

    /// What the pods of this node are called; none before all have been heard of.
    pub fn pod_names(&self) -> Option<BTreeSet<plumb_leases::Pod>> {
        let named = |pod: &Arc<PodMeta>| plumb_leases::Pod {
            namespace: pod.namespace().unwrap_or_default(),
            name: pod.name_any(),
        };
        match self.waits_for() {
            Some(_) => None,
            None => Some(self.pods().iter().map(named).collect()),
        }
    }

    /// A pod of this node by its name.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodMeta>> {
        self.pods.get(&ObjectRef::new(name).within(namespace))
    }

    /// A namespace by its name.
    pub fn namespace(&self, name: &str) -> Option<Arc<NamespaceMeta>> {
        self.namespaces.get(&ObjectRef::new(name))
    }

    /// The pools or what is reserved, by name.
    pub fn objects(&self, kind: Kind) -> Vec<Arc<DynamicObject>> {
        let mut objects = match kind {
            Kind::Pool => self.pools.state(),
            Kind::Reserved => self.reserved.state(),
        };
        objects.sort_by_key(|object| object.name_any());
        objects
    }

    /// The node. Without an object it has no labels: no pool with an affinity is for it.
    pub fn node(&self) -> manifest::Node {
        let object = self.nodes.get(&ObjectRef::new(&self.node));
        manifest::Node {
            name: self.node.clone(),
            labels: object.map(|node| node.labels().clone()).unwrap_or_default(),
        }
    }
}

/// Keeps a store as the API server has the objects, for ever.
async fn follow<K>(
    what: &'static str,
    stream: impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send + 'static,
    writer: Writer<K>,
    changed: Arc<Notify>,
) where
    K: Resource + Clone + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + std::hash::Hash + Clone + Send + Sync,
{
    let stream = stream
        .map_ok(|event| event.modify(|object| object.managed_fields_mut().clear()))
        .default_backoff()
        .reflect(writer);
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        match event {
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
            Ok(_) => changed.notify_one(),
            Err(error) => tracing::warn!("watch {what}: {}", in_words(&error)),
        }
    }
}

/// Sends the name of each pool whose state says that somebody finds nothing free.
async fn follow_pressure(client: Client, pressure: mpsc::Sender<String>) {
    let mut known = std::collections::HashMap::new();
    let stream = watch::<PoolState>(client).default_backoff();
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        let (state, is_first) = match event {
            Ok(watcher::Event::Apply(state)) => (state, false),
            Ok(watcher::Event::InitApply(state)) => (state, true),
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!("watch poolstates: {}", in_words(&error));
                continue;
            }
        };
        let stamp = state.status.as_ref().and_then(|status| status.pressure);
        let name = state.name_any();
        let before = known.insert(name.clone(), stamp);
        // What was stamped before the agent began to watch is over, and what it missed while the watch was broken is not.
        let is_news = before.map_or(!is_first, |before| before != stamp);
        if stamp.is_some() && is_news {
            let _ = pressure.send(name).await;
        }
    }
}

fn watch<K>(client: Client) -> impl Stream<Item = watcher::Result<watcher::Event<K>>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    watcher(Api::all(client), watcher::Config::default().any_semantic())
}

/// An error in few words: those of kube show the whole answer twice.
fn in_words(error: &watcher::Error) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        words = source.to_string();
        next = source.source();
    }
    words
}
