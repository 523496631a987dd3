//! The API server, as claims need it: calls of a client, each with a bound on its time, and so many at once.

use std::future::Future;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, Request};
use kube::core::{ListMeta, ObjectMeta, Status};
use kube::{Api, Client, Resource, ResourceExt};
use plumb_blocks::{
    BOUND_LABEL, BoundTo, Created, Deleted, Failure, Listed, NODE_LABEL, PART_LABEL, POOL_LABEL,
    Replaced, Stored, Version, label_value, labels, part_label,
};
use plumb_resources::{IPBlock, IPBlockSpec, PoolState, PoolStateSpec, block_name};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::metrics::Metrics;

/// How long a call may take. A pod's ADD waits for some of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a list of a pool of thousands of blocks, or one that waits for the API server to start, may take.
const LIST_PATIENCE: Duration = Duration::from_secs(30);

/// How many objects come at a time.
const PAGE: u32 = 500;

/// How often a stamp is tried against others who write the same object.
const ATTEMPTS: usize = 5;

/// The API server.
pub struct Kubernetes {
    client: Client,
    blocks: Api<IPBlock>,
    pool_states: Api<PoolState>,
    places: Semaphore,
    metrics: Metrics,
}

/// Blocks as they are listed, tens of thousands of them, so without what is not needed of each: who manages which field alone
/// would be most of the agent's memory.
#[derive(Deserialize)]
struct LeanList {
    metadata: ListMeta,
    items: Vec<LeanBlock>,
}

