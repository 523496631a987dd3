//! What is measured: an attachment, made by plumb and by scripts.

mod ib_sriov;
mod sriov_rdma;

use std::path::PathBuf;

use cni_harness::Pod;
use plumb_testbed::{Bed, Setup};
use serde_json::Value;

pub use ib_sriov::IB_SRIOV;
pub use sriov_rdma::SRIOV_RDMA;

/// An attachment.
pub struct Case {
    /// Name in the report, and of the scripts.
    pub name: &'static str,
    /// The adapter.
    pub setup: Setup,
    /// Brings the adapter into the state that an operator leaves it in.
    pub prepare: fn(&Bed),
    /// plumb's calls: the plugins of the network in their order.
    pub plugins: fn(&Bed) -> Vec<Value>,
    /// Variables of the scripts that only this one has.
    pub variables: &'static [(&'static str, &'static str)],
    /// The script for ADD and the one for DEL.
    pub scripts: [&'static str; 2],
    /// Panics unless the pod has got what it should.
    pub assert_attached: fn(&Bed, &Pod),
    /// How much longer than the script plumb may take for ADD, and for DEL.
    pub at_most: [f64; 2],
}

impl Case {
    /// All cases.
    pub const ALL: [&'static Self; 2] = [&IB_SRIOV, &SRIOV_RDMA];

    /// Writes the scripts into files.
    pub fn install_scripts(&self) -> [PathBuf; 2] {
        ["add", "del"].map(|verb| {
            let text = self.scripts[usize::from(verb == "del")];
            crate::programs::script(&format!("{}-{verb}", self.name), text)
        })
    }
}
