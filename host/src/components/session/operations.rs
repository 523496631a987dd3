//! What a flavour may record: each call is checked and added to the plan.
//!
//! A recorded call becomes an operation of `crate::operations`; what this version cannot
//! perform is refused, so that a component learns of it while nothing has happened yet. Here is what all of
//! them go through; the operations themselves are in the files beside this one.

use plumb_engine::limits;
use plumb_values::arguments::{
    check_first_link, check_further_link, check_granted, check_granted_on, check_recording,
};
use plumb_values::{DeviceKind, Pattern};

use super::authority::Authority;
use super::{LinkHandle, PciHandle, PodLinkHandle, Recorded};
use crate::components::refusal::Refusal;
use crate::facts::{LinkFacts, Place};
use crate::operations::{LinkNumber, Operation};
use crate::policy::{driver, function_names, names};

pub(super) type Answer<T> = Result<T, Refusal>;

impl Authority {
    /// Records one operation under its name in the contract.
    pub(super) fn add(&mut self, name: &str, operation: Operation) -> Answer<()> {
        self.may_record(name)?;
        self.record(Recorded::Operation(operation));
        Ok(())
    }

    /// Records what gives the pod an interface: the requested one, or with a name `own` one beside it.
    pub(super) fn create(
        &mut self,
        operation: &str,
        own: Option<&str>,
        step: impl FnOnce(&mut Self, LinkNumber, String) -> Answer<Operation>,
    ) -> Answer<PodLinkHandle> {
        self.may_record(operation)?;
        if self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "{operation} would give the pod an interface, and a network with \"chained\": true works on that of an \
                 earlier plugin: leave \"chained\" out"
            )));
        }
        let (number, name) = self.next_link(operation, own)?;
        let step = step(self, number, name.clone())?;
        self.pod_links.insert(number, name);
        self.record(Recorded::Operation(step));
        Ok(PodLinkHandle { number })
    }

    /// Number and name of the next interface. That of the requested one is 0, whenever it comes.
    fn next_link(&self, operation: &str, own: Option<&str>) -> Answer<(LinkNumber, String)> {
        let requested = LinkNumber::default();
        let Some(own) = own else {
            check_first_link(operation, self.pod_links.contains_key(&requested))?;
            return Ok((requested, self.asked.interface_name.clone()));
        };
        let others = self
            .pod_links
            .iter()
            .filter(|(number, _)| **number != requested);
        let others = others.map(|(_, name)| name.as_str());
        let names: Vec<&str> = others.chain([self.asked.interface_name.as_str()]).collect();
        check_further_link(operation, own, &names)?;
        let number = u8::try_from(names.len()).unwrap_or(u8::MAX);
        Ok((LinkNumber(number), own.to_owned()))
    }

    /// Whether an operation of this name may be recorded now.
    pub(super) fn may_record(&self, name: &str) -> Answer<()> {
        let denied = Refusal::denied;
        let who = format!("component {}", self.component);
        check_recording(&who, name, self.recording).map_err(denied)?;
        check_granted(&self.component, name, self.grants.allow(name)).map_err(denied)?;
        if self.recorded.len() + self.recorded_elsewhere >= limits::OPERATIONS {
            return Err(denied(format!(
                "component {} recorded more than {} operations",
                self.component,
                limits::OPERATIONS
            )));
        }
        Ok(())
    }

    /// Whether an operation may be about this link. One in the pod is the pod's.
    pub(super) fn may_use_parent(&self, operation: &str, link: &LinkHandle) -> Answer<()> {
        match link.place {
            Place::Host => self.may_use_link(operation, &link.facts),
            Place::Pod => Ok(()),
        }
    }

    /// Whether an operation may be about this link of the host.
    pub(super) fn may_use_link(&self, operation: &str, link: &LinkFacts) -> Answer<()> {
        let Some(patterns) = self.grants.devices(operation) else {
            return Ok(());
        };
        let driver = driver(link, self.facts.as_ref())?;
        let mut allowed = patterns.iter();
        let is_meant = allowed.any(|pattern| pattern.matches(names(link), driver.as_deref()));
        self.check_granted_on(operation, patterns, (&link.name, is_meant))
    }

    /// Whether an operation may be about this PCI function.
    pub(super) fn may_use_function(&self, operation: &str, function: &PciHandle) -> Answer<()> {
        let Some(patterns) = self.grants.devices(operation) else {
            return Ok(());
        };
        let facts = &function.facts;
        let mut allowed = patterns.iter();
        let driver = facts.driver.as_deref();
        let is_meant = allowed.any(|pattern| pattern.matches(function_names(facts), driver));
        self.check_granted_on(operation, patterns, (&facts.address, is_meant))
    }

    fn check_granted_on(
        &self,
        operation: &str,
        patterns: &[Pattern],
        device: (&str, bool),
    ) -> Answer<()> {
        let option = DeviceKind::of(operation).map_or("", DeviceKind::option);
        check_granted_on(&self.component, operation, (option, patterns), device)
            .map_err(Refusal::denied)
    }

    /// Adds to the plan what [`Self::may_record`] allowed.
    pub(super) fn record(&mut self, recorded: Recorded) {
        self.recorded.push(recorded);
    }
}
