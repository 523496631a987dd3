//! Opens the lease store, and makes good for one that was damaged: the journal knows
//! which addresses the node's pods hold.

use std::path::Path;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use crate::Result;
use crate::journal::{Folder, Record};
use crate::leases::{Error, FILE_NAME, Lease, Leases, Owner, Pod, Store};
use crate::operations::Operation;
use crate::trace::Trace;

/// The lease store, made when there is none.
pub fn open(state_folder: &Path, trace: &Trace) -> Result<Store> {
    let (store, set_aside) = Store::open(state_folder)?;
    if let Some(set_aside) = set_aside {
        trace.error(&set_aside);
        restore(&store, state_folder, trace)?;
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

/// Releases what an owner holds, whatever state the store is in: DEL must succeed.
///
/// A child process does it. LMDB maps its file and trusts what it reads there, so a page
/// that was overwritten with garbage can kill the process that meets it.
pub fn release(state_folder: &Path, trace: &Trace, owner: &Owner) -> Result<()> {
    if !state_folder.join(FILE_NAME).exists() {
        return Ok(());
    }
    let attempt = || -> Result<std::result::Result<(), Error>> {
        match open_existing(state_folder, trace)? {
            Some(store) => Ok(store.release(owner).map(drop)),
            None => Ok(Ok(())),
        }
    };
    let reason = match in_child(|| matches!(attempt(), Ok(Ok(())))) {
        Ok(Ended::Success) => return Ok(()),
        Ok(Ended::Killed(signal)) => format!("reading it ended a process by {signal}"),
        // It failed, or there was no child: the same again tells why.
        Ok(Ended::Failure) | Err(_) => match attempt()? {
            Err(Error::Corrupt { reason, .. }) => reason,
            outcome => return Ok(outcome?),
        },
    };
    let Some(store) = Store::open_existing(state_folder)? else {
        return Ok(());
    };
    let (fresh, set_aside) = store.set_aside(&reason)?;
    if let Some(set_aside) = set_aside {
        trace.error(&set_aside);
    }
    restore(&fresh, state_folder, trace)?;
    fresh.release(owner)?;
    Ok(())
}

/// How a child ended.
enum Ended {
    Success,
    Failure,
    Killed(nix::sys::signal::Signal),
}

fn in_child(action: impl FnOnce() -> bool) -> std::result::Result<Ended, Errno> {
    // SAFETY: DEL runs no component and so has no second thread that could hold a lock
    // at this moment; the child leaves by _exit, which runs nothing of the parent's.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let status = i32::from(!action());
            // SAFETY: ends the process; no value of this program is used afterwards.
            unsafe { nix::libc::_exit(status) }
        }
        ForkResult::Parent { child } => loop {
            match waitpid(child, None) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
                Ok(WaitStatus::Exited(_, 0)) => return Ok(Ended::Success),
                Ok(WaitStatus::Exited(..)) => return Ok(Ended::Failure),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Killed(signal)),
                Ok(_) => {}
            }
        },
    }
}

/// Takes the leases of all records into a store that was made anew.
fn restore(store: &Store, state_folder: &Path, trace: &Trace) -> Result<()> {
    let leases = recorded_leases(&Folder::new(state_folder));
    let refused = store.restore(&leases)?;
    trace.warning(format_args!(
        "{} leases were taken from the journal into the new lease store",
        leases.len() - refused.len()
    ));
    for lease in refused {
        trace.error(format_args!(
            "address {} is held by two pods: {}/{}/{} is one of them",
            lease.address,
            lease.owner.network,
            lease.owner.container_id,
            lease.owner.interface_name
        ));
    }
    Ok(())
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
            owner: Owner::from(&header.attachment),
            pod: header.pod.as_ref().map(Pod::from),
            since: header.since / 1000,
        }));
    }
    leases
}
