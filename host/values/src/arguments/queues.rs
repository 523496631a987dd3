//! Rings and channels of an interface. How many there may be, the driver says.

use alloc::format;
use alloc::string::String;

/// Checks how many packets rings are to hold; none leaves one as it is.
pub fn check_ring_sizes(receive: Option<u32>, transmit: Option<u32>) -> Result<(), String> {
    check_stated("set-rings", &[("receive", receive), ("transmit", transmit)])?;
    match [receive, transmit].contains(&Some(0)) {
        false => Ok(()),
        true => Err("a ring of 0 packets holds none: state at least 1".into()),
    }
}

/// Checks how many channels there are to be; none leaves a kind as it is.
pub fn check_channel_counts(
    receive: Option<u32>,
    transmit: Option<u32>,
    combined: Option<u32>,
) -> Result<(), String> {
    let counts = [
        ("receive", receive),
        ("transmit", transmit),
        ("combined", combined),
    ];
    check_stated("set-channels", &counts)
}

fn check_stated(operation: &str, all: &[(&str, Option<u32>)]) -> Result<(), String> {
    if all.iter().any(|(_, value)| value.is_some()) {
        return Ok(());
    }
    let mut names = String::new();
    for (name, _) in all {
        names += &format!("{}{name}", if names.is_empty() { "" } else { ", " });
    }
    Err(format!("{operation} needs one of {names}"))
}
