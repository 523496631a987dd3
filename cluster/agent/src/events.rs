//! Events on objects of the cluster, for those who wrote them.
//!
//! An event's name says what it is about and in which words, so one that exists already is not made again, whichever node
//! made it: a wrong pool has one event and not one for each node.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::core::ObjectMeta;
use kube::{Api, Client};
use tokio::sync::mpsc;

use crate::fingerprint;

/// How many wait to be made. More than that are dropped: they come again with the next look.
const WAITING: usize = 256;

/// The API server forgets events after an hour.
const AGAIN: Duration = Duration::from_secs(50 * 60);

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two calls.
const PAUSE: Duration = Duration::from_millis(200);

/// Most bytes of a note (`validateEvent`, pkg/apis/core/validation).
const NOTE_BYTES: usize = 1024;

/// What to tell, and on which object.
#[derive(Debug, Clone)]
pub struct Told {
    /// The object.
    pub object: ObjectReference,
    /// One word, such as `WrongPool`.
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

/// Takes events to be made.
#[derive(Debug, Clone)]
pub struct Events(mpsc::Sender<Told>);

impl Events {
    /// And what makes them, which ends with the last of these.
    pub fn new() -> (Self, mpsc::Receiver<Told>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Has an event made, if it was not made of late.
    pub fn tell(&self, told: Told) {
        let _ = self.0.try_send(told);
    }
}

/// Makes events, one after the other.
pub async fn make(client: Client, node: String, mut waiting: mpsc::Receiver<Told>) {
    let mut made: HashMap<String, Instant> = HashMap::new();
    while let Some(told) = waiting.recv().await {
        let event = event(&told, &node, Timestamp::now());
        let name = event.metadata.name.clone().unwrap_or_default();
        made.retain(|_, at| at.elapsed() < AGAIN);
        if made.contains_key(&name) {
            continue;
        }
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let events: Api<Event> = Api::namespaced(client.clone(), &namespace);
        let parameters = PostParams::default();
        let create = events.create(&parameters, &event);
        match tokio::time::timeout(PATIENCE, create).await {
            Ok(Ok(_)) => drop(made.insert(name, Instant::now())),
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => {
                made.insert(name, Instant::now());
            }
            // Not worth more: what it tells is in the log.
            Ok(Err(error)) => tracing::debug!("create event {namespace}/{name}: {error}"),
            Err(_) => tracing::debug!("create event {namespace}/{name}: no answer"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn event(told: &Told, node: &str, now: Timestamp) -> Event {
    let object = &told.object;
    let of_object = object.name.as_deref().unwrap_or_default();
    let words = (&object.uid, &object.kind, told.reason, &told.message);
    // Two of the characters of an object's name may not stand beside the dot.
    let prefix: String = of_object.chars().take(200).collect();
    let prefix = prefix.trim_end_matches(['-', '.']);
    let namespace = object.namespace.clone().unwrap_or("default".to_owned());
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}.{:016x}", fingerprint::of(&words))),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        },
        involved_object: object.clone(),
        type_: Some("Warning".to_owned()),
        reason: Some(told.reason.to_owned()),
        message: Some(shortened(&told.message)),
        source: Some(EventSource {
            component: Some("plumb-agent".to_owned()),
            host: Some(node.to_owned()),
        }),
        reporting_component: Some("plumb.network/agent".to_owned()),
        reporting_instance: Some(node.to_owned()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        ..Event::default()
    }
}

fn shortened(message: &str) -> String {
    if message.len() <= NOTE_BYTES {
        return message.to_owned();
    }
    let mut end = NOTE_BYTES - 3;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> Told {
        Told {
            object: ObjectReference {
                kind: Some("SpiderIPPool".to_owned()),
                name: Some("v4-91".to_owned()),
                uid: Some("u".to_owned()),
                ..ObjectReference::default()
            },
            reason: "WrongPool",
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_same_words_of_two_nodes_are_one_event_and_other_words_another() {
        let now = Timestamp::now();
        let name = |message, node| event(&told(message), node, now).metadata.name;
        assert_eq!(name("wrong", "a"), name("wrong", "b"));
        assert_ne!(name("wrong", "a"), name("other", "a"));
        assert!(name("wrong", "a").unwrap().starts_with("v4-91."));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let message = event(&told(&"ä".repeat(1000)), "a", Timestamp::now())
            .message
            .unwrap();
        assert!(message.len() <= NOTE_BYTES && message.ends_with("ä..."));
    }
}
