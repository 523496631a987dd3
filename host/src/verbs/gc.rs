//! GC: records and leases of this network whose attachment is not in the valid list.

use std::collections::BTreeSet;

use serde_json::Value;

use super::clean_up;
use crate::attachment::Attachment;
use crate::cni::Request;
use crate::functions::{Holds, restore_owed};
use crate::journal::Moment;
use crate::machine::Machine;
use crate::node::Node;
use crate::operations::{Records, shared_link};
use crate::pod::Pod;
use crate::{Error, Result, decide, former, state};

/// The runtime's list, and the key that tags of the specification before 1.1.0 had.
/// libcni sends both.
const VALID_KEYS: [&str; 2] = ["cni.dev/valid-attachments", "cni.dev/attachments"];

/// What one GC knows.
struct Collection<'a> {
    request: &'a Request,
    node: &'a Node<'a>,
    records: Records,
    /// The valid attachments; none when the runtime sent no list.
    valid: Option<BTreeSet<Attachment>>,
    /// When it began: what is newer is an ADD's that runs beside it.
    begin: Moment,
}

/// Removes what is not valid any more. Goes on when something fails, and reports it at
/// the end.
pub fn gc(request: &Request, node: &Node<'_>) -> Result<()> {
    let collection = Collection {
        request,
        node,
        records: Records::new(&node.state),
        valid: valid_attachments(request)?,
        begin: Moment::now(),
    };
    let mut failures: Vec<Error> = Vec::new();
    match collection.records.list(Some(&request.attachment.network)) {
        Ok(attachments) => {
            let collected = attachments.iter().map(|one| collection.collect(one));
            failures.extend(collected.filter_map(Result::err));
        }
        Err(error) => failures.push(error.into()),
    }
    failures.extend(collection.adopt_functions().err());
    failures.extend(collection.free_functions().err());
    failures.extend(restore_owed(node).err());
    let machine = Machine::new(node, Pod::of_request(request, None));
    failures.extend(shared_link::remove_unused_bridges(&machine).err());
    failures.extend(clean_up::left_over(node).err());
    failures.extend(collection.release_leases().err());
    failures.extend(node.leases.offer_again().err().map(Error::from));
    failures.extend(forward(request, node).err());
    Error::all(failures).map_or(Ok(()), Err)
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
        let opened = self.records.open_readable(attachment, self.node.trace);
        let journal = match opened {
            Ok(Some(journal)) => journal,
            Ok(None) | Err(state::Error::Busy { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(record) = journal.record() {
            let is_newer = record.header.is_newer_than(self.begin)?;
            let is_dead = record.is_left() || record.header.live_netns()?.is_none();
            if is_newer || !(self.valid.is_some() || is_dead) {
                return Ok(());
            }
        }
        self.node.trace.info(format_args!(
            "removing {attachment}, which is not valid any more"
        ));
        clean_up::undo_record(journal, self.node).map(drop)
    }

    fn is_valid(&self, attachment: &Attachment) -> bool {
        self.valid
            .as_ref()
            .is_some_and(|valid| valid.iter().any(|valid| valid.is_interface_of(attachment)))
    }

    /// Takes over the functions of dead pods that another plugin attached, before it was replaced.
    fn adopt_functions(&self) -> Result<()> {
        let network = &self.request.attachment.network;
        let Some(valid) = &self.valid else {
            return former::adopt_of_network(network, None, self.node);
        };
        let names: BTreeSet<String> = valid
            .iter()
            .map(|one| format!("{}-{}", one.container_id, one.interface_name))
            .collect();
        let is_valid = |name: &str| names.contains(name);
        former::adopt_of_network(network, Some(&is_valid), self.node)
    }

    /// Frees functions that an attachment of this network holds without a record: it was
    /// lost, or the function was not home when the record was undone.
    fn free_functions(&self) -> Result<()> {
        for (address, hold) in Holds::new(&self.node.state).list()? {
            let is_ours = hold.owner.network == self.request.attachment.network;
            let is_recorded = self.records.has(&hold.owner)?;
            let is_dead = self.valid.is_some() || hold.live_netns()?.is_none();
            if is_ours && is_dead && !is_recorded && !self.is_valid(&hold.owner) {
                clean_up::held_function(&address, &hold, self.node);
            }
        }
        Ok(())
    }

    /// Releases leases of this network that no record speaks of: their record was lost.
    /// Without the runtime's list nothing proves that their pods are gone.
    fn release_leases(&self) -> Result<()> {
        if self.valid.is_none() {
            return Ok(());
        }
        let leases = self.node.leases;
        let mut failures: Vec<Error> = Vec::new();
        for owner in leases.owners()? {
            let attachment = Attachment::from(owner.clone());
            let is_ours = attachment.network == self.request.attachment.network;
            if is_ours && !self.is_valid(&attachment) && !self.records.has(&attachment)? {
                self.node
                    .trace
                    .info(format_args!("releasing the leases of {attachment}"));
                failures.extend(leases.release(&owner).err().map(Error::from));
            }
        }
        Error::all(failures).map_or(Ok(()), Err)
    }
}

/// Hands GC on to the IPAM plugin, if it is new enough to know it.
fn forward(request: &Request, node: &Node<'_>) -> Result<()> {
    let Some(plugin) = decide::delegate_of(request)? else {
        return Ok(());
    };
    let call = Pod::of_request(request, None).call;
    match call.run_if_known(&plugin, "GC") {
        Ok(false) => {
            node.trace
                .info(format_args!("ipam plugin {plugin} does not know GC"));
            Ok(())
        }
        Err(error) if error.is_itself() => {
            node.trace.warning(&error);
            Ok(())
        }
        result => Ok(result.map(drop)?),
    }
}
