//! What is written for plumb whenever something changes in the cluster: files of pools, and of pods' choices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use plumb_protocol::PodChoice;
use plumb_resources::{USERS_GROUP, USERS_VERSION};
use tokio::sync::Notify;

use crate::events::{Events, Told};
use crate::pods::choice::{self, PodMeta};
use crate::pods::folder::{self, Choices};
use crate::pools::folder::{Complaint, Pools};
use crate::pools::manifest::{self, Kind, Manifest};
use crate::view::View;

/// Changes come in groups.
const GATHER: Duration = Duration::from_millis(30);

/// How often files are looked at that nothing has changed about, as far as is known.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What was last written, for those who answer and count.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<RwLock<Arc<Written>>>);

/// What was last written.
#[derive(Debug, Default)]
pub struct Written {
    /// The pools, as objects.
    pub manifests: Vec<Manifest>,
    /// The pools, as plumb understands them.
    pub pools: Vec<plumb_pools::Pool>,
    /// How many pools have something wrong.
    pub wrong: usize,
    /// Whether the pools were written since the start.
    pub is_complete: bool,
}

impl Known {
    /// As it is now.
    pub fn get(&self) -> Arc<Written> {
        let written = self.0.read().unwrap_or_else(PoisonError::into_inner);
        written.clone()
    }

    fn set(&self, written: Written) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(written);
    }
}

/// Who writes.
pub struct Desk {
    /// The objects.
    pub view: View,
    /// What is told to users.
    pub events: Events,
    /// What was last written.
    pub known: Known,
    pools: Pools,
    choices: Choices,
    logged: BTreeSet<String>,
}

impl Desk {
    /// With nothing written yet.
    pub fn new(
        view: View,
        events: Events,
        known: Known,
        pools_folder: PathBuf,
        pods_folder: PathBuf,
    ) -> Self {
        Self {
            view,
            events,
            known,
            pools: Pools::new(pools_folder),
            choices: Choices::new(pods_folder),
            logged: BTreeSet::new(),
        }
    }

    /// Writes at each change, for ever.
    pub async fn work(mut self, changed: Arc<Notify>) {
        loop {
            let _ = tokio::time::timeout(LOOK_AGAIN, changed.notified()).await;
            tokio::time::sleep(GATHER).await;
            // Before all is known, a pool that is not known is not one that is gone.
            if let Some(what) = self.view.waits_for() {
                tracing::debug!("waiting for {what}");
                continue;
            }
            let work = move || {
                self.write();
                self
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(desk) => self = desk,
                Err(error) => {
                    tracing::error!("write pools and pods: {error}");
                    return;
                }
            }
        }
    }

    fn write(&mut self) {
        let node = self.view.node();
        let mut sentences = BTreeSet::new();
        let mut manifests = Vec::new();
        let mut complaints = Vec::new();
        let mut metadata = BTreeMap::new();
        for kind in [Kind::Reserved, Kind::Pool] {
            for object in self.view.objects(kind) {
                metadata.insert((kind, object.name_any()), object.metadata.clone());
                match manifest::of(&object, kind, &node) {
                    Ok(manifest) => manifests.push(manifest),
                    Err(message) => complaints.push(Complaint {
                        kind,
                        name: object.name_any(),
                        message,
                    }),
                }
            }
        }
        // An ADD may read at any moment: what is said of a pod is at least as strict as the pools that it finds.
        let before = self.known.get();
        self.known.set(Written {
            manifests: manifests.clone(),
            pools: before.pools.clone(),
            ..*before
        });
        sentences.extend(self.write_choices(&manifests));
        sentences.extend(self.pools.write(&manifests));
        let pools = match self.pools.read(&manifests) {
            Ok((pools, more)) => {
                complaints.extend(more);
                pools
            }
            // What cannot be read now is not gone.
            Err(failure) => {
                sentences.insert(failure);
                before.pools.clone()
            }
        };
        for complaint in &complaints {
            let Complaint {
                kind,
                name,
                message,
            } = complaint;
            sentences.insert(format!("{} {name}: {message}", kind.name()));
            if let Some(metadata) = metadata.get(&(*kind, name.clone())) {
                self.events.tell(Told {
                    object: reference(*kind, metadata),
                    reason: "WrongPool",
                    message: message.clone(),
                });
            }
        }
        for sentence in sentences.difference(&self.logged) {
            tracing::warn!("{sentence}");
        }
        self.logged = sentences;
        self.known.set(Written {
            pools,
            wrong: complaints.len(),
            manifests,
            is_complete: true,
        });
    }

    /// The files of pods; what could not be written.
    fn write_choices(&mut self, manifests: &[Manifest]) -> Vec<String> {
        let mut choices: BTreeMap<String, PodChoice> = BTreeMap::new();
        for pod in self.view.pods() {
            let namespace = pod.namespace().unwrap_or_default();
            let Some(file) = folder::file_name(&namespace, &pod.name_any()) else {
                continue;
            };
            choices.insert(file, choose(&self.view, &self.events, manifests, &pod));
        }
        self.choices.write(choices)
    }
}

/// What holds for a pod; its author is told what is wrong.
pub fn choose(view: &View, events: &Events, manifests: &[Manifest], pod: &PodMeta) -> PodChoice {
    let namespace = view.namespace(&pod.namespace().unwrap_or_default());
    let chosen = choice::of(pod, namespace.as_deref(), manifests);
    for message in chosen.complaints {
        events.tell(Told {
            object: ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: Some(pod.name_any()),
                namespace: pod.namespace(),
                uid: pod.uid(),
                ..ObjectReference::default()
            },
            reason: "WrongAnnotation",
            message,
        });
    }
    chosen.choice
}

fn reference(kind: Kind, metadata: &ObjectMeta) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{USERS_GROUP}/{USERS_VERSION}")),
        kind: Some(kind.name().to_owned()),
        name: metadata.name.clone(),
        uid: metadata.uid.clone(),
        ..ObjectReference::default()
    }
}
