//! What the operator allows the component of a test: operations, and the devices that each is about.

use std::collections::BTreeMap;

use plumb_values::arguments::check_granted_on;
use plumb_values::{DeviceKind, Pattern};

use super::session::Session;
use super::{LinkFacts, PciFacts};
use crate::facts::Place;

/// Operations by their names in the contract, each on the devices that one of its patterns means; without patterns, on
/// those that the configuration names.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants(BTreeMap<&'static str, Vec<Pattern>>);

impl Grants {
    pub fn add(&mut self, operation: &'static str, devices: &[&str]) {
        let devices = devices
            .iter()
            .map(|device| Pattern::from((*device).to_owned()));
        self.0.entry(operation).or_default().extend(devices);
    }

    pub fn allow(&self, operation: &str) -> bool {
        self.0.contains_key(operation)
    }

    fn patterns(&self, kind: DeviceKind) -> impl Iterator<Item = &Pattern> {
        let operations = self.0.iter();
        operations
            .filter(move |(operation, _)| DeviceKind::of(operation) == Some(kind))
            .flat_map(|(_, patterns)| patterns)
    }
}

impl Session {
    /// Whether a grant means a link of the host, which may be asked for then as if the configuration named it.
    pub fn means_link(&self, link: &LinkFacts) -> bool {
        let driver = self.driver(link);
        let grants = self.node().grants.iter();
        let mut patterns = grants.flat_map(|grants| grants.patterns(DeviceKind::Parent));
        patterns.any(|pattern| pattern.matches(names(link), driver))
    }

    /// Whether a grant means a PCI function.
    pub fn means_function(&self, function: &PciFacts) -> bool {
        let grants = self.node().grants.iter();
        let mut patterns = grants.flat_map(|grants| grants.patterns(DeviceKind::Function));
        patterns.any(|pattern| is_function(pattern, function))
    }

    /// Whether a link of the host is named letter for letter by the configuration or by a grant. Without grants the
    /// component is as one of plumb's own, which is shown all that there is.
    pub fn is_named(&self, link: &LinkFacts) -> bool {
        let Some(grants) = &self.node().grants else {
            return true;
        };
        let mut patterns = grants.patterns(DeviceKind::Parent);
        names(link).any(|name| self.names(name))
            || patterns.any(|pattern| pattern.names(names(link)))
    }

    /// Whether an operation was granted on some devices alone.
    pub fn has_patterns_for(&self, operation: &str) -> bool {
        let grants = self.node().grants.as_ref();
        let patterns = grants.and_then(|grants| grants.0.get(operation));
        patterns.is_some_and(|patterns| !patterns.is_empty())
    }

    /// Checks that an operation may be about this link. One in the pod is the pod's.
    pub fn may_use_parent(
        &self,
        operation: &str,
        place: Place,
        link: &LinkFacts,
    ) -> Result<(), String> {
        let driver = self.driver(link);
        let means = |pattern: &Pattern| pattern.matches(names(link), driver);
        match place {
            Place::Host => self.check_granted_on(operation, &link.name, means),
            Place::Pod => Ok(()),
        }
    }

    /// Checks that an operation may be about this PCI function.
    pub fn may_use_function(&self, operation: &str, function: &PciFacts) -> Result<(), String> {
        let means = |pattern: &Pattern| is_function(pattern, function);
        self.check_granted_on(operation, &function.id(), means)
    }

    fn check_granted_on(
        &self,
        operation: &str,
        device: &str,
        means: impl Fn(&Pattern) -> bool,
    ) -> Result<(), String> {
        let grants = self.node().grants.as_ref();
        let patterns = grants.and_then(|grants| grants.0.get(operation));
        let Some(patterns) = patterns.filter(|patterns| !patterns.is_empty()) else {
            return Ok(());
        };
        let option = DeviceKind::of(operation).map_or("", DeviceKind::option);
        let is_meant = patterns.iter().any(means);
        check_granted_on(
            self.component(),
            operation,
            (option, patterns),
            (device, is_meant),
        )
    }

    /// The driver of a link's device; of one without a device its kind.
    fn driver<'a>(&'a self, link: &'a LinkFacts) -> Option<&'a str> {
        let Some(address) = link.pci_address else {
            return link.kind.as_deref();
        };
        let mut functions = self.node().functions.iter();
        functions
            .find(|function| function.auxiliary_name.is_none() && function.address == address)?
            .driver
            .as_deref()
    }
}

fn is_function(pattern: &Pattern, function: &PciFacts) -> bool {
    let id = function.id();
    let parent = function.parent_link.iter().flat_map(names);
    pattern.matches(
        std::iter::once(id.as_str()).chain(parent),
        function.driver.as_deref(),
    )
}

fn names(link: &LinkFacts) -> impl Iterator<Item = &str> + Clone {
    std::iter::once(link.name.as_str()).chain(link.alternative_names.iter().map(String::as_str))
}
