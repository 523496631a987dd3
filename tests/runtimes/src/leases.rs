//! Who holds which address, as `plumbctl leases` shows it.

use plumb_tests::state::{STATE_FOLDER, leases};

/// The addresses that an interface holds, without prefix, sorted. `container` is the
/// container's ID as the runtime passes it to plugins.
#[track_caller]
pub fn of(container: &str, interface: &str) -> Vec<String> {
    let mut addresses: Vec<String> = leases(STATE_FOLDER)
        .iter()
        .filter(|lease| lease["containerID"] == container && lease["ifname"] == interface)
        .filter_map(|lease| lease["address"].as_str().map(str::to_owned))
        .collect();
    addresses.sort();
    addresses
}
