//! What the agent is started with: flags, each with a variable of the environment beside it, as a manifest sets them.

use std::net::SocketAddr;
use std::path::PathBuf;

use plumb_service::LogOptions;

/// The agent of a node: brings plumb, pools and pods' choices to it, and claims addresses for it.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "plumb-agent", version)]
pub struct Options {
    /// The node's name in Kubernetes
    #[arg(long, env = "NODE_NAME")]
    pub node_name: String,
    /// plumb's state folder, at the same place as on the host
    #[arg(long, env = "PLUMB_STATE_FOLDER", default_value = "/run/plumb")]
    pub state_folder: PathBuf,
    /// Where plumb finds the pools; pools below the state folder when left out
    #[arg(long, env = "PLUMB_POOLS_FOLDER")]
    pub pools_folder: Option<PathBuf>,
    /// Where plumb finds what pods chose; pods below the state folder when left out
    #[arg(long, env = "PLUMB_PODS_FOLDER")]
    pub pods_folder: Option<PathBuf>,
    /// Where plumb asks; agent.sock below the state folder when left out
    #[arg(long, env = "PLUMB_SOCKET")]
    pub socket: Option<PathBuf>,
    /// The folder of the host where runtimes look for plugins; nothing is installed when left out
    #[arg(long, env = "PLUMB_CNI_BIN_FOLDER")]
    pub cni_bin_folder: Option<PathBuf>,
    /// The host's folder of what runtimes keep of each ADD: what the DEL of pods of other products will come with
    #[arg(long, env = "PLUMB_CNI_CACHE_FOLDER", default_value = "/var/lib/cni")]
    pub cni_cache_folder: PathBuf,
    /// The plumbctl that installs, beside the plumb that is installed
    #[arg(long, env = "PLUMB_PLUMBCTL", default_value = "/usr/bin/plumbctl")]
    pub plumbctl: PathBuf,
    /// Put plumb in the place of plugins of other makers that have one of its names
    #[arg(long, env = "PLUMB_REPLACE_PLUGINS")]
    pub replace_plugins: bool,
    /// Install the name plumb alone, and leave macvlan, sriov and the like as they are
    #[arg(long, env = "PLUMB_ONLY_PLUMB")]
    pub only_plumb: bool,
    /// The folder of the host with the node's policy, plumb.toml
    #[arg(long, env = "PLUMB_POLICY_FOLDER", default_value = "/etc/plumb")]
    pub policy_folder: PathBuf,
    /// The policy for all nodes, as mounted from a ConfigMap; no policy is written when left out
    #[arg(long, env = "PLUMB_POLICY")]
    pub policy: Option<PathBuf>,
    /// Where metrics and health are asked for; nowhere when left out
    #[arg(long, env = "PLUMB_METRICS_ADDRESS")]
    pub metrics_address: Option<SocketAddr>,
    /// Most calls of the API server at a time
    #[arg(long, env = "PLUMB_API_CALLS", default_value_t = 16)]
    pub api_calls: usize,
    /// What is logged, and how
    #[command(flatten)]
    pub log: LogOptions,
}

impl Options {
    /// Where plumb finds the pools.
    pub fn pools_folder(&self) -> PathBuf {
        self.pools_folder
            .clone()
            .unwrap_or_else(|| self.state_folder.join("pools"))
    }

    /// Where plumb finds what pods chose.
    pub fn pods_folder(&self) -> PathBuf {
        self.pods_folder
            .clone()
            .unwrap_or_else(|| self.state_folder.join("pods"))
    }

    /// Where plumb asks.
    pub fn socket(&self) -> PathBuf {
        self.socket
            .clone()
            .unwrap_or_else(|| self.state_folder.join("agent.sock"))
    }
}
