//! `plumbctl component revoke`: grants, taken back. Pods that are attached stay so.

use super::grants::{self, Arguments};
use super::store::Store;
use crate::Failure;

/// Takes operations back: on the devices that are named, without any altogether.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    grants::change(store, arguments, |installed, operation, devices| {
        grants::take_back(&mut installed.manifest, operation, &devices)
            .map_err(|error| format!("{}: {error}", installed.name).into())
    })
}
