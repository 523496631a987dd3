//! The leases of this node as a call sees them: opened when they are first needed, and made
//! good for when the store was damaged, because the journal knows which addresses the node's
//! pods hold.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::io;
use std::net::IpAddr;

use crate::journal::{State, Unreadable};
use crate::leases::imported::{self, Imported};
use crate::leases::{
    Candidate, ClaimError, Claimed, Discarded, Error, FILE_NAME, HeldRange, Lease, Leases, Owner,
    Pod, Renewed, Request, Store, Usage,
};
use crate::operations::{Operation, Record, Records};
use crate::policy::space_of_record;
use crate::state::{self, StateFolder};
use crate::trace::Trace;

/// The node's store. It is made by the first claim, or by asking what one would get; to read
/// and to release make one only where the journal knows of leases.
pub struct NodeLeases<'a> {
    state: StateFolder,
    trace: &'a Trace,
    /// Open until the call ends: the journal knows by then what was claimed, and until then
    /// nobody makes the store again from it.
    store: RefCell<Option<Store>>,
    /// Waiting for the store was in vain once: an ADD that gives up does not wait again for each lease of its undo.
    busy: Cell<Option<(&'static str, u64)>>,
    /// The store was removed, because nothing could be taken out of it on a full file system. Nobody makes another one
    /// until this call has ended, and with it the record of what it released.
    discarded: RefCell<Option<Discarded>>,
}

impl<'a> NodeLeases<'a> {
    /// The leases below a state folder, which need not exist yet.
    pub fn new(state: &StateFolder, trace: &'a Trace) -> Self {
        Self {
            state: state.clone(),
            trace,
            store: RefCell::new(None),
            busy: Cell::new(None),
            discarded: RefCell::new(None),
        }
    }

    /// Asks the store, which is made when there is none.
    fn ask<T>(&self, ask: impl Fn(&Store) -> Result<T, Error>) -> Result<T, Error> {
        let path = self.state.path().join(FILE_NAME);
        if self.discarded.borrow().is_some() {
            let doing = "make";
            return Err(Error::FolderFull { doing, path });
        }
        if let Some((doing, seconds)) = self.busy.get() {
            return Err(Error::Busy {
                doing,
                path,
                seconds,
            });
        }
        let answer = self.ask_patiently(ask);
        if let Err(Error::Busy { doing, seconds, .. }) = &answer {
            self.busy.set(Some((doing, *seconds)));
        }
        answer
    }

    fn ask_patiently<T>(&self, ask: impl Fn(&Store) -> Result<T, Error>) -> Result<T, Error> {
        let mut slot = self.store.borrow_mut();
        let store = match slot.take() {
            Some(store) => store,
            None => self.open()?,
        };
        let (store, answer) = match ask(&store) {
            Err(Error::Corrupt { reason, .. }) => {
                let store = self.replace(store, &reason)?;
                let answer = ask(&store);
                (store, answer)
            }
            answer => (store, answer),
        };
        *slot = Some(store);
        answer
    }

    fn open(&self) -> Result<Store, Error> {
        let opened = Store::open(self.state.path(), || self.recorded_leases())?;
        Ok(self.report(opened))
    }

    fn replace(&self, store: Store, reason: &str) -> Result<Store, Error> {
        let replaced = store.replace(reason, || self.recorded_leases())?;
        Ok(self.report(replaced))
    }

    /// Whether there is a store, or has to be because the journal knows of leases.
    pub fn exist(&self) -> Result<bool, Error> {
        let path = self.state.path().join(FILE_NAME);
        let failed = |source| Error::Io {
            doing: "look for",
            path: path.clone(),
            source,
        };
        let is_there = self.store.borrow().is_some()
            || state::exists(&path).map_err(|error| failed(io::Error::other(error)))?;
        Ok(is_there || !self.recorded_leases().map_err(failed)?.is_empty())
    }

    /// Asks the store, and makes none where nothing is known of leases.
    fn ask_existing<T>(
        &self,
        none: T,
        ask: impl Fn(&Store) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.discarded.borrow().is_none() && self.exist()? {
            self.ask(ask)
        } else {
            Ok(none)
        }
    }

    /// What this node may give out of pools that nodes share, by space and address.
    pub fn all_held(&self) -> Result<Vec<HeldRange>, Error> {
        self.ask_existing(Vec::new(), Store::all_held)
    }

    /// Removes a store that cannot be written, or made, because the file system is full. The addresses that this call
    /// releases are free when its record is gone, and those of the other records are known from these.
    fn discard(&self) -> Result<(), Error> {
        let seen = self.store.take().map(|store| store.id());
        let Some(discarded) = Store::discard(self.state.path(), seen)? else {
            return Ok(());
        };
        self.trace.warning(format_args!(
            "removed the lease store in {}: the file system is full, and a later call makes it again from the journal",
            self.state.path().display()
        ));
        self.discarded.replace(Some(discarded));
        Ok(())
    }

