//! The store: one database on this node, opened by as many processes as like.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::address::{check_name, check_range};
use crate::claim::{self, Request, check_owner, check_pod};
use crate::connection::Database;
use crate::database::{self, FileId, Found};
use crate::error::{ClaimError, Error, Fault};
use crate::file::{self, Discarded, FILE_NAME, Renewed, Seen, Use};
use crate::held::{self, HeldRange, Kept};
use crate::lease::{Candidate, Claimed, Lease, Owner, Pod, Usage};
use crate::leases::Leases;
use crate::{check, conflict, memory, read, release};

/// How often to begin again when other processes replace the file at the same moment.
const ATTEMPTS: usize = 100;

/// The leases of one node.
///
/// Open it for one CNI call, and keep it until what was claimed is in the journal: nobody replaces the store
/// meanwhile. None may be used across a `fork`.
#[derive(Debug)]
pub struct Store {
    // Closed before the lock ends.
    pub(crate) connection: Database,
    path: PathBuf,
    id: FileId,
    _use: Use,
}

impl Store {
    /// Opens the store in `folder`, which must exist.
    ///
    /// One that is missing, damaged or of an earlier layout is made with the leases that are `known`: then the second
    /// value says so.
    ///
    /// # Errors
    ///
    /// [`Error::Layout`] for a sound store of a later layout, which stays in place; [`Error::Busy`] when it is to
    /// be made and other processes use the damaged one; [`Error::FolderFull`] and others where the file cannot be
    /// made or opened.
    pub fn open(
        folder: &Path,
        known: impl Fn() -> io::Result<Vec<Lease>>,
    ) -> Result<(Self, Option<Renewed>), Error> {
        Self::open_or_renew(folder, None, known)
    }

    /// Opens the store in `folder` if there is one, and changes nothing in the folder where there is none, or one of an
    /// earlier layout.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] for a damaged store, which stays in place; otherwise as for [`Store::open`].
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, Error> {
        if !folder.exists() {
            return Ok(None);
        }
        let path = folder.join(FILE_NAME);
        let lock = file::share(folder)?;
        match database::open(&path)? {
            // What one of an earlier layout knows is in the journal.
            Found::Nothing | Found::Former(_) => Ok(None),
            Found::Damaged(_, reason) => Err(Error::Corrupt { path, reason }),
            Found::Database(id, connection) => Ok(Some(Self {
                connection,
                path,
                id,
                _use: lock,
            })),
        }
    }

    /// Sets this store aside and opens one with the leases that are `known`: for a store whose damage showed only in
    /// use ([`Error::Corrupt`] from another call). The report is `None` where another process was quicker.
    ///
    /// # Errors
    ///
    /// As for [`Store::open`].
    pub fn replace(
        self,
        reason: &str,
        known: impl Fn() -> io::Result<Vec<Lease>>,
    ) -> Result<(Self, Option<Renewed>), Error> {
        let (id, path) = (self.id, self.path.clone());
        // Two that wait for each other's use would wait for ever.
        drop(self);
        let folder = path.parent().unwrap_or(Path::new("."));
        let damage = Some(reason.to_owned());
        Self::open_or_renew(folder, Some(Seen { id, damage }), known)
    }

    /// Which file it has open: for [`Store::discard`].
    #[must_use]
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Removes the store in `folder`, the one that was `seen` or a damaged one: for a file system so full that nothing
    /// can be taken out of it, or that none can be made. All that is in it is known to those who would make it again.
    ///
    /// Nobody makes or uses one until the returned value is dropped. None when a sound one is there by now.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when other processes use it; [`Error::Io`] when it cannot be removed.
    pub fn discard(folder: &Path, seen: Option<FileId>) -> Result<Option<Discarded>, Error> {
        file::discard(folder, seen)
    }

    fn open_or_renew(
        folder: &Path,
        mut seen: Option<Seen>,
        known: impl Fn() -> io::Result<Vec<Lease>>,
    ) -> Result<(Self, Option<Renewed>), Error> {
        let path = folder.join(FILE_NAME);
        let mut report = None;
        let mut is_missing = false;
        for _ in 0..ATTEMPTS {
            if is_missing || seen.is_some() {
                report = file::renew(folder, seen.take(), &known)?.or(report);
            }
            let lock = file::share(folder)?;
            match database::open(&path)? {
                Found::Database(id, connection) => {
                    let store = Self {
                        connection,
                        path,
                        id,
                        _use: lock,
                    };
                    return Ok((store, report));
                }
                Found::Nothing => is_missing = true,
                Found::Former(id) => seen = Some(Seen { id, damage: None }),
                Found::Damaged(id, reason) => {
                    seen = Some(Seen {
                        id,
                        damage: Some(reason),
                    });
                }
            }
        }
        Err(Error::Corrupt {
            path,
            reason: format!("it was replaced {ATTEMPTS} times while it was opened"),
        })
    }