#[derive(Deserialize)]
struct LeanBlock {
    metadata: LeanMetadata,
    spec: IPBlockSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeanMetadata {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl LeanBlock {
    fn stored(self) -> Result<Stored, Failure> {
        Ok(Stored {
            version: version_of(&self.metadata.into())?,
            block: self.spec,
        })
    }
}

impl From<LeanMetadata> for ObjectMeta {
    fn from(lean: LeanMetadata) -> Self {
        Self {
            uid: lean.uid,
            resource_version: lean.resource_version,
            ..Self::default()
        }
    }
}

/// How a call failed, before it is known what that means for the caller.
enum Ended {
    /// The API server's words.
    Status(Box<Status>),
    /// No answer, or none that can be read.
    Failed(Failure),
}

impl Kubernetes {
    /// By this client, with at most so many calls at a time.
    pub fn new(client: Client, calls: usize, metrics: Metrics) -> Self {
        Self {
            blocks: Api::all(client.clone()),
            pool_states: Api::all(client.clone()),
            client,
            places: Semaphore::new(calls.max(1)),
            metrics,
        }
    }

    /// Makes one call, in its turn.
    async fn call<T>(
        &self,
        verb: &'static str,
        resource: &'static str,
        patience: Duration,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Ended> {
        let begin = Instant::now();
        let work = async {
            let place = self.places.acquire().await;
            // Still in the time of the caller: nothing was sent.
            let Ok(_place) = place else {
                return Err(Ended::Failed(Failure::Unavailable(
                    "the agent ends".to_owned(),
                )));
            };
            match tokio::time::timeout(patience, call).await {
                Ok(done) => done.map_err(ended),
                Err(_) => Err(Ended::Failed(Failure::Unknown(format!(
                    "no answer within {} s",
                    patience.as_secs()
                )))),
            }
        };
        let done = match work.await {
            Err(Ended::Failed(failure)) => Err(Ended::Failed(in_words(verb, resource, failure))),
            done => done,
        };
        let outcome = match &done {
            Ok(_) => "ok".to_owned(),
            Err(Ended::Status(status)) => status.code.to_string(),
            Err(Ended::Failed(Failure::Unavailable(_))) => "unavailable".to_owned(),
            Err(Ended::Failed(_)) => "unknown".to_owned(),
        };
        self.metrics
            .api_call(verb, resource, &outcome, begin.elapsed());
        done
    }

    /// One page of blocks.
    async fn page(&self, parameters: &ListParams) -> Result<LeanList, Failure> {
        let call = async {
            let request = Request::new(IPBlock::url_path(&(), None)).list(parameters);
            let request = request.map_err(kube::Error::BuildRequest)?;
            self.client.request(request).await
        };
        let done = self.call("list", "ipblocks", LIST_PATIENCE, call).await;
        done.map_err(|ended| failure("list", "ipblocks", ended))
    }

    async fn list(&self, parameters: ListParams) -> Result<(Vec<Stored>, u64), Failure> {
        let mut stored = Vec::new();
        let mut parameters = parameters;
        loop {
            let list = self.page(&parameters).await?;
            let version = list.metadata.resource_version.as_deref();
            let resource_version = number(version.unwrap_or_default())?;
            for block in list.items {
                stored.push(block.stored()?);
            }
            match list.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => parameters = parameters.continue_token(&next),
                None => return Ok((stored, resource_version)),
            }
        }
    }
}

impl plumb_blocks::Api for Kubernetes {
    async fn create(&self, block: &IPBlockSpec) -> Result<Created, Failure> {
        let object = object(block);
        let parameters = PostParams::default();
        let call = self.blocks.create(&parameters, &object);
        created(
            self.call("create", "ipblocks", PATIENCE, call).await,
            "ipblocks",
        )
    }

    async fn get(&self, name: &str) -> Result<Option<Stored>, Failure> {
        let call = self.blocks.get_opt(name);
        let found = self.call("get", "ipblocks", PATIENCE, call).await;
        let found = found.map_err(|ended| failure("get", "ipblocks", ended))?;
        found.map(of_object).transpose()
    }

    async fn blocks_of_node(&self, node: &str) -> Result<Listed, Failure> {
        let label = label_value(node);
        let parameters = ListParams::default()
            .labels(&format!("{NODE_LABEL}={label}"))
            .limit(PAGE);
        let (mut blocks, resource_version) = self.list(parameters).await?;
        // Two long names may have the same label.
        blocks.retain(|stored| stored.block.node == node);
        Ok(Listed {
            blocks,
            resource_version,
        })
    }

    async fn blocks_of_pool(&self, pool: &str) -> Result<Vec<Stored>, Failure> {
        let label = label_value(pool);
        // From the watch cache, which takes no limit with a version of 0.
        let parameters = ListParams::default()
            .labels(&format!("{POOL_LABEL}={label}"))
            .match_any();
        let (mut blocks, _) = self.list(parameters).await?;
        blocks.retain(|stored| stored.block.pool == pool);
        Ok(blocks)
    }

    async fn a_block_of_pool(&self, pool: &str) -> Result<Option<Stored>, Failure> {
        let label = label_value(pool);
        // Two long names may have the same label: of these, the first is not always this pool's.
        let mut parameters = ListParams::default()
            .labels(&format!("{POOL_LABEL}={label}"))
            .limit(1);
        loop {
            let list = self.page(&parameters).await?;
            let next = list.metadata.continue_.filter(|next| !next.is_empty());
            if let Some(block) = list.items.into_iter().find(|one| one.spec.pool == pool) {
                return block.stored().map(Some);
            }
            match next {
                Some(next) => parameters = parameters.continue_token(&next),
                None => return Ok(None),
            }
        }
    }

    async fn blocks_of_part(&self, address: IpAddr) -> Result<Vec<Stored>, Failure> {
        let label = part_label(address);
        let parameters = ListParams::default()
            .labels(&format!("{PART_LABEL}={label}"))
            .match_any();
        Ok(self.list(parameters).await?.0)
    }

    async fn blocks_bound_to(&self, bound: &BoundTo) -> Result<Vec<Stored>, Failure> {
        let parameters = ListParams::default()
            .labels(&format!("{BOUND_LABEL}={}", bound.label()))
            .limit(PAGE);
        Ok(self.list(parameters).await?.0)
    }

    async fn replace(&self, block: &IPBlockSpec, version: &Version) -> Result<Replaced, Failure> {
        let mut object = object(block);
        object.metadata.uid = Some(version.uid.clone());
        object.metadata.resource_version = Some(version.resource_version.to_string());
        let name = object.name_any();
        let parameters = PostParams::default();
        let call = self.blocks.replace(&name, &parameters, &object);
        match self.call("update", "ipblocks", PATIENCE, call).await {
            Ok(object) => Ok(Replaced::Replaced(version_of(&object.metadata)?)),
            Err(Ended::Status(status)) if matches!(status.code, 404 | 409) => Ok(Replaced::Changed),
            Err(ended) => Err(failure("update", "ipblocks", ended)),
        }
    }

    async fn delete(&self, name: &str, version: &Version) -> Result<Deleted, Failure> {
        let parameters = DeleteParams::default().preconditions(Preconditions {
            uid: Some(version.uid.clone()),
            resource_version: Some(version.resource_version.to_string()),
        });
        let call = self.blocks.delete(name, &parameters);
        match self.call("delete", "ipblocks", PATIENCE, call).await {
            Ok(_) => Ok(Deleted::Deleted),
            Err(Ended::Status(status)) if status.code == 404 => Ok(Deleted::Deleted),
            Err(Ended::Status(status)) if status.code == 409 => Ok(Deleted::Changed),
            Err(ended) => Err(failure("delete", "ipblocks", ended)),
        }
    }

    async fn pool_state(&self, pool: &str) -> Result<Option<PoolStateSpec>, Failure> {
        let call = self.pool_states.get_opt(pool);
        let found = self.call("get", "poolstates", PATIENCE, call).await;
        let found = found.map_err(|ended| failure("get", "poolstates", ended))?;
        Ok(found.map(|state| state.spec))
    }

    async fn create_pool_state(
        &self,
        pool: &str,
        spec: &PoolStateSpec,
    ) -> Result<Created, Failure> {
        let object = PoolState::new(pool, spec.clone());
        let parameters = PostParams::default();
        let call = self.pool_states.create(&parameters, &object);
        created(
            self.call("create", "poolstates", PATIENCE, call).await,
            "poolstates",
        )
    }

    async fn stamp_pressure(&self, pool: &str, at: u64) -> Result<(), Failure> {
        for _ in 0..ATTEMPTS {
            let call = self.pool_states.get(pool);
            let state = self.call("get", "poolstates", PATIENCE, call).await;
            let state = state.map_err(|ended| failure("get", "poolstates", ended))?;
            let before = state.status.as_ref().and_then(|status| status.pressure);
            // Only a change reaches those who watch.
            let stamp = before.map_or(at, |before| at.max(before.saturating_add(1)));
            let patch = json!({
                "metadata": {"resourceVersion": state.resource_version()},
                "status": {"pressure": stamp},
            });
            let parameters = PatchParams::default();
            let patch = Patch::Merge(&patch);
            let call = self.pool_states.patch_status(pool, &parameters, &patch);
            match self.call("patch", "poolstates", PATIENCE, call).await {
                Ok(_) => return Ok(()),
                // Somebody else's stamp serves as well as ours, but it may be from before the look that found nothing.
                Err(Ended::Status(status)) if status.code == 409 => {}
                Err(ended) => return Err(failure("patch", "poolstates", ended)),
            }
        }
        Err(Failure::Unavailable(format!(
            "patch poolstates {pool}: somebody else changed it {ATTEMPTS} times meanwhile"
        )))
    }

    async fn count_nodes(&self) -> Result<u64, Failure> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        // Some seconds old is good enough, and comes from the watch cache.
        let parameters = ListParams::default().match_any();
        let call = nodes.list_metadata(&parameters);
        let list = self.call("list", "nodes", LIST_PATIENCE, call).await;
        let list = list.map_err(|ended| failure("list", "nodes", ended))?;
        Ok(list.items.len() as u64)
    }

    async fn cluster(&self) -> Result<String, Failure> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let call = namespaces.get_metadata("kube-system");
        let found = self.call("get", "namespaces", PATIENCE, call).await;
        let found = found.map_err(|ended| failure("get", "namespaces", ended))?;
        found.uid().ok_or_else(|| {
            Failure::Unknown("get namespaces kube-system: the answer has no uid".to_owned())
        })
    }
}

