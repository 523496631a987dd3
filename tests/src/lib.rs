//! What the tests have to know of plumb: where its programs are, what they are
//! configured with, and what plumb keeps on a node. How a plugin is called and how a
//! node is made and looked at is the business of [`cni_harness`].

pub mod agent;
pub mod binaries;
pub mod configuration;
pub mod dice;
pub mod faults;
pub mod peers;
pub mod policy;
pub mod state;

use cni_harness::{Node, PACKAGED_PLUGINS, Plugin};

pub use faults::Faults;

/// A node whose calls are those of plumb, and where its leases and records count as left
/// behind. The calling thread moves into it, as with [`Node::new`].
#[track_caller]
pub fn node() -> Node {
    let mut plugin = Plugin::new(binaries::plumb(), PACKAGED_PLUGINS);
    plugin.stays = vec![
        format!("{}/leases.db*", state::STATE_FOLDER),
        // Components are the administrator's.
        "/var/lib/plumb/components*".to_owned(),
    ];
    plugin.kept = Some(std::sync::Arc::new(state::kept));
    Node::new(plugin)
}
