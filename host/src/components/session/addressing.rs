//! What a flavour may record of addresses: which interface gets those of `ipam` or of an earlier plugin, and single ones.

use ipnetwork::IpNetwork;
use plumb_values::arguments::{check_assigned, check_untaken};

use super::authority::Authority;
use super::operations::Answer;
use super::{PodLinkHandle, Recorded};
use crate::components::refusal::Refusal;
use crate::operations::{AddAddress, Operation};
use crate::outcome::AddressSource;

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// A refusal without a grant, and for an argument that is out of range.
impl Authority {
    /// The addresses of a source, of which there are some.
    pub(super) fn source(&self, source: AddressSource) -> Answer<AddressSource> {
        let (exists, remedy) = match source {
            AddressSource::Configured => (
                self.asked.has_ipam,
                "the configuration has no \"ipam\": add one",
            ),
            AddressSource::Previous => (
                self.asked.has_previous_addresses,
                "the previous plugin's result has none",
            ),
        };
        match exists {
            true => Ok(source),
            false => Err(Refusal::invalid(format!(
                "the flavour needs {source}, but {remedy}"
            ))),
        }
    }

    pub(super) fn assign_addresses(
        &mut self,
        link: PodLinkHandle,
        source: AddressSource,
    ) -> Answer<()> {
        self.may_record("assign-addresses")?;
        self.check_untaken(source)?;
        self.record(Recorded::Assign(link.number, source));
        Ok(())
    }

    pub(super) fn reserve_addresses(&mut self, source: AddressSource) -> Answer<()> {
        self.may_record("reserve-addresses")?;
        self.check_untaken(source)?;
        self.record(Recorded::Reserve(source));
        Ok(())
    }

    pub(super) fn add_address(&mut self, link: PodLinkHandle, address: IpNetwork) -> Answer<()> {
        let link = link.number;
        self.add(
            "add-address",
            Operation::AddAddress(AddAddress { link, address }),
        )
    }

    /// Addresses are taken once: for one interface, or for the result alone.
    fn check_untaken(&self, source: AddressSource) -> Answer<()> {
        if self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "{source} cannot be given to an interface of an earlier plugin, which has its own: add-address adds one"
            )));
        }
        let is_reserved = self.recorded.contains(&Recorded::Reserve(source));
        let is_taken = is_reserved || self.is_assigned(source);
        Ok(check_untaken(&source.to_string(), is_taken)?)
    }

    /// What refers to addresses comes after the step that assigns them.
    pub(super) fn check_assigned(&self, name: &str, source: AddressSource) -> Answer<()> {
        Ok(check_assigned(
            name,
            self.are_there(source),
            "assign-addresses",
        )?)
    }

    fn is_assigned(&self, source: AddressSource) -> bool {
        let mut steps = self.recorded.iter();
        steps.any(|step| matches!(step, Recorded::Assign(_, assigned) if *assigned == source))
    }

    /// Whether addresses are there that a step may refer to: those of an earlier plugin's interface are.
    fn are_there(&self, source: AddressSource) -> bool {
        let is_chained = self.asked.is_chained && source == AddressSource::Previous;
        is_chained || self.is_assigned(source)
    }
}
