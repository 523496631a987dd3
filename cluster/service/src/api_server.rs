//! How the API server is reached.

use std::time::Duration;

use kube::Config;

use crate::denied;

/// How long a connection to the API server may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);

/// A watch that says nothing for so long is broken: the API server ends one after some minutes.
const SILENCE: Duration = Duration::from_secs(330);

/// Where the API server is and who asks, as the environment has it: a service account's in a pod, else that of `KUBECONFIG`.
///
/// # Errors
///
/// Where there is neither, or one that cannot be read.
pub async fn config() -> Result<Config, String> {
    let mut config = Config::infer()
        .await
        .map_err(|error| format!("find the API server: {error}"))?;
    config.connect_timeout = Some(CONNECTING);
    config.read_timeout = Some(SILENCE);
    denied::remember(&config);
    Ok(config)
}
