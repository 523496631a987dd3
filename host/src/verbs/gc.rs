//! GC: records and leases of this network whose attachment is not in the valid list.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{reclaim, reconcile, recorded_netns};
use crate::cni::Request;
use crate::cni::request::Attachment;
use crate::functions::Holds;
use crate::ipam_plugin::Call;
use crate::journal::{self, Folder};
use crate::kernel::Kernel;
use crate::leases::Leases;
use crate::trace::Trace;
use crate::{Error, Result, decide, recovery};

/// The runtime's list, and the key that tags of the specification before 1.1.0 had.
/// libcni sends both.
const VALID_KEYS: [&str; 2] = ["cni.dev/valid-attachments", "cni.dev/attachments"];

/// What one GC knows.
struct Collection<'a> {
    request: &'a Request,
    trace: &'a Trace,
    kernel: Kernel,
    folder: Folder,
    /// The valid attachments; none when the runtime did not tell.
    valid: Option<BTreeSet<Attachment>>,
    /// When it began, in milliseconds since 1970: what is newer is an ADD's that runs
    /// beside it.
    begin: u128,
}

/// Removes what is not valid any more. Goes on when something fails, and tells it at
/// the end.
pub fn gc(request: &Request, trace: &Trace) -> Result<()> {
    let collection = Collection {
        request,
        trace,
        kernel: Kernel::open()?,
        folder: Folder::new(&request.state_folder),
        valid: valid_attachments(request)?,
        begin: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis(),
    };
    let mut failures: Vec<Error> = Vec::new();
    for attachment in collection.folder.list(Some(&request.attachment.network)) {
        failures.extend(collection.collect(&attachment).err());
    }
    collection.free_functions();
    failures.extend(reclaim::returned_links(&collection.kernel, &collection.folder, trace).err());
    failures.extend(collection.release_leases().err());
    failures.extend(forward(request, trace).err());
    match failures.split_first() {
        None => Ok(()),
        Some((first, rest)) => Err(rest.iter().fold(first.clone(), |error, other| {
            error.with_details(other.to_string())
        })),
    }
}

/// The valid attachments of this network; none when the runtime did not send the key,
/// which is not the same as an empty list: then only what is provably dead is removed.
fn valid_attachments(request: &Request) -> Result<Option<BTreeSet<Attachment>>> {
    let mut valid = None;
    for key in VALID_KEYS {
        let Some(list) = request.configuration.lower.get(key) else {
            continue;
        };
        let valid = valid.get_or_insert_with(BTreeSet::new);
        let items = match list {
            // Go writes null for an empty list.
            Value::Null => continue,
            Value::Array(items) => items,
            other => {
                return Err(Error::configuration(format!(
                    "{key:?} must be a list of attachments, not {other}"
                )));
            }
        };
        for item in items {
            let text = |key: &str| item.get(key).and_then(Value::as_str);
            let (Some(container_id), Some(interface_name)) = (text("containerid"), text("ifname"))
            else {
                return Err(Error::configuration(format!(
                    "{item} of {key:?} must have a containerID and an ifname"
                )));
            };
            valid.insert(Attachment {
                network: request.attachment.network.clone(),
                container_id: container_id.to_owned(),
                interface_name: interface_name.to_owned(),
                plugin: None,
            });
        }
    }
    Ok(valid)
}

impl Collection<'_> {
    /// Undoes one record, unless it is valid, an ADD made it after this GC began,
    /// another process works on it, or nothing says that it is dead.
    fn collect(&self, attachment: &Attachment) -> Result<()> {
        if self.is_valid(attachment) {
            return Ok(());
        }
        let journal = match self.folder.open(attachment) {
            Ok(Some(journal)) => journal,
            Ok(None) | Err(journal::Error::Busy { .. }) => return Ok(()),
            Err(error @ journal::Error::Corrupt { .. }) => {
                self.trace.error(&error);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(record) = journal.record() {
            let is_newer = u128::from(record.header.since) >= self.begin;
            let is_dead = recorded_netns(&record.header, None).is_none();
            if is_newer || !(self.valid.is_some() || is_dead) {
                return Ok(());
            }
        }
        self.trace.info(format_args!(
            "removing {attachment}, which is not valid any more"
        ));
        let state_folder = &self.request.state_folder;
        reconcile::clean_up(
            journal,
            &self.kernel,
            &self.folder,
            self.trace,
            state_folder,
        )
    }

    fn is_valid(&self, attachment: &Attachment) -> bool {
        self.valid
            .as_ref()
            .is_some_and(|valid| valid.iter().any(|valid| valid.is_interface_of(attachment)))
    }

    /// Frees functions that an attachment of this network holds without a record: it was
    /// lost, or the function was not home when the record was undone.
    fn free_functions(&self) {
        for (_, hold) in Holds::new(&self.request.state_folder).list() {
            let is_ours = hold.owner.network == self.request.attachment.network;
            let is_recorded = self.folder.path(&hold.owner).exists();
            let is_dead = self.valid.is_some() || hold.live_netns().is_none();
            if is_ours && is_dead && !is_recorded && !self.is_valid(&hold.owner) {
                reclaim::free_functions_of(
                    &hold.owner,
                    &self.kernel,
                    &self.request.state_folder,
                    self.trace,
                );
            }
        }
    }

    /// Releases leases of this network that no record speaks of: their record was lost.
    /// Without the runtime's list nothing proves that their pods are gone.
    fn release_leases(&self) -> Result<()> {
        if self.valid.is_none() {
            return Ok(());
        }
        let Some(store) = recovery::open_existing(&self.request.state_folder, self.trace)? else {
            return Ok(());
        };
        for owner in store.owners()? {
            let attachment = Attachment::from(owner.clone());
            let is_ours = attachment.network == self.request.attachment.network;
            let is_recorded = self.folder.path(&attachment).exists();
            if is_ours && !is_recorded && !self.is_valid(&attachment) {
                self.trace
                    .info(format_args!("releasing the leases of {attachment}"));
                store.release(&owner)?;
            }
        }
        Ok(())
    }
}

/// Hands GC on to the IPAM plugin, if it is new enough to know it.
fn forward(request: &Request, trace: &Trace) -> Result<()> {
    let Some(plugin) = decide::delegate_of(request)? else {
        return Ok(());
    };
    match Call::of_request(request).run(&plugin, "GC") {
        Err(error) if error.is_unknown_verb() => {
            trace.info(format_args!("ipam plugin {plugin} does not know GC"));
            Ok(())
        }
        result => Ok(result.map(drop)?),
    }
}
