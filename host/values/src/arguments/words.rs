//! Choices that are passed as words.

use alloc::format;
use alloc::string::String;

/// `MACVLAN_MODE_*` (linux/if_link.h).
pub const MACVLAN_MODES: [&str; 4] = ["private", "vepa", "bridge", "passthru"];

/// `IPVLAN_MODE_*` (linux/if_link.h).
pub const IPVLAN_MODES: [&str; 3] = ["l2", "l3", "l3s"];

/// `IPOIB_MODE_*` (linux/if_link.h).
pub const IPOIB_MODES: [&str; 2] = ["datagram", "connected"];

/// `IFLA_VF_LINK_STATE_*` (linux/if_link.h).
pub const LINK_STATES: [&str; 3] = ["auto", "enable", "disable"];

/// `VLAN_FLAG_*` (linux/if_vlan.h), in the words of ip-link(8).
pub const VLAN_FLAGS: [&str; 5] = [
    "reorder_hdr",
    "gvrp",
    "mvrp",
    "loose_binding",
    "bridge_binding",
];

/// Checks that a word is known; `what` it is for, such as `macvlan mode`.
pub fn check_word(what: &str, word: &str, known: &[&str]) -> Result<(), String> {
    match known.contains(&word) {
        true => Ok(()),
        false => Err(format!(
            "unknown {what} {word:?}: this host knows {}",
            known.join(", ")
        )),
    }
}
