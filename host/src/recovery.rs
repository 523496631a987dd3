//! The leases of this node as a call sees them: opened when they are first needed, and made
//! good for when the store was damaged, because the journal knows which addresses the node's
//! pods hold.

use std::cell::OnceCell;
use std::net::IpAddr;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use crate::leases::{
    Candidate, ClaimError, Claimed, Error, FILE_NAME, Lease, Leases, Owner, Pod, Store, Usage,
};
use crate::operations::{Operation, Record, Records};
use crate::state::StateFolder;
use crate::trace::Trace;

/// The node's store. It is made by the first claim, or by asking what one would get; to read
/// and to release make none where there is none.
pub struct NodeLeases<'a> {
    state: StateFolder,
    trace: &'a Trace,
    store: OnceCell<Store>,
}

impl<'a> NodeLeases<'a> {
    /// The leases below a state folder, which need not exist yet.
    pub fn new(state: &StateFolder, trace: &'a Trace) -> Self {
        Self {
            state: state.clone(),
            trace,
            store: OnceCell::new(),
        }
    }

    /// The store, made when there is none.
    fn open(&self) -> Result<&Store, Error> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let (store, set_aside) = Store::open(self.state.path())?;
        if let Some(set_aside) = set_aside {
            self.trace.error(&set_aside);
            self.restore(&store)?;
        }
        Ok(self.store.get_or_init(|| store))
    }

    /// The store, if there is one.
    fn existing(&self) -> Result<Option<&Store>, Error> {
        if let Some(store) = self.store.get() {
            return Ok(Some(store));
        }
        match Store::open_existing(self.state.path()) {
            Err(Error::Corrupt { .. }) => self.open().map(Some),
            Ok(Some(store)) => Ok(Some(self.store.get_or_init(|| store))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the store, if there is one.
    fn ask<T: Default>(&self, ask: impl FnOnce(&Store) -> Result<T, Error>) -> Result<T, Error> {
        self.existing()?.map_or(Ok(T::default()), ask)
    }

    /// Releases what an owner holds, whatever state the store is in: DEL must succeed.
    ///
    /// A child process does it. LMDB maps its file and trusts what it reads there, so a page
    /// that was overwritten with garbage can kill the process that meets it.
    fn release_in_child(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        if !self.state.path().join(FILE_NAME).exists() {
            return Ok(Vec::new());
        }
        let attempt = || self.ask(|store| store.release(owner));
        let reason = match in_child(|| attempt().is_ok()) {
            Ok(Ended::Success) => return Ok(Vec::new()),
            Ok(Ended::Killed(signal)) => format!("reading it ended a process by {signal}"),
            // It failed, or there was no child: a second attempt shows why.
            Ok(Ended::Failure) | Err(_) => match attempt() {
                Err(Error::Corrupt { reason, .. }) => reason,
                outcome => return outcome,
            },
        };
        let Some(store) = Store::open_existing(self.state.path())? else {
            return Ok(Vec::new());
        };
        let (fresh, set_aside) = store.set_aside(&reason)?;
        if let Some(set_aside) = set_aside {
            self.trace.error(&set_aside);
        }
        self.restore(&fresh)?;
        fresh.release(owner)
    }

    /// Takes the leases of all records into a store that was made again.
    fn restore(&self, store: &Store) -> Result<(), Error> {
        let leases = recorded_leases(&Records::new(&self.state));
        let refused = store.restore(&leases)?;
        self.trace.warning(format_args!(
            "{} leases were taken from the journal into the new lease store",
            leases.len() - refused.len()
        ));
        for lease in refused {
            self.trace.error(format_args!(
                "address {} is held by two pods: {}/{}/{} is one of them",
                lease.address,
                lease.owner.network,
                lease.owner.container_id,
                lease.owner.interface_name
            ));
        }
        Ok(())
    }
}

impl Leases for NodeLeases<'_> {
    fn claim(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        self.open()?.claim(space, owner, pod, claims, keep)
    }

    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        self.open()?.peek(space, owner, pod, claims, keep)
    }

    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        match self.store.get() {
            // An ADD that is walked back: it has just claimed them.
            Some(store) => store.release(owner),
            None => self.release_in_child(owner),
        }
    }

    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        self.ask(|store| store.held_by(owner))
    }

    fn leases(&self) -> Result<Vec<Lease>, Error> {
        self.ask(Leases::leases)
    }

    fn owners(&self) -> Result<Vec<Owner>, Error> {
        self.ask(Leases::owners)
    }

    fn count(&self) -> Result<u64, Error> {
        self.ask(Leases::count)
    }

    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error> {
        match self.existing()? {
            Some(store) => store.usage(space, ranges),
            None => Ok(Usage::none_of(ranges)),
        }
    }
}

/// How a child ended.
enum Ended {
    Success,
    Failure,
    Killed(nix::sys::signal::Signal),
}

fn in_child(action: impl FnOnce() -> bool) -> Result<Ended, Errno> {
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

/// The leases of all attachments that have a record.
fn recorded_leases(records: &Records) -> Vec<Lease> {
    records
        .list(None)
        .iter()
        .filter_map(|attachment| records.read(attachment).ok().flatten())
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
