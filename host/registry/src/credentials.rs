//! Who asks a registry: whom the order names, else whom container tools remember.
//!
//! | where | written by |
//! |---|---|
//! | `$REGISTRY_AUTH_FILE`, and then no other | `podman login --authfile` |
//! | `$DOCKER_CONFIG/config.json`, `~/.docker/config.json` | `docker login` |
//! | `$XDG_RUNTIME_DIR/containers/auth.json` | `podman login` |
//!
//! Such a file may name a helper, which is run as these tools run it: `docker-credential-NAME`, of the caller's `PATH`.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;
use plumb_protocol::registry::Order;

/// Most bytes of a file of credentials.
const FILE_BYTES: u64 = 1 << 20;

/// Who asks.
pub struct User {
    /// The proof.
    pub auth: RegistryAuth,
    /// The name, and where it comes from; none of nobody.
    pub shown: Option<String>,
}

impl User {
    /// Whom a registry is to know the order by.
    pub fn of(order: &Order, reference: &Reference) -> Result<Self, String> {
        if let Some(given) = &order.credentials {
            return Ok(Self {
                auth: RegistryAuth::Basic(given.username.clone(), given.password.clone()),
                shown: Some(given.username.clone()),
            });
        }
        for path in files() {
            if let Some((username, password)) = remembered(&path, reference.registry())? {
                return Ok(Self {
                    shown: Some(format!("{username} in {}", path.display())),
                    auth: RegistryAuth::Basic(username, password),
                });
            }
        }
        Ok(Self {
            auth: RegistryAuth::Anonymous,
            shown: None,
        })
    }
}

fn files() -> Vec<PathBuf> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    if let Some(file) = variable("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let docker = variable("DOCKER_CONFIG").or_else(|| Some(variable("HOME")?.join(".docker")));
    let podman = variable("XDG_RUNTIME_DIR");
    [
        docker.map(|folder| folder.join("config.json")),
        podman.map(|folder| folder.join("containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Name and password in a file, or by a helper that it names; none where it knows nobody.
fn remembered(path: &Path, registry: &str) -> Result<Option<(String, String)>, String> {
    let cannot = |reason: &dyn std::fmt::Display| {
        format!(
            "cannot take the credentials for {registry} from {}: {reason}; --username and --password-stdin take their place",
            path.display()
        )
    };
    let file = match File::open(path) {
        Ok(file) => file.take(FILE_BYTES),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    // The name by which `docker login` remembers its own registry, and asks helpers for it.
    let remembered_as = match registry {
        "docker.io" => "https://index.docker.io/v1/",
        other => other,
    };
    match get_credential_from_reader(file, remembered_as) {
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Some((username, password)))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(cannot(
            &"there is an identity token in the place of a password, which is not understood",
        )),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // So says every helper that was asked for a registry that it does not know.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(error) => Err(cannot(&error)),
    }
}
