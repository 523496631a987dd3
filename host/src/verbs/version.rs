//! VERSION: constants. Podman asks at every command, so nothing else happens here.

use serde_json::{Value, json};

use crate::cni::Version;

/// Which versions are spoken. `version` is that of the request.
pub fn version(version: Version) -> Value {
    json!({
        "cniVersion": version.as_str(),
        "supportedVersions": Version::names(),
    })
}
