//! Events on objects that users wrote, when what is said of them changes.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::failure;

/// Most bytes of a note (`validateEvent`, pkg/apis/core/validation).
const NOTE_BYTES: usize = 1000;

/// What to tell, and on which object.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The object.
    pub object: ObjectReference,
    /// Whether something is wrong.
    pub warning: bool,
    /// One word.
    pub reason: &'static str,
    /// Sentences.
    pub message: String,
}

/// Makes events.
pub struct Events(Recorder);

impl Events {
    /// In the name of this replica.
    pub fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter {
            controller: "plumb.network/controller".to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self(Recorder::new(client, reporter))
    }

    /// Makes one. What it tells is in the object's status as well, so a failure is no more than a line of the log.
    pub async fn tell(&self, told: &Told) {
        let mut end = told.message.len().min(NOTE_BYTES);
        while !told.message.is_char_boundary(end) {
            end -= 1;
        }
        let event = Event {
            type_: if told.warning {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: told.reason.to_owned(),
            note: Some(told.message[..end].to_owned()).filter(|note| !note.is_empty()),
            action: "Render".to_owned(),
            secondary: None,
        };
        if let Err(error) = self.0.publish(&event, &told.object).await {
            tracing::debug!("{}", failure::sentence("create", "events", &error));
        }
    }
}
