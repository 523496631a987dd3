//! Which pod is meant, of those that have an attachment here.

use std::fmt;

use plumb::attachment::{Attachment, PodIdentity};
use plumb::operations::{Record, Records};
use plumb_values::text::printable;

use crate::Failure;

/// How many pods an error lists.
const LISTED: usize = 10;

/// One container, a pod's sandbox, with the records of all its attachments.
pub struct Pod {
    /// `CNI_CONTAINERID`
    pub container_id: String,
    /// Its name, when the runtime reported one.
    pub identity: Option<PodIdentity>,
    /// At least one, in the order of networks.
    pub records: Vec<Record>,
}

impl Pod {
    fn is_alive(&self) -> bool {
        let mut headers = self.records.iter().map(|record| &record.header);
        // Where nobody says so, it is taken to be there.
        headers.any(|header| !matches!(header.live_netns(), Ok(None)))
    }

    fn is_called(&self, name: &str) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|pod| match name.split_once('/') {
                Some((namespace, name)) => pod.namespace == namespace && pod.name == name,
                None => pod.name == name,
            })
    }
}

impl fmt::Display for Pod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = printable(&self.container_id, false);
        match &self.identity {
            Some(pod) => {
                let pod = pod.to_string();
                write!(
                    formatter,
                    "{} (container {container})",
                    printable(&pod, false)
                )
            }
            None => write!(formatter, "container {container}"),
        }
    }
}

/// Finds the pod of a name with or without its namespace, of a container ID or the beginning of one. Of several sandboxes of
/// one pod the living one is meant.
///
/// # Errors
///
/// When nobody is called so, or several are: with those there are.
pub fn find(records: &Records, wanted: &str) -> Result<Pod, Failure> {
    let mut pods = list(records)?;
    let by_container: &dyn Fn(&Pod) -> bool = &|pod| pod.container_id == wanted;
    let by_name: &dyn Fn(&Pod) -> bool = &|pod| pod.is_called(wanted);
    let by_beginning: &dyn Fn(&Pod) -> bool =
        &|pod| !wanted.is_empty() && pod.container_id.starts_with(wanted);
    let ways = [by_container, by_name, by_beginning];
    let Some(is_meant) = ways.into_iter().find(|way| pods.iter().any(way)) else {
        return Err(unknown(wanted, &pods).into());
    };
    pods.retain(is_meant);
    let identity = pods.first().and_then(|pod| pod.identity.clone());
    let are_one_pod = identity.is_some_and(|first| {
        pods.iter().all(|pod| {
            let other = pod.identity.as_ref();
            other.is_some_and(|other| {
                (&other.namespace, &other.name) == (&first.namespace, &first.name)
            })
        })
    });
    if pods.len() > 1 && are_one_pod && pods.iter().filter(|pod| pod.is_alive()).count() == 1 {
        pods.retain(Pod::is_alive);
    }
    match pods.len() {
        1 => pods.pop().ok_or_else(|| unknown(wanted, &[]).into()),
        _ => Err(format!(
            "{wanted:?} may be any of {} pods: {}; say NAMESPACE/NAME or the container ID",
            pods.len(),
            listed(&pods)
        )
        .into()),
    }
}

fn list(records: &Records) -> Result<Vec<Pod>, Failure> {
    let mut pods: Vec<Pod> = Vec::new();
    for attachment in records.list(None)? {
        let Some(record) = read(records, &attachment) else {
            continue;
        };
        let found = pods
            .iter_mut()
            .find(|pod| pod.container_id == attachment.container_id);
        match found {
            Some(pod) => {
                if pod.identity.is_none() {
                    pod.identity.clone_from(&record.header.pod);
                }
                pod.records.push(record);
            }
            None => pods.push(Pod {
                container_id: attachment.container_id,
                identity: record.header.pod.clone(),
                records: vec![record],
            }),
        }
    }
    Ok(pods)
}

/// A record, or none with a word about it where it cannot be read: the other attachments of the pod are shown all the same.
fn read(records: &Records, attachment: &Attachment) -> Option<Record> {
    records.read(attachment).unwrap_or_else(|reason| {
        eprintln!(
            "plumbctl: the record {} cannot be read: {reason}",
            records.path(attachment).display()
        );
        None
    })
}

fn unknown(wanted: &str, pods: &[Pod]) -> String {
    match pods {
        [] => format!("no pod of this node is attached by plumb, so none is called {wanted:?}"),
        pods => format!(
            "no attached pod of this node is called {wanted:?}, and no container begins so; there are: {}",
            listed(pods)
        ),
    }
}

fn listed(pods: &[Pod]) -> String {
    let mut texts: Vec<_> = pods.iter().take(LISTED).map(Pod::to_string).collect();
    if pods.len() > LISTED {
        texts.push(format!(
            "{} more (`plumbctl attachments`)",
            pods.len() - LISTED
        ));
    }
    texts.join(", ")
}