/// The object of a block, with the labels by which it is found.
fn object(block: &IPBlockSpec) -> IPBlock {
    let mut object = IPBlock::new(&block_name(&block.space, block.first), block.clone());
    object.metadata.labels = Some(labels(block));
    object
}

fn of_object(object: IPBlock) -> Result<Stored, Failure> {
    Ok(Stored {
        version: version_of(&object.metadata)?,
        block: object.spec,
    })
}

fn version_of(metadata: &ObjectMeta) -> Result<Version, Failure> {
    Ok(Version {
        uid: metadata.uid.clone().unwrap_or_default(),
        resource_version: number(metadata.resource_version.as_deref().unwrap_or_default())?,
    })
}

/// A `resourceVersion`: numbers that can be compared, since Kubernetes 1.35 by contract and before by all that there is.
fn number(resource_version: &str) -> Result<u64, Failure> {
    resource_version.parse().map_err(|_| {
        Failure::Unknown(format!(
            "the API server's answer has the resourceVersion {resource_version:?}, which is no number"
        ))
    })
}

fn created<K: ResourceExt>(
    done: Result<K, Ended>,
    resource: &'static str,
) -> Result<Created, Failure> {
    match done {
        Ok(object) => Ok(Created::Created(version_of(object.meta())?)),
        Err(Ended::Status(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
            Ok(Created::Exists)
        }
        Err(ended) => Err(failure("create", resource, ended)),
    }
}

fn ended(error: kube::Error) -> Ended {
    match error {
        kube::Error::Api(status) => Ended::Status(status),
        error => {
            let words = with_sources(&error);
            Ended::Failed(match was_never_sent(&error) {
                true => Failure::Unavailable(format!("the API server cannot be reached: {words}")),
                false => Failure::Unknown(words),
            })
        }
    }
}

/// Whether no connection came about, so that the API server has heard nothing.
fn was_never_sent(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(
                error.kind(),
                std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::HostUnreachable
                    | std::io::ErrorKind::NetworkUnreachable
            )
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with what it came of, which the client's own words leave out.
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let source_words = source.to_string();
        if !words.contains(&source_words) {
            words = format!("{words}: {source_words}");
        }
        next = source.source();
    }
    words
}

