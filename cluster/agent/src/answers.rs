//! Answers to plumb's questions.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::core::PartialObjectMetaExt;
use kube::{Api, Client, ResourceExt};
use plumb_blocks::Blocks;
use plumb_protocol::{Answer, PodName, Question, Refusal, Take};

use crate::desk::{self, Known};
use crate::events::Events;
use crate::kubernetes::{self, Kubernetes, with_sources};
use crate::lease_store::LeaseStore;
use crate::metrics::Metrics;
use crate::pods::choice::{self, PodMeta};
use crate::pools::manifest::Kind;
use crate::socket::Answers;
use crate::surroundings::Surroundings;
use crate::view::View;

/// The claims of this node.
pub type NodeBlocks = Blocks<Kubernetes, LeaseStore, Surroundings>;

/// Try again later (`docs/errors.md`).
const LATER: u32 = 11;

/// Before the API server has answered for the first time.
const UNREAD: &str = "the agent has not read the cluster's pools yet";

/// How long a call of the API server may take: an ADD waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who answers.
pub struct Node {
    /// The claims.
    pub blocks: Arc<NodeBlocks>,
    /// The objects.
    pub view: View,
    /// The pools as written.
    pub known: Known,
    /// What is told to users.
    pub events: Events,
    /// For pods that are not known yet.
    pub client: Client,
    /// What is counted.
    pub metrics: Metrics,
}

impl Answers for Node {
    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Take(_) if !self.known.get().is_complete => Answer::Refused(Refusal {
                code: LATER,
                message: UNREAD.to_owned(),
            }),
            Question::Take(mut take) => {
                let answer = match self.leave_out_closed(&mut take) {
                    Ok(()) => self.blocks.take(&take).await,
                    Err(message) => Answer::Refused(Refusal {
                        code: LATER,
                        message,
                    }),
                };
                if let Answer::Refused(refusal) = &answer {
                    let pod = take.pod.as_ref();
                    let pod = pod.map(|pod| format!("{}/{} ", pod.namespace, pod.name));
                    tracing::warn!(
                        code = refusal.code,
                        "take for {}{} of network {}: {}",
                        pod.unwrap_or_default(),
                        take.interface,
                        take.network,
                        refusal.message
                    );
                }
                answer
            }
            Question::Pod(name) => match self.pod(&name).await {
                Ok(answer) => answer,
                Err(message) => Answer::Refused(Refusal {
                    code: LATER,
                    message,
                }),
            },
        }
    }
}

impl Node {
    /// Leaves pools out that no node may use yet: plumb has read of one before it was closed.
    fn leave_out_closed(&self, take: &mut Take) -> Result<(), String> {
        let known = self.known.get();
        let closed = |pool: &str| {
            let mut manifests = known.manifests.iter();
            let manifest = manifests.find(|one| one.kind == Kind::Pool && one.name == pool);
            manifest.and_then(|manifest| manifest.closed.clone())
        };
        for claim in &mut take.claims {
            let mut reason = None;
            claim.retain(|candidate| match closed(&candidate.pool) {
                Some(closed) => {
                    reason = Some(format!("pool {}: {closed}", candidate.pool));
                    false
                }
                None => true,
            });
            if let Some(reason) = reason.filter(|_| claim.is_empty()) {
                return Err(reason);
            }
        }
        Ok(())
    }

    async fn pod(&self, name: &PodName) -> Result<Answer, String> {
        let known = self.known.get();
        if !known.is_complete {
            return Err(UNREAD.to_owned());
        }
        let watched = self.view.pod(&name.namespace, &name.name);
        let is_meant =
            |pod: &PodMeta| name.uid.is_empty() || pod.uid().is_some_and(|uid| uid == name.uid);
        if let Some(pod) = watched.filter(|pod| is_meant(pod))
            && self.view.namespace(&name.namespace).is_some()
        {
            let choice = desk::choose(&self.view, &self.events, &known.manifests, &pod);
            return Ok(Answer::Pod(choice));
        }
        // A watch may be behind the kubelet's.
        let (pod, namespace) = self.ask(name).await?;
        if !is_meant(&pod) {
            return Err(format!(
                "pod {}/{} has the UID {} and not {}: it was made again",
                name.namespace,
                name.name,
                pod.uid().unwrap_or_default(),
                name.uid
            ));
        }
        let chosen = choice::of(&pod, Some(&namespace), &known.manifests);
        Ok(Answer::Pod(chosen.choice))
    }

    /// The pod and its namespace, from the API server.
    async fn ask(&self, name: &PodName) -> Result<(PodMeta, choice::NamespaceMeta), String> {
        let PodName {
            namespace,
            name: pod_name,
            ..
        } = name;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let pod = self.call("pods", pods.get(pod_name)).await;
        let pod = pod.map_err(|why| format!("get pod {namespace}/{pod_name}: {why}"))?;
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        if node.as_deref() != Some(&self.view.node) {
            return Err(format!(
                "pod {namespace}/{pod_name} is on node {} and not on {}",
                node.unwrap_or_default(),
                self.view.node
            ));
        }
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let of_namespace = self
            .call("namespaces", namespaces.get_metadata(namespace))
            .await;
        let of_namespace =
            of_namespace.map_err(|why| format!("get namespace {namespace}: {why}"))?;
        Ok((pod.metadata.into_response_partial(), of_namespace))
    }

    async fn call<T>(
        &self,
        resource: &'static str,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, String> {
        let begin = Instant::now();
        let done = tokio::time::timeout(PATIENCE, call).await;
        let (outcome, done) = match done {
            Ok(Ok(found)) => ("ok".to_owned(), Ok(found)),
            Ok(Err(kube::Error::Api(status))) => {
                (status.code.to_string(), Err(kubernetes::sentence(&status)))
            }
            Ok(Err(error)) => ("unknown".to_owned(), Err(with_sources(&error))),
            Err(_) => {
                let why = format!("no answer within {} s", PATIENCE.as_secs());
                ("unknown".to_owned(), Err(why))
            }
        };
        self.metrics
            .api_call("get", resource, &outcome, begin.elapsed());
        done
    }
}
