//! Opens the lease store, and makes good for one that was damaged: the journal knows
//! which addresses the node's pods hold.

use std::path::Path;

use crate::Result;
use crate::journal::{Folder, Record};
use crate::leases::{Error, Lease, Owner, Pod, Store};
use crate::operations::Operation;
use crate::trace::Trace;

/// The lease store, made when there is none.
pub fn open(state_folder: &Path, trace: &Trace) -> Result<Store> {
    let (store, set_aside) = Store::open(state_folder)?;
    if let Some(set_aside) = set_aside {
        trace.error(&set_aside);
        let leases = recorded_leases(&Folder::new(state_folder));
        let refused = store.restore(&leases)?;
        trace.warning(format_args!(
            "{} leases were taken from the journal into the new lease store",
            leases.len() - refused.len()
        ));
    }
    Ok(store)
}

/// The lease store, if there is one.
pub fn open_existing(state_folder: &Path, trace: &Trace) -> Result<Option<Store>> {
    match Store::open_existing(state_folder) {
        Err(Error::Corrupt { .. }) => open(state_folder, trace).map(Some),
        store => Ok(store?),
    }
}

/// The leases of all attachments that have a record.
fn recorded_leases(folder: &Folder) -> Vec<Lease> {
    folder
        .list(None)
        .iter()
        .filter_map(|attachment| folder.read(attachment).ok().flatten())
        .flat_map(|record| leases_of(&record))
        .collect()
}

fn leases_of(record: &Record) -> Vec<Lease> {
    let header = &record.header;
    let mut leases = Vec::new();
    for step in &record.steps {
        let Operation::ClaimAddresses(claim) = &step.operation else {
            continue;
        };
        leases.extend(claim.addresses.iter().map(|address| Lease {
            space: claim.space.clone(),
            address: *address,
            pool: claim.pools.join(", "),
            owner: Owner {
                network: header.attachment.network.clone(),
                container_id: header.attachment.container_id.clone(),
                interface_name: header.attachment.interface_name.clone(),
            },
            pod: header.pod.as_ref().map(|pod| Pod {
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
            }),
            since: header.since / 1000,
        }));
    }
    leases
}