    /// Says what came of making a store.
    fn report(&self, (store, renewed): (Store, Option<Renewed>)) -> Store {
        let Some(renewed) = renewed else {
            return store;
        };
        if let Some(set_aside) = &renewed.set_aside {
            self.trace.error(set_aside);
        }
        if renewed.former {
            self.trace.warning(format_args!(
                "made {} in place of the lease store of an earlier release, which is removed",
                store.path().display()
            ));
        }
        if renewed.restored > 0 || renewed.set_aside.is_some() {
            self.trace.warning(format_args!(
                "{} leases were taken from the journal into the new lease store",
                renewed.restored
            ));
        }
        for lease in renewed.refused {
            self.trace.error(format_args!(
                "address {} is held by two pods: {}/{}/{} is one of them",
                lease.address,
                lease.owner.network,
                lease.owner.container_id,
                lease.owner.interface_name
            ));
        }
        store
    }

    /// The leases of all attachments that have a record, and those that were taken up of pods which another product
    /// attached. A record that is damaged knows of none; where one cannot be read for another reason, it is not known which
    /// addresses are free.
    fn recorded_leases(&self) -> io::Result<Vec<Lease>> {
        let records = Records::new(&self.state);
        let (mut leases, mut of_ended) = (Vec::new(), Vec::new());
        for attachment in records.list(None).map_err(io::Error::other)? {
            match records.read(&attachment) {
                Ok(Some(record)) if record.is_left() => of_ended.extend(leases_of(&record)),
                Ok(Some(record)) => {
                    let since = (record.header.uptime, record.header.since);
                    leases.extend(leases_of(&record).into_iter().map(|lease| (since, lease)));
                }
                Ok(None) | Err(Unreadable::Damaged(_)) => {}
                Err(Unreadable::Io(error)) => return Err(error),
            }
        }
        // Of two that speak of one address, the one whose pod is attached has it: its next sandbox took it over. Or the
        // newer one: the pod of the other was gone, and its DEL has not come yet.
        leases.sort_by_key(|(since, _)| Reverse(*since));
        let mut leases: Vec<Lease> = leases.into_iter().map(|(_, lease)| lease).collect();
        leases.append(&mut of_ended);
        // An address that a record speaks of has come free since it was taken up, and been given out again.
        let is_free = |one: &Imported| {
            let address = one.lease.address;
            leases.iter().all(|lease| lease.address != address)
        };
        let mut imported = imported::all(self.state.path())?;
        imported.retain(is_free);
        leases.extend(imported.into_iter().map(|one| one.lease));
        Ok(leases)
    }
}

/// A refusal is an answer of the store.
fn inside<T>(claimed: Result<T, ClaimError>) -> Result<Result<T, ClaimError>, Error> {
    match claimed {
        Err(ClaimError::Store(error)) => Err(error),
        answer => Ok(answer),
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
        self.ask(|store| inside(store.claim(space, owner, pod, claims, keep)))?
    }

    fn fulfil(&self, request: &Request<'_>) -> Result<Vec<Claimed>, ClaimError> {
        self.ask(|store| inside(store.fulfil(request)))?
    }

    fn let_go(&self) {
        self.store.take();
    }

    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        self.ask(|store| inside(store.peek(space, owner, pod, claims, keep)))?
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        index: usize,
        hardware_address: &str,
    ) -> Result<Claimed, ClaimError> {
        self.ask(|store| inside(store.exchange(request, index, hardware_address)))?
    }

    fn offer_again(&self) -> Result<usize, Error> {
        self.ask_existing(0, Leases::offer_again)
    }

    fn remembered(&self, owner: &Owner, pod: &Pod) -> Result<Vec<Lease>, Error> {
        self.ask_existing(Vec::new(), |store| store.remembered(owner, pod))
    }

    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        while self.discarded.borrow().is_none() {
            match self.ask_existing(Vec::new(), |store| store.release(owner)) {
                Err(Error::FolderFull { .. }) => self.discard()?,
                released => return released,
            }
        }
        Ok(Vec::new())
    }

    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        self.ask_existing(Vec::new(), |store| store.held_by(owner))
    }

    fn leases(&self) -> Result<Vec<Lease>, Error> {
        self.ask_existing(Vec::new(), Leases::leases)
    }

    fn owners(&self) -> Result<Vec<Owner>, Error> {
        self.ask_existing(Vec::new(), Leases::owners)
    }

    fn count(&self) -> Result<u64, Error> {
        self.ask_existing(0, Leases::count)
    }

    fn check(&self) -> Result<u64, Error> {
        self.ask_existing(0, Leases::check)
    }

    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error> {
        self.ask_existing(Usage::none_of(ranges), |store| store.usage(space, ranges))
    }
}

fn leases_of(record: &Record) -> Vec<Lease> {
    let header = &record.header;
    let mut leases = Vec::new();
    for step in &record.steps {
        let Operation::ClaimAddresses(claim) = &step.operation else {
            continue;
        };
        if step.state == State::Undone {
            continue;
        }
        leases.extend(claim.addresses.iter().map(|address| Lease {
            space: space_of_record(&claim.space, &header.attachment.network),
            address: *address,
            pool: claim.pools.join(", "),
            owner: Owner::from(&header.attachment),
            pod: header.pod.as_ref().map(Pod::from),
            since: header.since / 1000,
        }));
    }
    leases
}
