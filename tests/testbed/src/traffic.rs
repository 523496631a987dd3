//! Packets between pods, by ping(8).

use std::time::{Duration, Instant};

use cni_harness::Pod;

use crate::program::{inside, output};

/// Multicast joins and path records come before the first packet.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until the pod gets an answer from this address.
///
/// # Panics
///
/// When none comes.
#[track_caller]
pub fn assert_reaches(pod: &Pod, address: &str) {
    let started = Instant::now();
    while !answers(pod, address) {
        assert!(
            started.elapsed() < PATIENCE,
            "{} gets no answer from {address}",
            pod.name()
        );
    }
}

/// Nothing comes back from this address, which must be one that answers others: that a packet
/// could have come through is for the caller to show.
#[track_caller]
pub fn assert_does_not_reach(pod: &Pod, address: &str) {
    for _ in 0..3 {
        assert!(
            !answers(pod, address),
            "{} gets an answer from {address}",
            pod.name()
        );
    }
}

fn answers(pod: &Pod, address: &str) -> bool {
    let ping = inside(pod.name(), &format!("ping -c 1 -W 1 {address}"));
    output(&ping).status.success()
}
