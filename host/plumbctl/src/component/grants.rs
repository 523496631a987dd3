//! What a manifest grants, changed.

use std::collections::BTreeSet;

use plumb::components::World;
use plumb::components::store::Manifest;
use plumb_values::DeviceKind;
use plumb_values::similar::question;

use super::store::{Installed, Store};
use super::{declared, names};
use crate::Failure;

/// Arguments of `plumbctl component grant` and of `revoke`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component
    name: String,
    /// The operations
    #[arg(required = true)]
    operations: Vec<String>,
    #[command(flatten)]
    devices: Devices,
}

/// Devices, by the options that name them.
#[derive(Debug, clap::Args)]
struct Devices {
    /// Interfaces of the host that they make interfaces on: names in which * is any number of characters, or
    /// driver:NAME; when left out, any that the network configuration names
    #[arg(long, value_name = "PATTERN")]
    parent: Vec<String>,
    /// PCI functions that they are about: addresses, interfaces of physical functions, or driver:NAME, as above; when
    /// left out, any that the network configuration names
    #[arg(long, value_name = "PATTERN")]
    function: Vec<String>,
}

impl Devices {
    /// Refuses patterns that are about none of the operations.
    fn check(&self, operations: &[String]) -> Result<(), Failure> {
        for (device, patterns) in [
            (DeviceKind::Parent, &self.parent),
            (DeviceKind::Function, &self.function),
        ] {
            let is_about = |operation: &String| DeviceKind::of(operation) == Some(device);
            if !patterns.is_empty() && !operations.iter().any(is_about) {
                return Err(format!(
                    "{} {} limits none of these operations: {}",
                    device.option(),
                    patterns[0],
                    operations.join(", ")
                )
                .into());
            }
        }
        Ok(())
    }

    /// Those that an operation is about.
    fn of(&self, operation: &str) -> BTreeSet<String> {
        let patterns = match DeviceKind::of(operation) {
            Some(DeviceKind::Parent) => &self.parent[..],
            Some(DeviceKind::Function) => &self.function,
            None => &[],
        };
        patterns.iter().cloned().collect()
    }
}

/// Changes each operation that is named, and says what the component may do then.
///
/// # Errors
///
/// What is wrong with the names, and those of the change; then nothing is changed.
pub fn change(
    store: &Store,
    arguments: &Arguments,
    change: impl Fn(&mut Installed, &str, BTreeSet<String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let name = names::well_formed(&arguments.name)?;
    arguments.devices.check(&arguments.operations)?;
    let installed = store.change(name, |installed| {
        check(installed, &arguments.operations)?;
        for operation in &arguments.operations {
            change(installed, operation, arguments.devices.of(operation))?;
        }
        Ok(())
    })?;
    println!(
        "{name} may record {}",
        declared::in_words(&declared::granted(&installed.manifest))
    );
    Ok(())
}

/// Refuses words that are no operations, and a component that records none.
fn check(installed: &Installed, operations: &[String]) -> Result<(), Failure> {
    if installed.manifest.world != World::Flavour.as_str() {
        return Err(format!(
            "{} is an address policy: it records no operations and needs no grants",
            installed.name
        )
        .into());
    }
    let known = plumb_compiler::operations();
    for operation in operations {
        // A typing error must not look like a grant.
        if !known.contains(operation) {
            return Err(format!(
                "{operation:?} is no operation: {}there are {}",
                question(operation, known.iter().map(String::as_str)),
                known.join(", ")
            )
            .into());
        }
    }
    Ok(())
}

/// Grants an operation: on these devices beside those that it had, or on any when there are none. Whether it was
/// granted on any until now.
pub fn allow(manifest: &mut Manifest, operation: &str, devices: BTreeSet<String>) -> bool {
    let is_new = manifest.grants.insert(operation.to_owned());
    if devices.is_empty() {
        manifest.devices.remove(operation);
        return false;
    }
    let had_any = !is_new && !manifest.devices.contains_key(operation);
    let granted = manifest.devices.entry(operation.to_owned()).or_default();
    granted.extend(devices);
    had_any
}

/// Takes an operation back: on these devices, or on all when there are none. An operation that has no device left is
/// taken back with the last: without any it would be granted on all.
///
/// # Errors
///
/// Where it was not granted so.
pub fn take_back(
    manifest: &mut Manifest,
    operation: &str,
    devices: &BTreeSet<String>,
) -> Result<(), Failure> {
    if !manifest.grants.contains(operation) {
        let granted: Vec<_> = manifest.grants.iter().map(String::as_str).collect();
        return Err(format!(
            "{operation} is not granted: {}",
            match granted.is_empty() {
                true => "nothing is".to_owned(),
                false => format!("granted are {}", granted.join(", ")),
            }
        )
        .into());
    }
    if devices.is_empty() {
        manifest.grants.remove(operation);
        manifest.devices.remove(operation);
        return Ok(());
    }
    let Some(granted) = manifest.devices.get_mut(operation) else {
        return Err(format!(
            "{operation} is granted on any device that a configuration names, and not on some: revoke it, then grant \
             it on those that it may have"
        )
        .into());
    };
    for device in devices {
        if !granted.remove(device) {
            let others: Vec<_> = granted.iter().map(String::as_str).collect();
            return Err(format!(
                "{operation} is not granted on {device}: {}it is on {}",
                question(device, others.iter().copied()),
                others.join(" and ")
            )
            .into());
        }
    }
    if granted.is_empty() {
        manifest.grants.remove(operation);
        manifest.devices.remove(operation);
    }
    Ok(())
}
