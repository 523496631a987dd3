//! What the administrator of a private node writes below `/etc/plumb`.

use std::fs;
use std::path::Path;

use nix::mount::{MsFlags, mount};

/// Where plumb looks for the node's policy.
pub const FILE: &str = "/etc/plumb/plumb.toml";

/// Where plumb looks for the node's pools.
pub const POOLS: &str = "/etc/plumb/pools";

/// Writes the node's policy.
pub fn write(text: &str) {
    own_etc();
    fs::write(FILE, text).expect("write the policy");
}

/// Writes one file of the node's pools.
pub fn write_pools(name: &str, text: &str) {
    own_etc();
    fs::create_dir_all(POOLS).expect("make the folder of the pools");
    fs::write(Path::new(POOLS).join(name), text).expect("write the pools");
}

/// An `/etc` of the node's own, with nothing but plumb's folder: nothing that a test starts needs more of it. The
/// thread has a mount namespace already, as after [`crate::node`].
fn own_etc() {
    if Path::new("/etc/passwd").exists() {
        mount(
            Some("tmpfs"),
            "/etc",
            Some("tmpfs"),
            MsFlags::empty(),
            Some("mode=755"),
        )
        .expect("mount a private /etc");
    }
    fs::create_dir_all("/etc/plumb").expect("make plumb's folder");
}