    /// Takes up leases that another record proves. Those that are known already stay; those whose address another
    /// owner holds are returned.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written; then none is taken up.
    pub fn restore(&self, leases: &[Lease]) -> Result<Vec<Lease>, Error> {
        leases.iter().try_for_each(release::check_lease)?;
        self.write("take up leases in", |db| release::restore(db, leases))
    }

    /// Adds ranges to what this node may give out of shared pools; some of it may be held already. An address that is
    /// `kept` is remembered for its pod, as if the pod had had it on this node: one that is leased stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error`] when a range is none, a name does not fit, or the store cannot be written; then none is added.
    pub fn hold(
        &self,
        space: &str,
        ranges: &[(IpAddr, IpAddr)],
        kept: &[Kept],
    ) -> Result<(), Error> {
        check_name("space", space)?;
        ranges.iter().try_for_each(|range| check_range(*range))?;
        kept.iter().try_for_each(Kept::check)?;
        self.write("hold addresses in", |db| {
            held::hold(db, space, ranges, kept)
        })
    }

    /// Takes a range out of what this node may give out, whatever of it is held, and forgets for whom its addresses are
    /// remembered. Where one of them is leased, or set aside ([`crate::SET_ASIDE`]), nothing changes and that lease is
    /// returned. No claim comes between the look and the change.
    ///
    /// # Errors
    ///
    /// [`Error`] when the range is none or the store cannot be written.
    pub fn give_back(&self, space: &str, range: (IpAddr, IpAddr)) -> Result<Option<Lease>, Error> {
        check_name("space", space)?;
        check_range(range)?;
        self.write("give addresses back in", |db| {
            held::give_back(db, space, range, now())
        })
    }

    /// Takes a range out of what this node may give out, also where addresses of it are leased: those stay with their pods
    /// and are not given out again.
    ///
    /// # Errors
    ///
    /// [`Error`] when the range is none or the store cannot be written.
    pub fn withdraw(&self, space: &str, range: (IpAddr, IpAddr)) -> Result<(), Error> {
        check_name("space", space)?;
        check_range(range)?;
        self.write("withdraw addresses from", |db| {
            held::withdraw(db, space, range)
        })
    }

    /// The addresses of a range that are remembered for a pod, by address. One that is leased as well is remembered for
    /// the pod that has it.
    ///
    /// # Errors
    ///
    /// [`Error`] when the range is none or the store cannot be read.
    pub fn remembered_within(
        &self,
        space: &str,
        range: (IpAddr, IpAddr),
    ) -> Result<Vec<IpAddr>, Error> {
        check_name("space", space)?;
        check_range(range)?;
        self.read("read", |db| held::remembered_within(db, space, range))
    }

