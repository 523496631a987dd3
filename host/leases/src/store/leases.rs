//! The trait, each call one transaction.

use std::net::IpAddr;

use super::super::address::{NAME_LIMIT, check_name, check_range};
use super::super::claim::{self, Request, check_owner};
use super::super::tables::Fault;
use super::super::{
    Candidate, ClaimError, Claimed, Error, Lease, Leases, Owner, Pod, Usage, read, release,
};
use super::{Store, engine};

impl Leases for Store {
    fn claim(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        self.try_claim(
            &Request {
                space,
                owner,
                pod,
                claims,
                keep,
            },
            "claim an address in",
            true,
        )
    }

    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        self.try_claim(
            &Request {
                space,
                owner,
                pod,
                claims,
                keep,
            },
            "look for an address in",
            false,
        )
    }

    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        // What cannot be in the store need not be taken out of it.
        if check_owner(owner).is_err() || self.held_by(owner)?.is_empty() {
            return Ok(Vec::new());
        }
        self.write("release addresses in", |tables, txn| {
            release::release(tables, txn, owner)
        })
    }

    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error> {
        if check_owner(owner).is_err() {
            return Ok(Vec::new());
        }
        self.read("look up an owner in", |tables, txn| {
            read::held_by(tables, txn, owner)
        })
    }

    fn leases(&self) -> Result<Vec<Lease>, Error> {
        self.read("read", read::leases)
    }

    fn owners(&self) -> Result<Vec<Owner>, Error> {
        self.read("read", read::owners)
    }

    fn count(&self) -> Result<u64, Error> {
        self.read("read", |tables, txn| Ok(tables.leases.len(txn)?))
    }

    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error> {
        check_name("space", space, NAME_LIMIT)?;
        ranges.iter().try_for_each(|range| check_range(*range))?;
        self.read("read", |tables, txn| {
            read::usage(tables, txn, space, ranges)
        })
    }
}

impl Store {
    /// A peek is a claim that is not committed, so the two cannot differ.
    fn try_claim(
        &self,
        request: &Request<'_>,
        doing: &'static str,
        commit: bool,
    ) -> Result<Vec<Claimed>, ClaimError> {
        request.check()?;
        let work = || {
            let mut txn = self.environment.write_txn()?;
            let outcome = claim::claim(&self.tables, &mut txn, request)?;
            if outcome.is_ok() && commit {
                txn.commit()?;
            }
            Ok::<_, Fault>(outcome)
        };
        work().map_err(|fault| engine::error(&self.path, doing, fault))?
    }
}
