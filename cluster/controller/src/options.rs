//! What the controller is started with: flags, each with a variable of the environment beside it, as a manifest sets them.

use std::net::SocketAddr;

use plumb_service::LogOptions;

/// The controller of a cluster: renders networks, and says what is wrong with networks and pools.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "plumb-controller", version)]
pub struct Options {
    /// The namespace of the Lease by which one replica works
    #[arg(long, env = "POD_NAMESPACE", default_value = "kube-system")]
    pub namespace: String,
    /// The name of that Lease
    #[arg(long, env = "PLUMB_LEASE", default_value = "plumb-controller")]
    pub lease: String,
    /// The name of this replica; the host's and a number when left out
    #[arg(long, env = "POD_NAME")]
    pub name: Option<String>,
    /// Seconds between two looks at all blocks
    #[arg(long, env = "PLUMB_LOOK_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub look_seconds: u64,
    /// Where metrics and health are asked for; nowhere when left out
    #[arg(long, env = "PLUMB_METRICS_ADDRESS")]
    pub metrics_address: Option<SocketAddr>,
    /// What is logged, and how
    #[command(flatten)]
    pub log: LogOptions,
}