    /// What this node may give out of shared pools, by space and address.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    pub fn all_held(&self) -> Result<Vec<HeldRange>, Error> {
        self.read("read", held::all)
    }

    /// What of a space this node may give out of shared pools, by address.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    pub fn held(&self, space: &str) -> Result<Vec<(IpAddr, IpAddr)>, Error> {
        self.read("read", |db| held::of_space(db, space))
    }

    /// Holds nothing any more; leases stay.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written.
    pub fn drop_held(&self) -> Result<(), Error> {
        self.write("give addresses back in", held::drop_all)
    }

    /// The leases on addresses of a range, those that are set aside among them, by address.
    ///
    /// # Errors
    ///
    /// [`Error`] when the range is none or the store cannot be read.
    pub fn leases_within(&self, space: &str, range: (IpAddr, IpAddr)) -> Result<Vec<Lease>, Error> {
        check_name("space", space)?;
        check_range(range)?;
        self.read("read", |db| held::leases_within(db, space, range))
    }

    /// Where the store's file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let write = || {
            let transaction = self.begin(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        write().map_err(|fault| database::error(&self.path, doing, fault))
    }

    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let read = || work(&*self.begin(TransactionBehavior::Deferred)?);
        read().map_err(|fault| database::error(&self.path, doing, fault))
    }

    /// Keeps in memory what would be written into the rollback journal. A process that is killed meanwhile leaves a
    /// damaged store, which the next one makes again: on a full file system that is the better part.
    fn without_journal<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let switch = |mode| {
            let switched = self.connection.execute_batch(mode);
            switched.map_err(|error| database::error(&self.path, "write", error.into()))
        };
        switch("PRAGMA journal_mode=MEMORY")?;
        let done = work();
        switch("PRAGMA journal_mode=TRUNCATE")?;
        done
    }

    pub(crate) fn begin(&self, behavior: TransactionBehavior) -> Result<Transaction<'_>, Fault> {
        Ok(Transaction::new_unchecked(&self.connection, behavior)?)
    }

    /// A peek is a claim that is not committed, so the two cannot differ.
    fn try_claim(
        &self,
        request: &Request<'_>,
        doing: &'static str,
        commit: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        request.check()?;
        let work = || {
            let transaction = self.begin(TransactionBehavior::Immediate)?;
            let outcome = claim::claim(&transaction, request, now())?;
            if outcome.is_ok() && commit {
                transaction.commit()?;
            }
            Ok(outcome)
        };
        work().map_err(|fault| database::error(&self.path, doing, fault))?
    }
}

/// Each call one transaction.
impl Leases for Store {
    fn claim(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        let request = Request {
            space,
            owner,
            pod,
            claims,
            keep,
            asked: false,
        };
        self.fulfil(&request)
    }

    fn fulfil(&self, request: &Request<'_>) -> Result<Vec<Claimed>, ClaimError> {
        self.try_claim(request, "claim an address in", true)
    }

    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        let request = Request {
            space,
            owner,
            pod,
            claims,
            keep,
            asked: false,
        };
        self.try_claim(&request, "look for an address in", false)
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        index: usize,
        hardware_address: &str,
    ) -> Result<Claimed, ClaimError> {
        request.check()?;
        conflict::check_hardware_address(hardware_address)?;
        let work = || {
            let transaction = self.begin(TransactionBehavior::Immediate)?;
            let outcome =
                conflict::exchange(&transaction, request, index, hardware_address, now())?;
            // Refused or not, what was set aside stays so.
            let is_to_ask = !request.asked && matches!(outcome, Err(ClaimError::NotHeld { .. }));
            if !is_to_ask {
                transaction.commit()?;
            }
            Ok(outcome)
        };
        let doing = "set an address aside in";
        work().map_err(|fault| database::error(&self.path, doing, fault))?
    }

    fn offer_again(&self) -> Result<usize, Error> {
        self.write("offer addresses again in", |db| {
            conflict::offer_again(db, now())
        })
    }

    fn remembered(&self, owner: &Owner, pod: &Pod) -> Result<Vec<Lease>, Error> {
        if check_owner(owner).is_err() || check_pod(pod).is_err() {
            return Ok(Vec::new());
        }
        self.read("look up a pod in", |db| {
            memory::held_by_others(db, owner, pod)
        })
    }

    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        // What cannot be in the store need not be taken out of it.
        if check_owner(owner).is_err() || self.held_by(owner)?.is_empty() {
            return Ok(Vec::new());
        }
        let release = || self.write("release addresses in", |db| release::release(db, owner));
        match release() {
            // A release takes out more than it puts in, so the database itself has the room; its journal has not.
            Err(Error::FolderFull { .. }) => self.without_journal(release),
            released => released,
        }
    }

    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        if check_owner(owner).is_err() {
            return Ok(Vec::new());
        }
        self.read("look up an owner in", |db| read::held_by(db, owner))
    }

    fn leases(&self) -> Result<Vec<Lease>, Error> {
        self.read("read", read::leases)
    }

    fn owners(&self) -> Result<Vec<Owner>, Error> {
        self.read("read", read::owners)
    }

    fn count(&self) -> Result<u64, Error> {
        self.read("read", read::count)
    }

    fn check(&self) -> Result<u64, Error> {
        self.read("check", check::check)
    }

    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error> {
        check_name("space", space)?;
        ranges.iter().try_for_each(|range| check_range(*range))?;
        self.read("read", |db| read::usage(db, space, ranges))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