fn in_words(verb: &str, resource: &str, failure: Failure) -> Failure {
    let words = |message| format!("{verb} {resource}: {message}");
    match failure {
        Failure::Unknown(message) => Failure::Unknown(words(message)),
        Failure::Unavailable(message) => Failure::Unavailable(words(message)),
        Failure::Refused(message) => Failure::Refused(words(message)),
    }
}

/// What the API server says, for a person, with the code.
pub fn sentence(status: &Status) -> String {
    let denied = plumb_service::denied(status, "agent");
    denied.unwrap_or_else(|| match status.message.as_str() {
        "" => format!("{} {}", status.code, status.reason),
        message => format!("{message} ({})", status.code),
    })
}

/// What an answer other than success means for the call.
fn failure(verb: &str, resource: &str, ended: Ended) -> Failure {
    let status = match ended {
        Ended::Failed(failure) => return failure,
        Ended::Status(status) => status,
    };
    let message = sentence(&status);
    let failure = match status.code {
        // A token is renewed while the agent runs.
        401 | 429 | 503 => Failure::Unavailable(message),
        403 if plumb_service::is_about_to_end(&status) => Failure::Unavailable(message),
        400..=499 => Failure::Refused(message),
        _ => Failure::Unknown(message),
    };
    in_words(verb, resource, failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, reason: &str) -> Ended {
        let status =
            json!({"code": code, "reason": reason, "message": "words", "status": "Failure"});
        Ended::Status(serde_json::from_value(status).unwrap())
    }

    #[test]
    fn answers_say_whether_the_call_may_have_been_done() {
        for (code, expected) in [
            (401, "unavailable"),
            (429, "unavailable"),
            (503, "unavailable"),
            (500, "unknown"),
            (504, "unknown"),
            (400, "refused"),
            (403, "refused"),
            (422, "refused"),
        ] {
            let found = match failure("create", "ipblocks", status(code, "")) {
                Failure::Unavailable(_) => "unavailable",
                Failure::Unknown(_) => "unknown",
                Failure::Refused(_) => "refused",
            };
            assert_eq!(found, expected, "{code}");
        }
    }

    #[test]
    fn a_name_that_exists_is_no_failure_and_another_conflict_is() {
        let exists = created::<IPBlock>(Err(status(409, "AlreadyExists")), "ipblocks");
        assert_eq!(exists, Ok(Created::Exists));
        // A namespace that ends answers so.
        created::<IPBlock>(Err(status(409, "Conflict")), "ipblocks").unwrap_err();
    }

    #[test]
    fn a_connection_that_never_came_about_has_done_nothing() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(was_never_sent(&kube::Error::Service(Box::new(refused))));
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert!(!was_never_sent(&kube::Error::Service(Box::new(broken))));
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(number("1234").unwrap(), 1234);
        number("").unwrap_err();
        number("a1").unwrap_err();
    }
}
