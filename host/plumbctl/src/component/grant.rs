//! `plumbctl component grant`: what the operator allows.

use super::grants::{self, Arguments};
use super::store::Store;
use crate::Failure;

/// Grants operations: on the devices that are named, beside those that were; without any, on all that a network
/// configuration names.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    grants::change(store, arguments, |installed, operation, devices| {
        if grants::allow(&mut installed.manifest, operation, devices) {
            println!(
                "{} had {operation} on any device that a configuration names",
                installed.name
            );
        }
        Ok(())
    })
}
